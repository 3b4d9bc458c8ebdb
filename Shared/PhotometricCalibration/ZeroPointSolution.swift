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
    /// What this frame alone says of the colour term, for `ColourTermState`; `nil` when that is next to nothing.
    public var colourEstimate: Measured?

    /// At the middle of the frame's positions and the pivot colour [mag].
    public var zeroPoint: Measured { Measured(parameters[0], error: max(0, covariance[0]).squareRoot()) }

    /// The zero point at a place and for a colour [mag], the error from the whole covariance.
    ///
    /// - Parameter colour: of the star; `nil`: not known, taken to be the pivot with an error of 0.4.
    public func zeroPoint(x: Double, y: Double, colour: Measured?) -> Measured {
        let colour = colour ?? Measured(pivotColour, error: 0.4)
        let row = [1, colour.value - pivotColour] + position.values(x: x, y: y)
        var (value, variance) = (0.0, 0.0)
        for i in row.indices {
            value += row[i] * parameters[i]
            for j in row.indices { variance += row[i] * covariance[i * row.count + j] * row[j] }
        }
        let slope = parameters[1] * colour.error
        return Measured(value, error: (max(0, variance) + slope * slope).squareRoot())
    }

    /// The calibrated magnitude of a flux of the solution's kind.
    ///
    ///     error^2 = (1.0857 e_f / f)^2 + e_ZP(x, y, colour)^2 [+ <s^2>],   <s^2> = s^2 + e_s^2
    ///
    /// - Parameters:
    ///   - flux: over the whole exposure, in the unit of the calibration stars.
    ///   - includingScatter: adds the intrinsic scatter s: a flat field that is not flat, and pass bands that differ,
    ///     concern a star of interest as they did the calibration stars. Without it the error is that of the flux and
    ///     of the zero point alone.
    /// - Returns: `nil` for a flux that is not positive, or of another kind.
    public func magnitude(
        of flux: Measured, kind: FluxKind, x: Double, y: Double, colour: Measured?, includingScatter: Bool = true
    ) -> Measured? {
        guard kind == fluxKind, flux.value > 0, flux.value.isFinite, flux.error >= 0 else { return nil }
        let zero = zeroPoint(x: x, y: y, colour: colour)
        let own = Magnitude.perNeper * flux.error / flux.value
        let s = intrinsicScatter
        let scatter = includingScatter ? s.value * s.value + s.error * s.error : 0
        return Measured(
            Magnitude.of(flux.value / exposureSeconds) + zero.value,
            error: (own * own + zero.error * zero.error + scatter).squareRoot())
    }
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
