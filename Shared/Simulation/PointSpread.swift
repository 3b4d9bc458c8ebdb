internal import Glibc

/// The image of a star: round, with unit integral over the plane.
public enum PointSpread: Sendable, Equatable {
    case gaussian
    /// (1 + r^2 / alpha^2)^-beta, beta > 1.
    case moffat(beta: Double)

    /// Radius beyond which less than `fraction` of the light falls [px]; at most 40 FWHM.
    public func radius(fwhmPixels: Double, leavingOut fraction: Double) -> Double {
        let fraction = min(max(fraction, 1e-12), 0.5)
        switch self {
        case .gaussian:
            return fwhmPixels / gaussianFWHM * (-2 * log(fraction)).squareRoot()
        case .moffat(let beta):
            let alpha = Self.moffatAlpha(fwhmPixels, beta)
            let radius = alpha * (pow(fraction, 1 / (1 - beta)) - 1).squareRoot()
            return min(radius, 40 * fwhmPixels)
        }
    }

    static func moffatAlpha(_ fwhm: Double, _ beta: Double) -> Double {
        fwhm / (2 * (pow(2, 1 / beta) - 1).squareRoot())
    }
}

/// FWHM of a Gaussian of unit standard deviation.
private let gaussianFWHM = 2.354_820_045_030_949

/// Light on a detector before any noise [photo-electrons], to which stars are added exactly: each pixel gets the
/// integral of the point spread over its square (error functions for a Gaussian; Gauss-Legendre quadrature for a
/// Moffat, 5 x 5 points in the core, good to 1e-6 of the flux at a FWHM of 2 px or more).
public struct LightMap: Sendable, Equatable {
    public let width: Int
    public let height: Int
    /// Row-major, (0, 0) is the centre of the first pixel.
    public var electrons: [Double]

    public init(width: Int, height: Int, level: Double = 0) {
        precondition(width > 0 && height > 0, "a light map has pixels")
        self.width = width
        self.height = height
        electrons = [Double](repeating: level, count: width * height)
    }

    /// Adds a star.
    ///
    /// - Parameters:
    ///   - x, y: its centre [px]; may lie outside.
    ///   - flux: all of its light [e-].
    ///   - leavingOut: electrons of the wings that may be cut off.
    public mutating func addStar(
        x: Double, y: Double, flux: Double, fwhmPixels: Double, pointSpread: PointSpread, leavingOut: Double = 0.1
    ) {
        guard flux > 0, fwhmPixels > 0, x.isFinite, y.isFinite else { return }
        let radius = pointSpread.radius(fwhmPixels: fwhmPixels, leavingOut: leavingOut / flux) + 1
        guard let columns = Self.clipped(x, radius, width), let rows = Self.clipped(y, radius, height) else { return }
        switch pointSpread {
        case .gaussian: addGaussian(x, y, flux, fwhmPixels / gaussianFWHM, columns, rows)
        case .moffat(let beta): addMoffat(x, y, flux, fwhmPixels, beta, columns, rows)
        }
    }

    private static func clipped(_ centre: Double, _ radius: Double, _ size: Int) -> Range<Int>? {
        let low = max((centre - radius).rounded(.down), 0)
        let high = min((centre + radius).rounded(.up), Double(size - 1))
        return low <= high ? Int(low)..<(Int(high) + 1) : nil
    }

    private mutating func addGaussian(
        _ x: Double, _ y: Double, _ flux: Double, _ sigma: Double, _ columns: Range<Int>, _ rows: Range<Int>
    ) {
        func share(_ pixel: Int, _ centre: Double) -> Double {
            let scale = 1 / (sigma * 2.0.squareRoot())
            return (erf((Double(pixel) + 0.5 - centre) * scale) - erf((Double(pixel) - 0.5 - centre) * scale)) / 2
        }
        let across = columns.map { share($0, x) }
        for row in rows {
            let line = flux * share(row, y)
            for column in columns { electrons[row * width + column] += line * across[column - columns.lowerBound] }
        }
    }

    private mutating func addMoffat(
        _ x: Double, _ y: Double, _ flux: Double, _ fwhm: Double, _ beta: Double, _ columns: Range<Int>,
        _ rows: Range<Int>
    ) {
        let alpha = PointSpread.moffatAlpha(fwhm, beta)
        let inverse = 1 / (alpha * alpha)
        let peak = flux * (beta - 1) / (.pi * alpha * alpha)
        let core = max(2 * fwhm, 4)
        let middle = max(6 * fwhm, 12)
        for row in rows {
            let dy = Double(row) - y
            for column in columns {
                let dx = Double(column) - x
                let distance = (dx * dx + dy * dy).squareRoot()
                let rule = distance < core ? Quadrature.five : distance < middle ? .two : .one
                var sum = 0.0
                for (v, weightV) in rule.points {
                    for (u, weightU) in rule.points {
                        let square = (dx + u) * (dx + u) + (dy + v) * (dy + v)
                        sum += weightU * weightV * pow(1 + square * inverse, -beta)
                    }
                }
                electrons[row * width + column] += peak * sum
            }
        }
    }
}
