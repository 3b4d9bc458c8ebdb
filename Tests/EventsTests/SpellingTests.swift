import Events
import Foundation
import Testing

/// Compares a decoded value, field by field, with the schema it was published under.
private struct Spelling {
    private(set) var problems: [String] = []
    /// Fields that had a value in at least one example.
    private(set) var seen: Set<String> = []
    private(set) var declared: Set<String> = []

    /// Follows `$ref`, relative to the file it stands in.
    private func resolve(_ schema: JSON, in file: URL) throws -> (schema: JSON, file: URL) {
        guard let reference = schema.members["$ref"]?.text else { return (schema, file) }
        let parts = reference.split(separator: "#", omittingEmptySubsequences: false)
        let target = parts[0].isEmpty ? file : file.deletingLastPathComponent().appending(path: String(parts[0]))
        var found = try JSON(file: target.standardizedFileURL)
        for name in parts.dropFirst().joined().split(separator: "/") {
            found = found.members[String(name)] ?? .null
        }
        return try resolve(found, in: target.standardizedFileURL)
    }

    mutating func compare(_ value: Any, with unresolved: JSON, in unresolvedFile: URL, at place: String) throws {
        let (schema, file) = try resolve(unresolved, in: unresolvedFile)
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional:
            for child in mirror.children { try compare(child.value, with: unresolved, in: unresolvedFile, at: place) }
        case .collection:
            for child in mirror.children {
                try compare(child.value, with: schema.members["items"] ?? .null, in: file, at: place + "[]")
            }
        case .struct where !(value is String):
            try compareFields(mirror, with: schema, in: file, at: place)
        default:
            break
        }
    }

    private mutating func compareFields(_ mirror: Mirror, with schema: JSON, in file: URL, at place: String) throws {
        let properties = schema.members["properties"]?.members ?? [:]
        guard !properties.isEmpty else { return }
        let required = Set(schema.members["required"]?.elements.compactMap(\.text) ?? [])
        let labels = Set(mirror.children.compactMap(\.label))
        problems += labels.subtracting(properties.keys).sorted().map { "\(place).\($0) is in Swift only" }
        problems += Set(properties.keys).subtracting(labels).sorted().map { "\(place).\($0) is in the schema only" }
        for child in mirror.children {
            guard let label = child.label, let property = properties[label] else { continue }
            let field = Mirror(reflecting: child.value)
            let isOptional = field.displayStyle == .optional
            if isOptional == required.contains(label) {
                problems.append("\(place).\(label) is \(isOptional ? "optional" : "required") in Swift only")
            }
            declared.insert("\(place).\(label)")
            if !(isOptional && field.children.isEmpty) { seen.insert("\(place).\(label)") }
            try compare(child.value, with: property, in: file, at: "\(place).\(label)")
        }
    }
}

@Suite("Swift and schema")
struct SpellingTests {
    @Test(
        "have the same fields under the same names, optional alike, and the examples show each of them",
        arguments: EventType.all.map(\.name))
    func sameNames(name: String) throws {
        func check<Payload: EventPayload>(_ type: Payload.Type) throws {
            let file = ContractFiles.schema(of: type.type)
            var spelling = Spelling()
            for example in try ContractFiles.examples(of: type.type) {
                let payload = try JSONDecoder().decode(Payload.self, from: Data(contentsOf: example))
                try spelling.compare(payload, with: JSON(file: file), in: file, at: name)
            }
            #expect(spelling.problems == [])
            #expect(spelling.declared.subtracting(spelling.seen).sorted() == [], "no example has these fields")
            #expect(!spelling.declared.isEmpty)
        }
        try check(ContractFiles.payload(of: name))
    }
}
