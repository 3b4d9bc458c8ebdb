public import Sky

/// A world coordinate system that may be right, a little off, or wrong: a header's own, or the last good one of the
/// same instrument moved to a new pointing.
public struct ApproximateCoordinates {
    /// Where the frame's centre points.
    public let centre: SkyPosition
    /// The pixel (0-based) of a direction, distortion included; `nil` where it has none.
    public let pixel: (SkyPosition) -> (x: Double, y: Double)?

    public init(centre: SkyPosition, pixel: @escaping (SkyPosition) -> (x: Double, y: Double)?) {
        self.centre = centre
        self.pixel = pixel
    }

    public init(_ solution: TangentSolution, size: FrameSize) {
        centre = solution.position(x: Double(size.width - 1) / 2, y: Double(size.height - 1) / 2)
        pixel = { solution.pixel(of: $0) }
    }

    /// Scale at the centre [arcsec/px], from three directions around it; `nil` where there is none.
    var scaleArcsecPerPixel: Double? {
        let scale = Self.step * 3600 / abs(determinant).squareRoot()
        return scale.isFinite && scale > 1e-4 && scale < 36_000 ? scale : nil
    }

    /// Whether the map from east and north to pixels turns the plane over.
    var isMirrored: Bool { determinant < 0 }

    /// [deg]
    private static let step = 10.0 / 3600

    /// Of the pixels of a step east and a step north [px^2]; NaN where one of them has none.
    private var determinant: Double {
        let north = centre.displaced(separationDegrees: Self.step, positionAngleDegrees: 0)
        let east = centre.displaced(separationDegrees: Self.step, positionAngleDegrees: 90)
        guard let origin = pixel(centre), let up = pixel(north), let left = pixel(east) else { return .nan }
        return (left.x - origin.x) * (up.y - origin.y) - (left.y - origin.y) * (up.x - origin.x)
    }
}

/// How far a world coordinate system is searched around.
public struct RepairRange: Sendable, Hashable {
    /// Of the frame's centre [arcmin].
    public var shiftArcmin: Double
    /// Of the frame about its centre, either way [deg].
    public var rotationDegrees: Double
    /// Up to this distance, anywhere on the frame, it counts as right [px].
    public var verifiedWithinPixels: Double

    public init(shiftArcmin: Double = 10, rotationDegrees: Double = 1, verifiedWithinPixels: Double = 3) {
        self.shiftArcmin = shiftArcmin
        self.rotationDegrees = rotationDegrees
        self.verifiedWithinPixels = verifiedWithinPixels
    }
}

/// By how much a world coordinate system was off.
public struct CoordinateShift: Sendable, Hashable {
    /// Of the frame's centre on the sky [arcsec], and in which direction the truth lies [deg], north through east.
    public let arcsec: Double
    public let positionAngleDegrees: Double
    /// Of the stars from where they were predicted, at the frame's centre [px].
    public let xPixels: Double
    public let yPixels: Double
    /// Of the stars about the frame's centre, from x to y [deg].
    public let rotationDegrees: Double
    /// Greatest distance anywhere on the frame [px].
    public let greatestPixels: Double
}

/// What the stars say of a world coordinate system.
public enum CoordinateVerdict: Sendable, Hashable {
    case verified(PlateSolution, CoordinateShift)
    case shifted(PlateSolution, CoordinateShift)
    case wrong(NotSolved)

    /// The solution, if there is one.
    public var solution: PlateSolution? {
        switch self {
        case .verified(let solution, _), .shifted(let solution, _): solution
        case .wrong: nil
        }
    }
}
