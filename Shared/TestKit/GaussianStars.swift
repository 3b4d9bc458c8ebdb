internal import Foundation
public import Imaging
internal import PortableNumbers

/// Small synthetic frames with known truth: Gaussian stars integrated exactly over each pixel, sky and read noise.
///
/// Pixels and FWHM in px, fluxes, sky and read noise in electrons.
public struct GaussianStars: Sendable {
    public typealias Star = (x: Double, y: Double, flux: Double)

    public let width: Int
    public let height: Int
    public let fwhm: Double
    public let sky: Double
    public let readNoise: Double
    public var stars: [Star]
    /// Width along y over that along x.
    public var axisRatio = 1.0

    public init(width: Int, height: Int, fwhm: Double, sky: Double, readNoise: Double, stars: [Star]) {
        (self.width, self.height, self.fwhm) = (width, height, fwhm)
        (self.sky, self.readNoise, self.stars) = (sky, readNoise, stars)
    }

    /// Expected electrons per pixel without noise.
    public func expectation() -> [Double] {
        var pixels = [Double](repeating: sky, count: width * height)
        let (sigmaX, sigmaY) = (fwhm / 2.3548200450309493, fwhm / 2.3548200450309493 * axisRatio)
        for star in stars {
            let reach = Int(max(sigmaX, sigmaY) * 6) + 1
            let columns = max(0, Int(star.x) - reach)..<max(0, min(width, Int(star.x) + reach + 1))
            let rows = max(0, Int(star.y) - reach)..<max(0, min(height, Int(star.y) + reach + 1))
            let across = columns.map { share(Double($0) - star.x, sigmaX) }
            for row in rows {
                let along = star.flux * share(Double(row) - star.y, sigmaY)
                for column in columns { pixels[row * width + column] += along * across[column - columns.lowerBound] }
            }
        }
        return pixels
    }

    /// A calibrated frame of the field: Poisson stars and sky, Gaussian read noise, honest variance.
    public func frame(seed: UInt64) -> CalibratedFrame {
        var random = SplitMix64(seed: seed)
        let pixels = expectation().map { Float(random.poisson($0) + readNoise * random.gaussian()) }
        return CalibratedFrame(
            signal: Image(width: width, height: height, pixels: pixels),
            variance: Image(width: width, height: height, filledWith: Float(sky + readNoise * readNoise)),
            mask: Mask(width: width, height: height))
    }

    /// Part of a star's light in a circle around it, each pixel counted by the part of it inside (by 40 x 40 points),
    /// averaged over the first 16 stars of the field.
    public func enclosedShare(radius: Double) -> Double {
        let sigma = fwhm / 2.3548200450309493
        let reach = Int(radius) + 2
        let points = (0..<40).map { (Double($0) + 0.5) / 40 - 0.5 }
        let shares = stars.prefix(16).map { star -> Double in
            var sum = 0.0
            for row in Int(star.y) - reach...Int(star.y) + reach {
                for column in Int(star.x) - reach...Int(star.x) + reach {
                    let (dx, dy) = (Double(column) - star.x, Double(row) - star.y)
                    let light = self.share(dx, sigma) * self.share(dy, sigma)
                    let distance = hypot(dx, dy)
                    if distance > radius + 0.75 { continue }
                    if distance < radius - 0.75 {
                        sum += light
                        continue
                    }
                    var inside = 0
                    for py in points { for px in points where hypot(dx + px, dy + py) < radius { inside += 1 } }
                    sum += light * Double(inside) / 1600
                }
            }
            return sum
        }
        return shares.reduce(0, +) / Double(shares.count)
    }

    /// Integral of a unit Gaussian over the pixel centred at `offset`.
    private func share(_ offset: Double, _ sigma: Double) -> Double {
        let scale = 1 / (sigma * 2.0.squareRoot())
        return (erf((offset + 0.5) * scale) - erf((offset - 0.5) * scale)) / 2
    }

    /// Stars on a jittered grid, so that none has a neighbour within `spacing` - 4 px.
    public static func grid(
        spacing: Int, size: Int, flux: Double, fwhm: Double, sky: Double, readNoise: Double, seed: UInt64
    ) -> GaussianStars {
        var random = SplitMix64(seed: seed)
        var stars: [Star] = []
        for y in stride(from: spacing / 2, to: size - spacing / 2 + 1, by: spacing) {
            for x in stride(from: spacing / 2, to: size - spacing / 2 + 1, by: spacing) {
                let jitter = (4 * random.uniform() - 2, 4 * random.uniform() - 2)
                stars.append((Double(x) + jitter.0, Double(y) + jitter.1, flux))
            }
        }
        return GaussianStars(
            width: size, height: size, fwhm: fwhm, sky: sky, readNoise: readNoise, stars: stars)
    }

    /// Stars at random with fluxes between two limits, as many per magnitude as brighter: 10^(0.3 m).
    public static func random(
        count: Int, width: Int, height: Int, fluxes: ClosedRange<Double>, fwhm: Double, sky: Double, readNoise: Double,
        seed: UInt64
    ) -> GaussianStars {
        var random = SplitMix64(seed: seed)
        let slope = -0.75
        let (low, high) = (pow(fluxes.lowerBound, slope), pow(fluxes.upperBound, slope))
        let stars = (0..<count).map { _ -> Star in
            let flux = pow(low + (high - low) * random.uniform(), 1 / slope)
            return (random.uniform() * Double(width) - 0.5, random.uniform() * Double(height) - 0.5, flux)
        }
        return GaussianStars(width: width, height: height, fwhm: fwhm, sky: sky, readNoise: readNoise, stars: stars)
    }
}

/// Mean and standard deviation.
public func moments(_ values: [Double]) -> (mean: Double, deviation: Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    let square = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, (square / Double(values.count - 1)).squareRoot())
}
