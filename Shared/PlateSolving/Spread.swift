/// How uncertain a map is at a place of the frame, from the stars it was fitted to.
///
///     variance(d) = s^2 / k * (1 + 2 d^2 / r^2) + (0.004 max(0, d - 1.5 r))^2
///
/// s: error of one star, k: number of stars, r: their root mean square distance from their centre, d: the place's. The
/// last part is what distortion may add beyond the stars.
struct Spread {
    let x: Double
    let y: Double
    let squaredRadius: Double
    let base: Double

    static let distortion = 0.004

    init(x: Double, y: Double, squaredRadius: Double, starVariance: Double, count: Int) {
        (self.x, self.y) = (x, y)
        self.squaredRadius = max(1, squaredRadius)
        base = starVariance / Double(max(1, count))
    }

    @inline(__always)
    func variance(_ px: Double, _ py: Double) -> Double {
        let (dx, dy) = (px - x, py - y)
        let square = dx * dx + dy * dy
        let inner = base * (1 + 2 * square / squaredRadius)
        guard square > 2.25 * squaredRadius else { return inner }
        let beyond = Self.distortion * (square.squareRoot() - 1.5 * squaredRadius.squareRoot())
        return inner + beyond * beyond
    }
}
