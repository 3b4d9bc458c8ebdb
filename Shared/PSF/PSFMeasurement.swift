public import Imaging

/// One source fitted by the frame's star image. Not-a-number stands for "not known".
public struct PSFMeasurement: Sendable, Equatable {
    /// Centre of the fitted star image [px], 0-based, and its standard errors [px]; errors are NaN at fixed positions.
    public var x: Double
    public var y: Double
    public var xError: Double
    public var yError: Double
    /// All of the star's light, as the model is normalised [e-]; may be negative. Where the place was fitted too, what
    /// that adds on average has been taken out: sigma^2 / F.
    public var flux: Double
    /// Photons of sky and stars, read noise, neighbours fitted with it, and the uncertainty of the sky [e-].
    public var fluxError: Double
    /// Of the stamp's pixels under the fit.
    public var chiSquaredPerDegree: Double
    /// How much wider than a star [px^2]: the second moment, along one axis, of the Gaussian by which the star image
    /// would have to be blurred. 0 for stars, above for galaxies and blends, below for cosmic rays.
    public var sharpness: Double
    /// Sky below the star [e-/px].
    public var background: Double
    /// Pixels of the stamp that counted.
    public var pixelCount: Int
    public var flags: SourceFlags

    /// Nothing could be measured.
    static func failed(x: Double, y: Double, flags: SourceFlags) -> PSFMeasurement {
        PSFMeasurement(
            x: x, y: y, xError: .nan, yError: .nan, flux: .nan, fluxError: .nan, chiSquaredPerDegree: .nan,
            sharpness: .nan, background: .nan, pixelCount: 0, flags: flags.union(.psfFailed))
    }

    /// flux / fluxError
    public var signalToNoise: Double { flux / fluxError }
}

/// How stars are fitted.
public struct PSFParameters: Sendable, Equatable {
    /// Sweeps over the groups in which positions move, at most: from the third on only over groups that still move. One
    /// of the fluxes alone comes before, one step without new residuals after.
    public var sweeps: Int
    /// Stars fitted at once, at most; the others follow by iteration.
    public var largestGroup: Int
    /// Side of the tiles in which the sky is taken again from the residual [px]; nil trusts the background map.
    public var skyTileSize: Int?
    /// A peak left near a star is as likely a hidden star as not when its flux is this many of its errors, its
    /// neighbours' fluxes and places being free. It is fitted too from half an error more, and given up below; what the
    /// neighbours get is weighted by its probability. Looked for after each of the first three sweeps but the last. nil
    /// looks for none.
    public var companionThreshold: Double?
    /// False leaves the stars' own photon noise out of weights and errors.
    public var gainKnown: Bool

    public init(
        sweeps: Int = 6, largestGroup: Int = 24, skyTileSize: Int? = 64, companionThreshold: Double? = 2.4,
        gainKnown: Bool = true
    ) {
        precondition(sweeps > 0 && largestGroup > 0 && (skyTileSize ?? 8) >= 8, "a fit has sweeps, groups and tiles")
        self.sweeps = sweeps
        self.largestGroup = largestGroup
        self.skyTileSize = skyTileSize
        self.companionThreshold = companionThreshold
        self.gainKnown = gainKnown
    }
}
