internal import Glibc

/// Values and slopes of a star's profile, ready to be summed over pixels.
struct Profile {
    private let a: Double
    private let b: Double
    private let c: Double
    private let peak: Double
    /// Nil for a Gaussian.
    private let beta: Double?
    /// Twice the exponent, where that is a small whole number: a power by products is faster than `pow`.
    private let halfPowers: Int

    init(_ image: StarImage) {
        (a, b, c) = image.form
        peak = image.peak
        switch image.profile {
        case .gaussian: (beta, halfPowers) = (nil, 0)
        case .moffat(let exponent):
            beta = exponent
            let double = 2 * exponent
            halfPowers = double == double.rounded() && double < 20 ? Int(double) : 0
        }
    }

    /// Integral over the pixel whose centre is (dx, dy) away from the star, and its derivatives by the star's place.
    @inline(__always)
    func integral(_ dx: Double, _ dy: Double, _ rule: Quadrature) -> (value: Double, byX: Double, byY: Double) {
        var (value, byX, byY) = (0.0, 0.0, 0.0)
        for (v, weightV) in rule.points {
            let y = dy + v
            for (u, weightU) in rule.points {
                let x = dx + u
                let q = a * x * x + 2 * b * x * y + c * y * y
                let (height, slope) = level(q)
                let weight = weightU * weightV
                value += weight * height
                // d/dx* = -d/dx of a function of (x - x*).
                byX -= weight * slope * 2 * (a * x + b * y)
                byY -= weight * slope * 2 * (b * x + c * y)
            }
        }
        return (peak * value, peak * byX, peak * byY)
    }

    /// The profile and its derivative by q.
    @inline(__always)
    private func level(_ q: Double) -> (Double, Double) {
        guard let beta else {
            let height = exp(-q / 2)
            return (height, -height / 2)
        }
        let height = inversePower(1 + q, beta)
        return (height, -beta * height / (1 + q))
    }

    @inline(__always)
    private func inversePower(_ base: Double, _ beta: Double) -> Double {
        if halfPowers == 0 { return pow(base, -beta) }
        var product = halfPowers % 2 == 1 ? base.squareRoot() : 1
        for _ in 0..<(halfPowers / 2) { product *= base }
        return 1 / product
    }
}
