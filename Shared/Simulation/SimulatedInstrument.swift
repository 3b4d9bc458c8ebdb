/// A telescope with a camera and one filter: all numbers a simulation needs.
public struct SimulatedInstrument: Sendable, Equatable {
    public var name: String
    public var telescope = "Simulated 0.4 m"
    public var width: Int
    public var height: Int
    /// Written to the header; `width`, `height` and the scale are those of the binned pixels.
    public var binning = 1
    public var pixelScaleArcseconds = 1.0
    /// Of the detector's y axis, north through east [deg].
    public var positionAngleDegrees = 0.0
    /// East to the right where north is up.
    public var isMirrored = false
    public var filter = "V"

    /// [e-/ADU]
    public var gain = 1.5
    public var readNoiseElectrons = 7.0
    public var biasADU = 1000.0
    /// Size of the fixed pattern of the bias: a slope along x and column offsets [ADU].
    public var biasStructureADU = 4.0
    public var darkElectronsPerSecond = 0.1
    public var hotPixelFraction = 0.001
    /// Mean of the exponential distribution of hot pixels [e-/s].
    public var hotPixelElectronsPerSecond = 20.0
    public var fullWellElectrons = 90_000.0
    public var saturationADU = 60_000.0
    /// Light lost in the corners.
    public var vignetting = 0.2
    public var dustRings = 6
    /// Pixel-to-pixel scatter of the response.
    public var responseScatter = 0.005
    public var temperatureCelsius = -10.0

    public var pointSpread = PointSpread.moffat(beta: 3)
    /// Magnitude that gives 1 e-/s above the atmosphere.
    public var zeroPointMagnitude = 22.0
    /// Magnitude in the instrument's band minus the catalogue's, per magnitude of colour.
    public var colourTerm = 0.0
    public var extinctionPerAirmass = 0.15
    public var skyMagnitudePerSquareArcsecond = 20.5

    /// TAN world coordinates in the header; a plain frame has RA and DEC of the pointing only.
    public var writesWorldCoordinates = true
    /// EGAIN and RDNOISE in the header.
    public var writesGain = true
    /// Of the detector's fixed pattern.
    public var seed: UInt64 = 1

    public init(name: String, width: Int, height: Int) {
        precondition(width > 0 && height > 0, "an instrument has pixels")
        self.name = name
        self.width = width
        self.height = height
    }

    /// Sky brightness on the detector [e-/px/s].
    public var skyElectronsPerSecond: Double {
        electronsPerSecond(magnitude: skyMagnitudePerSquareArcsecond) * pixelScaleArcseconds * pixelScaleArcseconds
    }

    /// A star's magnitude in this instrument's own band, at rest [mag].
    public func magnitude(of star: SimulatedStar) -> Double { star.magnitude + colourTerm * star.colour }

    /// 10^(-0.4 (m - zero point)) [e-/s], above the atmosphere.
    public func electronsPerSecond(magnitude: Double) -> Double { fluxRatio(magnitude: magnitude - zeroPointMagnitude) }
}
