public import Sky

/// A star seen on a frame that is known on the sky: what a world coordinate system is fitted to.
public struct SkyPair: Sendable, Equatable {
    /// Centroid [px]; 0 is the centre of the first pixel.
    public var x: Double
    public var y: Double
    /// Standard errors of the centroid [px], >= 0.
    public var xErrorPixels: Double
    public var yErrorPixels: Double
    /// Where the star is on the sky, at the frame's epoch.
    public var position: SkyPosition
    /// Standard error of the position per coordinate [arcsec], >= 0; not 0 where the centroid's errors are.
    public var skyErrorArcsec: Double

    public init(
        x: Double, y: Double, xErrorPixels: Double, yErrorPixels: Double, position: SkyPosition,
        skyErrorArcsec: Double
    ) {
        (self.x, self.y) = (x, y)
        (self.xErrorPixels, self.yErrorPixels) = (xErrorPixels, yErrorPixels)
        (self.position, self.skyErrorArcsec) = (position, skyErrorArcsec)
    }

    /// Whether the numbers are those of a camera and a catalogue, and at least one of the errors is above zero along
    /// each axis.
    var isUsable: Bool {
        let errors = [xErrorPixels, yErrorPixels, skyErrorArcsec]
        guard abs(x) < 1e9, abs(y) < 1e9, errors.allSatisfy({ $0 >= 0 && $0 < 1e9 }) else { return false }
        return skyErrorArcsec > 1e-12 || (xErrorPixels > 1e-12 && yErrorPixels > 1e-12)
    }
}

/// Why pairs of stars give no world coordinate system.
public enum WorldCoordinateFitError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The frame has no pixels.
    case frame(width: Int, height: Int)
    /// Fewer distinct pairs with finite places and errors above zero than a fit needs.
    case tooFewPairs(usable: Int, given: Int, needed: Int)
    /// The stars lie on a line, or in one place, to within their errors.
    case collinear
    /// No map of a camera places enough of the stars where they are seen.
    case inconsistent(agreeing: Int, usable: Int)
    /// The stars are spread over more sky than a tangent plane shows.
    case tooWide

    public var description: String {
        switch self {
        case .frame(let width, let height): "a frame of \(width) x \(height) px has no world coordinate system"
        case .tooFewPairs(let usable, let given, let needed):
            "\(usable) of \(given) pairs of stars are usable and distinct; \(needed) are needed"
        case .collinear: "the stars lie on a line: they do not show the scale across it"
        case .inconsistent(let agreeing, let usable):
            "only \(agreeing) of \(usable) pairs of stars agree with one map of the sky"
        case .tooWide: "the stars are spread over more sky than a tangent plane shows"
        }
    }
}
