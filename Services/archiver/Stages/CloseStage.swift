internal import Events
internal import Foundation
internal import Pipeline
internal import PostgresStore

/// Closes nights: everything is computed again as a pure function of the night's frames, so that the final light curves
/// do not depend on the order of arrival.
///
///     requested      -> every light has its fate            -> `night.closed` is announced
///     recalibrating  -> the calibrator names final recipes  -> (`night.recalibrated`)
///     measuring      -> every final recipe is measured      -> targets are placed, forced photometry is asked for
///     forcing        -> every request is answered           -> final points are published, `ledger.reconciled`
///     closed
///
/// Calibration frames that come while a night is measured change what the calibrator takes for the best masters. A
/// final recipe that was lost on the way is then not made again, but another: the night is closed anew, as a new
/// revision.
struct CloseStage {
    let archive: Archive
    let measure: MeasureStage
    let log: Log
    private var database: Database { archive.database }
    private var supersession: Supersession { Supersession(archive: archive) }

    init(archive: Archive, measure: MeasureStage, log: Log) {
        self.archive = archive
        self.measure = measure
        self.log = log
    }

    struct Night {
        let instrument: String
        let night: String
        let state: String
        let revision: Int
        let recipes: [String: String]

        init(_ row: Row) throws {
            instrument = try row.text("instrument")
            night = try row.text("night")
            state = try row.text("state")
            revision = try row.int("revision")
            recipes =
                try row.optionalData("recipes").map { try JSONDecoder().decode([String: String].self, from: $0) } ?? [:]
        }

        var key: [SQLValue] { [.text(instrument), .text(night)] }
    }

    /// `night.recalibrated`
    func recalibrated(_ event: Event<NightRecalibrated>) throws -> [Outgoing] {
        let night = event.payload
        try archive.record(event) {
            let taken = try database.execute(
                """
                update archive.night set state = 'measuring', recipes = $4
                where instrument = $1 and night = $2 and revision = $3 and state = 'recalibrating'
                """,
                [.text(night.instrument), .text(night.night), .int(night.revision), .payload(night.recipes)])
            guard taken.affected > 0 else { return }
            try database.execute(
                """
                update archive.frame set versions_when_recalibrated =
                    (select count(*) from archive.frame_version v where v.frame_id = frame.frame_id)
                where frame_id = any($1)
                """, [.texts(night.recipes.keys.sorted())])
        }
        return []
    }

    /// Moves every night on that can move.
    func advance() throws {
        let nights = try database.execute(
            "select * from archive.night where state <> 'closed' order by night, instrument")
        for night in try nights.map(Night.init) {
            let moved = try database.transaction { try step(night) }
            if moved {
                log.info("night moves on", ["night": night.night, "instrument": night.instrument, "from": night.state])
            }
        }
    }

    private func step(_ night: Night) throws -> Bool {
        switch night.state {
        case "requested": return try announceIfSettled(night)
        case "measuring": return try placeIfMeasured(night)
        case "forcing": return try finishIfAnswered(night)
        default: return false
        }
    }

    private func set(_ state: String, _ night: Night) throws {
        try database.execute(
            "update archive.night set state = $3, announced_at = now() where instrument = $1 and night = $2",
            night.key + [.text(state)])
    }

    private func announceIfSettled(_ night: Night) throws -> Bool {
        let counts = try database.execute(
            """
            select count(*) as frames, count(*) filter (where fate is null and kind = 'light') as open
            from archive.frame where instrument = $1 and night = $2
            """, night.key)[0]
        guard try counts.int("open") == 0 else { return false }
        let frames = try counts.int("frames")
        try database.execute(
            "update archive.night set frames = $3 where instrument = $1 and night = $2", night.key + [.int(frames)])
        try archive.announce(
            NightClosed(instrument: night.instrument, night: night.night, revision: night.revision, frames: frames))
        try set("recalibrating", night)
        return true
    }

    /// The final version of each light of the night, in order of mid-exposure; nil while one is not measured yet.
    private func finalVersions(_ night: Night) throws -> [FrameVersion]? {
        var versions: [FrameVersion] = []
        for (frameID, recipe) in night.recipes.sorted(by: { $0.key < $1.key }) {
            if try supersession.isSuperseded(frameID) { continue }
            if let version = try measure.frames.version(frameID: frameID, calibratedRecipe: recipe) {
                versions.append(version)
            } else if try !hasFailed(frameID) {
                return nil
            }
        }
        return versions.sorted(by: FrameVersion.inOrder)
    }

    private func hasFailed(_ frameID: String) throws -> Bool {
        try database.execute(
            "select count(*) as failed from archive.frame where frame_id = $1 and fate in ('rejected', 'deadLettered')",
            [.text(frameID)]
        ).single("failed") > 0
    }

    private func placeIfMeasured(_ night: Night) throws -> Bool {
        guard let versions = try finalVersions(night) else {
            return try remeasureMissing(night)
        }
        for version in versions { try measure.frames.choose(version, revision: night.revision) }
        try measure.zeroPoints.final(versions, revision: night.revision)
        try measure.closeObjects(versions)
        for target in try measure.targets.all() {
            for version in versions {
                guard case .places(let places) = try measure.places.places(of: target, on: version, closing: true)
                else {
                    try measure.fluxes.forget(target, on: version)
                    continue
                }
                _ = try measure.fluxes.fill(target, at: places, on: version, closing: true)
            }
        }
        try set("forcing", night)
        try measure.objects.statistics.settle()
        return true
    }

    /// A version that does not come is asked for by announcing its frame again. A frame that was asked for and has come
    /// in a recipe that is new as well has got other masters: what the calibrator said of the night holds no longer.
    ///
    /// - Returns: whether the night is closed anew.
    private func remeasureMissing(_ night: Night) throws -> Bool {
        let missing = try night.recipes.filter { frameID, recipe in
            try measure.frames.version(frameID: frameID, calibratedRecipe: recipe) == nil
        }.keys.sorted()
        let others = try database.execute(
            """
            select frame_id from archive.frame
            where frame_id = any($1) and fate = 'measured' and remeasured_revision = $2
                and versions_when_recalibrated
                    < (select count(*) from archive.frame_version v where v.frame_id = frame.frame_id)
            """, [.texts(missing), .int(night.revision)])
        guard others.isEmpty else {
            try database.execute(
                """
                update archive.night set state = 'requested', revision = revision + 1, recipes = null
                where instrument = $1 and night = $2
                """, night.key)
            return true
        }
        try database.execute(
            """
            update archive.frame set fate = null, stage = 'calibrated', stage_since = now(), remeasured_revision = $2
            where frame_id = any($1) and fate = 'measured'
            """, [.texts(missing), .int(night.revision)])
        return false
    }

    private func finishIfAnswered(_ night: Night) throws -> Bool {
        guard let versions = try finalVersions(night), try measure.fluxes.openRequests(on: versions) == 0 else {
            return false
        }
        for target in try measure.targets.all() {
            try measure.points.final(target, on: versions, revision: night.revision)
        }
        try set("closed", night)
        try archive.announce(try reconciliation(night))
        return true
    }

    private func reconciliation(_ night: Night) throws -> LedgerReconciled {
        let row = try database.execute(
            """
            select count(*) as received,
                count(*) filter (where fate = 'measured') as measured,
                count(*) filter (where fate = 'calibration') as calibration,
                count(*) filter (where fate = 'rejected') as rejected,
                count(*) filter (where fate = 'deadLettered') as dead_lettered
            from archive.frame where instrument = $1 and night = $2
            """, night.key)[0]
        return LedgerReconciled(
            instrument: night.instrument, night: night.night, revision: night.revision,
            received: try row.int("received"),
            measured: try row.int("measured"), calibration: try row.int("calibration"),
            rejected: try row.int("rejected"),
            deadLettered: try row.int("dead_lettered"))
    }
}
