/// How a table of text without a heading is laid out: by a separator, or by the places of its fields in each line.
public struct TextLayout: Sendable, Equatable, Decodable {
    /// One character; a blank stands for any number of blanks and tabs.
    public var separator: String?
    /// What the fields between the separators are called, in their order.
    public var names: [String]?
    public var fields: [Field]?
    /// Lines that begin with one of these are passed over, beside those with "#".
    public var skip: [String]?

    /// Bytes of a line, counted from 1 as catalogues' descriptions do.
    public struct Field: Sendable, Equatable, Decodable {
        public var name: String
        public var first: Int
        public var last: Int
    }

    /// Longest line that a layout can speak of, in bytes.
    public static let maximumLineLength = 100_000

    /// What cannot be true of it, said in one sentence; `nil` where all is well.
    var problem: String? {
        let called = names ?? fields?.map(\.name) ?? []
        if (names == nil) == (fields == nil) { return "give either names with a separator, or fields" }
        if (names == nil) != (separator == nil) { return "names need a separator, and the reverse" }
        if let separator, separator.utf8.count != 1 || separator == "\"" || separator == "\n" {
            return "separator: give one ASCII character"
        }
        if called.isEmpty || called.contains("") { return "every field has a name, and there is at least one" }
        if Set(called).count < called.count { return "two fields have one name" }
        let possible = 1...Self.maximumLineLength
        if let field = fields?.first(where: { !possible.contains($0.first) || !possible.contains($0.last) }) {
            return "field \(field.name): bytes \(field.first) to \(field.last) are not in \(possible)"
        }
        if let field = fields?.first(where: { $0.last < $0.first }) {
            return "field \(field.name) ends before it begins"
        }
        return skip?.contains("") == true ? "skip: an empty text begins every line" : nil
    }
}
