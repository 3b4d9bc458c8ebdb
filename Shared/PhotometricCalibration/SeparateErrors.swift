internal import Statistics

/// Takes the errors of zero points of frames that have calibration stars in common apart: what is common to the frames,
/// and what each has of its own (`ZeroPointSolution.errorParts`).
///
///     error of frame f:   e_f = L + l_f,   L = sum_i G_i c_i,   l_f = sum_i (g_fi - G_i) c_i + sum_i g_fi n_fi
///     common:             var L = sum_i G_i^2 v_i,              G_i = mean of g_fi
///     own:                var_f = F / (F - 1) sum_i (g_fi - G_i)^2 v_i + sum_i g_fi^2 (p_fi + r^2)
///
/// g: influence of a star; c: what is wrong with its catalogue magnitude and its pass band, the same on all frames,
/// variance v; n: noise of its flux, another on each frame, variance p + r^2. A star that comes and goes at the edge
/// brings its c into some zero points and not into others: that is the frame's own. F / (F - 1) makes the mean square
/// of the difference of two frames what both errors say. A frame alone has its noise for its own, and both parts make
/// the whole error of its fit.
///
/// r is how far a star scatters from frame to frame beyond its noise (flat fields, transparency over the field): from
/// the stars' residuals about their own means. What the intrinsic scatter has beyond r belongs to v.
///
/// A star whose colour is not known gets one colour on all frames, the median of theirs: frames whose stars differ
/// would otherwise move it by the colour term times the difference.
///
/// - Parameters:
///   - solutions: of one night, field, band and kind of flux, with the residuals of their stars.
///   - colourTermError: of a colour term that was held in the fits [mag/mag]; 0: its error is in theirs.
/// - Returns: the solutions in the same order; those without residuals as they were.
public func separateErrors(
    _ solutions: [ZeroPointSolution], colourTermError: Double = 0
) -> [ZeroPointSolution] {
    let shared = SharedStars(solutions, colourVariance: colourTermError * colourTermError)
    let (common, own) = (shared.common, shared.own)
    let colours = solutions.compactMap(\.stellarColour)
    let value = RobustStatistics.median(colours.map(\.value))
    let spread = RobustStatistics.median(colours.map(\.error))
    return solutions.map { solution in
        guard let error = own[solution.frameID] else { return solution }
        var solution = solution
        solution.errorParts = ZeroPointErrorParts(
            own: error, common: common, repeatability: shared.repeated.squareRoot(),
            starScatter: shared.excess.squareRoot())
        if let value, let spread { solution.stellarColour = Measured(value, error: spread) }
        return solution
    }
}

/// The stars of a field with their mean influence on its frames.
private struct SharedStars {
    private let frames: [ZeroPointSolution]
    private let colourVariance: Double
    /// r^2, and what the intrinsic scatter has beyond it [mag^2].
    let repeated: Double
    let excess: Double
    /// G, and v but for the excess [mag^2].
    private var influence: [String: Double] = [:]
    private var catalogueVariance: [String: Double] = [:]
    private var lever = 0.0
    /// In a fixed order.
    private let ids: [String]
    private var count: Double { Double(max(1, frames.count)) }

    init(_ given: [ZeroPointSolution], colourVariance: Double) {
        frames = given.filter { !$0.residuals.isEmpty }.sorted { $0.frameID < $1.frameID }
        self.colourVariance = colourVariance
        repeated = frames.count > 1 ? StarRepeatability(frames.map(\.residuals)).variance : 0
        let squares = frames.map { frame in
            let (scatter, error) = (frame.intrinsicScatter.value, frame.intrinsicScatter.error)
            return scatter * scatter + error * error
        }
        excess = max(0, (RobustStatistics.median(squares) ?? 0) - repeated)
        var seen: [String: Double] = [:]
        for star in frames.map(\.residuals).joined() { seen[star.id, default: 0] += 1 }
        ids = seen.keys.sorted()
        for frame in frames {
            for star in frame.residuals {
                influence[star.id, default: 0] += star.weight / count
                catalogueVariance[star.id, default: 0] += star.catalogueVariance / (seen[star.id] ?? 1)
            }
            lever += Self.lever(frame) / count
        }
    }

    private func fixed(_ id: String) -> Double { (catalogueVariance[id] ?? 0) + excess }

    private func square(_ value: Double) -> Double { value * value }

    /// Variance of a zero point from the noise of its stars.
    private func noise(_ frame: ZeroPointSolution) -> Double {
        var sum = 0.0
        for star in frame.residuals { sum += square(star.weight) * (square(star.fluxError) + repeated) }
        return sum
    }

    /// d(zero point) / d(colour term), but for its sign.
    private static func lever(_ frame: ZeroPointSolution) -> Double {
        frame.residuals.reduce(0) { $0 + $1.weight * $1.colour }
    }

    /// The fit knows that scatter and outliers are estimates, and its errors are wider for it: by so much in variance.
    private var widening: Double {
        let ratios = frames.map { frame in
            var catalogue = 0.0
            for star in frame.residuals { catalogue += square(star.weight) * fixed(star.id) }
            let fitted = frame.covariance[0] - square(Self.lever(frame)) * colourVariance
            return catalogue > 0 ? max(1, (fitted - noise(frame)) / catalogue) : 1
        }
        return RobustStatistics.median(ratios) ?? 1
    }

    var common: Double {
        var shared = 0.0
        for id in ids { shared += square(influence[id] ?? 0) * fixed(id) }
        return (shared * widening + square(lever) * colourVariance).squareRoot()
    }

    var own: [String: Double] {
        let widening = widening
        let correction = count > 1 ? count / (count - 1) : 1
        var errors: [String: Double] = [:]
        for frame in frames {
            var away = influence.mapValues { -$0 }
            for star in frame.residuals { away[star.id, default: 0] += star.weight }
            var moved = 0.0
            for id in ids { moved += square(away[id] ?? 0) * fixed(id) }
            let leverage = square(Self.lever(frame) - lever) * colourVariance
            errors[frame.frameID] = (noise(frame) + (moved * widening + leverage) * correction).squareRoot()
        }
        return errors
    }
}

extension StarResidual {
    /// Of what the star is off on all frames, without the intrinsic scatter [mag^2].
    var catalogueVariance: Double { max(0, error * error - fluxError * fluxError) }
}
