internal import Statistics

/// Solves the zero point of every frame and the mean magnitude of every comparison star together.
///
/// Stars are weighted by their errors and their own scatter (`EnsembleFit`). With three stars or more, one that varies
/// by more than 0.005 mag and four times the median of the others, and significantly, is dropped and named `variable`,
/// the worst first, until none is left. With two stars nobody can say which of them varies.
///
/// The result depends on the input's values alone, bit by bit, never on its order.
/// - Throws: `EnsembleError`.
public func solveEnsemble(_ given: EnsembleInput) throws(EnsembleError) -> EnsembleSolution {
    guard !given.stars.isEmpty else { throw .noComparisonStars }
    guard !given.frames.isEmpty else { throw .noFrames }
    let input = given.sorted()
    for (frame, next) in zip(input.frames, input.frames.dropFirst()) where frame.frameID == next.frameID {
        throw .duplicateFrame(frame.frameID)
    }
    let table = EnsembleTable(input)
    var roles = [EnsembleStar.Role](repeating: .used, count: input.stars.count)
    let counts = input.stars.indices.map { table.measurements(of: $0) }
    guard let most = counts.max(), most > 0 else {
        throw .nothingMeasured(stars: input.stars.count, frames: input.frames.count)
    }
    // Against the best-measured star: frames without any star count against nobody.
    for star in counts.indices where counts[star] * 2 < most { roles[star] = .tooFewMeasurements }

    var fit = EnsembleFit(table, stars: used(roles))
    while let star = mostVariable(fit, table, used(roles)) {
        roles[star] = .variable
        fit = EnsembleFit(table, stars: used(roles))
    }
    return EnsembleSummary(input: input, table: table, fit: fit, roles: roles).solution()
}

private func used(_ roles: [EnsembleStar.Role]) -> [Int] { roles.indices.filter { roles[$0] == .used } }

/// The star to drop next, if any.
private func mostVariable(_ fit: EnsembleFit, _ table: EnsembleTable, _ stars: [Int]) -> Int? {
    guard stars.count >= 3 else { return nil }
    var worst: (star: Int, excess: Double)?
    for star in stars {
        let excess = fit.starExcess[star]
        let others = stars.filter { $0 != star }.map { fit.starExcess[$0] }
        let usual = RobustStatistics.median(others) ?? 0
        let variances = (0..<table.frameCount).filter { fit.isUsed($0, star) }.map {
            table.variance[fit.cell($0, star)]
        }
        guard variances.count >= 5, let typical = RobustStatistics.median(variances) else { continue }
        let noise = (typical + usual) * (2 / Double(variances.count)).squareRoot()
        guard excess > 0.005 * 0.005, excess > 16 * usual, excess > 5 * noise else { continue }
        if worst.map({ excess > $0.excess }) ?? true { worst = (star, excess) }
    }
    return worst?.star
}

/// Turns a fit into the solution's words.
private struct EnsembleSummary {
    let input: EnsembleInput
    let table: EnsembleTable
    let fit: EnsembleFit
    let roles: [EnsembleStar.Role]

    func solution() -> EnsembleSolution {
        let shift = catalogueShift()
        let intrinsic = used(roles).map { fit.starExcess[$0].squareRoot() }
        return EnsembleSolution(
            zeroPoints: zeroPoints(shift: shift?.value ?? 0), stars: stars(shift: shift?.value ?? 0),
            commonScatterMagnitudes: RobustStatistics.median(intrinsic) ?? 0, isAbsolute: shift != nil,
            catalogueScatterMagnitudes: shift?.scatter, levelErrorMagnitudes: shift?.levelError)
    }

    /// What takes the differential system to the catalogue's: the weighted mean of catalogue minus solution.
    ///
    ///     level error^2 = 1 / sum(1 / (e^2 + t^2)) + t^2
    ///
    /// t: scatter of the stars about the catalogue beyond their errors e, by the method of moments (DerSimonian & Laird
    /// 1986), times (n - 1) / (n - 3), at most 3: it is an estimate, and what it is for has the variance of Student's
    /// distribution. The target may be off by it as any comparison star.
    private func catalogueShift() -> (value: Double, scatter: Double?, levelError: Double)? {
        var (offsets, errors): ([Double], [Double]) = ([], [])
        for star in used(roles) {
            guard let magnitude = input.stars[star].catalogueMagnitude, magnitude.isFinite else { continue }
            let quoted = input.stars[star].catalogueError.flatMap { $0.isFinite && $0 > 0 ? $0 : nil }
            offsets.append(magnitude - fit.starMagnitude[star])
            // No catalogue is better than a hundredth for a single star; without a quoted error two hundredths.
            errors.append(max(0.01, quoted ?? 0.02))
        }
        guard let mean = WeightedMean(offsets, errors: errors) else { return nil }
        let squares = offsets.reduce(0) { $0 + ($1 - mean.mean) * ($1 - mean.mean) }
        let excess = Self.excess(of: offsets, about: mean.mean, errors)
        let weight = errors.reduce(0) { $0 + 1 / ($1 * $1 + excess) }
        return (
            mean.mean, offsets.count > 1 ? (squares / Double(offsets.count - 1)).squareRoot() : nil,
            (1 / weight + excess).squareRoot()
        )
    }

    /// Variance beyond the errors [mag^2], by the method of moments.
    private static func excess(of values: [Double], about mean: Double, _ errors: [Double]) -> Double {
        let weights = errors.map { 1 / ($0 * $0) }
        let total = weights.reduce(0, +)
        let chiSquared = zip(weights, values).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }
        let freedom = total - weights.reduce(0) { $0 + $1 * $1 } / total
        let wider = values.count > 4 ? Double(values.count - 1) / Double(values.count - 3) : 3
        return freedom > 0 ? max(0, wider * (chiSquared - Double(values.count - 1)) / freedom) : 0
    }

    private func zeroPoints(shift: Double) -> [FrameZeroPoint] {
        input.frames.indices.compactMap { frame in
            let total = fit.totalWeight(frame)
            guard total > 0 else { return nil }
            return FrameZeroPoint(
                frameID: input.frames[frame].frameID, midExposureMJD: input.frames[frame].midExposureMJD,
                magnitudes: fit.zeroPoint[frame] + shift, error: (1 / total).squareRoot(),
                excessScatterMagnitudes: fit.frameExcess[frame].squareRoot(),
                starsUsed: used(roles).count { fit.isUsed(frame, $0) })
        }
    }

    private func stars(shift: Double) -> [EnsembleStar] {
        let shares = input.stars.indices.map { star in
            guard roles[star] == .used else { return 0.0 }
            return (0..<table.frameCount).reduce(0.0) { sum, frame in
                fit.isUsed(frame, star) ? sum + fit.weight(frame, star) / fit.totalWeight(frame) : sum
            }
        }
        let total = shares.reduce(0, +)
        return input.stars.indices.map { star in
            // Also of stars that were not used: what they are in the system of the others.
            let values = (0..<table.frameCount)
                .filter { table.isPresent[fit.cell($0, star)] && fit.totalWeight($0) > 0 }
                .map { table.magnitude[fit.cell($0, star)] + fit.zeroPoint[$0] }
            let isUsed = roles[star] == .used
            let magnitude = isUsed ? fit.starMagnitude[star] : RobustStatistics.median(values)
            return EnsembleStar(
                id: input.stars[star].id, role: roles[star], magnitude: magnitude.map { $0 + shift },
                scatterMagnitudes: RobustStatistics.sigma(values),
                intrinsicScatterMagnitudes: isUsed ? fit.starExcess[star].squareRoot() : nil,
                weight: total > 0 ? shares[star] / total : 0, measurements: table.measurements(of: star),
                outliers: (0..<table.frameCount).count { fit.isOutlier[fit.cell($0, star)] })
        }
    }
}
