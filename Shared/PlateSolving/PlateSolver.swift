internal import Glibc
internal import Sky

/// Finds where a frame lies on the sky, from its stars, a catalogue, and a hint.
///
/// Quads of neighbouring stars, taken evenly over frame and sky, propose maps; a proposal that other stars support is
/// refined on all stars, and accepted by its odds against chance alone (`Evidence`). Steps go from near, bright and few
/// to far, faint and many. The same lists give the same result; no clock is read.
/// - Source: Lang et al. 2010, AJ 139, 1782 (quads, odds); see docs/decisions/0041-plate-solving.md for what differs.
public struct PlateSolver {
    /// Odds against chance that a solution must have.
    public static let acceptedLogOdds = log(1e9)
    /// The steps of a search, in the order in which they are worth trying.
    public let rungs: [Rung]

    let stars: FrameStars
    let catalogue: SkyStars
    let geometry: FrameGeometry
    let hint: PointingHint
    /// Of the evenly chosen stars on which hypotheses are tried.
    let matcher: StarMatcher
    /// Catalogue stars, in even order, on which hypotheses are tried.
    let guides: Int
    let look: FirstLook
    let codeError: CodeError
    /// What has been searched, where it is more than the hint says.
    var searched: SearchVolume?

    /// Stars of the frame on which hypotheses are tried.
    static let triedStars = 200
    /// Catalogue stars in one frame on which hypotheses are tried.
    static let triedGuides = 400

    /// - Parameters:
    ///   - image: the frame's detections; those outside it or not finite are left out.
    ///   - catalogue: stars around the hint, as far as its uncertainty and half a frame's diagonal together (twice as
    ///     far
    ///     lets the last step look farther); the brightest first saves the time of sorting.
    /// - Throws: `NotSolved` for a hint that cannot be used and for fewer than 4 stars on either side.
    public init(
        image: [ImageStar], size: FrameSize, catalogue list: [GuideStar], hint: PointingHint
    ) throws(NotSolved) {
        if let problem = hint.problem(for: size) { throw problem }
        let usable = FrameStars.usable(image, in: size)
        guard usable.count >= 4 else { throw .tooFewImageStars(usable.count) }
        let build = { (stars: Double) in FrameGeometry(size, scaleRange: hint.scaleRange, expectedStars: stars) }
        let shape = build(Double(usable.count))
        let radius = min(.pi * 0.45, 2 * hint.uncertaintyDegrees * .pi / 180 + 1.1 * shape.reach)
        let sky = SkyStars(
            list, around: TangentFrame(hint.centre), radius: radius, frameArea: shape.area * shape.scale * shape.scale
        ) { build(min(Double(usable.count), 1.5 * $0)) }
        guard sky.count >= 4 else { throw .tooFewCatalogueStars(inFrame: sky.starsInFrame) }
        let expected = min(Double(usable.count), 1.5 * sky.starsInFrame)
        geometry = build(expected)
        (self.hint, catalogue) = (hint, sky)
        stars = FrameStars(image, usable: usable, geometry: geometry)
        matcher = StarMatcher(stars, first: Self.triedStars, geometry: geometry)
        guides = sky.order.count(below: max(8, Self.triedGuides / geometry.cells))
        rungs = Self.rungs(hint, geometry, expectedStars: expected)
        let error = stars.typicalError(first: Self.triedStars)
        let skyVariance = sky.typicalVariance / (geometry.scale * geometry.scale)
        codeError = CodeError(geometry, starError: (error * error + skyVariance).squareRoot())
        look = FirstLook(
            stars: stars, catalogue: sky, geometry: geometry,
            grid: PlaneGrid(x: Array(sky.x.prefix(guides)), y: Array(sky.y.prefix(guides)), pointsPerCell: 1),
            starVariance: max(0.25, error * error) + skyVariance,
            density: min(sky.starsInFrame, Double(Self.triedGuides)), stretch: 1 / cos(radius / 2))
    }

    private static func rungs(_ hint: PointingHint, _ geometry: FrameGeometry, expectedStars: Double) -> [Rung] {
        let full = hint.uncertaintyDegrees
        let frame = 0.5 * (geometry.width * geometry.height).squareRoot() * geometry.scale * 180 / .pi
        let near = max(frame, full / 3)
        var steps: [(Double, Int, Int)] = near < 0.7 * full ? [(near, 3, 7)] : []
        if expectedStars < 20 {
            // Few stars are far apart on the frame, with others between them that it does not show.
            steps += [(full, 3, 7), (full, 8, 12), (full, 16, 20), (2 * full, 8, 12)]
        } else {
            steps += [(full, 3, 7), (full, 5, 8), (full, 2, 8), (full, 10, 8), (2 * full, 4, 8)]
        }
        if full == 0 { steps.removeLast() }
        return steps.map { Rung(radiusDegrees: $0.0, starsPerCell: $0.1, neighbours: $0.2) }
    }

    /// Tries the steps in turn until one has a solution.
    public func solve() -> PlateSolvingResult {
        var reports: [RungReport] = []
        for rung in rungs {
            let report = attempt(rung)
            reports.append(report)
            switch report.outcome {
            case .success, .failure(.outsideHint): return PlateSolvingResult(outcome: report.outcome, rungs: reports)
            case .failure: break
            }
        }
        let reason = NotSolved.noMatch(
            hypotheses: reports.reduce(0) { $0 + $1.hypotheses },
            bestLogOdds: reports.map(\.bestLogOdds).max() ?? -.infinity)
        return PlateSolvingResult(outcome: .failure(reason), rungs: reports)
    }
}

/// Finds where a frame lies on the sky; see `PlateSolver`, which also takes the steps one by one.
public func solvePlate(
    image: [ImageStar], size: FrameSize, catalogue: [GuideStar], hint: PointingHint
) -> PlateSolvingResult {
    do {
        return try PlateSolver(image: image, size: size, catalogue: catalogue, hint: hint).solve()
    } catch {
        return PlateSolvingResult(outcome: .failure(error), rungs: [])
    }
}
