internal import PlateSolving

/// The steps of a search with a hint, but for those that would take long for little: quads of many neighbours are for
/// few stars around a near place.
struct AffordableSearch {
    let image: [ImageStar]
    let size: FrameSize
    let references: [ReferenceStar]

    /// Of a step's catalogue, at most.
    private static let quads = 5_000_000

    init(_ image: [ImageStar], _ size: FrameSize, _ references: [ReferenceStar]) {
        (self.image, self.size, self.references) = (image, size, references)
    }

    /// The solution of the first step that has one; else what is to be said of all of them.
    func outcome(_ hint: PointingHint) -> Result<PlateSolution, NotSolved> {
        let solver: PlateSolver
        do {
            solver = try PlateSolver(
                image: image, size: size, catalogue: references.map(\.guide), hint: hint)
        } catch {
            return .failure(error)
        }
        var (hypotheses, best) = (0, -Double.infinity)
        for rung in solver.rungs where isAffordable(rung) {
            let report = solver.attempt(rung)
            switch report.outcome {
            case .success, .failure(.outsideHint): return report.outcome
            case .failure:
                hypotheses += report.hypotheses
                best = max(best, report.bestLogOdds)
            }
        }
        return .failure(.noMatch(hypotheses: hypotheses, bestLogOdds: best))
    }

    /// A star and three of its neighbours make one.
    private func isAffordable(_ rung: Rung) -> Bool {
        let n = rung.neighbours
        return references.count * (n * (n - 1) * (n - 2) / 6) <= Self.quads
    }
}
