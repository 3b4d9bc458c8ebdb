/// Lists and dictionaries are read element by element, so that one bad element does not hide the next.
private protocol ElementwiseDecodable {
    static func read(elementsOf decoder: StrictDecoder) throws -> Self
}

extension Array: ElementwiseDecodable where Element: Decodable {
    fileprivate static func read(elementsOf decoder: StrictDecoder) throws -> [Element] {
        guard case .array(let nodes) = decoder.node else { throw decoder.abandon(expected: "a list") }
        return nodes.enumerated().compactMap { index, node in
            let element = decoder.child(node, at: "[\(index)]")
            return decoder.findings.attempt(at: element.path) { try element.read(Element.self) }
        }
    }
}

extension Dictionary: ElementwiseDecodable where Key == String, Value: Decodable {
    fileprivate static func read(elementsOf decoder: StrictDecoder) throws -> [String: Value] {
        guard case .object(let members) = decoder.node else { throw decoder.abandon(expected: "an object") }
        var values: [String: Value] = [:]
        for member in members where !StrictDecoder.freeKeys.contains(member.key) {
            let element = decoder.child(member.value, at: ".\(member.key)")
            values[member.key] = decoder.findings.attempt(at: element.path) { try element.read(Value.self) }
        }
        return values
    }
}

/// A `Decoder` over a JSON tree that writes problems down and goes on.
struct StrictDecoder: Decoder {
    /// Fields that people may write anywhere and nothing reads.
    static let freeKeys: Set<String> = ["comment", "$schema"]

    let node: JSONNode
    let path: String
    let findings: DocumentFindings

    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func child(_ node: JSONNode, at step: String) -> StrictDecoder {
        let joined = path.isEmpty && step.hasPrefix(".") ? String(step.dropFirst()) : path + step
        return StrictDecoder(node: node, path: joined, findings: findings)
    }

    /// Writes down that the value is of the wrong kind.
    func abandon(expected: String) -> ValueAbandoned {
        findings.add(path, "must be \(expected), is \(node.kindName)")
        return ValueAbandoned()
    }

    func read<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if let simple = try simpleValue(type) { return simple }
        if let list = type as? any ElementwiseDecodable.Type, let value = try list.read(elementsOf: self) as? Value {
            return value
        }
        if let choices = Self.choices(of: type) { try check(choices) }
        return try Value(from: self)
    }

    private func simpleValue<Value>(_ type: Value.Type) throws -> Value? {
        switch type {
        case is String.Type:
            guard case .string(let text) = node else { throw abandon(expected: "a text") }
            return text as? Value
        case is Bool.Type:
            guard case .logical(let value) = node else { throw abandon(expected: "true or false") }
            return value as? Value
        case is Double.Type:
            guard case .number(let text) = node, let value = Double(text) else { throw abandon(expected: "a number") }
            return value as? Value
        case is Float.Type:
            guard case .number(let text) = node, let value = Float(text) else { throw abandon(expected: "a number") }
            return value as? Value
        case let integer as any FixedWidthInteger.Type:
            guard case .number(let text) = node, let value = whole(text, integer) else {
                throw abandon(expected: "a whole number")
            }
            return value as? Value
        default: return nil
        }
    }

    private func whole<Integer: FixedWidthInteger>(_ text: String, _ type: Integer.Type) -> Integer? {
        Integer(text) ?? Double(text).flatMap { Integer(exactly: $0) }
    }

    /// The spellings of an enumeration whose raw values are texts.
    private static func choices(of type: Any.Type) -> [String]? {
        func spellings<Choice: CaseIterable>(_ type: Choice.Type) -> [String] {
            type.allCases.compactMap { ($0 as? any RawRepresentable)?.rawValue as? String }
        }
        guard let enumeration = type as? any CaseIterable.Type else { return nil }
        let texts = spellings(enumeration)
        return texts.isEmpty ? nil : texts
    }

    private func check(_ choices: [String]) throws {
        guard case .string(let text) = node else {
            throw abandon(expected: "one of \(choices.joined(separator: ", "))")
        }
        guard !choices.contains(text) else { return }
        let hint = nearestChoice(to: text, among: choices).map { "; did you mean \"\($0)\"?" } ?? ""
        findings.add(path, "\"\(text)\" is not one of \(choices.joined(separator: ", "))\(hint)")
        throw ValueAbandoned()
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = node else { throw abandon(expected: "an object") }
        let known = DocumentFindings.KnownKeys()
        for member in members where Key(stringValue: member.key) == nil && !Self.freeKeys.contains(member.key) {
            findings.addUnknown(key: member.key, in: path, known: known)
        }
        return KeyedDecodingContainer(StrictObject<Key>(decoder: self, members: members, known: known))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let nodes) = node else { throw abandon(expected: "a list") }
        return StrictList(decoder: self, nodes: nodes)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { StrictValue(decoder: self) }
}

/// One value.
private struct StrictValue: SingleValueDecodingContainer, NodeReporting {
    let decoder: StrictDecoder
    var codingPath: [any CodingKey] { [] }
    var holdsText: Bool { if case .string = decoder.node { true } else { false } }
    func decodeNil() -> Bool { decoder.node == .null }
    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try decoder.read(type) }
}
