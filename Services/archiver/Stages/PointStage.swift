internal import Events
internal import Foundation
internal import Hashing
internal import Imaging
internal import Instruments
internal import LightCurves
internal import PostgresStore

/// Makes points of light curves: provisional ones as frames come, final ones when the night is closed.
struct PointStage {
    /// A provisional zero point is solved from this frame and at most so many before it.
    static let provisionalFrames = 50

    let archive: Archive
    let frames: FrameRecord
    let fluxes: StarFluxes
    private let zeroPoints: ZeroPointRecord
    private let reference: ReferenceStars?
    private var database: Database { archive.database }

    init(archive: Archive, frames: FrameRecord, fluxes: StarFluxes, reference: ReferenceStars? = nil) {
        self.archive = archive
        self.frames = frames
        self.fluxes = fluxes
        zeroPoints = ZeroPointRecord(archive: archive)
        self.reference = reference
    }

    /// One provisional point, version 1, as soon as all its fluxes are known; inside a transaction.
    func provisional(_ target: RecordedTarget, on version: FrameVersion) throws {
        guard try current(target.id, version.frameID) == nil else { return }
        let group = try frames.current(
            """
            field = $1 and instrument = $2 and night = $3 and filter = $4 and midpoint_mjd_utc <= $5 and frame_id <> $6
            """,
            [
                .text(version.field), .text(version.instrument.id), .text(version.night), .text(version.filter),
                .double(version.midpoint), .text(version.frameID),
            ], last: Self.provisionalFrames - 1)
        let known = try fluxes.fluxes(of: target, on: group + [version])
        guard let own = known[version.frameID] else { return }
        let night = try calibrated(
            NightLightCurve(target: target, versions: group + [version], fluxes: known), known,
            after: try firstLevel(target, version))
        if let level = FirstLevel(night) { try keep(level, target, version) }
        let ensemble = try save(night.ensemble, night, provisional: true)
        try publish(
            night.point(on: version, own, version: 1, provisional: true, ensemble: ensemble), version)
    }

    /// The final points of one target in one night, in order of mid-exposure; inside a transaction.
    ///
    /// - Parameters:
    ///   - versions: all frames of the night, each in its final version.
    ///   - revision: which closing of the night this is; the points' version is 1 + revision.
    func final(_ target: RecordedTarget, on versions: [FrameVersion], revision: Int) throws {
        let known = try fluxes.fluxes(of: target, on: versions)
        var seen: Set<String> = []
        let groups = Dictionary(grouping: versions.filter { known[$0.frameID] != nil }) { "\($0.field)|\($0.filter)" }
        for key in groups.keys.sorted() {
            let group = (groups[key] ?? []).sorted(by: FrameVersion.inOrder)
            let noise = try NoiseSurvey(frames: frames).learn(group)
            let night = try calibrated(
                NightLightCurve(target: target, versions: group, fluxes: known, noise: noise), known)
            let ensemble = try save(night.ensemble, night, provisional: false)
            for version in group {
                guard let own = known[version.frameID] else { continue }
                seen.insert(version.frameID)
                let point = night.point(
                    on: version, own, version: 1 + revision, provisional: false, ensemble: ensemble)
                if try !isSaidAlready(point) { try publish(point, version) }
            }
        }
        try withdraw(target, besides: seen, of: versions, revision: revision)
    }

    /// Points of this night whose frames do not show the target after all are withdrawn.
    private func withdraw(
        _ target: RecordedTarget, besides seen: Set<String>, of versions: [FrameVersion], revision: Int
    ) throws {
        for version in versions where !seen.contains(version.frameID) {
            guard let point = try current(target.id, version.frameID), !point.withdrawn else { continue }
            try publish(point.withdrawn(recipe: version.recipe, least: 1 + revision), version)
        }
    }

    /// The level of the target's first provisional point in the night.
    private func firstLevel(_ target: RecordedTarget, _ version: FrameVersion) throws -> FirstLevel? {
        try database.execute(
            """
            select level from archive.first_level
            where target = $1 and field = $2 and instrument = $3 and night = $4 and filter = $5
            """, Self.key(target, version)
        ).first?.payload(FirstLevel.self, "level")
    }

    private func keep(_ level: FirstLevel, _ target: RecordedTarget, _ version: FrameVersion) throws {
        try database.execute(
            """
            insert into archive.first_level (target, field, instrument, night, filter, level)
            values ($1, $2, $3, $4, $5, $6) on conflict do nothing
            """, Self.key(target, version) + [try .payload(level)])
    }

    private static func key(_ target: RecordedTarget, _ version: FrameVersion) -> [SQLValue] {
        [
            .text(target.id), .text(version.field), .text(version.instrument.id), .text(version.night),
            .text(version.filter),
        ]
    }

    private func calibrated(
        _ night: NightLightCurve, _ fluxes: [String: [StarFlux]], after earlier: FirstLevel? = nil
    ) throws -> NightLightCurve {
        let known = try zeroPoints.current(night.versions)
        guard let first = known.values.min(by: { $0.frameID < $1.frameID }) else { return night }
        let position = try night.target.document.position()
        let colour = try position.flatMap { position in
            try reference?.colour(named: first.kept.colour, at: position, mjd: first.midpoint)
        }
        return night.calibrated(by: known, fluxes, colour: colour, after: earlier)
    }

    // MARK: Rows

    private func current(_ target: String, _ frameID: String) throws -> PhotometryMeasured? {
        try database.execute(
            "select payload from archive.point where target = $1 and point_id = $2 order by version desc limit 1",
            [.text(target), .text(frameID)]
        ).first.map { try $0.payload(PhotometryMeasured.self, "payload") }
    }

    /// Whether the current version is final and says the same.
    private func isSaidAlready(_ point: PhotometryMeasured) throws -> Bool {
        guard var known = try current(point.target, point.frameID), !known.provisional else { return false }
        known.version = point.version
        known.measurementID = point.measurementID
        return known == point
    }

    private func save(_ outcome: NightLightCurve.Ensemble, _ night: NightLightCurve, provisional: Bool) throws
        -> String?
    {
        guard let kept = night.kept, let first = night.versions.first else { return nil }
        try database.execute(
            """
            insert into archive.ensemble
                (ensemble_id, target, field, instrument, night, filter, provisional, solution)
            values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing
            """,
            [
                .text(outcome.id), .text(night.target.id), .text(first.field), .text(first.instrument.id),
                .text(first.night), .text(first.filter), .bool(provisional), .payload(kept),
            ])
        return outcome.id
    }

    private func publish(_ point: PhotometryMeasured, _ version: FrameVersion) throws {
        let added = try insertPoint(point, night: version.night, in: database)
        if added { try archive.announce(point, trace: Trace(startingAt: version.frameID)) }
    }
}

/// Adds one version of a point; false when it is there already.
func insertPoint(_ point: PhotometryMeasured, night: String?, in database: Database) throws -> Bool {
    try database.execute(
        """
        insert into archive.point (target, point_id, version, measurement_id, provisional, withdrawn, source,
            instrument, field, night, filter, mag_system, mid_mjd_utc, mid_bjd_tdb, mag, mag_err, limit_mag,
            limit_sigma, flux_njy, flux_njy_err, airmass, fwhm_px, flags, ensemble_id, payload, level_err)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
            $23, $24, $25, $26)
        on conflict do nothing
        """,
        [
            .text(point.target), .text(point.frameID), .int(point.version), .text(point.measurementID),
            .bool(point.provisional), .bool(point.withdrawn), .text(point.source), .text(point.instrument),
            .text(point.field), SQLValue(night), .text(point.filter), .text(point.magnitudeSystem),
            .double(point.midpointMJDUTC), SQLValue(point.midpointBJDTDB), SQLValue(point.magnitude),
            SQLValue(point.magnitudeError), SQLValue(point.limitMagnitude), SQLValue(point.limitSigma),
            SQLValue(point.fluxNanojansky), SQLValue(point.fluxErrorNanojansky), SQLValue(point.airmass),
            SQLValue(point.fwhmPixels), .int(Int(point.flags)), SQLValue(point.ensemble), .payload(point),
            SQLValue(point.levelError),
        ]
    ).affected == 1
}
