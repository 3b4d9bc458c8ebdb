/// A detection on a frame, as plate solving sees it.
public struct ImageStar: Sendable, Hashable {
    /// Pixels; (0, 0) is the centre of the first pixel.
    public var x: Double
    public var y: Double
    /// Brightness in any unit; only the order counts.
    public var flux: Double
    /// Error of one coordinate [px]; NaN where it is not known.
    public var positionErrorPixels: Double

    public init(x: Double, y: Double, flux: Double, positionErrorPixels: Double = .nan) {
        self.x = x
        self.y = y
        self.flux = flux
        self.positionErrorPixels = positionErrorPixels
    }
}

/// Number of pixels of a frame.
public struct FrameSize: Sendable, Hashable {
    public let width: Int
    public let height: Int

    public init(width: Int, height: Int) {
        self.width = width
        self.height = height
    }
}
