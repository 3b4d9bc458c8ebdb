public import Imaging
public import PlateSolving
public import Sky

/// A star that was seen on a frame.
public struct DetectedStar: Sendable, Hashable {
    /// Centroid [px]; (0, 0) is the centre of the first pixel.
    public var x: Double
    public var y: Double
    /// Standard errors of the centroid [px]; NaN where they are not known.
    public var xErrorPixels: Double
    public var yErrorPixels: Double
    /// Brightness in any unit that is linear in light.
    public var flux: Double
    /// Whether the centroid is wrong by something that its errors do not know: of saturated stars, of those at an edge.
    /// Such stars are matched and named, but no coordinates are fitted to them where others suffice.
    public var isDoubtful: Bool

    public init(
        x: Double, y: Double, xErrorPixels: Double = .nan, yErrorPixels: Double = .nan, flux: Double,
        isDoubtful: Bool = false
    ) {
        (self.x, self.y, self.flux, self.isDoubtful) = (x, y, flux, isDoubtful)
        (self.xErrorPixels, self.yErrorPixels) = (xErrorPixels, yErrorPixels)
    }

    /// Where an error is not known [px].
    static let assumedErrorPixels = 0.3
    /// No centroid is better than this [px].
    static let leastErrorPixels = 0.01

    /// Errors that a fit can use: none is zero or missing.
    var usableErrors: (x: Double, y: Double) {
        let usable = { (error: Double) in
            error >= 0 && error < 100 ? max(error, Self.leastErrorPixels) : Self.assumedErrorPixels
        }
        return (usable(xErrorPixels), usable(yErrorPixels))
    }

    var imageStar: ImageStar {
        let (x, y) = usableErrors
        return ImageStar(
            x: self.x, y: self.y, flux: flux, positionErrorPixels: ((x * x + y * y) / 2).squareRoot())
    }
}

/// Where a frame's centre is thought to be.
public struct PointingEstimate: Sendable, Hashable {
    public var centre: SkyPosition
    /// How far from there it may be [deg], 0 ... 60.
    public var uncertaintyDegrees: Double
    /// Who says so: "RA and DEC of the header".
    public var origin: String

    public init(centre: SkyPosition, uncertaintyDegrees: Double, origin: String) {
        (self.centre, self.uncertaintyDegrees, self.origin) = (centre, uncertaintyDegrees, origin)
    }
}

/// What the pixel scale is thought to be.
public struct ScaleEstimate: Sendable, Hashable {
    /// [arcsec/px]
    public var range: ClosedRange<Double>
    /// Whether a solution outside the range must be wrong; else it is found, and the estimate is named as wrong.
    public var isCertain: Bool
    public var origin: String

    public init(range: ClosedRange<Double>, isCertain: Bool, origin: String) {
        (self.range, self.isCertain, self.origin) = (range, isCertain, origin)
    }

    /// What cameras of astronomers have [arcsec/px].
    public static let anything = ScaleEstimate(range: 0.2...60, isCertain: true, origin: "any camera")
}

/// The last good solution of an instrument.
public struct PreviousSolution: Sendable, Hashable {
    public var tangent: TangentSolution
    /// Where the telescope said it pointed then: the frames lie as far apart as their pointings do.
    public var pointing: SkyPosition?

    public init(tangent: TangentSolution, pointing: SkyPosition? = nil) {
        (self.tangent, self.pointing) = (tangent, pointing)
    }
}

/// A frame's stars, and all that is known of where it may lie.
public struct FrameToSolve: Sendable {
    public var stars: [DetectedStar]
    public var size: FrameSize
    /// Julian year of the exposure.
    public var epoch: Double
    /// With or without a world coordinate system.
    public var header: Header
    public var pointing: PointingEstimate?
    public var scale: ScaleEstimate?
    public var previous: PreviousSolution?

    public init(
        stars: [DetectedStar], size: FrameSize, epoch: Double, header: Header = Header(),
        pointing: PointingEstimate? = nil, scale: ScaleEstimate? = nil, previous: PreviousSolution? = nil
    ) {
        (self.stars, self.size, self.epoch, self.header) = (stars, size, epoch, header)
        (self.pointing, self.scale, self.previous) = (pointing, scale, previous)
    }

    /// Corner to corner [px].
    var diagonalPixels: Double {
        (Double(size.width) * Double(size.width) + Double(size.height) * Double(size.height)).squareRoot()
    }

    /// Julian year of a time [MJD].
    public static func julianYear(mjd: Double) -> Double { 2000 + (mjd - 51_544.5) / 365.25 }
}
