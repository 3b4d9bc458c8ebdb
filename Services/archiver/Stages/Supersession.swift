internal import Events
internal import Foundation
internal import Pipeline
internal import PostgresStore

/// A frame whose file was taken in anew as its colour channels: it is rejected with that reason, whatever its fate was,
/// its points are withdrawn, and what is still said of it changes nothing.
struct Supersession {
    let archive: Archive
    private var database: Database { archive.database }

    /// Inside a transaction; nothing for a frame the ledger does not have, or that ingest refused.
    func supersede(_ frameID: String) throws {
        let changed = try database.execute(
            """
            update archive.frame set fate = 'rejected', reason_code = 'superseded',
                reason = original_name || ': taken in anew as its channels ' || $2, ended_by = 'ingest',
                stage = 'ended', stage_since = now()
            where frame_id = $1 and received is not null and reason_code is distinct from 'superseded'
            """, [.text(frameID), .text(FrameName.channels.joined(separator: ", "))])
        guard changed.affected > 0 else { return }
        try database.execute(
            "update archive.request set answered = true where frame_id = $1 and not answered", [.text(frameID)])
        try withdrawPoints(of: frameID)
        try ObjectStage(archive: archive, frames: FrameRecord(archive: archive)).withdraw(frameID)
    }

    func isSuperseded(_ frameID: String) throws -> Bool {
        try !database.execute(
            "select 1 from archive.frame where frame_id = $1 and reason_code = 'superseded'", [.text(frameID)]
        ).isEmpty
    }

    private func withdrawPoints(of frameID: String) throws {
        let points = try database.execute(
            """
            select payload, night from archive.light_curve
            where point_id = $1 and source = 'nightjar' and not withdrawn order by target
            """, [.text(frameID)])
        for row in points {
            let point = try row.payload(PhotometryMeasured.self, "payload").withdrawn(recipe: "superseded")
            if try insertPoint(point, night: row.optionalText("night"), in: database) {
                try archive.announce(point, trace: Trace(startingAt: frameID))
            }
        }
    }
}

extension PhotometryMeasured {
    /// The next version, which says that the point is no longer believed.
    ///
    /// - Parameter least: the version is at least this one.
    func withdrawn(recipe: String, least: Int = 1) -> PhotometryMeasured {
        var point = self
        point.version = max(version + 1, least)
        point.provisional = false
        point.withdrawn = true
        (point.magnitude, point.magnitudeError, point.limitMagnitude, point.limitSigma) = (nil, nil, nil, nil)
        (point.fluxNanojansky, point.fluxErrorNanojansky) = (nil, nil)
        (point.zeroPoint, point.levelError, point.catalogue, point.band) = (nil, nil, nil, nil)
        (point.checkStar, point.frameZeroPoint) = (nil, nil)
        point.measurementID = NightLightCurve.identity(of: point, recipe: recipe)
        return point
    }
}
