public import Imaging

/// One detected source. Positions are 0-based pixel coordinates, (0, 0) the centre of the first pixel.
public struct Source: Sendable, Equatable {
    /// Windowed centroid [px]; the isophotal barycentre when `centroidFailed`.
    public var x: Double
    public var y: Double
    /// Standard errors of the position [px]; NaN when `centroidFailed`.
    public var xError: Double
    public var yError: Double
    /// Half axes of the isophotal ellipse [px] and its angle [radians], counter-clockwise from +x, in the filtered
    /// frame.
    public var a: Double
    public var b: Double
    public var theta: Double
    /// Pixels of the footprint.
    public var area: Int
    /// Largest background-subtracted pixel [e-].
    public var peak: Double
    /// Sum of the background-subtracted pixels of the footprint [e-].
    public var isophotalFlux: Double
    /// Largest matched-filter signal-to-noise ratio, between pixels: the significance of the detection [sigma].
    public var significance: Double
    /// Full width at half maximum from second moments [px]; NaN when `shapeFailed`.
    public var fwhmPixels: Double
    /// 1 - minor / major axis of the star image; NaN when `shapeFailed`.
    public var ellipticity: Double
    /// Angle of the major axis [degrees], counter-clockwise from +x, in (-90, 90]; NaN when `shapeFailed`.
    public var thetaDegrees: Double
    public var flags: SourceFlags
}

/// The width of star images on a frame.
public struct Seeing: Sendable, Equatable {
    /// Median full width at half maximum of good stars [px].
    public var fwhmPixels: Double
    /// 1 - minor / major axis of the median star image.
    public var ellipticity: Double
    /// Stars that counted.
    public var starCount: Int

    public init(fwhmPixels: Double, ellipticity: Double, starCount: Int) {
        self.fwhmPixels = fwhmPixels
        self.ellipticity = ellipticity
        self.starCount = starCount
    }
}

/// How sources are found.
public struct DetectionParameters: Sendable, Equatable {
    /// Smallest matched-filter signal-to-noise ratio of a source's peak, between pixels [sigma]. Its footprint goes
    /// down to `footprintShare` of that.
    public var threshold: Double
    /// Smallest number of pixels in a footprint.
    public var minimumArea: Int
    /// Part of its neighbour's light that a peak needs to count as a source of its own, both above the saddle between
    /// them; 1 separates nothing.
    public var deblendContrast: Double
    /// Side of a background tile [px].
    public var backgroundTileSize: Int
    /// Width of the background's median filter [tiles].
    public var backgroundFilterSize: Int
    /// False leaves the sources' own photon noise out of position errors.
    public var gainKnown: Bool
    /// Width of star images [px] where it is known; nil measures it.
    public var fwhmPixels: Double?
    /// Threads that rows and sources are split over; the bits do not depend on it.
    public var threads: Int

    /// Part of the threshold that a footprint's pixels reach.
    public static let footprintShare = 0.6

    public init(
        threshold: Double = 4, minimumArea: Int = 3, deblendContrast: Double = 0.0002, backgroundTileSize: Int = 64,
        backgroundFilterSize: Int = 3, gainKnown: Bool = true, fwhmPixels: Double? = nil, threads: Int = 1
    ) {
        precondition(threshold > 0 && minimumArea > 0, "a threshold and an area are positive")
        self.threshold = threshold
        self.minimumArea = minimumArea
        self.deblendContrast = deblendContrast
        self.backgroundTileSize = backgroundTileSize
        self.backgroundFilterSize = backgroundFilterSize
        self.gainKnown = gainKnown
        self.fwhmPixels = fwhmPixels
        self.threads = max(threads, 1)
    }
}
