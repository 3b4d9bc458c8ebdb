internal import Association
internal import Sky

/// The objects around the frames of a night, read once for all frames that show the same part of the sky.
///
/// Of use only inside the transaction that closes the night: nobody else makes objects there until its end.
struct NightSky {
    private let record: ObjectRecord
    /// Objects of the record that do not count: they are made again.
    private let provisional: Set<Int64>
    private var objects: [SkyObject] = []
    private var grid = Self.emptyGrid
    private var numbers: [Int64: Int] = [:]
    private var taken: Set<Int64> = []
    private var catalogued: Set<Int64> = []
    /// The stars of the catalogue that are objects.
    private(set) var stars: Set<FrameSky.CatalogueKey> = []
    private var read: [ObjectRecord.Kind: CellRanges] = [:]

    init(record: ObjectRecord, without provisional: Set<Int64>) {
        self.record = record
        self.provisional = provisional
    }

    /// Association limits, and what an object moves in a night.
    private static let reachArcsec = AssociationLimits().separationArcsec + 1
    private static var emptyGrid: PositionGrid { PositionGrid(radiusArcsec: reachArcsec) }
    /// Beyond so many all are forgotten, and those that are needed read again.
    private static let mostObjects = 1_000_000

    func isTaken(_ identifier: Int64) -> Bool { taken.contains(identifier) || provisional.contains(identifier) }

    /// Objects of the record that may be seen at these positions of a frame, at its epoch.
    mutating func near(_ positions: [SkyPosition], of frame: FrameDetections) throws -> NearObjects {
        let places = try record.places(
            positions, year: frame.year, separationArcsec: frame.limits.separationArcsec)
        try record.lock(places[0].footprint)
        if objects.count > Self.mostObjects { self = NightSky(record: record, without: provisional) }
        var found = NearObjects()
        for place in places {
            // The frame's whole area, also of the nameless: the next frame has others in it.
            let area = place.kind == .nameless ? places[0].footprint : place.footprint
            try record.read(read[place.kind, default: CellRanges()].insert(area.ranges), place.kind, into: &found)
        }
        stars.formUnion(try record.inCatalogues(found.catalogued))
        catalogued.formUnion(found.catalogued)
        taken.formUnion(found.taken)
        for object in found.objects where !provisional.contains(object.identifier) { add(object, frame.year) }
        var near = NearObjects()
        near.objects = grid.numbers(near: positions).map { objects[$0].moved(to: frame.year) }
        near.catalogued = near.objects.map(\.identifier).filter { catalogued.contains($0) }
        return near
    }

    /// A star of a catalogue that has become an object, or that an object has turned out to be.
    mutating func add(_ star: NewObject, year: Double) {
        taken.insert(star.object.identifier)
        if let key = star.catalogue { stars.insert(FrameSky.CatalogueKey(key)) }
        catalogued.insert(star.object.identifier)
        if let number = numbers[star.object.identifier] {
            // It stays in its old place's cube: both places are within the limits of each other.
            objects[number] = star.object
        } else {
            add(star.object, year)
        }
    }

    private mutating func add(_ object: SkyObject, _ year: Double) {
        guard numbers.updateValue(objects.count, forKey: object.identifier) == nil else { return }
        objects.append(object)
        grid.append(object.moved(to: year).position)
    }
}

extension PositionGrid {
    /// Of the positions that are near any of these, in ascending order.
    func numbers(near positions: [SkyPosition]) -> [Int] {
        var isNear = [Bool](repeating: false, count: count)
        for position in positions { near(position) { isNear[$0] = true } }
        return isNear.indices.filter { isNear[$0] }
    }
}

/// Ranges of cells that have been read.
struct CellRanges {
    /// In order, neither overlapping nor touching.
    private(set) var ranges: [Range<Int64>] = []

    /// Adds ranges, which are in order and do not overlap.
    ///
    /// - Returns: those parts of them that were not there.
    mutating func insert(_ added: [Range<Int64>]) -> [Range<Int64>] {
        var missing: [Range<Int64>] = []
        var place = 0
        for range in added {
            var lower = range.lowerBound
            while place < ranges.count, ranges[place].upperBound <= lower { place += 1 }
            var next = place
            while next < ranges.count, ranges[next].lowerBound < range.upperBound {
                if lower < ranges[next].lowerBound { missing.append(lower..<ranges[next].lowerBound) }
                lower = max(lower, ranges[next].upperBound)
                next += 1
            }
            if lower < range.upperBound { missing.append(lower..<range.upperBound) }
        }
        guard !missing.isEmpty else { return [] }
        var merged: [Range<Int64>] = []
        for range in (ranges + missing).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, last.upperBound >= range.lowerBound {
                merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        ranges = merged
        return missing
    }
}
