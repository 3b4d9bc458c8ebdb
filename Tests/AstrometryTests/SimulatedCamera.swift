internal import Astrometry
internal import Foundation
internal import PortableNumbers
internal import Sky

/// A camera whose every pixel has a known place on the sky, by spherical trigonometry.
struct SimulatedCamera {
    enum Optics: CaseIterable {
        case plain, radialCubic, tilted, decentred
    }

    var ra = 150.0
    var dec = 20.0
    var arcsecPerPixel = 1.0
    var rotationDegrees = 0.0
    var isMirrored = false
    var width = 2000
    var height = 1500
    var optics = Optics.plain
    /// Of the distortion in the corner [px].
    var strength = 10.0

    var middle: (x: Double, y: Double) { (Double(width - 1) / 2, Double(height - 1) / 2) }

    /// The place without distortion, from the middle [px].
    private func undistorted(_ u: Double, _ v: Double) -> (Double, Double) {
        let radius = hypot(middle.x, middle.y)
        let (p, q) = (u / radius, v / radius)
        let square = p * p + q * q
        switch optics {
        case .plain: return (u, v)
        case .radialCubic: return (u + strength * p * square, v + strength * q * square)
        case .tilted:
            // The perspective of a plane tilted about an oblique axis.
            let shrink = 1 / (1 + strength / radius * (0.8 * p + 0.6 * q))
            return (u * shrink, v * shrink)
        case .decentred:
            // Brown's decentring terms, and some of the radial one.
            let (p1, p2) = (0.5 * strength, -0.35 * strength)
            let radial = 0.4 * strength * square
            return (
                u + p1 * (square + 2 * p * p) + 2 * p2 * p * q + radial * p,
                v + p2 * (square + 2 * q * q) + 2 * p1 * p * q + radial * q
            )
        }
    }

    func sky(x: Double, y: Double) throws -> SkyPosition {
        let (u, v) = undistorted(x - middle.x, y - middle.y)
        let (turn, scale) = (rotationDegrees * .pi / 180, arcsecPerPixel / 3600 * .pi / 180)
        let (p, q) = (cos(turn) * u - sin(turn) * v, sin(turn) * u + cos(turn) * v)
        let (xi, eta) = ((isMirrored ? p : -p) * scale, q * scale)
        return try SkyPosition(raDegrees: ra, decDegrees: dec).displaced(
            separationDegrees: atan(hypot(xi, eta)) * 180 / .pi, positionAngleDegrees: atan2(xi, eta) * 180 / .pi)
    }

    /// Stars all over the frame, with errors as large as they say; `wrong` of them are paired with any star at all.
    func pairs(
        _ count: Int, seed: UInt64, pixelError: Double = 0.1, skyErrorArcsec: Double = 0.05, wrong: Int = 0,
        noisy: Bool = true, within part: Double = 1
    ) throws -> [SkyPair] {
        var random = SplitMix64(seed: seed)
        func place() -> (x: Double, y: Double) {
            let (p, q) = (random.uniform() - 0.5, random.uniform() - 0.5)
            return (middle.x + p * part * Double(width), middle.y + q * part * Double(height))
        }
        return try (0..<count).map { index in
            let (x, y) = place()
            // Bright and faint ones: errors differ by a factor of four.
            let error = pixelError * (0.5 + 1.5 * random.uniform())
            let seen = index < wrong ? place() : (x, y)
            let sky = try sky(x: seen.0, y: seen.1)
            let noise = noisy ? 1.0 : 0.0
            let moved = sky.displaced(
                separationDegrees: noise * skyErrorArcsec / 3600 * hypot(random.gaussian(), random.gaussian()),
                positionAngleDegrees: 360 * random.uniform())
            return SkyPair(
                x: x + noise * error * random.gaussian(), y: y + noise * error * random.gaussian(),
                xErrorPixels: error, yErrorPixels: error, position: moved, skyErrorArcsec: skyErrorArcsec)
        }
    }

    /// Largest distance of fitted from true places over the frame [px], on a grid with the corners.
    func largestError(_ fit: WorldCoordinateFit) throws -> Double {
        var largest = 0.0
        for row in 0...8 {
            for column in 0...8 {
                let (x, y) = (Double(column * (width - 1)) / 8, Double(row * (height - 1)) / 8)
                let truth = try sky(x: x, y: y)
                guard let found = fit.position(x: x, y: y) else { return .infinity }
                largest = max(largest, found.separationDegrees(from: truth) * 3600 / arcsecPerPixel)
            }
        }
        return largest
    }
}
