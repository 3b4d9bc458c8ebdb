public import Sky

/// Which way round a frame shows the sky.
public enum Parity: String, Sendable, Hashable, CaseIterable {
    case unknown
    /// East is left where north is up and y runs upwards: the determinant of CD is negative.
    case normal
    /// East is right where north is up: the determinant of CD is positive.
    case mirrored
}

/// What is known of a frame before it is solved.
public struct PointingHint: Sendable, Hashable {
    /// Where the frame's centre is thought to be.
    public var centre: SkyPosition
    /// How far from there it may be [deg], 0 ... 60.
    public var uncertaintyDegrees: Double
    /// [arcsec/px]
    public var scaleRange: ClosedRange<Double>
    public var parity: Parity

    public init(
        centre: SkyPosition, uncertaintyDegrees: Double, scaleRange: ClosedRange<Double>, parity: Parity = .unknown
    ) {
        self.centre = centre
        self.uncertaintyDegrees = uncertaintyDegrees
        self.scaleRange = scaleRange
        self.parity = parity
    }

    /// What is wrong with it; `nil` when it can be used.
    func problem(for size: FrameSize) -> NotSolved? {
        guard size.width > 0, size.height > 0, size.width <= 1 << 24, size.height <= 1 << 24 else {
            return .unusableHint("a frame of \(size.width) x \(size.height) pixels")
        }
        guard uncertaintyDegrees >= 0, uncertaintyDegrees <= 60 else {
            return .unusableHint("an uncertainty of \(uncertaintyDegrees) degrees; 0 to 60 can be searched")
        }
        guard scaleRange.lowerBound > 1e-4, scaleRange.upperBound < 36_000 else {
            return .unusableHint("a scale of \(scaleRange) arcsec/px")
        }
        let diagonal = Double(size.width * size.width + size.height * size.height).squareRoot()
        guard diagonal * scaleRange.lowerBound / 3600 < 60 else {
            return .unusableHint("a frame wider than 60 degrees is no tangent plane")
        }
        return nil
    }
}
