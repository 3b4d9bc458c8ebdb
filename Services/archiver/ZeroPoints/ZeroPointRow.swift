internal import Events
internal import Foundation
internal import Hashing
internal import PhotometricCalibration
internal import Pipeline
internal import PostgresStore
internal import ReferenceCatalogue

/// What is kept of a frame's zero point besides its numbers in columns.
struct KeptZeroPoint: Codable, Equatable {
    /// Kept without the residuals of single stars.
    var solution: ZeroPointSolution
    let band: PhotometricBand
    /// The colour that its colour term is for; nil: the catalogue has none.
    let colour: String?
    /// What this frame alone says of the colour term.
    let colourEstimate: Measured?
    /// Bands that were tried where the filter does not say; the chosen one first.
    let choice: [RivalBand]?
    let matchedStars: Int
    let matchScatterArcsec: Double
    /// Magnitudes of stars of three and five times the matched filter's noise, of the pivot colour; nil where the table
    /// of detections has no optimal fluxes, and in rows of before that was told.
    var depth3Sigma: Measured?
    var depth5Sigma: Measured?
    /// Of the night; nil before it is closed, and where it does not tell.
    var extinction: Measured?
}

/// A frame's zero point for one kind of flux, or why there is none.
struct ZeroPointRow: Equatable {
    let version: FrameVersion
    let kind: FluxKind
    /// Id of the catalogue, and which one to the last bit.
    let catalogue: String?
    let digest: String?
    var outcome: Result<KeptZeroPoint, NoCalibration>
    let airmass: Double?
    /// Light that came through, against the instrument's best nights.
    var transparency: Measured?

    var kept: KeptZeroPoint? {
        if case .success(let kept) = outcome { kept } else { nil }
    }

    /// A digest of the frame's version, the software, the catalogue and what came out.
    var id: String {
        var parts = [
            "zero point 2", Release.version, version.frameID, version.recipe, kind.rawValue, digest ?? "-",
        ]
        switch outcome {
        case .success(let kept):
            parts += [kept.band.id, kept.colour ?? "-"]
            parts += (kept.solution.parameters + kept.solution.covariance).map { "\($0)" }
            parts += [kept.solution.intrinsicScatter.value, kept.solution.pivotColour].map { "\($0)" }
            let errors = kept.solution.errorParts
            parts += [errors?.own, errors?.common, errors?.repeatability, errors?.starScatter].map {
                $0.map { "\($0)" } ?? "-"
            }
            parts += [kept.solution.stellarColour?.value, kept.solution.stellarColour?.error].map {
                $0.map { "\($0)" } ?? "-"
            }
        case .failure(let reason): parts += [reason.code.rawValue, reason.description]
        }
        return String(SHA256.hex(of: Data(parts.joined(separator: "|").utf8)).prefix(32))
    }
}

/// Zero points in the record: rows are added and never overwritten. Current is that of the last closing of its night,
/// then the last one added.
struct ZeroPointRecord {
    let archive: Archive
    private var database: Database { archive.database }

    init(archive: Archive) {
        self.archive = archive
    }

    func has(_ version: FrameVersion, digest: String?) throws -> Bool {
        try !database.execute(
            """
            select 1 from archive.zero_point
            where frame_id = $1 and recipe = $2 and catalogue_digest is not distinct from $3 limit 1
            """, [.text(version.frameID), .text(version.recipe), SQLValue(digest)]
        ).isEmpty
    }

    /// - Parameter revision: which closing of the night says it; 0: none, it is provisional.
    func add(_ row: ZeroPointRow, revision: Int) throws {
        let solution = row.kept?.solution
        var reason: NoCalibration?
        if case .failure(let failure) = row.outcome { reason = failure }
        try database.execute(
            """
            insert into archive.zero_point (zero_point_id, revision, frame_id, recipe, flux_kind, instrument, night,
                filter, midpoint_mjd_utc, catalogue, catalogue_digest, band, mag_system, zero_point, zero_point_err,
                colour_term, colour_term_err, stars, scatter, airmass, transparency, transparency_err, reason_code,
                reason, solution)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                $22, $23, $24, $25)
            on conflict (zero_point_id) do update set revision = greatest(zero_point.revision, excluded.revision),
                transparency = excluded.transparency, transparency_err = excluded.transparency_err,
                solution = excluded.solution
            """,
            [
                .text(row.id), .int(revision), .text(row.version.frameID), .text(row.version.recipe),
                .text(row.kind.rawValue), .text(row.version.instrument.id), .text(row.version.night),
                .text(row.version.filter), .double(row.version.midpoint), SQLValue(row.catalogue),
                SQLValue(row.digest), SQLValue(row.kept?.band.id),
                SQLValue(row.kept?.band.magnitudeSystem.rawValue), SQLValue(solution?.zeroPoint.value),
                SQLValue(solution?.zeroPoint.error), SQLValue(solution?.parameters[1]),
                SQLValue(solution.map { max(0, $0.covariance[$0.parameters.count + 1]).squareRoot() }),
                SQLValue(solution?.counts.usable), SQLValue(solution?.intrinsicScatter.value),
                SQLValue(row.airmass), SQLValue(row.transparency?.value), SQLValue(row.transparency?.error),
                SQLValue(reason?.code.rawValue), SQLValue(reason?.description),
                try row.kept.map { try .payload($0) } ?? .null,
            ])
    }

    /// A zero point as it is read back.
    struct Current {
        let id: String
        let frameID: String
        let catalogue: String
        let midpoint: Double
        let airmass: Double?
        /// Which closing of the night says it; 0: none.
        let revision: Int
        let transparency: Measured?
        let kept: KeptZeroPoint

        init(_ row: Row) throws {
            id = try row.text("zero_point_id")
            frameID = try row.text("frame_id")
            catalogue = try row.text("catalogue")
            midpoint = try row.double("midpoint_mjd_utc")
            airmass = try row.optionalDouble("airmass")
            revision = try row.int("revision")
            let error = try row.optionalDouble("transparency_err")
            transparency = try row.optionalDouble("transparency").map { Measured($0, error: error ?? .nan) }
            kept = try row.payload(KeptZeroPoint.self, "solution")
        }

        var atAirmass: AirmassZeroPoint? {
            airmass.map { AirmassZeroPoint(frameID: frameID, airmass: $0, zeroPoint: kept.solution.zeroPoint) }
        }
    }

    /// Current zero points for aperture fluxes of these frame versions, by frame.
    func current(_ versions: [FrameVersion]) throws -> [String: Current] {
        let recipes = Dictionary(versions.map { ($0.frameID, $0.recipe) }, uniquingKeysWith: { first, _ in first })
        let rows = try database.execute(
            """
            select * from archive.current_zero_point
            where frame_id = any($1) and flux_kind = 'aperture' and solution is not null
            """, [.texts(recipes.keys.sorted())])
        var found: [String: Current] = [:]
        for row in rows where try recipes[row.text("frame_id")] == row.text("recipe") {
            found[try row.text("frame_id")] = try Current(row)
        }
        return found
    }

    /// Current zero points for aperture fluxes of one instrument, night and filter, in order of mid-exposure.
    func night(of version: FrameVersion) throws -> [Current] {
        try database.execute(
            """
            select * from archive.current_zero_point
            where instrument = $1 and night = $2 and filter = $3 and flux_kind = 'aperture' and solution is not null
            order by midpoint_mjd_utc, frame_id
            """, [.text(version.instrument.id), .text(version.night), .text(version.filter)]
        ).map(Current.init)
    }
}
