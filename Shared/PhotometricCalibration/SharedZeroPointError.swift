internal import Statistics

/// The errors of zero points of frames that have calibration stars in common, apart: what is common to the frames, and
/// what each has of its own.
///
///     error of frame f:   e_f = sum_i g_fi (c_i + n_fi)
///     common:             L   = mean over f of e_f,          var L = sum_i G_i^2 v_i + ...,   G_i = mean of g_fi
///     own:          var_f = F / (F - 1) sum_i (g_fi - G_i)^2 v_i + sum_i g_fi^2 (p_fi + r^2)
///
/// g: influence of a star; c: what is wrong with its catalogue magnitude and its pass band, the same on all frames,
/// variance v; n: noise of its flux, another on each frame, variance p + r^2. A star that comes and goes at the edge
/// brings its c into some zero points and not into others: that is the frame's own. F / (F - 1) makes the mean square
/// of the difference of two frames what both errors say.
///
/// r is how far a star scatters from frame to frame beyond its noise (flat fields, transparency over the field): from
/// the stars' residuals about their own means. What the intrinsic scatter has beyond r belongs to v.
public struct SharedZeroPointError: Sendable, Equatable {
    /// A frame's zero point.
    public struct Frame: Sendable {
        public var id: String
        public var stars: [StarInfluence]
        /// Scatter of the stars beyond all known errors, s with its standard deviation [mag].
        public var intrinsicScatter: Measured
        /// Error of the zero point as a whole, with what the colour term adds to it [mag].
        public var error: Double

        public init(id: String, stars: [StarInfluence], intrinsicScatter: Measured, error: Double) {
            self.id = id
            self.stars = stars
            self.intrinsicScatter = intrinsicScatter
            self.error = error
        }
    }

    /// By frame: independent from frame to frame [mag].
    public let own: [String: Double]
    /// Of all zero points together [mag].
    public let common: Double
    /// How far a single star scatters from frame to frame beyond its noise, r [mag].
    public let repeatability: Double
    /// How far a single star is off on all frames, beyond what the catalogue's errors say: s without r [mag].
    public let starScatter: Double

    /// - Parameters:
    ///   - frames: of one field, in one band; at least one.
    ///   - colourTermError: of a colour term that was held in the fits [mag/mag]; 0: its error is in theirs.
    public init(_ frames: [Frame], colourTermError: Double = 0) {
        let stars = SharedStars(frames, colourVariance: colourTermError * colourTermError)
        own = stars.own
        common = stars.common
        repeatability = stars.repeated.squareRoot()
        starScatter = stars.excess.squareRoot()
    }
}

/// The stars of a field with their mean influence on its frames.
private struct SharedStars {
    private let frames: [SharedZeroPointError.Frame]
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

    init(_ given: [SharedZeroPointError.Frame], colourVariance: Double) {
        frames = given.filter { !$0.stars.isEmpty }.sorted { $0.id < $1.id }
        self.colourVariance = colourVariance
        repeated = StarRepeatability(frames.map(\.stars)).variance
        let squares = frames.map { frame in
            let (scatter, error) = (frame.intrinsicScatter.value, frame.intrinsicScatter.error)
            return scatter * scatter + error * error
        }
        excess = max(0, (RobustStatistics.median(squares) ?? 0) - repeated)
        var seen: [String: Double] = [:]
        for star in frames.map(\.stars).joined() { seen[star.id, default: 0] += 1 }
        ids = seen.keys.sorted()
        for frame in frames {
            for star in frame.stars {
                influence[star.id, default: 0] += star.weight / count
                catalogueVariance[star.id, default: 0] += star.catalogueVariance / (seen[star.id] ?? 1)
            }
            lever += Self.lever(frame) / count
        }
    }

    private func fixed(_ id: String) -> Double { (catalogueVariance[id] ?? 0) + excess }

    private func square(_ value: Double) -> Double { value * value }

    /// Variance of a zero point from the noise of its stars.
    private func noise(_ frame: SharedZeroPointError.Frame) -> Double {
        var sum = 0.0
        for star in frame.stars { sum += square(star.weight) * (star.fluxVariance + repeated) }
        return sum
    }

    /// d(zero point) / d(colour term), but for its sign.
    private static func lever(_ frame: SharedZeroPointError.Frame) -> Double {
        let usual = RobustStatistics.median(frame.stars.compactMap(\.colour)) ?? 0
        return frame.stars.reduce(0) { $0 + $1.weight * ($1.colour ?? usual) }
    }

    /// The fit knows that scatter and outliers are estimates, and its errors are wider for it: by so much in variance.
    private var widening: Double {
        let ratios = frames.map { frame in
            var catalogue = 0.0
            for star in frame.stars { catalogue += square(star.weight) * fixed(star.id) }
            let fitted = square(frame.error) - square(Self.lever(frame)) * colourVariance
            return catalogue > 0 ? max(1, (fitted - noise(frame)) / catalogue) : 1
        }
        return RobustStatistics.median(ratios) ?? 1
    }

    var common: Double {
        var shared = 0.0
        for id in ids { shared += square(influence[id] ?? 0) * fixed(id) }
        shared *= widening
        var noises = 0.0
        for frame in frames { noises += noise(frame) }
        return (shared + square(lever) * colourVariance + noises / square(count)).squareRoot()
    }

    var own: [String: Double] {
        let widening = widening
        let correction = count > 1 ? count / (count - 1) : 1
        var errors: [String: Double] = [:]
        for frame in frames {
            var away = influence.mapValues { -$0 }
            for star in frame.stars { away[star.id, default: 0] += star.weight }
            var moved = 0.0
            for id in ids { moved += square(away[id] ?? 0) * fixed(id) }
            let leverage = square(Self.lever(frame) - lever) * colourVariance
            errors[frame.id] = (noise(frame) + (moved * widening + leverage) * correction).squareRoot()
        }
        return errors
    }
}
