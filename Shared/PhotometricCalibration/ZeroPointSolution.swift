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
    /// How the zero point's error comes apart: of the frame alone, or of its night (`separateErrors`). `nil`: not
    /// known, as of frames solved by earlier versions; all of it then counts as common.
    public var errorParts: ZeroPointErrorParts?
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
    /// Mean colour of the stars and their spread, for a star whose colour is not known: of the frame alone, or, once a
    /// night is closed, one for all frames of the field [mag].
    public var stellarColour: Measured?
    /// What this frame's stars say of the intrinsic scatter, for `ScatterState`.
    public var scatterLikelihood: ScatterLikelihood?
    /// What this frame alone says of the colour term, for `ColourTermState`; `nil` when that is next to nothing.
    public var colourEstimate: Measured?

    /// At the middle of the frame's positions and the pivot colour [mag].
    public var zeroPoint: Measured { Measured(parameters[0], error: max(0, covariance[0]).squareRoot()) }
}

/// What became of one calibration star.
public struct StarResidual: Sendable, Equatable, Codable {
    public var id: String
    /// Catalogue magnitude less the calibrated one [mag].
    public var magnitudes: Double
    /// Its error without the intrinsic scatter [mag].
    public var error: Double
    /// The part of it that is the flux's noise, another on each frame; the rest is the catalogue's, the same on each
    /// [mag].
    public var fluxError: Double
    /// d(zero point) / d(catalogue magnitude - instrumental magnitude); of all stars together 1.
    public var weight: Double
    /// As expected from the catalogue's, less the pivot [mag].
    public var colour: Double
    /// Probability of the star to be no outlier, 0 ... 1.
    public var expected: Double
}
