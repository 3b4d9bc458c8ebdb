internal import Astrometry
public import FITS
public import Imaging
public import Photometry
internal import Sky

/// The table of a frame's detections: one row per source, brightest first, with the columns of `nightjar measure`.
public enum DetectionCatalogue {
    /// Name of the table's extension.
    public static let extensionName = "DETECTIONS"

    /// Adds sky positions to measurements, where the header has world coordinates that can be used.
    ///
    /// - Returns: why there are none; nil when there are.
    public static func addSkyPositions(to rows: inout [Measurement], header: Header) -> String? {
        let world: WorldCoordinates
        do {
            world = try WorldCoordinates(header)
        } catch {
            return "\(error)"
        }
        for index in rows.indices {
            let position = world.position(x: rows[index].x, y: rows[index].y)
            rows[index].raDegrees = position?.raDegrees
            rows[index].decDegrees = position?.decDegrees
        }
        return nil
    }

    /// - Parameters:
    ///   - exposureSeconds: for the instrumental magnitudes, -2.5 log10(flux / exposure).
    ///   - header: cards for the table's header, the frame's world coordinates among them.
    ///   - radiiPixels: of all apertures, that of `flux_aperture` first [px]; the others have columns of their own,
    ///     flux_aperture_2 and so on, and APRAD1, APRAD2 ... in the header say the radii.
    ///   - psfChiSquared: what `add(_:to:)` returned; nil when nothing was fitted.
    ///   - threads: that make columns; the table does not depend on it.
    public static func table(
        of rows: [Measurement], exposureSeconds: Double, header: Header, radiiPixels: [Double] = [],
        psfChiSquared: [Double]? = nil, threads: Int = 1
    ) -> FITSTable {
        let makers = columns(of: rows, exposureSeconds: exposureSeconds) + wholeLight(of: rows)
        let columns = parallelMap(makers.count, threads: threads) { makers[$0]() }
        let chiSquared = FITSColumn(
            name: "psf_chi2", unit: "", description: "chi^2 per degree of freedom under the star image",
            values: .double(psfChiSquared ?? [Double](repeating: .nan, count: rows.count)))
        let radii = radiiPixels.enumerated().map { index, radius in
            HeaderCard(keyword: "APRAD\(index + 1)", value: .real(radius), comment: "[pix] radius of an aperture")
        }
        return FITSTable(
            name: extensionName,
            columns: columns + [chiSquared] + moreApertures(of: rows, radiiPixels),
            header: Header(header.cards + radii))
    }

    /// Makes one column.
    private typealias ColumnMaker = () -> FITSColumn

    private static func columns(of rows: [Measurement], exposureSeconds: Double) -> [ColumnMaker] {
        func column(
            _ name: String, _ unit: String, _ text: String, _ value: @escaping (Measurement) -> Double
        ) -> ColumnMaker {
            { FITSColumn(name: name, unit: unit, description: text, values: .double(rows.map(value))) }
        }
        return [
            column("x", "pix", "0-based pixel centre", \.x), column("y", "pix", "0-based pixel centre", \.y),
            column("x_err", "pix", "standard error", \.xError), column("y_err", "pix", "standard error", \.yError),
            column("ra_deg", "deg", "ICRS") { $0.raDegrees ?? .nan },
            column("dec_deg", "deg", "ICRS") { $0.decDegrees ?? .nan },
            column("flux_aperture", "electron", "within the frame's aperture", \.fluxAperture),
            column("flux_aperture_err", "electron", "standard error", \.fluxApertureError),
            column("flux_auto", "electron", "within the Kron ellipse", \.fluxAuto),
            column("flux_auto_err", "electron", "standard error", \.fluxAutoError),
            column("flux_psf", "electron", "all light, by the frame's star image", \.fluxPSF),
            column("flux_psf_err", "electron", "standard error", \.fluxPSFError),
            column("mag_aperture", "mag", "instrumental: -2.5 log10(electrons per second)") {
                $0.instrumentalMagnitude(exposureSeconds: exposureSeconds)?.magnitude ?? .nan
            },
            column("mag_aperture_err", "mag", "standard error") {
                $0.instrumentalMagnitude(exposureSeconds: exposureSeconds)?.error ?? .nan
            },
            column("mag_psf", "mag", "instrumental, by the frame's star image") {
                $0.psfMagnitude(exposureSeconds: exposureSeconds)?.magnitude ?? .nan
            },
            column("mag_psf_err", "mag", "standard error") {
                $0.psfMagnitude(exposureSeconds: exposureSeconds)?.error ?? .nan
            },
            column("background", "electron", "local sky per pixel", \.background),
            column("peak", "electron", "largest pixel above the sky", \.peak),
            column("fwhm_px", "pix", "full width at half maximum", \.fwhmPixels),
            column("ellipticity", "", "1 - b/a", \.ellipticity),
            column("theta_deg", "deg", "from +x towards +y", \.thetaDegrees),
            column("snr", "", "flux_aperture / flux_aperture_err", \.signalToNoise),
            { flags(of: rows) },
        ]
    }

    private static func flags(of rows: [Measurement]) -> FITSColumn {
        FITSColumn(
            name: "flags", unit: "", description: "source flags, docs/registries.md",
            values: .int32(rows.map { Int32(truncatingIfNeeded: $0.flags.rawValue) }))
    }

    private static func moreApertures(of rows: [Measurement], _ radiiPixels: [Double]) -> [FITSColumn] {
        radiiPixels.indices.dropFirst().flatMap { index -> [FITSColumn] in
            let name = "flux_aperture_\(index + 1)"
            func column(_ ending: String, _ text: String, _ value: (ApertureFlux) -> Double) -> FITSColumn {
                let values = rows.map { row in
                    row.extraFluxes.indices.contains(index - 1) ? value(row.extraFluxes[index - 1]) : .nan
                }
                return FITSColumn(
                    name: name + ending, unit: "electron", description: text, values: .double(values))
            }
            return [
                column("", "within the aperture of APRAD\(index + 1)", \.flux),
                column("_err", "standard error", \.fluxError),
            ]
        }
    }

    /// Fluxes of all light, by a curve of growth and by optimal weights.
    private static func wholeLight(of rows: [Measurement]) -> [ColumnMaker] {
        let kinds: [(String, String, (Measurement) -> Double)] = [
            ("flux_total", "the aperture's, corrected for the light outside it", \.fluxTotal),
            ("flux_total_err", "standard error: own noise and that of the frame's correction", \.fluxTotalError),
            ("flux_optimal", "by optimal weights", \.fluxOptimal),
            ("flux_optimal_err", "standard error: own noise and that of the frame's curve", \.fluxOptimalError),
        ]
        return kinds.map { name, text, value in
            { FITSColumn(name: name, unit: "electron", description: text, values: .double(rows.map(value))) }
        }
    }
}
