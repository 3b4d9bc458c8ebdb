public import Astrometry
internal import Glibc
public import PlateSolving
public import Sky

/// A detection and the catalogue star that it is.
public struct MatchedStar: Sendable, Hashable {
    /// Index in the frame's stars.
    public let detection: Int
    public let reference: ReferenceStar
    /// Detection minus the star's place in the solution [px].
    public let xResidualPixels: Double
    public let yResidualPixels: Double
    /// Whether the solution was fitted to it.
    public let isUsed: Bool
    /// Whether its centroid was in doubt, and left out for that (`DetectedStar.isDoubtful`); of the others, those that
    /// are not used disagree with the rest.
    public let isLeftOut: Bool
}

/// Where a frame lies on the sky, and how sure that is.
public struct FrameSolution: Sendable {
    /// The world coordinate system with its order, residuals, covariance and cards.
    public let fit: WorldCoordinateFit
    public let rung: SolvingRung
    /// ln odds of the match against chance.
    public let logOdds: Double
    /// In the order of the detections.
    public let pairs: [MatchedStar]
    /// Catalogue stars that were compared and lie in the frame.
    public let catalogueStarsInFrame: Int
    /// Root mean square distance of the stars used, both coordinates together.
    public let rmsPixels: Double
    public let rmsArcsec: Double
    /// What it would be by the errors of centroids and catalogue alone.
    public let expectedRMSPixels: Double
    public let expectedRMSArcsec: Double
    /// Whether the stars of `pairs` are those of another engine's index, with numbers of no catalogue.
    public let isByOtherStars: Bool
    /// What the user should know: where header or document are wrong.
    public var notes: [String] = []

    init(
        _ fitted: FittedPairs, _ candidates: [CandidatePair], frame: FrameToSolve, plate: FoundPlate,
        catalogueStarsInFrame: Int
    ) {
        let fit = fitted.coordinates
        (self.fit, rung, logOdds) = (fit, plate.rung, plate.solution.logOdds)
        self.catalogueStarsInFrame = catalogueStarsInFrame
        isByOtherStars = plate.ownStars != nil
        let used = Set(fitted.used)
        let scale = fit.arcsecPerPixel
        var expected = 0.0
        pairs = candidates.indices.map { index in
            let (star, reference) = (frame.stars[candidates[index].detection], candidates[index].reference)
            let place = fit.pixel(of: reference.position) ?? (.nan, .nan)
            if used.contains(index) {
                let (x, y) = star.usableErrors
                let sky = reference.positionErrorArcsec / scale
                expected += x * x + y * y + 2 * sky * sky
            }
            return MatchedStar(
                detection: candidates[index].detection, reference: reference, xResidualPixels: star.x - place.x,
                yResidualPixels: star.y - place.y, isUsed: used.contains(index),
                isLeftOut: star.isDoubtful && !used.contains(index))
        }
        rmsPixels = hypot(fit.residuals.rmsXPixels, fit.residuals.rmsYPixels)
        rmsArcsec = hypot(fit.residuals.rmsEastArcsec, fit.residuals.rmsNorthArcsec)
        expectedRMSPixels = (expected / Double(max(1, used.count))).squareRoot()
        expectedRMSArcsec = expectedRMSPixels * scale
    }

    /// The frame's centre.
    public var centre: SkyPosition { fit.centre }
    public var parity: Parity { fit.isMirrored ? .mirrored : .normal }
    /// Direction of the y axis on the sky [deg], north through east, -180 ... 180.
    public var rotationDegrees: Double { tangent.positionAngleOfYDegrees }

    /// The linear part: what the next frame of the instrument starts from.
    public var tangent: TangentSolution {
        let (middle, cd) = (fit.middlePixel, fit.cd)
        return TangentSolution(
            referencePosition: fit.centre, referenceX: middle.x, referenceY: middle.y, cd11: cd.cd11, cd12: cd.cd12,
            cd21: cd.cd21, cd22: cd.cd22)
    }

    /// Why this order of distortion.
    public var orderReason: String {
        let scores = fit.orderScores
        guard !scores.isEmpty, let own = scores.first(where: { $0.order == fit.order }) else {
            return "order \(fit.order) is the only one that was allowed or that \(fit.residuals.used) stars support"
        }
        let others = scores.map { "\($0.order): \(rounded($0.loss))" }.joined(separator: ", ")
        return "the lowest within one standard error of the best, by cross-validation"
            + " (loss of each order \(others); chosen \(own.order))"
    }

    private func rounded(_ value: Double) -> Double { value.isFinite ? (value * 1000).rounded() / 1000 : value }
}

/// The end of the ladder.
public struct SolvingResult: Sendable {
    public let solution: FrameSolution?
    /// Every rung up to the one that solved, or all.
    public let attempts: [RungAttempt]
    /// What the catalogue has failed with: then nothing is known of the frame, and asked again it may be solved.
    public let catalogueError: (any Error)?

    /// Why there is no solution, each rung in words; `nil` where there is one.
    public var notSolvedBecause: String? {
        guard solution == nil else { return nil }
        let failed = attempts.filter { $0.outcome == .failed }
        let said = failed.isEmpty ? attempts : failed
        var reasons: [String] = []
        // Nothing was looked for anywhere.
        if let attempt = said.first, attempt.imageStars < 4 { reasons.append(attempt.reason) }
        for attempt in said where reasons.last?.hasSuffix(attempt.reason) != true {
            reasons.append("\(attempt.rung.words): \(attempt.reason)")
        }
        let advice = self.advice.map(\.text)
        return reasons.joined(separator: "; ")
            + (advice.isEmpty ? "" : ". What would help: \(advice.joined(separator: ", or "))")
    }

    /// What would help, without repetition, in the order of the rungs.
    public var advice: [SolvingAdvice] {
        var seen: [SolvingAdvice] = []
        for advice in attempts.compactMap(\.advice) where !seen.contains(advice) { seen.append(advice) }
        return seen
    }
}

extension SolvingRung {
    var words: String {
        switch self {
        case .header: "by the header's coordinates"
        case .previous: "from the last solution"
        case .hint: "around the pointing"
        case .wide: "farther around"
        case .blind: "over the whole sky"
        case .engine: "by another engine"
        }
    }
}
