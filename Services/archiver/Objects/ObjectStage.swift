internal import Association
internal import Events
internal import Foundation
internal import PostgresStore
internal import Sky
internal import Variability

/// Finds the objects of measured frames, and keeps their light curves and statistics.
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
        let sky = try sky(around: frame, limits: frame.limits)
        let outcomes = associate(frame.placed, with: sky.objects, limits: frame.limits)
        let born = sky.born(by: frame, outcomes)
        try record.add(born.new, frameID: version.frameID)
        try believe(frame, of: version, objects: born.identifiers, outcomes: outcomes, insteadOf: current)
    }

    /// A frame that has left the record of measured ones.
    func withdraw(_ frameID: String) throws {
        guard let current = try believed.believed(frameID) else { return }
        try believed.retire(current)
        try statistics.replace(try points(of: current), by: nil)
    }

    private func isCurrent(_ version: FrameVersion) throws -> Bool {
        try frames.current("frame_id = $1", [.text(version.frameID)]).first?.recipe == version.recipe
    }

    /// Writes what a frame shows, and brings the statistics there from what was believed of it before.
    func believe(
        _ frame: FrameDetections, of version: FrameVersion, objects: [Int64?], outcomes: [AssociationOutcome],
        insteadOf current: ObjectFrames.Believed?
    ) throws {
        let removed = try current.map { try points(of: $0) }
        if let current { try believed.retire(current) }
        try statistics.replace(
            removed, by: try write(frame, of: version, objects: objects, outcomes: outcomes))
    }

    /// Writes what a frame shows.
    ///
    /// - Returns: the points that count.
    func write(
        _ frame: FrameDetections, of version: FrameVersion, objects: [Int64?], outcomes: [AssociationOutcome]
    ) throws -> ObjectStatistics.FramePoints {
        let series = try believed.series(version, frame.zeroPoint)
        let number = try believed.add(frame, of: version, series: series, objects: objects, outcomes: outcomes)
        var added = ObjectStatistics.FramePoints(version: number, series: series, midpoint: version.midpoint)
        added.points.reserveCapacity(objects.count)
        for (index, object) in objects.enumerated() {
            guard let object, frame.rows[index].counts(outcomes[index].flags),
                let magnitude = frame.rows[index].magnitude, let error = frame.rows[index].magnitudeError
            else { continue }
            added.points[object] = MagnitudePoint(timeDays: version.midpoint, magnitude: magnitude, error: error)
        }
        return added
    }

    private func points(of current: ObjectFrames.Believed) throws -> ObjectStatistics.FramePoints {
        try statistics.points(version: current.version, series: current.series, midpoint: current.midpoint)
    }

    /// The objects around a frame, and the stars of the catalogue there that are none yet. Objects that turn out to be
    /// stars of the catalogue are so in the record from now on.
    ///
    /// - Parameters:
    ///   - left: objects of the record that do not count.
    ///   - others: objects that are not in the record, or are there otherwise.
    func sky(
        around frame: FrameDetections, limits: AssociationLimits, without left: Set<Int64> = [],
        besides others: [SkyObject] = []
    ) throws -> FrameSky {
        let positions = frame.placed.map(\.position)
        var near = try record.near(positions, year: frame.year, separationArcsec: limits.separationArcsec)
        if !left.isEmpty { near.objects.removeAll { left.contains($0.identifier) } }
        let known = try record.inCatalogues(near)
        let stars = try references(positions, frame.year).filter { star in
            star.catalogue.map { !known.contains(FrameSky.CatalogueKey($0)) } ?? false
        }
        let sky = FrameSky(near: near, others: others, stars: stars, year: frame.year, limits: limits)
        for star in sky.adopted { try record.adopt(star) }
        return sky
    }
}

extension FrameDetections {
    var limits: AssociationLimits { AssociationLimits(resolutionArcsec: resolutionArcsec) }
}
