/// A detection and the catalogue star that it is: indices into the lists that were given.
public struct StarPair: Sendable, Hashable {
    public let image: Int
    public let catalogue: Int
    /// Distance of the detection from the star's place in the linear solution [px].
    public let residualPixels: Double
}

/// Where a frame lies on the sky.
public struct PlateSolution: Sendable, Hashable {
    /// Its reference pixel is the frame's centre, to a pixel or so.
    public let tangent: TangentSolution
    /// In the order of the image stars.
    public let pairs: [StarPair]
    /// Natural logarithm of the odds of this solution against chance, the range that was searched counted in.
    public let logOdds: Double
    /// Root mean square of the pairs' distances [px], both coordinates together.
    public let rmsPixels: Double
    /// Catalogue stars that were given and fall into the frame.
    public let catalogueStarsInFrame: Int
}

/// Why there is no solution.
public enum NotSolved: Error, Sendable, Hashable, CustomStringConvertible {
    case unusableHint(String)
    case tooFewImageStars(Int)
    /// Around the pointing, on average in an area of the frame's size.
    case tooFewCatalogueStars(inFrame: Double)
    /// The stars fit beyond chance, but not within the scale range or the uncertainty of the hint.
    case outsideHint(scaleArcsecPerPixel: Double, offsetDegrees: Double)
    /// No arrangement of stars came up to the odds that are asked for; with the best that was seen.
    case noMatch(hypotheses: Int, bestLogOdds: Double)

    public var description: String {
        switch self {
        case .unusableHint(let what): "the pointing cannot be used: \(what)"
        case .tooFewImageStars(let count): "\(count) stars on the frame; 4 are needed"
        case .tooFewCatalogueStars(let count):
            "the catalogue has \(tenths(count)) stars in an area of the frame's size; 4 are needed"
        case .outsideHint(let scale, let offset):
            "the stars fit at \(scale) arcsec/px, \(offset) degrees from the hint, which does not allow that"
        case .noMatch(let hypotheses, let best):
            hypotheses == 0
                ? "no four stars lie as four catalogue stars do"
                : "\(hypotheses) arrangements looked alike, none beyond chance"
                    + (best.isFinite ? " (best log-odds \(tenths(best)))" : "")
        }
    }
}

/// With one decimal.
private func tenths(_ value: Double) -> Double { value.isFinite ? (value * 10).rounded() / 10 : value }

/// One step of a search.
public struct Rung: Sendable, Hashable {
    /// Distance of the frame's centre from the hint [deg].
    public let radiusDegrees: Double
    /// Brightest stars that are taken from each cell of the frame, and of the sky.
    public let starsPerCell: Int
    /// Nearest neighbours of a star that make quads with it.
    public let neighbours: Int
}

/// What one step found.
public struct RungReport: Sendable, Hashable {
    public let rung: Rung
    public let imageStars: Int
    public let catalogueStars: Int
    public let imageQuads: Int
    public let catalogueQuads: Int
    /// Pairs of quads that agree within scale, parity and pointing.
    public let hypotheses: Int
    /// Hypotheses that further stars seemed to support, so that they were refined.
    public let refined: Int
    /// Of the refined ones; -infinity where there are none.
    public let bestLogOdds: Double
    public let outcome: Result<PlateSolution, NotSolved>
}

/// The end of a search, with all its steps.
public struct PlateSolvingResult: Sendable, Hashable {
    public let outcome: Result<PlateSolution, NotSolved>
    public let rungs: [RungReport]

    /// The solution, if there is one.
    public var solution: PlateSolution? {
        if case .success(let solution) = outcome { solution } else { nil }
    }
}
