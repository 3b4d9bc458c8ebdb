internal import Astrometry
internal import Events
internal import Foundation
internal import Imaging
internal import PostgresStore

/// One version of one frame's measurement, as the record has it.
struct FrameVersion: Equatable {
    let measured: FrameMeasured
    var frameID: String { measured.frame.frameID }
    var recipe: String { measured.recipe }
    var field: String { measured.field }
    var night: String { measured.frame.night }
    var instrument: InstrumentFacts { measured.frame.instrument }
    var exposure: ExposureFacts { measured.frame.exposure }
    /// Frames without a filter are of the filter `none`.
    var filter: String { exposure.filter ?? "none" }
    var midpoint: Double { exposure.midpointMJDUTC }

    init(_ measured: FrameMeasured) {
        self.measured = measured
    }

    init(_ row: Row) throws {
        measured = try row.payload(FrameMeasured.self, "measured")
    }

    /// Time, then id: the order in which a night is told, whatever the order of arrival.
    static func inOrder(_ a: FrameVersion, _ b: FrameVersion) -> Bool {
        (a.midpoint, a.frameID) < (b.midpoint, b.frameID)
    }
}

/// One detection as the archiver needs it.
struct DetectedStar: Equatable {
    let x: Double
    let y: Double
    let flux: Double
    let fluxError: Double
    let flags: UInt32
}

/// Frame versions, detections and registrations in the record.
struct FrameRecord {
    let archive: Archive
    private var database: Database { archive.database }

    init(archive: Archive) {
        self.archive = archive
    }

    // MARK: Versions

    func add(_ version: FrameVersion) throws {
        let measured = version.measured
        try database.execute(
            """
            insert into archive.frame_version (frame_id, recipe, calibrated_recipe, master_rank, field, instrument,
                night,
                filter, midpoint_mjd_utc, fwhm_px, detection_count, measured)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing
            """,
            [
                .text(version.frameID), .text(version.recipe), .text(measured.frame.recipe),
                .int(measured.frame.masterRank),
                .text(version.field), .text(version.instrument.id), .text(version.night), .text(version.filter),
                .double(version.midpoint), SQLValue(measured.fwhmPixels), .int(measured.detectionCount),
                .payload(measured),
            ])
    }

    /// The current version of each frame that fits: the one the last night close chose, else the highest master rank,
    /// then the recipe. Frames whose channels have superseded them are left out.
    ///
    /// - Parameters:
    ///   - first: only so many, the first by mid-exposure.
    ///   - last: only so many, the last by mid-exposure.
    func current(
        _ condition: String, _ parameters: [SQLValue], first: Int? = nil, last: Int? = nil
    ) throws -> [FrameVersion] {
        let direction = first == nil ? "desc" : "asc"
        let rows = try database.execute(
            """
            select measured from (
                select distinct on (frame_id) frame_id, midpoint_mjd_utc, measured from archive.frame_version
                where \(condition) and not exists (
                    select from archive.frame f
                    where f.frame_id = frame_version.frame_id and f.reason_code = 'superseded')
                order by frame_id, chosen desc, master_rank desc, recipe desc) as version
            order by midpoint_mjd_utc \(direction), frame_id \(direction) limit \(first ?? last ?? 2_000_000_000)
            """, parameters)
        return try rows.map(FrameVersion.init).sorted(by: FrameVersion.inOrder)
    }

    /// The version of a frame that was made from one calibration.
    func version(frameID: String, calibratedRecipe: String) throws -> FrameVersion? {
        let rows = try database.execute(
            """
            select measured from archive.frame_version where frame_id = $1 and calibrated_recipe = $2
            order by recipe desc limit 1
            """, [.text(frameID), .text(calibratedRecipe)])
        return try rows.first.map(FrameVersion.init)
    }

    /// Makes one version of a frame current by the closing `revision` of its night.
    func choose(_ version: FrameVersion, revision: Int) throws {
        try database.execute(
            "update archive.frame_version set chosen = $3 where frame_id = $1 and recipe = $2",
            [.text(version.frameID), .text(version.recipe), .int(revision)])
    }

    // MARK: Detections

    /// Rows in order of descending flux, as the photometer numbered them.
    func addDetections(_ table: DetectionTable, of version: FrameVersion) throws {
        let known = try database.execute(
            "select 1 from archive.detection where frame_id = $1 and recipe = $2 limit 1",
            [.text(version.frameID), .text(version.recipe)])
        guard known.isEmpty else { return }
        let columns = [
            "frame_id", "recipe", "number", "x", "y", "ra_deg", "dec_deg", "flux_aperture", "flux_aperture_err",
            "fwhm_px",
            "peak", "flags",
        ]
        try database.copy(into: "archive.detection", columns: columns, rows: 0..<table.count) { number, row in
            row.text(version.frameID)
            row.text(version.recipe)
            row.int32(Int32(number))
            row.float64(table.x[number])
            row.float64(table.y[number])
            row.float64(finite(table.ra[number]))
            row.float64(finite(table.dec[number]))
            row.float64(table.flux[number])
            row.float64(table.fluxError[number])
            row.float64(finite(table.fwhm[number]))
            row.float64(finite(table.peak[number]))
            row.int64(Int(table.flags[number]))
        }
    }

    private func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }

    /// The brightest detections of a frame, brightest first.
    func detections(of version: FrameVersion, limit: Int = 2_000_000_000) throws -> [DetectedStar] {
        let rows = try database.execute(
            """
            select x, y, flux_aperture, flux_aperture_err, flags from archive.detection
            where frame_id = $1 and recipe = $2 order by number limit $3
            """, [.text(version.frameID), .text(version.recipe), .int(limit)])
        return try rows.map {
            DetectedStar(
                x: try $0.double("x"), y: try $0.double("y"), flux: try $0.double("flux_aperture"),
                fluxError: try $0.double("flux_aperture_err"), flags: UInt32(try $0.int("flags")))
        }
    }

    // MARK: Registration

    /// Stars that registration looks at: enough to find the field, few enough to be quick.
    private static let registrationStars = 300

    /// From pixels of `anchor` to pixels of `frame`; nil when the two do not show the same stars. Computed once per
    /// pair.
    func transform(from anchor: FrameVersion, to frame: FrameVersion) throws -> PixelTransform? {
        if anchor.frameID == frame.frameID && anchor.recipe == frame.recipe { return .identity }
        let pair: [SQLValue] = [.text(frame.frameID), .text(frame.recipe), .text(anchor.frameID), .text(anchor.recipe)]
        let known = try database.execute(
            """
            select coefficients is null as failed, coalesce(coefficients, '{}') as coefficients
            from archive.registration
            where frame_id = $1 and recipe = $2 and reference_frame_id = $3 and reference_recipe = $4
            """, pair)
        if let row = known.first { return try row.bool("failed") ? nil : Self.transform(row.doubles("coefficients")) }
        let registration = register(try stars(of: anchor), to: try stars(of: frame))
        let coefficients = registration.map { Self.coefficients($0.transform) }
        try database.execute(
            """
            insert into archive.registration
                (frame_id, recipe, reference_frame_id, reference_recipe, coefficients, rms_px, matched)
            values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing
            """,
            pair + [
                coefficients.map { .doubles($0) } ?? .null, SQLValue(registration?.rmsPixels),
                .int(registration?.matched ?? 0),
            ])
        return registration?.transform
    }

    private func stars(of version: FrameVersion) throws -> [StarPosition] {
        try detections(of: version, limit: Self.registrationStars).map { StarPosition(x: $0.x, y: $0.y, flux: $0.flux) }
    }

    private static func coefficients(_ map: PixelTransform) -> [Double] {
        [map.xx, map.xy, map.x0, map.yx, map.yy, map.y0]
    }

    private static func transform(_ c: [Double]) -> PixelTransform {
        PixelTransform(xx: c[0], xy: c[1], x0: c[2], yx: c[3], yy: c[4], y0: c[5])
    }
}
