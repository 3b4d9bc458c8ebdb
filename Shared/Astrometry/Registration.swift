/// A star as registration sees it.
public struct StarPosition: Sendable, Equatable {
    /// Pixels, 0-based.
    public var x: Double
    public var y: Double
    /// Brightness in any unit; only the order counts.
    public var flux: Double

    public init(x: Double, y: Double, flux: Double) {
        self.x = x
        self.y = y
        self.flux = flux
    }
}

/// How one frame lies on another.
public struct Registration: Sendable, Equatable {
    /// From pixels of the frame to pixels of the reference.
    public var transform: PixelTransform
    /// Root mean square distance of the matched stars after the fit [px of the reference].
    public var rmsPixels: Double
    /// Matched stars: `detection` and `reference` are indices into the lists that were given.
    public var pairs: [Pair]
    /// Expected number of matches as good as this one between unrelated fields of this density; always below 1e-6.
    public var expectedFalseMatches: Double

    public struct Pair: Sendable, Equatable {
        public var detection: Int
        public var reference: Int
    }

    public var matched: Int { pairs.count }
}

/// What registration may assume.
public struct RegistrationSettings: Sendable, Equatable {
    /// Pixels of the reference per pixel of the frame.
    public var scaleRange: ClosedRange<Double>
    /// Largest distance of a star from its place in the reference [px of the reference].
    public var tolerancePixels: Double
    /// Stars from which triangles are made; the number of triangle pairs grows with its sixth power.
    public var brightStars: Int

    public init(scaleRange: ClosedRange<Double> = 0.8...1.25, tolerancePixels: Double = 3, brightStars: Int = 30) {
        self.scaleRange = scaleRange
        self.tolerancePixels = tolerancePixels
        self.brightStars = brightStars
    }
}

/// Finds shift, rotation, scale and mirror between two star lists, without any first guess.
///
/// Triangles of the brightest stars that are not too close to one another are compared by the ratios of their sides,
/// which do not change under a similarity, mirrored or not. Every matching pair of triangles proposes a map; all
/// proposals are tried, and the one that brings most bright stars onto others is refined by least squares on all stars:
/// an affine map from 10 stars on, a similarity below.
///
/// The result counts only if chance does not explain it: with k of the n bright stars in the common area on another
/// star, beyond the three that made the proposal, and H proposals,
///
///     E = H * P(binomial(n - 3, p) >= k - 3) < 1e-6,   p = stars * pi * tolerance^2 / area
///
/// Measured (x86-64, release): of 4520 pairs of unrelated random fields of 5 to 3000 stars in 200 to 4000 px none
/// registered. A match takes 2 to 5 ms; to find that there is none takes 30 ms, at worst 120 ms.
/// - Parameters:
///   - detections: the frame's stars; entries that are not finite are left out.
///   - reference: the reference's stars.
/// - Returns: `nil` when there is no match beyond chance, also for fewer than 4 stars. The same lists give the same
///   result,
///   in any order.
public func register(
    _ detections: [StarPosition], to reference: [StarPosition], settings: RegistrationSettings = .init()
) -> Registration? {
    // Frames that share little sky need more stars to have enough of them in common.
    for brightStars in [settings.brightStars, settings.brightStars * 7 / 5] {
        let frame = StarList(detections, brightStars: brightStars)
        let target = StarList(reference, brightStars: brightStars)
        guard frame.bright.count >= 4, target.bright.count >= 4 else { return nil }
        let search = ProposalSearch(frame: frame, reference: target, settings: settings)
        var best: Refinement?
        for proposal in search.bestProposals() {
            let refined = Refinement(proposal, frame, target, settings)
            if let refined, refined.isBetter(than: best) { best = refined }
        }
        if let best = best?.withAllStars(settings) {
            let expected = best.expectedFalseMatches(proposals: search.proposals)
            if expected < 1e-6 { return best.registration(expectedFalseMatches: expected) }
        }
        guard min(frame.stars.count, target.stars.count) > settings.brightStars else { return nil }
    }
    return nil
}

/// A star list made ready: finite stars, brightest first, and the bright ones well apart.
struct StarList {
    let stars: [StarPosition]
    /// Index in the list that was given, of each star.
    let original: [Int]
    /// Indices into `stars`.
    let bright: [Int]
    let grid: PointGrid
    let bounds: (left: Double, bottom: Double, right: Double, top: Double)

    init(_ given: [StarPosition], brightStars: Int) {
        let usable = given.indices.filter {
            let star = given[$0]
            return star.x.isFinite && star.y.isFinite && !star.flux.isNaN && abs(star.x) < 1e7 && abs(star.y) < 1e7
        }
        original = usable.sorted { first, second in
            let (a, b) = (given[first], given[second])
            return (-a.flux, a.x, a.y, first) < (-b.flux, b.x, b.y, second)
        }
        let sorted = original.map { given[$0] }
        stars = sorted
        grid = PointGrid(sorted.map { ($0.x, $0.y) }, radius: 3)
        bounds = (
            sorted.map(\.x).min() ?? 0, sorted.map(\.y).min() ?? 0,
            sorted.map(\.x).max() ?? 0, sorted.map(\.y).max() ?? 0
        )
        // Wide enough to spread over the frame, narrow enough to leave room for all of them.
        let share = (bounds.right - bounds.left) * (bounds.top - bounds.bottom) / Double(max(1, brightStars))
        bright = Self.spread(sorted, count: brightStars, separation: 0.25 * share.squareRoot())
    }

    /// Indices of the brightest stars that keep `separation` from every brighter chosen one; all, when there are few.
    private static func spread(_ stars: [StarPosition], count: Int, separation: Double) -> [Int] {
        guard stars.count > count else { return Array(stars.indices) }
        var chosen: [Int] = []
        for (index, star) in stars.enumerated() where chosen.count < count {
            let isApart = chosen.allSatisfy {
                let (dx, dy) = (stars[$0].x - star.x, stars[$0].y - star.y)
                return dx * dx + dy * dy > separation * separation
            }
            if isApart { chosen.append(index) }
        }
        return chosen
    }

    /// Area that the stars span [px^2], never zero.
    var area: Double { max(1, bounds.right - bounds.left) * max(1, bounds.top - bounds.bottom) }

    func contains(x: Double, y: Double, margin: Double) -> Bool {
        x >= bounds.left - margin && x <= bounds.right + margin && y >= bounds.bottom - margin
            && y <= bounds.top + margin
    }
}
