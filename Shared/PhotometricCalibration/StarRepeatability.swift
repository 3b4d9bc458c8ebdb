internal import Statistics

/// How far stars scatter from frame to frame beyond their noise.
///
///     median over stars of S_i^2 / (p_i + r^2) = median of chi^2_k / k = (1 - 2 / 9k)^3,   k = (F_i - 1) (1 - 1 / N)
///
/// S_i: scatter of a star's residuals about its mean, after each frame's median is taken out of its N stars (by turns,
/// as in Tukey's median polish), so that what a zero point is off by does not count; p: noise of the fluxes; the chi^2
/// by Wilson & Hilferty 1931. From the brighter half of the stars, whose noise hides least; a variable star or a blend
/// does not move a median.
struct StarRepeatability {
    /// r^2 [mag^2]
    let variance: Double

    private static let fewestFrames = 4
    private static let fewestStars = 4
    private static let turns = 8

    init(_ frames: [[StarResidual]]) {
        let stars = Self.stars(of: frames)
        let noises = stars.map(\.noise).sorted()
        guard noises.count >= Self.fewestStars else {
            variance = 0
            return
        }
        let limit = noises[max(Self.fewestStars - 1, (noises.count - 1) / 2)]
        let bright = stars.filter { $0.noise <= limit }
        /// Above 1 while r is too small.
        func ratio(_ variance: Double) -> Double {
            RobustStatistics.median(
                bright.map { star in
                    let usual = 1 - 2 / (9 * star.freedom)
                    return star.square / (max(star.noise + variance, 1e-12) * usual * usual * usual)
                }) ?? 0
        }
        guard ratio(0) > 1 else {
            variance = 0
            return
        }
        var (low, high) = (0.0, 1.0)
        for _ in 0..<60 {
            let middle = 0.5 * (low + high)
            if ratio(middle) > 1 { low = middle } else { high = middle }
        }
        variance = 0.5 * (low + high)
    }

    private struct Star {
        /// S^2 and p [mag^2]
        let square: Double
        let noise: Double
        let freedom: Double
    }

    private static func stars(of frames: [[StarResidual]]) -> [Star] {
        let usual = frames.map { $0.filter { $0.expected > 0.5 } }
        var means: [String: Double] = [:]
        var shifts = [Double](repeating: 0, count: frames.count)
        var seen: [String: [(frame: Int, star: StarResidual)]] = [:]
        for (frame, stars) in usual.enumerated() {
            for star in stars { seen[star.id, default: []].append((frame, star)) }
        }
        for _ in 0..<turns {
            for (id, measured) in seen {
                means[id] = RobustStatistics.median(measured.map { $0.star.magnitudes - shifts[$0.frame] })
            }
            for (frame, stars) in usual.enumerated() {
                shifts[frame] = RobustStatistics.median(stars.map { $0.magnitudes - (means[$0.id] ?? 0) }) ?? 0
            }
        }
        let typical = RobustStatistics.median(usual.map { Double($0.count) }) ?? 0
        guard typical >= Double(fewestStars) else { return [] }
        return seen.keys.sorted().compactMap { id in
            guard let measured = seen[id], measured.count >= fewestFrames else { return nil }
            let count = Double(measured.count)
            let residuals = measured.map { $0.star.magnitudes - shifts[$0.frame] }
            let mean = residuals.reduce(0, +) / count
            let freedom = (count - 1) * (1 - 1 / typical)
            return Star(
                square: residuals.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / freedom,
                noise: measured.reduce(0) { $0 + $1.star.fluxError * $1.star.fluxError } / count, freedom: freedom)
        }
    }
}
