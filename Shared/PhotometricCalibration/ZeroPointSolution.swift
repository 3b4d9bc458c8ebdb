/// The zero point of one frame for one kind of flux.
///
///     m = -2.5 log10(flux / t) + ZP + c (colour - pivot) + sum_j b_j B_j(x, y)
public struct ZeroPointSolution: Sendable, Equatable, Codable {
    public var frameID: String
    public var fluxKind: FluxKind
    public var exposureSeconds: Double
    /// Colour the zero point is for: stars of other colours need the colour term [mag].
    public var pivotColour: Double
    public var position: PositionTerm
    /// ZP [mag, for 1 flux unit per second], c [mag/mag], b_1 ... b_n [mag]. c has been known beforehand
    /// (`ColourTermState`) and is what this frame makes of it.
    public var parameters: [Double]
    /// Covariance of `parameters`, row by row.
    public var covariance: [Double]
    /// Part of the zero point's error that is this frame's own, from the noise of its fluxes [mag]. The rest, from
    /// catalogue errors, intrinsic scatter and colour term, is the same on other frames of the same stars. `nil`: not
    /// known, as of frames solved by earlier versions; all of it then counts as shared.
    public var ownError: Double?
    /// Scatter of the stars beyond all known errors [mag], and its standard deviation.
    public var intrinsicScatter: Measured
    /// 1.4826 MAD of the residuals of all stars that were used [mag].
    public var robustScatterMagnitudes: Double
    /// Sum of the probabilities of the stars to be no outliers.
    public var effectiveStars: Double
    /// Share of outliers: variables, blends, wrong matches; not those whose errors are merely too small.
    public var outlierFraction: Double
    public var counts: StarCounts
    /// Stars that were used, in order of their id.
    public var residuals: [StarResidual]
    /// Mean colour of the frame's stars and their spread, for a star whose colour is not known [mag].
    public var stellarColour: Measured?
    /// What this frame's stars say of the intrinsic scatter, for `ScatterState`.
    public var scatterLikelihood: ScatterLikelihood?
    /// What this frame alone says of the colour term, for `ColourTermState`; `nil` when that is next to nothing.
    public var colourEstimate: Measured?

    /// At the middle of the frame's positions and the pivot colour [mag].
    public var zeroPoint: Measured { Measured(parameters[0], error: max(0, covariance[0]).squareRoot()) }

    /// The zero point at a place and for a colour [mag], the error from the whole covariance.
    ///
    /// - Parameter colour: of the star; `nil`: not known, taken to be that of the frame's stars with their spread.
    public func zeroPoint(x: Double, y: Double, colour: Measured?) -> Measured {
        let colour = colour ?? stellarColour ?? Measured(pivotColour, error: 0.4)
        let row = [1, colour.value - pivotColour] + position.values(x: x, y: y)
        var (value, variance) = (0.0, 0.0)
        for i in row.indices {
            value += row[i] * parameters[i]
            for j in row.indices { variance += row[i] * covariance[i * row.count + j] * row[j] }
        }
        let slope = parameters[1] * colour.error
        return Measured(value, error: (max(0, variance) + slope * slope).squareRoot())
    }

    /// The part of the error of a zero point of this frame that other frames of the same stars share [mag].
    ///
    /// - Parameter zeroPoint: `zeroPoint`, or that at a place and for a colour.
    public func sharedError(of zeroPoint: Measured) -> Double {
        let own = ownError ?? 0
        return max(0, zeroPoint.error * zeroPoint.error - own * own).squareRoot()
    }

    /// The calibrated magnitude of a flux of the solution's kind.
    ///
    ///     m = -2.5 log10(flux / t) + ZP(x, y) + c (colour - pivot)
    ///     own error^2 = (1.0857 e_f / f)^2 + own part of e_ZP^2
    ///     common error^2 = shared part of e_ZP^2 + (c e_colour)^2 [+ <s^2>],   <s^2> = s^2 + e_s^2
    ///
    /// - Parameters:
    ///   - flux: over the whole exposure, in the unit of the calibration stars.
    ///   - colour: of the star in the catalogue, the colour that the colour term is for; `nil`: not known. It is then
    ///     that of the frame's stars, and c times their spread is in the common error.
    ///   - includingScatter: adds the intrinsic scatter s: a flat field that is not flat, and pass bands that differ,
    ///     concern a star of interest as they did the calibration stars. Without it the error is that of the flux and
    ///     of the zero point alone.
    /// - Returns: `nil` for a flux that is not positive, or of another kind.
    public func calibrated(
        _ flux: Measured, kind: FluxKind, x: Double, y: Double, colour: Measured?, includingScatter: Bool = true
    ) -> CalibratedMagnitude? {
        guard kind == fluxKind, flux.value > 0, flux.value.isFinite, flux.error >= 0 else { return nil }
        let zero = zeroPoint(x: x, y: y, colour: colour)
        let shared = sharedError(of: zero)
        let noise = Magnitude.perNeper * flux.error / flux.value
        let own = min(ownError ?? 0, zero.error)
        let s = intrinsicScatter
        let scatter = includingScatter ? s.value * s.value + s.error * s.error : 0
        return CalibratedMagnitude(
            value: Magnitude.of(flux.value / exposureSeconds) + zero.value,
            ownError: (noise * noise + own * own).squareRoot(),
            commonError: (shared * shared + scatter).squareRoot(), isColourKnown: colour != nil)
    }

    /// The calibrated magnitude with its whole error: `calibrated`, where the parts of it do not matter.
    public func magnitude(
        of flux: Measured, kind: FluxKind, x: Double, y: Double, colour: Measured?, includingScatter: Bool = true
    ) -> Measured? {
        calibrated(flux, kind: kind, x: x, y: y, colour: colour, includingScatter: includingScatter).map {
            Measured($0.value, error: $0.error)
        }
    }
}

/// A magnitude in a standard system, with the parts of its error that do differently in a light curve.
public struct CalibratedMagnitude: Sendable, Equatable, Codable {
    /// [mag]
    public var value: Double
    /// Independent from frame to frame: noise of the star's flux, and of the fluxes the zero point was fitted to [mag].
    public var ownError: Double
    /// The same for all frames of a star in one instrument and filter: it moves a light curve as a whole [mag].
    public var commonError: Double
    /// Otherwise the common error holds the colour term times the spread of the stars' colours.
    public var isColourKnown: Bool

    /// Both [mag].
    public var error: Double { (ownError * ownError + commonError * commonError).squareRoot() }
}

/// What became of one calibration star.
public struct StarResidual: Sendable, Equatable, Codable {
    public var id: String
    /// Catalogue magnitude less the calibrated one [mag].
    public var magnitudes: Double
    /// Its error without the intrinsic scatter [mag].
    public var error: Double
    /// Probability of the star to be no outlier, 0 ... 1.
    public var expected: Double
}
