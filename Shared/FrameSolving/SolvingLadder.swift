internal import Astrometry
internal import Glibc
public import PlateSolving
internal import Sky

/// Finds where a frame lies on the sky by whatever is known of it, the surest and quickest first.
///
/// Rungs: the header's own coordinates, verified by the stars; the last good solution; quads around the pointing; a
/// wider radius with fainter stars; the whole sky. What a rung found is fitted to all stars of the frame. Every
/// acceptance is by odds against chance (`PlateSolver`, `checkCoordinates`). Same stars, same catalogue, same result.
public struct SolvingLadder {
    /// Searches the whole sky; gives a solution that the ladder then verifies, or the reason why there is none. What it
    /// throws is as with `StarSource.Search`.
    public typealias BlindSearch = (
        _ image: [ImageStar], _ size: FrameSize, _ scaleRange: ClosedRange<Double>, _ epoch: Double
    ) throws -> Result<TangentSolution, NotSolved>

    /// Orders of distortion to choose from, within 1 ... 5.
    public var orders = 1...4
    /// How far the wide rung looks [deg].
    public var wideRadiusDegrees = 15.0
    /// How far a header's or an earlier solution is searched around.
    public var repair = RepairRange()
    /// The last rung; it is not tried where there is none.
    public var blind: BlindSearch?
    /// Why there is none.
    public var noBlindReason = "no search of the whole sky was asked for"
    /// Asks an engine of another make, with an index of its own. What it throws says nothing of the frame: the engine
    /// is not there.
    public typealias EngineSearch = (EngineQuestion) throws -> EngineOutcome
    /// The very last rung, where there is one.
    public var engine: EngineSearch?
    /// For the times in the result, which depends on it in nothing else [s].
    public var stopwatch: () -> Double = { 0 }
    let source: StarSource

    public init(_ source: StarSource) {
        self.source = source
    }

    /// Where the catalogue fails the ladder ends at that rung: what the others find might not be what they all find.
    public func solve(_ frame: FrameToSolve) -> SolvingResult {
        var climb = Climb(self, frame)
        for rung in SolvingRung.allCases where rung != .engine || engine != nil {
            if let solution = climb.attempt(rung) {
                return SolvingResult(solution: solution, attempts: climb.attempts, catalogueError: nil)
            }
            if climb.isHopeless { break }
        }
        return SolvingResult(solution: nil, attempts: climb.attempts, catalogueError: climb.catalogueError)
    }
}

/// One frame on its way up.
struct Climb {
    let ladder: SolvingLadder
    let frame: FrameToSolve
    let image: [ImageStar]
    private(set) var attempts: [RungAttempt] = []
    /// Set when no rung can do anything about it.
    private(set) var isHopeless = false
    /// What the catalogue has failed with.
    private(set) var catalogueError: (any Error)?
    private var counts = Counts()
    /// Scale at which the stars fitted, though the estimate does not allow it [arcsec/px].
    private var seenScale: Double?

    private struct Counts {
        var (catalogueStars, hypotheses) = (0, 0)
        var logOdds: Double?

        mutating func note(_ reason: NotSolved) {
            guard case .noMatch(let found, let best) = reason else { return }
            hypotheses += found
            if best.isFinite { logOdds = max(logOdds ?? best, best) }
        }
    }

    init(_ ladder: SolvingLadder, _ frame: FrameToSolve) {
        (self.ladder, self.frame) = (ladder, frame)
        image = frame.stars.map(\.imageStar)
    }

    mutating func attempt(_ rung: SolvingRung) -> FrameSolution? {
        let start = ladder.stopwatch()
        counts = Counts()
        let result: Result<FrameSolution, RungFailure>
        do {
            let plate = try found(by: rung)
            counts.logOdds = plate.solution.logOdds
            let last = FinalFit(frame: frame, source: plate.source ?? ladder.source, orders: ladder.orders)
            var solution = try last.solution(plate)
            solution.notes = notes(solution)
            result = .success(solution)
        } catch {
            result = .failure(error)
        }
        record(rung, result, seconds: ladder.stopwatch() - start)
        switch result {
        case .failure(.notSolved(.tooFewImageStars)): isHopeless = true
        case .failure(.catalogue(let error)), .failure(.engine(let error)):
            (isHopeless, catalogueError) = (true, error)
        default: break
        }
        if case .success(let solution) = result { return solution }
        return nil
    }

    private mutating func record(
        _ rung: SolvingRung, _ result: Result<FrameSolution, RungFailure>, seconds: Double
    ) {
        var (outcome, reason, advice) = (RungAttempt.Outcome.solved, "", SolvingAdvice?.none)
        switch result {
        case .success(let solution):
            reason =
                "\(solution.fit.residuals.used) stars, log-odds \(Int(solution.logOdds.rounded())) against chance"
        case .failure(let failure):
            outcome = failure.isAbsent ? .notTried : .failed
            (reason, advice) = (failure.reason + searched(rung, failure), failure.advice)
        }
        attempts.append(
            RungAttempt(
                rung: rung, outcome: outcome, reason: reason, advice: advice, imageStars: image.count,
                catalogueStars: counts.catalogueStars, hypotheses: counts.hypotheses, logOdds: counts.logOdds,
                seconds: seconds))
    }
}

// MARK: The rungs

extension Climb {
    private mutating func found(by rung: SolvingRung) throws(RungFailure) -> FoundPlate {
        guard image.count >= 4 else { throw .notSolved(.tooFewImageStars(image.count)) }
        switch rung {
        case .header: return try header()
        case .previous: return try previous()
        case .hint: return try hint()
        case .wide: return try wide()
        case .blind: return try blind()
        case .engine: return try engine()
        }
    }

    private mutating func header() throws(RungFailure) -> FoundPlate {
        let given = try HeaderCoordinates(frame)
        return try checked(given.coordinates, scale: given.arcsecPerPixel, range: ladder.repair, rung: .header)
    }

    private mutating func previous() throws(RungFailure) -> FoundPlate {
        guard let previous = frame.previous else { throw .absent("no earlier solution of this instrument", nil) }
        let moved = previous.moved(to: frame.pointing?.centre)
        let coordinates = ApproximateCoordinates(moved, size: frame.size)
        var range = ladder.repair
        range.shiftArcmin = min(max(range.shiftArcmin, 20), 5000 * moved.scaleArcsecPerPixel / 60)
        return try checked(coordinates, scale: moved.scaleArcsecPerPixel, range: range, rung: .previous)
    }

    private mutating func blind() throws(RungFailure) -> FoundPlate {
        guard let search = ladder.blind else {
            throw .absent(ladder.noBlindReason, .searchBlind)
        }
        let range = scale(.wide).range
        switch try RungFailure.asking({ try search(image, frame.size, range, frame.epoch) }) {
        case .failure(let reason):
            counts.note(reason)
            throw .notSolved(reason)
        case .success(let tangent):
            let coordinates = ApproximateCoordinates(tangent, size: frame.size)
            return try checked(coordinates, scale: tangent.scaleArcsecPerPixel, range: ladder.repair, rung: .blind)
        }
    }

    /// - Parameter known: stars to check by; nil for the catalogue's.
    mutating func checked(
        _ given: ApproximateCoordinates, scale: Double, range: RepairRange, rung: SolvingRung,
        by known: [ReferenceStar]? = nil
    ) throws(RungFailure) -> FoundPlate {
        let half = frame.diagonalPixels / 2 * scale / 3600
        let radius = range.shiftArcmin / 60 + 1.15 * half
        let references: [ReferenceStar]
        if let known {
            references = known
        } else {
            references = try stars(around: given.centre, radius: radius, scale: scale)
        }
        let verdict = checkCoordinates(
            given, image: image, size: frame.size, catalogue: references.map(\.guide), range: range)
        switch verdict {
        case .verified(let solution, _), .shifted(let solution, _):
            return FoundPlate(rung: rung, solution: solution, references: references)
        case .wrong(let reason):
            counts.note(reason)
            throw .notSolved(reason)
        }
    }

    private mutating func hint() throws(RungFailure) -> FoundPlate {
        guard let pointing = frame.pointing else {
            throw .absent("no pointing is known", .givePointing)
        }
        return try search(.hint, around: pointing, radius: pointing.uncertaintyDegrees, scale: scale(.hint))
    }

    private mutating func wide() throws(RungFailure) -> FoundPlate {
        guard let pointing = frame.pointing else {
            throw .absent("no pointing is known", .givePointing)
        }
        return try search(.wide, around: pointing, radius: wideRadius(pointing), scale: scale(.wide))
    }

    func wideRadius(_ pointing: PointingEstimate) -> Double {
        let near = 3 * pointing.uncertaintyDegrees
        // Without a scale, far around is as good as blind, and slower.
        return min(60, frame.scale == nil ? near : max(ladder.wideRadiusDegrees, near))
    }

    /// What a rung searches: beyond the first, no estimate is trusted that is not certain.
    func scale(_ rung: SolvingRung) -> ScaleEstimate {
        guard var estimate = frame.scale else { return .anything }
        guard rung == .wide, !estimate.isCertain else { return estimate }
        let range = estimate.range
        estimate.range = max(1e-3, range.lowerBound / 2.2)...min(30_000, range.upperBound * 2.2)
        if let seenScale { estimate.range = (0.9 * seenScale)...(1.1 * seenScale) }
        return estimate
    }

    private mutating func search(
        _ rung: SolvingRung, around pointing: PointingEstimate, radius: Double, scale: ScaleEstimate
    ) throws(RungFailure) -> FoundPlate {
        var last = RungFailure.notSolved(.noMatch(hypotheses: 0, bestLogOdds: -.infinity))
        for range in scale.range.steps(ratio: 3) {
            let hint = PointingHint(centre: pointing.centre, uncertaintyDegrees: radius, scaleRange: range)
            let reach = 1.15 * frame.diagonalPixels / 2 * range.upperBound / 3600
            let references = try stars(
                around: pointing.centre, radius: min(90, (rung == .hint ? 2 : 1) * radius + reach),
                scale: (range.lowerBound * range.upperBound).squareRoot())
            let inFrame = starsInFrame(references, radius: min(90, (rung == .hint ? 2 : 1) * radius + reach), range)
            guard inFrame >= Self.fewestInFrame else {
                last = worse(last, .tooFewCatalogueStars(inFrame: inFrame))
                continue
            }
            switch AffordableSearch(image, frame.size, references).outcome(hint) {
            case .success(let solution): return FoundPlate(rung: rung, solution: solution, references: references)
            case .failure(let reason):
                counts.note(reason)
                if case .outsideHint(let seen, _) = reason { seenScale = seen }
                last = worse(last, reason)
            }
        }
        if case .notSolved(.noMatch) = last {
            last = .notSolved(.noMatch(hypotheses: counts.hypotheses, bestLogOdds: counts.logOdds ?? -.infinity))
        }
        throw last
    }

    /// Catalogue stars in an area of the frame's size, on average; fewer do not prove a place, and cost a long search.
    private static let fewestInFrame = 1.0

    private func starsInFrame(_ references: [ReferenceStar], radius: Double, _ range: ClosedRange<Double>) -> Double {
        let side = range.upperBound / 3600
        let sky = 2 * .pi * (1 - cos(radius * .pi / 180)) * (180 / .pi) * (180 / .pi)
        return Double(references.count) * Double(frame.size.width * frame.size.height) * side * side / max(sky, 1e-9)
    }

    /// Of the reasons of several scales the one that says most.
    private func worse(_ last: RungFailure, _ reason: NotSolved) -> RungFailure {
        guard case .notSolved(let before) = last else { return last }
        let weight = { (reason: NotSolved) in
            switch reason {
            case .outsideHint: 4
            case .tooFewImageStars: 3
            case .noMatch(let hypotheses, _): hypotheses > 0 ? 2 : 0
            case .tooFewCatalogueStars: 1
            case .unusableHint: 0
            }
        }
        return weight(reason) >= weight(before) ? .notSolved(reason) : last
    }

    private mutating func stars(
        around centre: SkyPosition, radius: Double, scale: Double
    ) throws(RungFailure) -> [ReferenceStar] {
        let frameArea = Double(frame.size.width * frame.size.height) * (scale / 3600) * (scale / 3600)
        let frames = .pi * radius * radius / max(1e-9, frameArea)
        let wanted = 3 * Double(min(1000, image.count)) * max(1, frames)
        let found = try ladder.source.stars(
            around: centre, radiusDegrees: radius, epoch: frame.epoch,
            limit: Int(min(60_000, max(2000, wanted.isFinite ? wanted : 60_000))))
        counts.catalogueStars = max(counts.catalogueStars, found.count)
        return found
    }
}
