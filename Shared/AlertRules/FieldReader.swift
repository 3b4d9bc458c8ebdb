/// One thing that is wrong with a document.
public struct DocumentProblem: Sendable, Equatable, CustomStringConvertible {
    /// Path of the field, such as `kind.changedBy.sigma`; empty for the document as a whole.
    public var field: String
    public var text: String

    public var description: String { field.isEmpty ? text : "\(field): \(text)" }
}

/// Everything that is wrong with one document.
public struct RuleDocumentError: Error, Equatable, CustomStringConvertible {
    public var file: String
    public var problems: [DocumentProblem]

    public var description: String {
        problems.map { "\(file): \($0)" }.joined(separator: "\n")
    }
}

/// Collects problems while a document is read, so that its author sees all of them at once.
final class ProblemList {
    private(set) var problems: [DocumentProblem] = []

    func add(_ field: String, _ text: String) {
        problems.append(DocumentProblem(field: field, text: text))
    }
}

/// Reads the fields of one JSON object and remembers which it was asked for.
struct FieldReader {
    let path: String
    private let fields: [String: JSONValue]
    private let list: ProblemList

    init(_ fields: [String: JSONValue], path: String, list: ProblemList) {
        self.fields = fields
        self.path = path
        self.list = list
    }

    func full(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    func report(_ name: String, _ text: String) { list.add(full(name), text) }

    func allowOnly(_ names: [String]) {
        for name in fields.keys.sorted() where !names.contains(name) {
            report(name, "unknown field; known here: \(names.joined(separator: ", "))")
        }
    }

    func string(_ name: String, maximumLength: Int = 200) -> String? {
        guard let value = required(name) else { return nil }
        guard case .string(let text) = value else { return mismatch(name, value, "a string") }
        guard !text.isEmpty, text.count <= maximumLength else {
            report(name, "must have 1 to \(maximumLength) characters")
            return nil
        }
        guard !text.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) else {
            report(name, "must not contain control characters")
            return nil
        }
        return text
    }

    func strings(_ name: String) -> [String]? {
        guard let value = fields[name] else { return nil }
        guard case .array(let values) = value else { return mismatch(name, value, "a list of strings") }
        guard !values.isEmpty else {
            report(name, "must not be empty; leave the field out to mean all")
            return nil
        }
        var texts: [String] = []
        for (index, element) in values.enumerated() {
            guard case .string(let text) = element, !text.isEmpty, text.count <= 200 else {
                report("\(name)[\(index)]", "must be a string of 1 to 200 characters")
                continue
            }
            if texts.contains(text) { report("\(name)[\(index)]", "is there twice: \(text)") }
            texts.append(text)
        }
        return texts
    }

    /// A number in `range`; `fallback` where the field is absent, and a problem where there is no fallback either.
    func number(_ name: String, in range: ClosedRange<Double>, default fallback: Double? = nil) -> Double? {
        guard let value = fields[name] else {
            if fallback == nil { report(name, "is missing") }
            return fallback
        }
        guard case .number(let number) = value else { return mismatch(name, value, "a number") }
        guard number.isFinite, range.contains(number) else {
            report(name, "\(number) is outside \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    func integer(_ name: String, in range: ClosedRange<Int>, default fallback: Int? = nil) -> Int? {
        let bounds = Double(range.lowerBound)...Double(range.upperBound)
        guard let number = number(name, in: bounds, default: fallback.map(Double.init)) else { return nil }
        guard let whole = Int(exactly: number) else {
            report(name, "\(number) is not a whole number")
            return nil
        }
        return whole
    }

    func bool(_ name: String, default fallback: Bool) -> Bool? {
        guard let value = fields[name] else { return fallback }
        guard case .bool(let flag) = value else { return mismatch(name, value, "true or false") }
        return flag
    }

    func object(_ name: String) -> FieldReader? {
        guard let value = fields[name] else { return nil }
        guard case .object(let inner) = value else { return mismatch(name, value, "an object") }
        return FieldReader(inner, path: full(name), list: list)
    }

    func has(_ name: String) -> Bool { fields[name] != nil }

    var names: [String] { fields.keys.sorted() }

    private func required(_ name: String) -> JSONValue? {
        if fields[name] == nil { report(name, "is missing") }
        return fields[name]
    }

    private func mismatch<Value>(_ name: String, _ value: JSONValue, _ wanted: String) -> Value? {
        report(name, "must be \(wanted), not \(value.typeName)")
        return nil
    }
}
