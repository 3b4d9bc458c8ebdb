internal import PhotometricCalibration
internal import ReferenceCatalogue

/// What a catalogue's columns of magnitudes mean: bands of photometric systems, and the colour of a star.
struct CatalogueBands: Equatable {
    /// A colour that colour terms are for.
    struct Colour: Equatable {
        let blue: PhotometricBand
        let red: PhotometricBand
        /// Zero points are for stars of this colour: that of the sun, about [mag].
        let pivot: Double

        /// "Johnson-Cousins B-V"
        var name: String { "\(blue.id)-\(red.name)" }
    }

    /// By column; nil for a band that is in no system we know.
    let columns: [PhotometricBand?]
    /// nil: the catalogue has no two bands that make one.
    let colour: Colour?

    init(_ bands: [CatalogueBand]) {
        var columns = bands.map(Self.band)
        // A band twice: the first one counts.
        for (index, band) in columns.enumerated() where band != nil && columns[..<index].contains(band) {
            columns[index] = nil
        }
        self.columns = columns
        let known = Set(columns.compactMap { $0 })
        colour = Self.colours.first { known.contains($0.blue) && known.contains($0.red) }
    }

    /// Bands that magnitudes can be given in, measured or transformed, in a fixed order.
    var reachable: [PhotometricBand] {
        let own = Set(columns.compactMap { $0 })
        return PhotometricBand.all.filter { band in
            own.contains(band) || !MagnitudeTransformation.leading(to: band, from: own).isEmpty
        }
    }

    // MARK: Stars

    /// A star's magnitudes by band, without those that are not known; an error that is not known is 0.
    func magnitudes(of star: CatalogueStar) -> [PhotometricBand: Measured] {
        var known: [PhotometricBand: Measured] = [:]
        for (column, band) in columns.enumerated() {
            let (magnitude, error) = (star.magnitudes[column], star.magnitudeErrors[column])
            guard let band, magnitude.isFinite else { continue }
            known[band] = Measured(Double(magnitude), error: error.isFinite ? max(0, Double(error)) : 0)
        }
        return known
    }

    /// The magnitude in a band: the catalogue's own, else by the preferred transformation that holds for the star.
    func magnitude(in band: PhotometricBand, _ known: [PhotometricBand: Measured]) -> Measured? {
        if let own = known[band] { return own }
        for transformation in MagnitudeTransformation.leading(to: band, from: Set(columns.compactMap { $0 })) {
            do {
                return try transformation.magnitude(from: known)
            } catch {
                // This one is not for such a star; the next may be.
                continue
            }
        }
        return nil
    }

    func colour(_ known: [PhotometricBand: Measured]) -> Measured? {
        guard let colour, let blue = known[colour.blue], let red = known[colour.red] else { return nil }
        return Measured(
            blue.value - red.value, error: (blue.error * blue.error + red.error * red.error).squareRoot())
    }

    /// Covariance of the errors of magnitude and colour where the band is one of the colour's [mag^2].
    func covariance(of band: PhotometricBand, _ known: [PhotometricBand: Measured]) -> Double {
        guard let colour, let error = known[band]?.error else { return 0 }
        return band == colour.blue ? error * error : band == colour.red ? -error * error : 0
    }

    // MARK: Names

    /// By the band's title, which names its system ("Johnson V", "Pan-STARRS g"), else by its name; only where AB and
    /// Vega agree.
    private static func band(_ column: CatalogueBand) -> PhotometricBand? {
        if ["G", "BP", "RP"].contains(column.name), column.system == .vega {
            return PhotometricBand(system: .gaia, name: column.name)
        }
        for name in [column.title, column.name].compactMap({ $0 }) {
            guard case .band(let band) = FilterReading(cameraName: name) else { continue }
            let isMeasured = band.system != .clear && band.system != .oneShotColour
            if isMeasured, band.magnitudeSystem == column.system { return band }
        }
        return nil
    }

    private static let colours: [Colour] = {
        let rows: [(PhotometricBand.System, String, String, Double)] = [
            (.gaia, "BP", "RP", 0.82), (.sdss, "g", "r", 0.44), (.panSTARRS, "g", "r", 0.39),
            (.johnsonCousins, "B", "V", 0.65), (.johnsonCousins, "V", "R", 0.36), (.johnsonCousins, "V", "I", 0.70),
            (.sdss, "g", "i", 0.55), (.panSTARRS, "g", "i", 0.50), (.sdss, "r", "i", 0.11),
            (.panSTARRS, "r", "i", 0.12), (.twoMASS, "J", "K", 0.37),
        ]
        return rows.compactMap { system, blue, red, pivot in
            guard let blue = PhotometricBand(system: system, name: blue),
                let red = PhotometricBand(system: system, name: red)
            else { return nil }
            return Colour(blue: blue, red: red, pivot: pivot)
        }
    }()
}
