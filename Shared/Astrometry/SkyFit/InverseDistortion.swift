internal import Glibc

/// The polynomial that undoes a distortion over a frame, of the lowest order that does it to a hundredth of a pixel.
///
///     U = u + f(u)  ->  u = U + F(U)       F: from the constant up, as SIP's AP and BP
struct InverseDistortion {
    let polynomial: PlanePolynomial
    /// Largest |u + f(u) + F(u + f(u)) - u| on a grid of 41 x 41 places, corners among them [px].
    let errorPixels: Double

    private static let highestOrder = 9
    /// Half of what is promised: the grid does not meet the worst place.
    private static let wantedPixels = 0.005

    /// - Parameters:
    ///   - distortion: polynomial of degree 2 and more; none for order 1.
    ///   - half: half the size of the frame [px].
    init(of distortion: PlanePolynomial, half: SIMD2<Double>) {
        guard distortion.order > 1 else {
            (polynomial, errorPixels) = (PlanePolynomial(order: 0, coefficients: [.zero]), 0)
            return
        }
        let nodes = Self.grid(28, half) { -cos(.pi * Double($0) / 27) }
        let checks = Self.grid(41, half) { Double($0) / 20 - 1 }
        var best: (polynomial: PlanePolynomial, error: Double)?
        for order in distortion.order...max(distortion.order, Self.highestOrder) {
            guard let found = Self.fit(distortion, nodes, order: order) else { break }
            let error = checks.reduce(0) { largest, place in
                let image = place + distortion(place)
                let rest = image + found(image) - place
                return max(largest, (rest * rest).sum().squareRoot())
            }
            if error < best?.error ?? .infinity { best = (found, error) }
            if error <= Self.wantedPixels { break }
        }
        polynomial = best?.polynomial ?? PlanePolynomial(order: 0, coefficients: [.zero])
        errorPixels = best?.error ?? .infinity
    }

    private static func grid(_ count: Int, _ half: SIMD2<Double>, _ scaled: (Int) -> Double) -> [SIMD2<Double>] {
        let steps = (0..<count).map(scaled)
        return steps.flatMap { y in steps.map { SIMD2($0, y) * half } }
    }

    private static func fit(
        _ distortion: PlanePolynomial, _ nodes: [SIMD2<Double>], order: Int
    ) -> PlanePolynomial? {
        let images = nodes.map { $0 + distortion($0) }
        let half = images.reduce(SIMD2(1, 1)) { largest, image in
            SIMD2(max(largest.x, abs(image.x)), max(largest.y, abs(image.y)))
        }
        let basis = FrameBasis(order: order, half: half)
        var sums = PairedEquations(count: basis.count)
        for (node, image) in zip(nodes, images) {
            sums.add(basis.values(image), value: node - image, weight: SIMD2(1, 1))
        }
        guard let solution = PairedCholesky(sums)?.solve(sums.right) else { return nil }
        return PlanePolynomial(solution, basis)
    }
}
