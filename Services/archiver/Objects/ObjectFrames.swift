internal import Association
internal import Events
internal import Imaging
internal import PostgresStore

/// Which detections of a frame version are of which objects: written once, believed from one time to another.
struct ObjectFrames {
    let archive: Archive
    private var database: Database { archive.database }

    init(archive: Archive) {
        self.archive = archive
    }

    /// What is believed of a frame.
    struct Believed: Equatable {
        let version: Int
        let recipe: String
        let series: Int
        let midpoint: Double
        let zeroPoint: Double?
        let zeroPointError: Double?
        let levelError: Double?

        init(_ row: Row) throws {
            version = try row.int("version")
            recipe = try row.text("recipe")
            series = try row.int("series")
            midpoint = try row.double("midpoint_mjd_utc")
            zeroPoint = try row.optionalDouble("zero_point_mag")
            zeroPointError = try row.optionalDouble("zero_point_err_mag")
            levelError = try row.optionalDouble("level_err_mag")
        }
    }

    func believed(_ frameID: String) throws -> Believed? {
        try database.execute(
            "select * from archive.object_frame where frame_id = $1 and valid_until is null", [.text(frameID)]
        ).first.map(Believed.init)
    }

    /// From now on it is believed no longer.
    func retire(_ believed: Believed) throws {
        try database.execute(
            """
            update archive.object_frame set valid_until = greatest($2::timestamptz, valid_from)
            where version = $1 and valid_until is null
            """, [.int(believed.version), .text(archive.now())])
    }

    /// The light curves that a frame adds to: those of one instrument, filter and magnitude system.
    func series(_ version: FrameVersion, _ zeroPoint: ObjectZeroPoint?) throws -> Int {
        let key: [SQLValue] = [
            .text(version.instrument.id), .text(version.filter), .text(zeroPoint?.system ?? Self.instrumental),
        ]
        let find = "select series from archive.object_series where instrument = $1 and filter = $2 and mag_system = $3"
        if let known = try database.execute(find, key).first { return try known.int("series") }
        try database.execute(
            """
            insert into archive.object_series (instrument, filter, mag_system) values ($1, $2, $3)
            on conflict do nothing
            """, key)
        return try database.execute(find, key).single("series")
    }

    /// The magnitude system of frames without a zero point: -2.5 log10(electrons per second).
    static let instrumental = "instrumental"

    /// Believes from now on that a frame shows these objects.
    ///
    /// - Parameters:
    ///   - objects: of each detection; nil for those of no object.
    func add(
        _ frame: FrameDetections, of version: FrameVersion, series: Int, objects: [Int64?],
        outcomes: [AssociationOutcome]
    ) throws {
        let row = try database.execute(
            """
            insert into archive.object_frame (frame_id, recipe, association, series, midpoint_mjd_utc, zero_point_mag,
                zero_point_err_mag, level_err_mag, detections, born, duplicates, valid_from)
            values ($1, $2, (select count(*) from archive.object_frame where frame_id = $1 and recipe = $2),
                $3, $4, $5, $6, $7, $8, $9, $10, $11::timestamptz)
            returning version
            """,
            [
                .text(version.frameID), .text(version.recipe), .int(series), .double(version.midpoint),
                SQLValue(frame.zeroPoint?.magnitude), SQLValue(frame.zeroPoint?.error),
                SQLValue(frame.zeroPoint?.levelError), .int(frame.rows.count),
                .int(outcomes.count { $0.isNew }), .int(outcomes.count { $0.flags.contains(.duplicate) }),
                .text(archive.now()),
            ])
        let number = try row.single("version")
        try copy(frame, version.midpoint, version: number, series: series, objects, outcomes)
    }

    private static let columns = [
        "object_id", "midpoint_mjd_utc", "flux", "flux_err", "mag", "mag_err", "series", "version", "number", "flags",
        "association_flags", "position_err_arcsec", "chi_squared", "counts", "level_err_mag",
    ]

    /// In order of the objects, as the primary key wants them.
    private func copy(
        _ frame: FrameDetections, _ midpoint: Double, version: Int, series: Int, _ objects: [Int64?],
        _ outcomes: [AssociationOutcome]
    ) throws {
        let order = objects.indices.compactMap { index in objects[index].map { (object: $0, index: index) } }
            .sorted { $0.object < $1.object }
        try database.copy(into: "archive.object_measurement", columns: Self.columns, rows: order) { entry, row in
            let (detection, place) = (frame.rows[entry.index], frame.placed[entry.index])
            let outcome = outcomes[entry.index]
            row.int64(Int(entry.object))
            row.float64(midpoint)
            row.float64(detection.flux)
            row.float64(detection.fluxError)
            row.float64(detection.magnitude)
            row.float64(detection.magnitudeError)
            row.int32(Int32(series))
            row.int32(Int32(version))
            row.int32(Int32(detection.number))
            row.int32(Int32(bitPattern: detection.flags.rawValue))
            row.int32(outcome.flags.rawValue)
            row.float32(Float(place.covariance.errorArcsec))
            row.float32(Float(outcome.chiSquared))
            row.bool(detection.counts(outcome.flags))
            row.float32(detection.levelError.map { Float($0) })
        }
    }

    /// What one detection was taken for.
    struct Shown: Equatable {
        let object: Int64
        let flags: AssociationFlags
    }

    /// What each of a version's detections was taken for, by their numbers.
    func shown(by version: Int) throws -> [Int: Shown] {
        let rows = try database.executeBinary(
            "select object_id, number, association_flags from archive.object_measurement where version = $1",
            [.int(version)])
        var shown: [Int: Shown] = [:]
        shown.reserveCapacity(rows.count)
        for row in 0..<rows.count {
            shown[Int(try rows.int32(row, 1))] = Shown(
                object: try rows.int64(row, 0), flags: AssociationFlags(rawValue: try rows.int32(row, 2)))
        }
        return shown
    }
}
