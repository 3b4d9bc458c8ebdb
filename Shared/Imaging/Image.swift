/// The unit of an image's pixels, carried in its type so that adding ADU to electrons does not compile.
public protocol PixelUnit: Sendable {}
/// Analogue-to-digital units, as the camera wrote them.
public enum ADU: PixelUnit {}
/// Photo-electrons.
public enum Electron: PixelUnit {}
/// Photo-electrons squared: a variance.
public enum ElectronSquared: PixelUnit {}
/// No unit: a normalised flat.
public enum Relative: PixelUnit {}

/// A rectangle of pixels, row-major with x fastest. (0, 0) is the centre of the first pixel.
public struct Image<Unit: PixelUnit>: Sendable, Equatable {
    public let width: Int
    public let height: Int
    /// `pixels[y * width + x]`
    public var pixels: [Float]

    public init(width: Int, height: Int, pixels: [Float]) {
        precondition(width > 0 && height > 0 && pixels.count == width * height, "an image needs width * height pixels")
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    public init(width: Int, height: Int, filledWith value: Float = 0) {
        self.init(width: width, height: height, pixels: [Float](repeating: value, count: width * height))
    }

    @inlinable
    public subscript(x: Int, y: Int) -> Float {
        get { pixels[y * width + x] }
        set { pixels[y * width + x] = newValue }
    }

    public func hasShape<Other: PixelUnit>(of other: Image<Other>) -> Bool {
        width == other.width && height == other.height
    }
}

/// A frame after calibration: what the photometer measures.
public struct CalibratedFrame: Sendable, Equatable {
    /// Sky and stars [e-].
    public var signal: Image<Electron>
    /// Variance of background, read noise and masters [e-^2], without the Poisson noise of the stars themselves:
    /// weights must not depend on a pixel's own counts. `+infinity` where nothing is known.
    public var variance: Image<ElectronSquared>
    /// What is wrong with each pixel; empty where nothing is.
    public var mask: Mask

    public init(signal: Image<Electron>, variance: Image<ElectronSquared>, mask: Mask) {
        precondition(signal.hasShape(of: variance) && signal.width == mask.width && signal.height == mask.height)
        self.signal = signal
        self.variance = variance
        self.mask = mask
    }
}
