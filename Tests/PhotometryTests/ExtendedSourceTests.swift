import Detection
import Foundation
import Imaging
import Photometry
import Simulation
import TestKit
import Testing

/// Galaxies and a comet on a sky of 200 e-/px among faint stars: all their light is known.
@Suite("Extended sources")
struct ExtendedSourceTests {
    struct Source: Sendable, CustomTestStringConvertible {
        let name: String
        let flux: Double
        /// Surface brightness at (dx, dy), not normalised.
        let shape: @Sendable (Double, Double) -> Double
        /// Part of the light within a Kron ellipse of 2.5 first moments (Graham & Driver 2005, PASA 22, 118, table 1
        /// for infinite moments; a comet's by sums over pixels).
        let share: ClosedRange<Double>
        var testDescription: String { name }
    }

    /// exp(-b r / r_e), axis ratio q, at 30 degrees.
    static func disc(_ halfLight: Double, ratio: Double) -> @Sendable (Double, Double) -> Double {
        { dx, dy in
            let (u, v) = (dx * 0.866 + dy * 0.5, (dy * 0.866 - dx * 0.5) / ratio)
            return exp(-1.678 * (u * u + v * v).squareRoot() / halfLight)
        }
    }

    static func bulge(_ halfLight: Double) -> @Sendable (Double, Double) -> Double {
        { dx, dy in exp(-7.669 * pow(((dx * dx + dy * dy).squareRoot() + 0.3) / halfLight, 0.25)) }
    }

    /// A coma of 1 / r and a tail towards +x.
    static let comet: @Sendable (Double, Double) -> Double = { dx, dy in
        let r = (dx * dx + dy * dy).squareRoot() + 1
        let width = 4 + 0.1 * max(dx, 0)
        let tail = dx > 0 ? exp(-dx / 30) * exp(-dy * dy / (2 * width * width)) / width : 0
        return exp(-r / 15) / r + 0.6 * tail
    }

    static let sources = [
        Source(name: "small disc", flux: 300_000, shape: disc(5, ratio: 0.7), share: 0.92...1.02),
        Source(name: "disc", flux: 300_000, shape: disc(15, ratio: 0.5), share: 0.9...1.02),
        Source(name: "bright disc", flux: 3_000_000, shape: disc(15, ratio: 0.5), share: 0.92...1.02),
        Source(name: "large bright disc", flux: 6_000_000, shape: disc(30, ratio: 0.6), share: 0.85...1.02),
        Source(name: "bulge", flux: 1_000_000, shape: bulge(8), share: 0.7...1.0),
        Source(name: "comet", flux: 1_500_000, shape: comet, share: 0.8...1.02),
    ]

    static let size = 400

    static func frame(_ source: Source, seed: UInt64) -> CalibratedFrame {
        var random = RandomStream(seed: seed)
        var light = LightMap(width: size, height: size, level: 200)
        var shape = [Double](repeating: 0, count: size * size)
        for y in 0..<size {
            for x in 0..<size { shape[y * size + x] = source.shape(Double(x) - 200.3, Double(y) - 199.6) }
        }
        let sum = shape.reduce(0, +)
        for index in shape.indices { light.electrons[index] += source.flux * shape[index] / sum }
        for _ in 0..<40 {
            let (x, y) = (Double(size) * random.uniform(), Double(size) * random.uniform())
            guard hypot(x - 200, y - 200) > 110 else { continue }
            light.addStar(x: x, y: y, flux: 8000, fwhmPixels: 3.2, pointSpread: .gaussian)
        }
        let pixels = light.electrons.map { Float(random.poisson($0) + 5 * random.gaussian()) }
        return CalibratedFrame(
            signal: Image(width: size, height: size, pixels: pixels),
            variance: Image(width: size, height: size, filledWith: 225), mask: Mask(width: size, height: size))
    }

    @Test("the Kron flux of a galaxy or a comet is what its ellipse holds, or says that it is not", arguments: sources)
    func whole(_ source: Source) throws {
        let rows = measure(Self.frame(source, seed: 11)).rows
        let row = try #require(rows.max { $0.fluxAuto.isFinite && $0.fluxAuto < $1.fluxAuto })
        #expect(hypot(row.x - 200.3, row.y - 199.6) < 3)
        #expect(source.share.contains(row.fluxAuto / source.flux), "\(row.fluxAuto / source.flux) \(row.flags.names)")
        let silent = rows.filter { !($0.fluxAuto > 0) && $0.flags.isDisjoint(with: [.kronUncertain, .kronFailed]) }
        #expect(silent.isEmpty)
    }

    @Test("an ellipse that the frame's edge cuts, or that others fill, says so; that of a lonely star does not")
    func cut() throws {
        let field = GaussianStars(
            width: 200, height: 160, fwhm: 3.5, sky: 100, readNoise: 8,
            stars: [(100, 80, 60_000), (2, 40, 60_000), (150, 120, 60_000), (156, 120, 55_000), (153, 126, 50_000)])
        let rows = measure(field.frame(seed: 5)).rows
        func row(_ x: Double, _ y: Double) throws -> Photometry.Measurement {
            try #require(rows.first { hypot($0.x - x, $0.y - y) < 1.5 })
        }
        #expect(try !row(100, 80).flags.contains(.kronUncertain))
        #expect(try row(2, 40).flags.contains(.kronUncertain))
    }
}
