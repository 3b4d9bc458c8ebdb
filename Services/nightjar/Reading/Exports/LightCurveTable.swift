internal import Events
internal import Foundation
internal import Instruments
internal import LightCurves
internal import PhotometricCalibration
internal import PostgresStore

/// A light curve with what its exports say about the target.
struct ExportedCurve {
    let curve: LightCurve
    /// Nil for a target that was removed.
    var document: TargetDocument?
    /// ICRS [deg]; nil for targets that have only pixels.
    var raDegrees: Double?
    var decDegrees: Double?
    /// The target's, in force now.
    var sequence: ComparisonSequence?
    var detrended: DetrendedCurve?

    init(_ curve: LightCurve) { self.curve = curve }

    init(_ curve: LightCurve, detrended: DetrendedCurve?, in record: Record) throws {
        self.init(curve)
        self.detrended = detrended
        let rows = try record.database.execute(
            "select document, ra_deg, dec_deg from archive.target where target = $1", [.text(curve.target)])
        guard let row = rows.first else { return }
        document = try JSONDecoder().decode(TargetDocument.self, from: row.data("document"))
        raDegrees = try row.optionalDouble("ra_deg")
        decDegrees = try row.optionalDouble("dec_deg")
        sequence = try document.flatMap { try record.sequence(of: $0) }
    }

    /// Points that carry a magnitude or a limit: the others have nothing to export.
    var points: [PhotometryMeasured] { curve.points.filter { $0.magnitude != nil || $0.limitMagnitude != nil } }
}

/// The columns of a light curve with their meaning, for formats that can say it.
struct LightCurveTable {
    enum Values {
        /// Nil where not known.
        case numbers([Double?], decimals: Int)
        case integers([Int])
        case texts([String])
        case booleans([Bool])
    }

    enum TimeFrame {
        case barycentricTDB, topocentricUTC
    }

    struct Column {
        let name: String
        /// As VOUnits and FITS spell it; empty for none.
        var unit = ""
        /// Unified content descriptor, UCD1+.
        let ucd: String
        let description: String
        var frame: TimeFrame?
        let values: Values
    }

    let columns: [Column]
    let count: Int

    init(_ exported: ExportedCurve) {
        let points = exported.curve.points
        count = points.count
        columns =
            Self.times(points) + Self.brightness(points) + Self.circumstances(points) + Self.names(points)
            + Self.sunAndMoon(points) + Self.checkStars(points) + Self.transparency(points)
            + (exported.detrended.map { Self.detrended($0) } ?? [])
    }

    private static func times(_ points: [PhotometryMeasured]) -> [Column] {
        [
            Column(
                name: "mid_bjd_tdb", unit: "d", ucd: "time.epoch;meta.main",
                description: "Mid-exposure as barycentric Julian date, TDB", frame: .barycentricTDB,
                values: .numbers(points.map(\.midpointBJDTDB), decimals: 8)),
            Column(
                name: "mid_mjd_utc", unit: "d", ucd: "time.epoch",
                description: "Mid-exposure as modified Julian date, UTC, at the telescope", frame: .topocentricUTC,
                values: .numbers(points.map(\.midpointMJDUTC), decimals: 8)),
        ]
    }

    /// Frames of time that VOTable names for these two would be others than those of the table's own times.
    private static func sunAndMoon(_ points: [PhotometryMeasured]) -> [Column] {
        let column = {
            (
                name: String, unit: String, ucd: String, text: String, decimals: Int,
                value: (ObservingCircumstances) -> Double?
            ) in
            Column(
                name: name, unit: unit, ucd: ucd, description: text,
                values: .numbers(points.map { $0.circumstances.flatMap(value) }, decimals: decimals))
        }
        return [
            column("mid_mjd_tai", "d", "time.epoch", "Mid-exposure as modified Julian date, TAI", 8) {
                $0.midpointMJDTAI
            },
            column("mid_hjd_utc", "d", "time.epoch", "Mid-exposure as heliocentric Julian date, UTC", 8) {
                $0.midpointHJDUTC
            },
            column("sun_alt_deg", "deg", "pos.az.alt", "Altitude of the Sun", 3) { $0.sunAltitudeDegrees },
            column("moon_alt_deg", "deg", "pos.az.alt", "Altitude of the Moon", 3) { $0.moonAltitudeDegrees },
            column("moon_sep_deg", "deg", "pos.angDistance", "Distance of the Moon from the target", 3) {
                $0.moonSeparationDegrees
            },
            column("moon_lit", "", "phys.size;arith.ratio", "Lit part of the Moon's disc", 3) {
                $0.moonIlluminatedFraction
            },
        ]
    }

    private static func brightness(_ points: [PhotometryMeasured]) -> [Column] {
        [
            Column(
                name: "mag", unit: "mag", ucd: "phot.mag;em.opt;meta.main", description: "Magnitude",
                values: .numbers(points.map(\.magnitude), decimals: 5)),
            Column(
                name: "mag_err", unit: "mag", ucd: "stat.error;phot.mag;em.opt",
                description: "Standard error of mag, independent from point to point",
                values: .numbers(points.map(\.magnitudeError), decimals: 5)),
            Column(
                name: "level_err", unit: "mag", ucd: "stat.error.sys;phot.mag;em.opt",
                description: "Standard error of the level, common to the points; in quadrature with mag_err the whole",
                values: .numbers(points.map(\.levelError), decimals: 5)),
            Column(
                name: "flux_njy", unit: "nJy", ucd: "phot.flux.density;em.opt", description: "Flux density",
                values: .numbers(points.map(\.fluxNanojansky), decimals: 3)),
            Column(
                name: "flux_njy_err", unit: "nJy", ucd: "stat.error;phot.flux.density;em.opt",
                description: "Standard error of flux_njy, independent from point to point",
                values: .numbers(points.map(\.fluxErrorNanojansky), decimals: 3)),
            Column(
                name: "limit_mag", unit: "mag", ucd: "phot.mag;em.opt;stat.max",
                description: "The source was fainter than this, with limit_sigma",
                values: .numbers(points.map(\.limitMagnitude), decimals: 4)),
            Column(
                name: "limit_sigma", ucd: "stat.snr", description: "Significance of limit_mag in standard errors",
                values: .numbers(points.map(\.limitSigma), decimals: 1)),
        ]
    }

    private static func circumstances(_ points: [PhotometryMeasured]) -> [Column] {
        [
            Column(
                name: "airmass", ucd: "obs.airMass", description: "Airmass at mid-exposure",
                values: .numbers(points.map(\.airmass), decimals: 4)),
            Column(
                name: "fwhm_px", unit: "pix", ucd: "instr.det.psf", description: "Full width at half maximum of stars",
                values: .numbers(points.map(\.fwhmPixels), decimals: 3)),
            Column(
                name: "flags", ucd: "meta.code.qual", description: "Source flags as a sum of bits; 0 is good",
                values: .integers(points.map { Int($0.flags) })),
            Column(
                name: "version", ucd: "meta.version", description: "Version of this point; the highest there is",
                values: .integers(points.map(\.version))),
            Column(
                name: "provisional", ucd: "meta.code.status", description: "True until the night is closed",
                values: .booleans(points.map(\.provisional))),
        ]
    }

    private static func names(_ points: [PhotometryMeasured]) -> [Column] {
        [
            Column(name: "target", ucd: "meta.id;src", description: "Target", values: .texts(points.map(\.target))),
            Column(
                name: "filter", ucd: "meta.id;instr.filter", description: "Filter", values: .texts(points.map(\.filter))
            ),
            Column(
                name: "mag_system", ucd: "meta.id;phot.mag",
                description: "AB, Vega, or differential: against comparison stars of unknown magnitude",
                values: .texts(points.map(\.magnitudeSystem))),
            Column(
                name: "instrument", ucd: "meta.id;instr", description: "Instrument",
                values: .texts(points.map(\.instrument))),
            Column(
                name: "frame_id", ucd: "meta.id;obs.image", description: "Frame",
                values: .texts(points.map(\.frameID))),
            Column(
                name: "source", ucd: "meta.ref", description: "Who measured it", values: .texts(points.map(\.source))),
            Column(
                name: "calibration_flags", ucd: "meta.code.qual;obs.calib",
                description: "What the frame's calibration lacked",
                values: .texts(points.map { ($0.calibrationFlags ?? []).joined(separator: " ") })),
        ]
    }

    private static func detrended(_ curve: DetrendedCurve) -> [Column] {
        func column(
            _ name: String, _ ucd: String, _ text: String,
            _ value: ((magnitude: Double, error: Double, trend: AirmassTrend)) -> Double
        ) -> Column {
            Column(
                name: name, unit: "mag", ucd: ucd, description: text,
                values: .numbers(curve.detrended.map { $0.map(value) }, decimals: 5))
        }
        return [
            column("mag_detrended", "phot.mag;em.opt", "Magnitude, a line in airmass taken out") { $0.magnitude },
            column("mag_detrended_err", "stat.error;phot.mag;em.opt", "Standard error of mag_detrended") { $0.error },
            column("airmass_slope", "stat.fit.param;phot.mag", "Slope of the line, per airmass") { $0.trend.slope },
            column("airmass_slope_err", "stat.error;stat.fit.param", "Standard error of airmass_slope") {
                $0.trend.slopeError
            },
        ]
    }
}
