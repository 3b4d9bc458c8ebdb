/// An object. A missing or unusable optional field is absent; a required one gets a stand-in, so that reading goes on
/// and finds the problems after it. The document is thrown away in either case.
struct StrictObject<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let decoder: StrictDecoder
    let members: [JSONNode.Member]
    let known: DocumentFindings.KnownKeys

    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { members.compactMap { Key(stringValue: $0.key) } }

    private func node(_ key: Key) -> JSONNode? {
        known.names.append(key.stringValue)
        return members.first { $0.key == key.stringValue && $0.value != .null }?.value
    }

    func contains(_ key: Key) -> Bool { node(key) != nil }

    func decodeNil(forKey key: Key) throws -> Bool { node(key) == nil }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        guard let node = node(key) else {
            decoder.findings.add(decoder.child(.null, at: ".\(key.stringValue)").path, "is missing")
            return try standIn(type)
        }
        let child = decoder.child(node, at: ".\(key.stringValue)")
        if let value = decoder.findings.attempt(at: child.path, { try child.read(type) }) { return value }
        return try standIn(type)
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        guard let node = node(key) else { return nil }
        let child = decoder.child(node, at: ".\(key.stringValue)")
        return decoder.findings.attempt(at: child.path) { try child.read(type) }
    }

    private func standIn<Value>(_ type: Value.Type) throws -> Value {
        let values: [Any] = ["", 0, 0.0, false]
        for value in values {
            if let value = value as? Value { return value }
        }
        throw ValueAbandoned()
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try superDecoder(forKey: key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try superDecoder(forKey: key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { decoder }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        decoder.child(node(key) ?? .null, at: ".\(key.stringValue)")
    }
}

/// A list read by a type that asks for one element after another.
struct StrictList: UnkeyedDecodingContainer {
    let decoder: StrictDecoder
    let nodes: [JSONNode]
    private(set) var currentIndex = 0

    init(decoder: StrictDecoder, nodes: [JSONNode]) {
        self.decoder = decoder
        self.nodes = nodes
    }

    var codingPath: [any CodingKey] { [] }
    var count: Int? { nodes.count }
    var isAtEnd: Bool { currentIndex >= nodes.count }

    private mutating func next() throws -> StrictDecoder {
        guard !isAtEnd else {
            decoder.findings.add(decoder.path, "has only \(nodes.count) elements")
            throw ValueAbandoned()
        }
        defer { currentIndex += 1 }
        return decoder.child(nodes[currentIndex], at: "[\(currentIndex)]")
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, nodes[currentIndex] == .null else { return false }
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next().read(type) }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try next().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try next().unkeyedContainer() }

    mutating func superDecoder() throws -> any Decoder { try next() }
}
