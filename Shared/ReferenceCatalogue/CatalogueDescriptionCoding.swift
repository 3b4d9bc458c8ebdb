extension CatalogueDescription {
    enum CodingKeys: String, CodingKey {
        case id, title, source, bands, order, tiles, maximumMotionMasPerYear, epochs
    }

    /// Tiles in the order of their cells, number and count in turn: the same catalogue is the same bytes from every
    /// machine, which a dictionary's own order would not be.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(id, forKey: .id)
        try fields.encode(title, forKey: .title)
        try fields.encode(source, forKey: .source)
        try fields.encode(bands, forKey: .bands)
        try fields.encode(order, forKey: .order)
        try fields.encode(maximumMotionMasPerYear, forKey: .maximumMotionMasPerYear)
        try fields.encode(epochs, forKey: .epochs)
        var list = fields.nestedUnkeyedContainer(forKey: .tiles)
        for (number, count) in tiles.sorted(by: { $0.key < $1.key }) {
            try list.encode(number)
            try list.encode(count)
        }
    }
}
