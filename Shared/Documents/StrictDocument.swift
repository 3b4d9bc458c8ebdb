/// One thing that is wrong with a document.
public struct DocumentProblem: Sendable, Equatable, CustomStringConvertible {
    /// The field, as `gain.electronsPerADU` or `sizes[2].width`; empty for the document as a whole.
    public let field: String
    public let text: String

    public init(field: String, text: String) {
        self.field = field
        self.text = text
    }

    public var description: String { field.isEmpty ? text : "\(field): \(text)" }
}

/// Everything that is wrong with one document, reported together.
public struct DocumentError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file, or whatever the document was called when it was handed in.
    public let name: String
    public let problems: [DocumentProblem]

    public init(name: String, problems: [DocumentProblem]) {
        self.name = name
        self.problems = problems
    }

    /// One line per problem, each with the name of the document and the field.
    public var description: String { problems.map { "\(name): \($0)" }.joined(separator: "\n") }
}

/// A document whose fields can be right one by one and wrong together, or out of range.
public protocol CheckedDocument: Decodable {
    /// What no reader of single fields can see. Empty when the document is sound.
    func problems() -> [DocumentProblem]
}

/// Reads a JSON document strictly and reports all its problems at once.
///
/// A field that the type does not know is an error that suggests the nearest one; so are a wrong type, a missing field,
/// a value outside an enumeration and a field given twice. Fields named `comment` may stand in every object and
/// `$schema` too: people write them, nothing reads them. `null` means not given. When the fields could be read and the
/// type is a `CheckedDocument`, its own checks follow.
///
/// Unknown fields are found by the type's `CodingKeys`, so a type with the synthesised `Decodable` needs nothing more.
///
/// - Parameters:
///   - bytes: JSON, RFC 8259, UTF-8.
///   - name: how errors call the document, usually the file's name.
/// - Throws: `DocumentError` with every problem found.
public func decodeDocument<Document: Decodable>(
    _ type: Document.Type, from bytes: some Collection<UInt8>, name: String
) throws(DocumentError) -> Document {
    let node: JSONNode
    do {
        node = try JSONReader.read(bytes)
    } catch {
        let place = "line \(error.line), column \(error.column)"
        throw DocumentError(name: name, problems: [DocumentProblem(field: "", text: "\(place): \(error.text)")])
    }
    let findings = DocumentFindings()
    let document = findings.attempt(at: "") { try StrictDecoder(node: node, path: "", findings: findings).read(type) }
    var problems = findings.all
    if problems.isEmpty, let checked = document as? any CheckedDocument { problems = checked.problems() }
    guard problems.isEmpty, let document else { throw DocumentError(name: name, problems: problems) }
    return document
}

/// The choice nearest to a misspelt word, when one is near: at most a third of its letters differ.
public func nearestChoice(to word: String, among choices: [String]) -> String? {
    let lowered = word.lowercased()
    let ranked = choices.map { (choice: $0, distance: editDistance(lowered, $0.lowercased())) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(1, max(word.count, best.choice.count) / 3) ? best.choice : nil
}

/// Optimal string alignment: the least number of letters inserted, removed, changed or swapped with their neighbour.
func editDistance(_ first: String, _ second: String) -> Int {
    let (lines, columns) = (Array(first), Array(second))
    var twoAbove = [Int](repeating: 0, count: columns.count + 1)
    var above = Array(0...columns.count)
    for line in lines.indices {
        var row = [line + 1]
        for column in columns.indices {
            let changed = above[column] + (lines[line] == columns[column] ? 0 : 1)
            var least = min(changed, above[column + 1] + 1, row[column] + 1)
            let swapped =
                line > 0 && column > 0 && lines[line] == columns[column - 1] && lines[line - 1] == columns[column]
            if swapped { least = min(least, twoAbove[column - 1] + 1) }
            row.append(least)
        }
        (twoAbove, above) = (above, row)
    }
    return above[columns.count]
}
