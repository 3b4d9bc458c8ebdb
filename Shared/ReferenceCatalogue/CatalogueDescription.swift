internal import Sky

/// The zero point that magnitudes of a band count from.
public enum MagnitudeSystem: String, Sendable, Hashable, Codable {
    case ab = "AB"
    case vega = "Vega"
}

/// One photometric band of a catalogue.
public struct CatalogueBand: Sendable, Hashable, Codable {
    /// As the catalogue calls it: "V", "g", "BP".
    public let name: String
    public let system: MagnitudeSystem
    /// What the band is, for people: "Johnson V", "Tycho VT".
    public let title: String?

    public init(name: String, system: MagnitudeSystem, title: String? = nil) {
        self.name = name
        self.system = system
        self.title = title
    }
}

/// What a set of tiles is: stored beside them as `catalogue.json`.
public struct CatalogueDescription: Sendable, Hashable, Codable {
    /// Short name, also of its folder: "tycho-1", "gaia-dr3".
    public let id: String
    public let title: String
    /// Where the stars come from: citation and origin of the input.
    public let source: String
    /// The first one that a star has orders the stars of a tile.
    public let bands: [CatalogueBand]
    /// HEALPix order of the tiles.
    public let order: Int
    /// Stars in each tile, by the number of its cell; cells without stars are not in it.
    public let tiles: [Int64: Int]
    /// The fastest star [mas/yr]: how far a search must look beyond its cone.
    public let maximumMotionMasPerYear: Double
    /// Epochs of the positions, Julian years.
    public let epochs: ClosedRange<Double>

    public var starCount: Int { tiles.values.reduce(0, +) }

    public init(
        id: String, title: String, source: String, bands: [CatalogueBand], order: Int, tiles: [Int64: Int],
        maximumMotionMasPerYear: Double, epochs: ClosedRange<Double>
    ) {
        self.id = id
        self.title = title
        self.source = source
        self.bands = bands
        self.order = order
        self.tiles = tiles
        self.maximumMotionMasPerYear = maximumMotionMasPerYear
        self.epochs = epochs
    }

    /// As it was encoded. Written out for the numbers of the tiles, of which there are thousands: a dictionary decodes
    /// each of them through its protocol, which took longer than the search that follows.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decode(String.self, forKey: .id)
        title = try fields.decode(String.self, forKey: .title)
        source = try fields.decode(String.self, forKey: .source)
        bands = try fields.decode([CatalogueBand].self, forKey: .bands)
        order = try fields.decode(Int.self, forKey: .order)
        maximumMotionMasPerYear = try fields.decode(Double.self, forKey: .maximumMotionMasPerYear)
        epochs = try fields.decode(ClosedRange<Double>.self, forKey: .epochs)
        var list = try fields.nestedUnkeyedContainer(forKey: .tiles)
        var tiles: [Int64: Int] = [:]
        tiles.reserveCapacity((list.count ?? 0) / 2)
        while !list.isAtEnd {
            let number = try list.decode(Int64.self)
            tiles[number] = try list.decode(Int.self)
        }
        self.tiles = tiles
    }

    /// Julian years that a position can be of.
    public static let possibleEpochs = 1800.0...2200.0
    public static let maximumBandCount = 32
    /// Longest name of a band, in bytes of ASCII.
    public static let maximumBandNameLength = 16

    /// Deepest order of tiles: 0.9 degrees a side, 49,152 files.
    public static let maximumOrder = 6

    /// What cannot be true of it, said in one sentence; `nil` where all is well.
    public var problem: String? {
        let names = bands.map(\.name)
        let isPlain = { (text: String) in
            !text.isEmpty && text.utf8.allSatisfy { (33...126).contains($0) && $0 != UInt8(ascii: "/") }
        }
        if !isPlain(id) || id.hasPrefix(".") || id.utf8.count > 64 {
            return "id: \"\(id.prefix(80))\" is no name of up to 64 letters, digits, dots and dashes"
        }
        if bands.isEmpty || bands.count > Self.maximumBandCount {
            return "bands: there are \(bands.count); a catalogue has 1 to \(Self.maximumBandCount)"
        }
        if let name = names.first(where: { !isPlain($0) || $0.utf8.count > Self.maximumBandNameLength }) {
            return "bands: \"\(name.prefix(80))\" is no name of up to \(Self.maximumBandNameLength) letters"
        }
        if Set(names).count < names.count { return "bands: two have one name" }
        if !(0...Self.maximumOrder).contains(order) { return "order: \(order) is not in 0 to \(Self.maximumOrder)" }
        let cells = 0..<SkyCell.count(order: order)
        if let tile = tiles.first(where: { !cells.contains($0.key) || $0.value <= 0 }) {
            return "tiles: cell \(tile.key) with \(tile.value) stars is not possible"
        }
        if !(0...60_000).contains(maximumMotionMasPerYear) {
            return "maximumMotionMasPerYear: \(maximumMotionMasPerYear) is not in 0 to 60000"
        }
        let possible = Self.possibleEpochs
        guard possible.contains(epochs.lowerBound), possible.contains(epochs.upperBound) else {
            return "epochs: \(epochs) is not in \(possible)"
        }
        return nil
    }
}
