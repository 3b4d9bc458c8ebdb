internal import Glibc

/// Fourier sums of points at any times, on an even grid of frequencies:
///
///     F[k] = sum over j of c[j] e^(2 pi i k x[j]),   k = -M/2 ..< M/2,   x in cycles per grid step
///
/// Each point is spread over 14 cells of a grid twice as fine as needed, with the kernel exp(beta ((1 - z^2)^1/2 - 1)),
/// the grid is transformed by FFT, and the kernel's own transform is divided out. Sums are right to 1e-12 of sum|c|,
/// at a cost of 14 N + M log M instead of N M.
///
/// - Source: Dutt & Rokhlin 1993, SIAM J. Sci. Comput. 14, 1368; kernel of Barnett, Magland & af Klinteberg 2019, SIAM
///   J. Sci. Comput. 41, C479.
struct NonuniformTransform {
    /// M, even.
    let modeCount: Int
    private let gridCount: Int
    private let fourier: FourierTransform
    /// 1 / transform of the kernel at modes 0 ... M/2.
    private let corrections: [Double]

    private static let width = 14
    /// 2.30 per cell of width: best for a grid twice as fine.
    private static let beta = 2.30 * Double(width)

    init(modeCount: Int) {
        self.modeCount = modeCount + modeCount % 2
        var cells = 64
        while cells < 2 * self.modeCount { cells *= 2 }
        gridCount = cells
        fourier = FourierTransform(count: cells)
        corrections = Self.corrections(halfCount: self.modeCount / 2, gridCount: cells)
    }

    /// - Parameters:
    ///   - cycles: x of each point; only the fraction counts.
    ///   - coefficients: c of each point.
    /// - Returns: F, element 0 for k = -M/2.
    func sums(cycles: [Double], coefficients: ComplexValues) -> ComplexValues {
        let grid = fourier(spread(cycles, coefficients))
        var result = ComplexValues(zeros: modeCount)
        let half = modeCount / 2
        for mode in -half..<half {
            let cell = mode < 0 ? mode + gridCount : mode
            let correction = corrections[abs(mode)]
            result.real[mode + half] = grid.real[cell] * correction
            result.imaginary[mode + half] = grid.imaginary[cell] * correction
        }
        return result
    }

    private func spread(_ cycles: [Double], _ coefficients: ComplexValues) -> ComplexValues {
        var grid = ComplexValues(zeros: gridCount)
        let reach = Double(Self.width) / 2
        for (index, cycle) in cycles.enumerated() {
            let place = (cycle - floor(cycle)) * Double(gridCount)
            let first = Int(ceil(place - reach))
            let (re, im) = (coefficients.real[index], coefficients.imaginary[index])
            for cell in first..<first + Self.width {
                let z = (Double(cell) - place) / reach
                let kernel = exp(Self.beta * (max(0, 1 - z * z).squareRoot() - 1))
                let target = cell & (gridCount - 1)
                grid.real[target] += kernel * re
                grid.imaginary[target] += kernel * im
            }
        }
        return grid
    }

    /// The kernel's transform (w / 2) integral of exp(beta (cos a - 1)) cos(pi k w sin(a) / n) cos(a) da over a = -pi/2
    /// ... pi/2, by the midpoint rule, which is exact to e^-beta here.
    private static func corrections(halfCount: Int, gridCount: Int) -> [Double] {
        let nodes = 32
        var transform = [Double](repeating: 0, count: halfCount + 1)
        for node in 0..<nodes {
            let angle = (Double(node) + 0.5) * .pi / 2 / Double(nodes)
            let weight = Double(width) / 2 * exp(beta * (cos(angle) - 1)) * cos(angle) * .pi / Double(nodes)
            let turn = .pi * Double(width) * sin(angle) / Double(gridCount)
            let (stepCos, stepSin) = (cos(turn), sin(turn))
            var (re, im) = (1.0, 0.0)
            for mode in 0...halfCount {
                if mode % 512 == 0 { (re, im) = (cos(Double(mode) * turn), sin(Double(mode) * turn)) }
                transform[mode] += weight * re
                (re, im) = (re * stepCos - im * stepSin, re * stepSin + im * stepCos)
            }
        }
        return transform.map { 1 / $0 }
    }
}
