/// Products of Legendre polynomials over a rectangle, by rising degree: well-conditioned where monomials are not.
///
///     b(d (d + 1) / 2 + q) = P_(d-q)(x / half.x) P_q(y / half.y),   d = 0 ... order,  q = 0 ... d
struct FrameBasis {
    let order: Int
    let half: SIMD2<Double>

    var count: Int { Self.count(order) }

    static func count(_ order: Int) -> Int { (order + 1) * (order + 2) / 2 }

    /// - Parameters:
    ///   - place: from the middle of the rectangle [px].
    ///   - terms: filled with `count` values from its start.
    func fill(_ place: SIMD2<Double>, _ terms: UnsafeMutablePointer<Double>) {
        let scaled = place / half
        // P_n for both axes at once, by n P_n = (2n - 1) t P_(n-1) - (n - 1) P_(n-2).
        withUnsafeTemporaryAllocation(of: SIMD2<Double>.self, capacity: order + 1) { values in
            values[0] = SIMD2(1, 1)
            if order > 0 { values[1] = scaled }
            for n in stride(from: 2, through: order, by: 1) {
                let first = scaled * values[n - 1] * Double(2 * n - 1)
                values[n] = (first - values[n - 2] * Double(n - 1)) / Double(n)
            }
            var index = 0
            for degree in 0...order {
                for q in 0...degree {
                    terms[index] = values[degree - q].x * values[q].y
                    index += 1
                }
            }
        }
    }

    func values(_ place: SIMD2<Double>) -> [Double] {
        [Double](unsafeUninitializedCapacity: count) { terms, used in
            if let base = terms.baseAddress { fill(place, base) }
            used = count
        }
    }

    /// Coefficients of t^k in P_n(t), for n and k up to `order`.
    private static func legendre(_ order: Int) -> [[Double]] {
        var table = [[Double]](repeating: [Double](repeating: 0, count: order + 1), count: order + 1)
        table[0][0] = 1
        if order > 0 { table[1][1] = 1 }
        for n in stride(from: 2, through: order, by: 1) {
            for k in 0...n {
                let raised = k > 0 ? table[n - 1][k - 1] * Double(2 * n - 1) : 0
                table[n][k] = (raised - table[n - 2][k] * Double(n - 1)) / Double(n)
            }
        }
        return table
    }

    /// The matrix that turns coefficients of this basis into those of monomials x^p y^q [px], `result[row][column]`;
    /// monomials are in the same order, p = d - q.
    func monomialMatrix() -> [[Double]] {
        let table = Self.legendre(order)
        let powers = Self.powers(order)
        return powers.map { row in
            var scale = 1.0
            for _ in 0..<row.p { scale /= half.x }
            for _ in 0..<row.q { scale /= half.y }
            return powers.map { column in
                column.p >= row.p && column.q >= row.q ? table[column.p][row.p] * table[column.q][row.q] * scale : 0
            }
        }
    }

    /// p and q of each term.
    static func powers(_ order: Int) -> [(p: Int, q: Int)] {
        (0...order).flatMap { degree in (0...degree).map { (degree - $0, $0) } }
    }
}

/// A polynomial map of the plane in monomials x^p y^q, both coordinates at once, terms as in `FrameBasis`.
struct PlanePolynomial: Equatable, Sendable {
    let order: Int
    var coefficients: [SIMD2<Double>]

    init(order: Int, coefficients: [SIMD2<Double>]) {
        (self.order, self.coefficients) = (order, coefficients)
    }

    init(_ legendre: [SIMD2<Double>], _ basis: FrameBasis) {
        order = basis.order
        coefficients = basis.monomialMatrix().map { row in
            zip(row, legendre).reduce(.zero) { $0 + $1.1 * $1.0 }
        }
    }

    static func index(p: Int, q: Int) -> Int { (p + q) * (p + q + 1) / 2 + q }

    subscript(p: Int, q: Int) -> SIMD2<Double> { coefficients[Self.index(p: p, q: q)] }

    /// The linear part as a matrix.
    var linear: PlaneMatrix {
        guard order > 0 else { return PlaneMatrix(xx: 0, xy: 0, yx: 0, yy: 0) }
        return PlaneMatrix(
            xx: coefficients[1].x, xy: coefficients[2].x, yx: coefficients[1].y, yy: coefficients[2].y)
    }

    func callAsFunction(_ place: SIMD2<Double>) -> SIMD2<Double> { valueAndSlope(place).value }

    /// The value and the derivatives along x and y.
    func valueAndSlope(
        _ place: SIMD2<Double>
    ) -> (value: SIMD2<Double>, alongX: SIMD2<Double>, alongY: SIMD2<Double>) {
        var (value, alongX, alongY) = (SIMD2<Double>.zero, SIMD2<Double>.zero, SIMD2<Double>.zero)
        // Horner in x of polynomials in y: sum over p of x^p sum over q of c_pq y^q.
        for p in stride(from: order, through: 0, by: -1) {
            var (inner, slope) = (SIMD2<Double>.zero, SIMD2<Double>.zero)
            for q in stride(from: order - p, through: 0, by: -1) {
                slope = slope * place.y + inner
                inner = inner * place.y + coefficients[Self.index(p: p, q: q)]
            }
            alongX = alongX * place.x + value
            value = value * place.x + inner
            alongY = alongY * place.x + slope
        }
        return (value, alongX, alongY)
    }
}
