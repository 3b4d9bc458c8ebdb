internal import Statistics

/// Zero points and mean magnitudes of a given set of stars, with the scatter of each star and frame.
///
///     m(f, i) = M(i) - Z(f) + noise,   variance(f, i) + s(i)^2 + e(f)^2
///
/// M, Z: weighted least squares, in turns. s(i): restricted maximum likelihood, which does not count a star's own part
/// in the zero point as agreement; with P the projection that takes Z out, the condition is
/// sum_f (P m)_i^2 = sum_f P_ii, found by the multiplicative iteration of Zhou et al. 2019 (JCGS 28, 350), which never
/// leaves s^2 >= 0. Two stars alone share their scatter equally. e(f): only where a frame's chi^2 is significant.
struct EnsembleFit {
    private let table: EnsembleTable
    private let stars: [Int]
    private(set) var starMagnitude: [Double]
    private(set) var zeroPoint: [Double]
    /// s(i)^2 and e(f)^2 [mag^2].
    private(set) var starExcess: [Double]
    private(set) var frameExcess: [Double]
    private(set) var isOutlier: [Bool]

    init(_ table: EnsembleTable, stars: [Int]) {
        self.table = table
        self.stars = stars
        starMagnitude = [Double](repeating: 0, count: table.starCount)
        zeroPoint = [Double](repeating: 0, count: table.frameCount)
        starExcess = [Double](repeating: 0, count: table.starCount)
        frameExcess = [Double](repeating: 0, count: table.frameCount)
        isOutlier = [Bool](repeating: false, count: table.isPresent.count)
        startWithMedians()
        markOutliers()
        iterate()
        for _ in 0..<4 {
            let before = frameExcess
            estimateFrameExcess()
            if frameExcess == before { break }
            iterate()
        }
    }

    func cell(_ frame: Int, _ star: Int) -> Int { frame * table.starCount + star }

    func isUsed(_ frame: Int, _ star: Int) -> Bool {
        table.isPresent[cell(frame, star)] && !isOutlier[cell(frame, star)]
    }

    func weight(_ frame: Int, _ star: Int) -> Double {
        1 / (table.variance[cell(frame, star)] + starExcess[star] + frameExcess[frame])
    }

    func residual(_ frame: Int, _ star: Int) -> Double {
        table.magnitude[cell(frame, star)] + zeroPoint[frame] - starMagnitude[star]
    }

    func totalWeight(_ frame: Int) -> Double {
        stars.reduce(0) { isUsed(frame, $1) ? $0 + weight(frame, $1) : $0 }
    }

    /// Rough values that neither clouds nor a variable star can spoil.
    private mutating func startWithMedians() {
        for star in stars {
            let values = (0..<table.frameCount).filter { isUsed($0, star) }.map { table.magnitude[cell($0, star)] }
            starMagnitude[star] = RobustStatistics.median(values) ?? 0
        }
        for _ in 0..<20 {
            for frame in 0..<table.frameCount {
                let values = stars.filter { isUsed(frame, $0) }
                    .map { starMagnitude[$0] - table.magnitude[cell(frame, $0)] }
                zeroPoint[frame] = RobustStatistics.median(values) ?? 0
            }
            for star in stars {
                let values = (0..<table.frameCount).filter { isUsed($0, star) }
                    .map { table.magnitude[cell($0, star)] + zeroPoint[$0] }
                starMagnitude[star] = RobustStatistics.median(values) ?? 0
            }
        }
        for star in stars {
            let residuals = (0..<table.frameCount).filter { isUsed($0, star) }.map { residual($0, star) }
            let spread = RobustStatistics.sigma(residuals) ?? 0
            // Above zero, where the multiplicative iteration would stay.
            starExcess[star] = max(spread * spread, 1e-8)
        }
    }

    private mutating func markOutliers() {
        guard stars.count >= 3 else { return }
        for frame in 0..<table.frameCount {
            let usual = stars.filter { isUsed(frame, $0) }
            guard usual.count >= 3 else { continue }
            let deviations = usual.map { star in
                let index = cell(frame, star)
                return abs(residual(frame, star)) / (table.variance[index] + starExcess[star]).squareRoot()
            }
            // A single star off by far is a cosmic ray or a satellite; several are a cloud, which frameExcess is for.
            let wild = zip(usual, deviations).filter { $0.1 > 6 }
            if wild.count == 1 { isOutlier[cell(frame, wild[0].0)] = true }
        }
    }

    private mutating func iterate() {
        let frames = compactFrames()
        for _ in 0..<200 {
            let before = (starMagnitude, starExcess)
            let sums = pass(frames)
            update(sums)
            let isSettled = stars.allSatisfy { star in
                // A scatter far below the errors need not be known any better.
                let isNegligible = starExcess[star] * sums[star].freedom < 1e-3 * Double(sums[star].count)
                return abs(starMagnitude[star] - before.0[star]) < 1e-7
                    && (isNegligible || abs(starExcess[star] - before.1[star]) < 1e-3 * before.1[star])
            }
            if isSettled { break }
        }
        _ = pass(frames)
    }

    /// The measurements in use, frame by frame.
    private func compactFrames() -> [[Measurement]] {
        (0..<table.frameCount).map { frame in
            stars.filter { isUsed(frame, $0) }.map { star in
                let index = cell(frame, star)
                return Measurement(
                    star: star, magnitude: table.magnitude[index], variance: table.variance[index] + frameExcess[frame])
            }
        }
    }

    /// Solves the zero points for the present stars and collects what their update needs.
    private mutating func pass(_ frames: [[Measurement]]) -> [StarSums] {
        var sums = [StarSums](repeating: StarSums(), count: table.starCount)
        for (frame, measurements) in frames.enumerated() {
            var (sum, total) = (0.0, 0.0)
            for measurement in measurements {
                let weight = 1 / (measurement.variance + starExcess[measurement.star])
                sum += weight * (starMagnitude[measurement.star] - measurement.magnitude)
                total += weight
            }
            let zero = total > 0 ? sum / total : 0
            zeroPoint[frame] = zero
            for measurement in measurements {
                let weight = 1 / (measurement.variance + starExcess[measurement.star])
                sums[measurement.star].add(
                    weight: weight, value: measurement.magnitude + zero,
                    residual: measurement.magnitude + zero - starMagnitude[measurement.star], total: total)
            }
        }
        return sums
    }

    private mutating func update(_ sums: [StarSums]) {
        for star in stars {
            let sum = sums[star]
            if sum.weight > 0 { starMagnitude[star] = sum.weighted / sum.weight }
            // One degree of freedom goes into the star's mean.
            let expected = sum.freedom * Double(max(0, sum.count - 1)) / Double(max(1, sum.count))
            if expected > 1e-9 { starExcess[star] *= (sum.found / expected).squareRoot() }
        }
        // The sum of a constant in all M and Z is free; it is taken out here and set by the caller.
        let mean = stars.reduce(0) { $0 + starMagnitude[$1] } / Double(stars.count)
        for star in stars { starMagnitude[star] -= mean }
    }

    /// e(f)^2 by the method of moments (DerSimonian & Laird 1986) where chi^2 is 3 sigma above its expectation.
    private mutating func estimateFrameExcess() {
        for frame in 0..<table.frameCount {
            let used = stars.filter { isUsed(frame, $0) }
            guard used.count >= 3 else { continue }
            let weights = used.map { 1 / (table.variance[cell(frame, $0)] + starExcess[$0]) }
            let total = weights.reduce(0, +)
            let mean = zip(used, weights).reduce(0) { $0 + $1.1 * residual(frame, $1.0) } / total
            let chi = zip(used, weights).reduce(0) { sum, next in
                let deviation = residual(frame, next.0) - mean
                return sum + next.1 * deviation * deviation
            }
            let freedom = Double(used.count - 1)
            let isSignificant = chi > freedom + 3 * (2 * freedom).squareRoot()
            let squares = weights.reduce(0) { $0 + $1 * $1 }
            frameExcess[frame] = isSignificant ? (chi - freedom) / (total - squares / total) : 0
        }
    }
}

/// One star on one frame.
private struct Measurement {
    let star: Int
    let magnitude: Double
    /// Of the measurement and of the frame [mag^2].
    let variance: Double
}

/// Sums over the frames for one star.
private struct StarSums {
    var weight = 0.0
    var weighted = 0.0
    /// sum of (P m)_i^2 and of P_ii
    var found = 0.0
    var freedom = 0.0
    var count = 0

    mutating func add(weight: Double, value: Double, residual: Double, total: Double) {
        self.weight += weight
        weighted += weight * value
        found += weight * weight * residual * residual
        freedom += weight - weight * weight / total
        count += 1
    }
}
