internal import Glibc
internal import Statistics

/// A tangent plane, a matrix and a polynomial fitted to pairs of stars: one order of distortion, robustly.
///
///     M^-1 (xi, eta) = u + D(u)      u: from the middle of the frame [px]; M [rad/px]; D a polynomial [px]
///
/// D is linear in its coefficients. After each fit its constant goes into the tangent point and its linear part into M,
/// so that at the end D starts with squares, as SIP wants it. Weights: 1/distance first (convex: no start is wrong),
/// then Cauchy's, then stars beyond a distance are left out and the others count by their errors.
///
///     distance^2 = rx^2 / (vx + floor^2) + ry^2 / (vy + floor^2)
///     vx, vy: variances of centroid and catalogue, carried to the plane of M^-1 (xi, eta) [px^2]
///     floor^2 >= 0: so that chi^2 with it is not above the degrees of freedom
struct PlateFit {
    let table: SkyPairTable
    let basis: FrameBasis
    private(set) var plane: TangentPlane
    private(set) var matrix: PlaneMatrix
    private(set) var polynomial: PlanePolynomial
    private(set) var targets: [SIMD2<Double>]
    private(set) var variances: [SIMD2<Double>]
    private(set) var residuals: [SIMD2<Double>]
    private(set) var isUsed: [Bool]
    private(set) var floorVariance = 0.0
    private(set) var factor: PairedCholesky?
    /// Rows of `FrameBasis` values, one for each star.
    private let design: [Double]
    private let clipSquare: Double

    private static let cauchyWidthSquare = 4.0
    /// Median of distance^2 of two normal deviates: 2 ln 2.
    private static let medianSquare = 1.386_294_361_119_890_6

    /// A first linear fit from nothing but the stars.
    init(_ table: SkyPairTable, clipDistance: Double) throws(WorldCoordinateFitError) {
        let plane = TangentPlane(at: table.middle)
        let points = table.directions.compactMap { plane.project($0) }
        guard 2 * points.count > table.count else { throw .tooWide }
        // Any scale will do: that of the medians of both.
        let middle = table.places.reduce(.zero, +) / Double(table.count)
        let arm = RobustStatistics.upperMedian(table.places.map { (($0 - middle) * ($0 - middle)).sum() }) ?? 0
        let span = RobustStatistics.upperMedian(points.map { ($0 * $0).sum() }) ?? 0
        let scale = (span / max(arm, 1e-12)).squareRoot()
        let start = PlaneMatrix.identity * max(scale, 1e-12)
        self.init(table, order: 1, plane: plane, matrix: start, clipDistance: clipDistance)
        for step in 0..<12 {
            project()
            updateVariances()
            guard solve(step == 0 ? equalWeights() : absoluteWeights()) else { throw .collinear }
            if try recentre() < 0.01 { break }
        }
    }

    /// The same tangent plane and matrix for another order, not fitted yet.
    init(_ other: PlateFit, order: Int) {
        self.init(
            other.table, order: order, plane: other.plane, matrix: other.matrix,
            clipDistance: other.clipSquare.squareRoot())
        residuals = other.residuals
    }

    private init(
        _ table: SkyPairTable, order: Int, plane: TangentPlane, matrix: PlaneMatrix, clipDistance: Double
    ) {
        (self.table, self.plane, self.matrix, clipSquare) = (table, plane, matrix, clipDistance * clipDistance)
        let basis = FrameBasis(order: order, half: table.half)
        self.basis = basis
        polynomial = PlanePolynomial(order: order, coefficients: Array(repeating: .zero, count: basis.count))
        targets = Array(repeating: .zero, count: table.count)
        variances = Array(repeating: SIMD2(1, 1), count: table.count)
        residuals = targets
        isUsed = Array(repeating: true, count: table.count)
        design = [Double](unsafeUninitializedCapacity: table.count * basis.count) { rows, used in
            used = table.count * basis.count
            guard let base = rows.baseAddress else { return }
            for (index, place) in table.places.enumerated() { basis.fill(place, base + index * basis.count) }
        }
    }

    var usedCount: Int { isUsed.reduce(0) { $0 + ($1 ? 1 : 0) } }

    var degreesOfFreedom: Int { 2 * usedCount - 2 * basis.count }

    /// Of a star in the middle of those used, per axis, the floor included [px^2].
    var typicalVariance: Double {
        let values = variances.indices.filter { isUsed[$0] }.map { variances[$0].sum() / 2 }
        return (RobustStatistics.upperMedian(values) ?? 0) + floorVariance
    }

    /// Fits this order from the residuals of a lower one.
    mutating func fit() throws(WorldCoordinateFitError) {
        for step in 0..<6 {
            project()
            if step % 3 == 0 { updateVariances() }
            guard solve(step < 3 ? absoluteWeights() : cauchyWeights()) else { throw .collinear }
            try recentre()
        }
        project()
        updateVariances()
        floorVariance = firstFloor()
        for step in 0..<20 {
            let before = (isUsed, floorVariance)
            clip()
            guard usedCount >= max(SkyPairTable.fewest, basis.count + 2) else {
                throw .inconsistent(agreeing: usedCount, usable: table.count)
            }
            guard solve(usedWeights()) else { throw .collinear }
            updateFloor()
            let shift = try recentre()
            project()
            // They hardly change any more, and the last digits of the rest shall settle.
            if step < 2 { updateVariances() }
            let isStill = abs(floorVariance - before.1) <= 1e-6 * (floorVariance + 1e-12)
            if shift < 1e-8, before.0 == isUsed, isStill { break }
        }
        finish()
    }

    /// Residuals and covariance of the numbers as they stand now, the rest of the recentring dropped.
    private mutating func finish() {
        for index in 0..<3 where index < polynomial.coefficients.count { polynomial.coefficients[index] = .zero }
        for index in residuals.indices { residuals[index] = targets[index] - polynomial(table.places[index]) }
        factor = PairedCholesky(equations(usedWeights()))
    }

    /// Where the stars are on the plane, in pixels, less where they are on the frame.
    private mutating func project() {
        let inverse = matrix.inverse
        for index in targets.indices { targets[index] = inverse * point(index) - table.places[index] }
    }

    /// A star on the plane. Whoever is behind it cannot be right: far away is enough.
    private func point(_ index: Int) -> SIMD2<Double> { plane.project(table.directions[index]) ?? SIMD2(10, 10) }

    /// How sure `targets` are.
    private mutating func updateVariances() {
        let inverse = matrix.inverse
        let (rowX, rowY) = (SIMD2(inverse.xx, inverse.xy), SIMD2(inverse.yx, inverse.yy))
        let norms = SIMD2((rowX * rowX).sum(), (rowY * rowY).sum())
        for index in variances.indices {
            let point = point(index)
            // On the plane an error of the sky is 1 + r^2 times as long along r, its root across.
            let stretch = 1 + (point * point).sum()
            let along = SIMD2((rowX * point).sum(), (rowY * point).sum())
            let slope = polynomial.valueAndSlope(table.places[index])
            let (dx, dy) = (slope.alongX + SIMD2(1, 0), slope.alongY + SIMD2(0, 1))
            let pixel = table.pixelVariances[index]
            variances[index] =
                dx * dx * pixel.x + dy * dy * pixel.y + (norms + along * along) * (stretch * table.skyVariances[index])
        }
    }

    func equations(_ weights: [SIMD2<Double>]) -> PairedEquations {
        var sums = PairedEquations(count: basis.count)
        addEquations(weights, table.places.indices, to: &sums)
        return sums
    }

    func addEquations(_ weights: [SIMD2<Double>], _ indices: some Sequence<Int>, to sums: inout PairedEquations) {
        design.withUnsafeBufferPointer { rows in
            guard let base = rows.baseAddress else { return }
            for index in indices where weights[index].x > 0 {
                sums.add(base + index * basis.count, value: targets[index], weight: weights[index])
            }
        }
    }

    private mutating func solve(_ weights: [SIMD2<Double>]) -> Bool {
        let sums = equations(weights)
        guard let factor = PairedCholesky(sums) else { return false }
        let solution = factor.solve(sums.right)
        self.factor = factor
        polynomial = PlanePolynomial(solution, basis)
        for index in residuals.indices { residuals[index] = targets[index] - value(solution, at: index) }
        return true
    }

    /// The polynomial with these coefficients of the basis at a star.
    func value(_ coefficients: [SIMD2<Double>], at star: Int) -> SIMD2<Double> {
        let start = star * basis.count
        var sum = SIMD2<Double>.zero
        for index in coefficients.indices { sum += coefficients[index] * design[start + index] }
        return sum
    }

    /// Moves the tangent point to where the middle of the frame is, and the linear part into the matrix.
    ///
    /// - Returns: the largest change of a place on the frame that is not the polynomial's any more [px].
    @discardableResult
    private mutating func recentre() throws(WorldCoordinateFitError) -> Double {
        let (constant, linear) = (polynomial.coefficients[0], polynomial.linear)
        let point = matrix * constant
        guard (point * point).sum() < 4 else { throw .tooWide }
        let moved = TangentPlane(at: plane.direction(point))
        let step = PlaneMatrix(xx: 1 + linear.xx, xy: linear.xy, yx: linear.yx, yy: 1 + linear.yy)
        let next = plane.turn(to: moved) * matrix * step
        let lengths = hypot(next.xx, next.yx) * hypot(next.xy, next.yy)
        guard lengths.isFinite, lengths > 0, abs(next.determinant) > 1e-6 * lengths else {
            throw .inconsistent(agreeing: 0, usable: table.count)
        }
        // The squares and so on were of the old pixels; they are fitted anew, and used for variances until then.
        let unstep = step.inverse
        for index in polynomial.coefficients.indices {
            polynomial.coefficients[index] = index < 3 ? .zero : unstep * polynomial.coefficients[index]
        }
        (plane, matrix) = (moved, next)
        let turn = max(abs(linear.xx), abs(linear.xy), abs(linear.yx), abs(linear.yy))
        return max(abs(constant.x), abs(constant.y), turn * (table.half.x + table.half.y))
    }
}

// Weights.
extension PlateFit {
    func distanceSquare(_ index: Int) -> Double {
        (residuals[index] * residuals[index] / (variances[index] + floorVariance)).sum()
    }

    /// Stars without an error of their own along an axis count as the others: the mean of both axes.
    private func evenWeight(_ index: Int) -> Double { 2 / (variances[index].sum() + 2 * floorVariance) }

    private func equalWeights() -> [SIMD2<Double>] { targets.map { _ in SIMD2(1, 1) } }

    private func medianDistanceSquare() -> Double {
        max(RobustStatistics.upperMedian(residuals.indices.map { distanceSquare($0) }) ?? 0, 1e-20)
    }

    private func absoluteWeights() -> [SIMD2<Double>] {
        let least = 0.3 * medianDistanceSquare().squareRoot()
        return residuals.indices.map {
            SIMD2(repeating: evenWeight($0) / max(distanceSquare($0).squareRoot(), least))
        }
    }

    private func cauchyWeights() -> [SIMD2<Double>] {
        let width = Self.cauchyWidthSquare * medianDistanceSquare() / Self.medianSquare
        return residuals.indices.map { SIMD2(repeating: evenWeight($0) / (1 + distanceSquare($0) / width)) }
    }

    /// 1 / variance of those that are used, 0 of the others.
    func usedWeights() -> [SIMD2<Double>] {
        residuals.indices.map { isUsed[$0] ? 1 / (variances[$0] + floorVariance) : .zero }
    }

    private mutating func clip() {
        for index in isUsed.indices { isUsed[index] = distanceSquare(index) < clipSquare }
    }

    /// So that half of the stars are as near as half of them should be.
    private func firstFloor() -> Double {
        let freedom = Double(max(1, table.count - basis.count)) / Double(table.count)
        let excess = medianDistanceSquare() / (Self.medianSquare * freedom) - 1
        guard excess > 0 else { return 0 }
        return excess * (RobustStatistics.upperMedian(variances.map { $0.sum() / 2 }) ?? 0)
    }

    /// The root of sum r^2 / (v + floor^2) = degrees of freedom, by Newton's method; 0 where there is none.
    private mutating func updateFloor() {
        let freedom = Double(max(1, degreesOfFreedom))
        var floor = 0.0
        for _ in 0..<60 {
            var (sum, slope) = (-freedom, 0.0)
            for index in residuals.indices where isUsed[index] {
                let inverse = 1 / (variances[index] + floor)
                let term = residuals[index] * residuals[index] * inverse
                sum += term.sum()
                slope += (term * inverse).sum()
            }
            // Convex and falling: from the left Newton's steps never go too far.
            guard sum > 0, slope > 0 else { break }
            floor += sum / slope
            if sum < 1e-9 * freedom { break }
        }
        floorVariance = floor
    }
}
