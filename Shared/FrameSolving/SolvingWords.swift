internal import Astrometry
internal import PlateSolving
internal import Sky

extension Climb {
    /// Where was looked, for a rung that found nothing there.
    func searched(_ rung: SolvingRung, _ failure: RungFailure) -> String {
        guard case .notSolved(.noMatch) = failure, rung == .hint || rung == .wide, let pointing = frame.pointing
        else { return "" }
        let radius = rung == .hint ? pointing.uncertaintyDegrees : wideRadius(pointing)
        let range = scale(rung).range
        return " within \(rounded(radius)) degrees of \(rounded(pointing.centre.raDegrees)),"
            + " \(rounded(pointing.centre.decDegrees)) (\(pointing.origin)) at \(rounded(range.lowerBound)) to"
            + " \(rounded(range.upperBound)) arcsec/px"
    }

    private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

    /// Where header or document are wrong.
    func notes(_ solution: FrameSolution) -> [String] {
        var notes: [String] = []
        let scale = solution.fit.arcsecPerPixel
        if let estimate = frame.scale, !estimate.range.contains(scale) {
            notes.append("the scale is \(rounded(scale)) arcsec/px, not what \(estimate.origin) gives")
        }
        if let pointing = frame.pointing {
            let offset = pointing.centre.separationDegrees(from: solution.centre)
            if offset > pointing.uncertaintyDegrees {
                notes.append("the frame lies \(rounded(offset)) degrees from the pointing (\(pointing.origin))")
            }
        }
        if solution.isByOtherStars {
            notes.append("the catalogue has too few stars there: those of the engine's own index prove the place")
        }
        let wanted = ladder.orders.lowerBound
        if solution.fit.order < wanted {
            notes.append(
                "the \(solution.fit.residuals.used) stars do not support a distortion of order \(wanted):"
                    + " order \(solution.fit.order) was fitted")
        }
        for attempt in attempts where attempt.rung == .header && attempt.outcome == .failed {
            notes.append("the header's own coordinates were not verified: \(attempt.reason)")
        }
        return notes
    }
}
