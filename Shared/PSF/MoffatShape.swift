internal import PortableNumbers

/// A star image in four numbers: an elliptical Moffat of unit integral over the plane, a Gaussian for tail = 0.
///
///     P(u, v) = (1 - t) / (2 pi s^2) (1 + t q / 2)^(-1/t)
///     q = ((1 - e1) u^2 - 2 e2 u v + (1 + e1) v^2) / (s^2 sqrt(1 - e1^2 - e2^2))
///
/// t is 1 / beta of Moffat's profile; half of the maximum is reached at q = 2 (2^t - 1) / t.
///
/// - Source: Moffat 1969, A&A 3, 455.
struct MoffatShape: Sendable, Equatable {
    /// ln of the full width at half maximum before the pixel's own width [ln px], e1, e2, t.
    var parameters: [Double]

    static let count = 4
    /// Steps of the numerical derivatives, and largest changes in one iteration.
    static let steps = [0.01, 0.01, 0.01, 0.02]
    static let reach = [0.3, 0.2, 0.2, 0.15]

    init(fwhmPixels: Double, tail: Double) {
        parameters = [Elementary.log(fwhmPixels), 0, 0, tail]
    }

    init(parameters: [Double]) {
        self.parameters = parameters
        self.parameters[0] = min(max(parameters[0], Elementary.log(0.3)), Elementary.log(100))
        self.parameters[3] = min(max(parameters[3], 0), 0.55)
        let ellipticity = (parameters[1] * parameters[1] + parameters[2] * parameters[2]).squareRoot()
        guard ellipticity > 0.8 else { return }
        self.parameters[1] *= 0.8 / ellipticity
        self.parameters[2] *= 0.8 / ellipticity
    }

    /// Spline coefficients of the image as pixels see it, integrated over each, row by row [1/px].
    func coefficients(on table: SplineTable) -> [Double] {
        let scale = 1 / Double(table.oversampling)
        let side = table.side
        let t = max(parameters[3], 0)
        let log2 = Elementary.log(2)
        let half = t > 1e-6 ? 2 * (Elementary.exp(t * log2) - 1) / t : 2 * log2
        let sigma = Elementary.exp(parameters[0]) / (2 * half.squareRoot())
        let (e1, e2) = (parameters[1], parameters[2])
        let inverse = 1 / (sigma * sigma * (1 - e1 * e1 - e2 * e2).squareRoot())
        let (xx, xy, yy) = (inverse * (1 - e1), -2 * inverse * e2, inverse * (1 + e1))
        let peak = (1 - t) / (2 * .pi * sigma * sigma)
        var values = [Double](repeating: 0, count: side * side)
        // The image is the same when turned by 180 degrees about the central node.
        let last = 2 * table.centre
        for row in 0...table.centre {
            let v = Double(row - table.centre) * scale
            for column in 0...last {
                let u = Double(column - table.centre) * scale
                let q = xx * u * u + xy * u * v + yy * v * v
                let fall = t > 1e-6 ? Elementary.log(1 + t * q / 2) / t : q / 2
                let value = peak * Elementary.exp(-fall)
                values[row * side + column] = value
                values[(last - row) * side + last - column] = value
            }
        }
        let splines = SplineFilter.coefficients(of: values, side: side)
        let pixels = SplineFilter.boxMeans(of: splines, side: side, width: table.oversampling)
        return SplineFilter.coefficients(of: pixels, side: side)
    }

    /// The derivatives of the image by each parameter.
    func tangent(on table: SplineTable) -> [[Double]] {
        let here = coefficients(on: table)
        return (0..<Self.count).map { index -> [Double] in
            var shifted = parameters
            shifted[index] += Self.steps[index]
            let there = MoffatShape(raw: shifted).coefficients(on: table)
            return zip(there, here).map { ($0 - $1) / Self.steps[index] }
        }
    }

    private init(raw: [Double]) { parameters = raw }

    /// Moved by a step, no further than is safe in one iteration.
    func moved(by step: [Double]) -> MoffatShape {
        MoffatShape(
            parameters: (0..<Self.count).map { parameters[$0] + min(max(step[$0], -Self.reach[$0]), Self.reach[$0]) })
    }
}
