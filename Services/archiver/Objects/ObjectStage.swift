internal import Association
internal import Events
internal import Foundation
internal import PostgresStore
internal import Sky

/// Finds the objects of measured frames, and keeps their light curves; statistics follow when a night is closed.
struct ObjectStage {
    /// A frame's zero point, with the colours of its detections as far as they are known; nil while there is none.
    typealias ZeroPoints = (FrameVersion, DetectionTable) throws -> ObjectZeroPoint?
    /// Stars of a reference catalogue around these positions, at their own epochs, with the Julian year they are wanted
    /// for.
    typealias ReferenceObjects = ([SkyPosition], Double) throws -> [NewObject]

    let archive: Archive
    let frames: FrameRecord
    let record: ObjectRecord
    let believed: ObjectFrames
    let statistics: ObjectStatistics
    let zeroPoint: ZeroPoints
    let references: ReferenceObjects

    init(
        archive: Archive, frames: FrameRecord, zeroPoint: @escaping ZeroPoints = { _, _ in nil },
        references: @escaping ReferenceObjects = { _, _ in [] }
    ) {
        self.archive = archive
        self.frames = frames
        self.zeroPoint = zeroPoint
        self.references = references
        record = ObjectRecord(archive: archive)
        believed = ObjectFrames(archive: archive)
        statistics = ObjectStatistics(database: archive.database)
    }

    /// A measured frame, inside the transaction that records it. Nothing for a frame without sky positions, for one
    /// that is believed already, or for a version that a higher one has overtaken.
    func add(_ version: FrameVersion, _ table: DetectionTable) throws {
        let current = try believed.believed(version.frameID)
        guard version.measured.hasWorldCoordinates || current != nil, current?.recipe != version.recipe,
            try isCurrent(version)
        else { return }
        let frame = try FrameDetections(version, table, zeroPoint: zeroPoint(version, table))
        let (sky, taken) = try sky(around: frame)
        let outcomes = associate(frame.placed, with: sky.objects, limits: frame.limits)
        let born = sky.born(by: frame, outcomes) { taken.contains($0) }
        try record.add(born.new, frameID: version.frameID)
        try believe(frame, of: version, objects: born.identifiers, outcomes: outcomes, insteadOf: current)
    }

    /// A frame that has left the record of measured ones.
    func withdraw(_ frameID: String) throws {
        if let current = try believed.believed(frameID) { try believed.retire(current) }
    }

    private func isCurrent(_ version: FrameVersion) throws -> Bool {
        try frames.current("frame_id = $1", [.text(version.frameID)]).first?.recipe == version.recipe
    }

    /// Writes what a frame shows, and believes it from now on instead of what was believed of it before.
    func believe(
        _ frame: FrameDetections, of version: FrameVersion, objects: [Int64?], outcomes: [AssociationOutcome],
        insteadOf current: ObjectFrames.Believed?
    ) throws {
        if let current { try believed.retire(current) }
        try believed.add(
            frame, of: version, series: try believed.series(version, frame.zeroPoint), objects: objects,
            outcomes: outcomes)
    }

    /// The objects around a frame, and the stars of the catalogue there that are none yet. Objects that turn out to be
    /// stars of the catalogue are so in the record from now on.
    func sky(around frame: FrameDetections) throws -> (sky: FrameSky, taken: Set<Int64>) {
        let stars = try references(frame.placed.map(\.position), frame.year)
        let near = try record.near(
            frame.positions(with: stars), year: frame.year, separationArcsec: frame.limits.separationArcsec)
        let sky = FrameSky(
            near: near, others: [], stars: stars.without(try record.inCatalogues(near.catalogued)), year: frame.year,
            limits: frame.limits)
        for star in sky.adopted { try record.adopt(star) }
        return (sky, near.taken)
    }
}

extension [NewObject] {
    /// Stars of a catalogue that are no objects yet.
    func without(_ known: Set<FrameSky.CatalogueKey>) -> [NewObject] {
        filter { star in star.catalogue.map { !known.contains(FrameSky.CatalogueKey($0)) } ?? false }
    }
}

extension FrameDetections {
    var limits: AssociationLimits { AssociationLimits(resolutionArcsec: resolutionArcsec) }

    /// Where objects are of interest: at the detections, and where stars of a catalogue may turn out to be one.
    func positions(with stars: [NewObject]) -> [SkyPosition] {
        placed.map(\.position) + stars.map { $0.object.moved(to: year).position }
    }
}
