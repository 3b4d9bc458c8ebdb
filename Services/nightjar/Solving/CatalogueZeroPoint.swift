internal import FITS
internal import Foundation
internal import FrameSolving
internal import Imaging
internal import Instruments
internal import PhotometricCalibration
internal import Photometry
internal import ReferenceCatalogue

/// The zero point of a measured frame from the catalogue stars on it.
///
/// The band is the filter's, where the catalogue has it; where the filter leaves it open, passes everything, or no band
/// of the catalogue is its own, the band that scatters least. One frame does not tell its colour term: it is taken as
/// unknown, and its error is in that of the magnitudes.
struct CatalogueZeroPoint {
    struct Summary: Encodable {
        let band: String
        let system: String
        let fluxKind: String
        let zeroPoint: Double
        let zeroPointError: Double
        let intrinsicScatterMagnitudes: Double
        let stars: Int
        let outlierFraction: Double
        /// Whether the filter says that it is this band.
        let isOwnBand: Bool
        /// Of stars of three and five times the matched filter's noise, and the error of both [mag]; nil for fewer than
        /// five clean stars.
        let limitingMagnitude3Sigma: Double?
        let limitingMagnitude5Sigma: Double?
        let limitingMagnitudeError: Double?

        var text: String {
            let depth = limitingMagnitude5Sigma.map { String(format: ", 5 sigma at %.2f mag", $0) } ?? ""
            return String(
                format: "%@ zero point %.3f +- %.3f mag, %@ %@", fluxKind, zeroPoint, zeroPointError, band,
                "(\(system))") + " of \(stars) stars" + (isOwnBand ? "" : ", the band that fits best") + depth
        }
    }

    let band: PhotometricBand
    let solution: ZeroPointSolution
    let isOwnBand: Bool
    /// How faint the frame goes.
    private let depth: FrameDepth?
    /// Columns of the catalogue by the names of their bands.
    let names: [String: Int]

    /// Of a frame whose rows know their catalogue stars.
    struct Frame {
        let id: String
        let filter: String?
        let exposureSeconds: Double
        let width: Int
        let height: Int

        init(_ path: String, _ loaded: LoadedFrame) {
            id = fileName(path)
            filter = loaded.facts.exposure.filter
            exposureSeconds = loaded.facts.exposureSeconds ?? .nan
            (width, height) = (loaded.width, loaded.height)
        }
    }

    /// Colour B - V to which zero points belong, about that of the Sun.
    private static let pivotColour = 0.65

    /// - Throws: `NoZeroPoint`, or `FrameError` where the catalogue has no band to compare with.
    init(_ rows: [Photometry.Measurement], _ place: MeasuredSky.Place, _ frame: Frame, kind: FluxKind) throws {
        let bands = place.catalogue.bands.enumerated().compactMap { index, band in
            Self.photometricBand(band).map { (index: index, band: $0) }
        }
        guard !bands.isEmpty else { throw FrameError(frame.id, "no band of \(place.catalogue.id) is one we know") }
        let facts = CalibrationFrame(
            id: frame.id, exposureSeconds: frame.exposureSeconds, width: frame.width, height: frame.height,
            fluxKind: kind)
        depth = Self.depth(rows, kind)
        names = Dictionary(bands.map { ($0.band.name, $0.index) }, uniquingKeysWith: { first, _ in first })
        let stars = { [names] (index: Int) in
            rows.compactMap { row in Self.star(row, place, band: index, names: names, kind: kind) }
        }
        var own: (index: Int, band: PhotometricBand)?
        if case .band(let filter) = FilterReading(cameraName: frame.filter) {
            own = bands.first { $0.band == filter.calibrationBand }
        }
        if let own {
            band = own.band
            isOwnBand = true
            solution = try fitZeroPoint(
                stars(own.index), frame: facts, colourTerm: .unknown(pivotColour: Self.pivotColour))
            return
        }
        let choice = chooseBand(
            bands.map { BandCandidate(band: $0.band, stars: stars($0.index)) }, frame: facts,
            pivotColour: Self.pivotColour)
        guard let chosen = choice.chosen, let found = chosen.solution else {
            let objections = choice.rivals.map { "\($0.band.id): \($0.objection ?? "")" }.joined(separator: "; ")
            throw FrameError(frame.id, "no band of \(place.catalogue.id) fits (\(objections))")
        }
        (band, solution, isOwnBand) = (chosen.band, found, false)
    }

    /// By name and system; where several have them ("g" of SDSS and of Pan-STARRS), the one that the title names.
    private static func photometricBand(_ band: CatalogueBand) -> PhotometricBand? {
        let known = PhotometricBand.all.filter { $0.name == band.name && $0.magnitudeSystem == band.system }
        return known.first { band.title?.contains($0.system.rawValue) == true } ?? known.first
    }

    private static func star(
        _ row: Photometry.Measurement, _ place: MeasuredSky.Place, band: Int, names: [String: Int], kind: FluxKind
    ) -> CalibrationStar? {
        guard let reference = place.star(row)?.star, let flux = flux(row, kind) else { return nil }
        guard reference.magnitudes[band].isFinite else { return nil }
        let magnitude = Measured(
            Double(reference.magnitudes[band]), error: Double(reference.magnitudeErrors[band]))
        // The error of V is in B - V as well, with the other sign.
        let own = magnitude.error.isFinite ? magnitude.error * magnitude.error : 0
        let doubts: CatalogueFlags = [.variable, .double, .extended, .poorPhotometry]
        return CalibrationStar(
            id: String(reference.identifier), flux: flux, x: row.x, y: row.y, magnitude: magnitude,
            colour: colour(of: reference, names),
            colourCovariance: band == names["B"] ? own : band == names["V"] ? -own : 0,
            isExcluded: !reference.flags.isDisjoint(with: doubts) || row.flags.contains(.edge),
            isSaturated: row.flags.contains(.saturated))
    }

    /// B - V; nil where the catalogue does not have both.
    static func colour(of star: CatalogueStar, _ names: [String: Int]) -> Measured? {
        guard let b = names["B"], let v = names["V"], star.magnitudes[b].isFinite, star.magnitudes[v].isFinite else {
            return nil
        }
        let (blue, red) = (Double(star.magnitudeErrors[b]), Double(star.magnitudeErrors[v]))
        return Measured(
            Double(star.magnitudes[b]) - Double(star.magnitudes[v]),
            error: blue.isFinite && red.isFinite ? hypot(blue, red) : 0.05)
    }

    /// By the clean stars of the frame.
    private static func depth(_ rows: [Photometry.Measurement], _ kind: FluxKind) -> FrameDepth? {
        let spoilt: SourceFlags = [
            .saturated, .edge, .masked, .apertureTruncated, .noData, .negative, .blended, .neighbour, .sharp,
            .cosmicRay, .trail, .optimalFailed, .onExtendedLight,
        ]
        let clean = rows.filter { $0.flags.isDisjoint(with: spoilt) }
        return FrameDepth(
            optimal: clean.map { Measured($0.fluxOptimal, error: $0.fluxOptimalError) },
            fluxes: clean.map { flux($0, kind) ?? Measured(.nan, error: .nan) })
    }

    static func flux(_ row: Photometry.Measurement, _ kind: FluxKind) -> Measured? {
        let (flux, error) =
            kind == .psf ? (row.fluxPSF, row.fluxPSFError) : (row.fluxAperture, row.fluxApertureError)
        return flux.isFinite && error.isFinite && error >= 0 ? Measured(flux, error: error) : nil
    }

    var summary: Summary {
        let limits = [3.0, 5].map { limit in
            depth.flatMap { solution.limitingMagnitude(significance: limit, depth: $0) }
        }
        return Summary(
            band: band.id, system: band.magnitudeSystem.rawValue, fluxKind: solution.fluxKind.rawValue,
            zeroPoint: solution.zeroPoint.value, zeroPointError: solution.zeroPoint.error,
            intrinsicScatterMagnitudes: solution.intrinsicScatter.value, stars: solution.counts.usable,
            outlierFraction: solution.outlierFraction, isOwnBand: isOwnBand,
            limitingMagnitude3Sigma: limits[0]?.value, limitingMagnitude5Sigma: limits[1]?.value,
            limitingMagnitudeError: limits[1]?.error)
    }
}

extension FrameMeasurer {
    /// Adds the numbers of catalogue stars to a table; calibrated magnitudes take the place of instrumental ones,
    /// unless a sequence is to calibrate them: what it cannot, nothing else does in its place.
    func calibrate(
        _ table: inout FITSTable, _ rows: [Photometry.Measurement], _ place: MeasuredSky.Place, _ loaded: LoadedFrame,
        _ path: String
    ) -> SkySummary {
        var summary = SkySummary(place)
        var columns = table.columns
        if place.result.solution != nil {
            let frame = CatalogueZeroPoint.Frame(path, loaded)
            let kinds = [(FluxKind.aperture, "mag_aperture"), (.psf, "mag_psf")]
            for (kind, magnitude) in kinds where kind == .aperture || starImage != nil {
                do {
                    let zero = try CatalogueZeroPoint(rows, place, frame, kind: kind)
                    summary.zeroPoints.append(zero.summary)
                    guard sequence == nil else { continue }
                    let made = zero.solution.columns(
                        rows, magnitude: magnitude, band: zero.band, by: "catalogue stars",
                        colour: { place.star($0).flatMap { CatalogueZeroPoint.colour(of: $0.star, zero.names) } })
                    columns = columns.map { column in made.first { $0.name == column.name } ?? column }
                } catch {
                    summary.noZeroPoint = "no \(kind.rawValue) zero point: \(error)"
                }
            }
        }
        table = FITSTable(
            name: table.name, columns: columns + [place.column(rows)], texts: table.texts, header: table.header)
        return summary
    }
}
