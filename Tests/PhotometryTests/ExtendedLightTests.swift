import Detection
import Foundation
import Imaging
import Photometry
import PortableNumbers
import TestKit
import Testing

/// Stars on a sky of 300 e-/px, with light on it that the sky mesh does not follow.
@Suite("sources on extended light")
struct ExtendedLightTests {
    static let size = 640
    static let fwhm = 3.2

    /// Light of a made-up object [e-/px] at a pixel.
    struct Scene: Sendable, CustomTestStringConvertible {
        let name: String
        /// Fewest sources that the light makes, over all seeds, so that there is something to mark.
        let fewestLit: Int
        /// Of them, at least this share is marked. Beside an edge, half of a ring is dark.
        let leastShare: Double
        let light: @Sendable (Double, Double) -> Double
        var testDescription: String { name }
    }

    /// 1 / r, as dust leaves a nucleus.
    static let coma = Scene(name: "coma of a comet", fewestLit: 40, leastShare: 0.85) { x, y in
        2500 / (hypot(x - 318, y - 324) + 2)
    }
    /// Scale length 45 px, axis ratio 0.6, 90 e-/px in the middle.
    static let disc = Scene(name: "exponential disc", fewestLit: 40, leastShare: 0.85) { x, y in
        let (u, v) = ((x - 320) * 0.866 + (y - 320) * 0.5, ((y - 320) * 0.866 - (x - 320) * 0.5) / 0.6)
        return 90 * exp(-hypot(u, v) / 45)
    }
    /// 60 e-/px on one side of a wavy line, over 3 px.
    static let edge = Scene(name: "edge of a nebula", fewestLit: 60, leastShare: 0.65) { x, y in
        60 / (1 + exp(-(x - 320 + 25 * sin(y / 40)) / 3))
    }

    /// Stars of S/N 5 to 1000.
    static func stars(_ count: Int, seed: UInt64) -> GaussianStars {
        GaussianStars.random(
            count: count, width: size, height: size, fluxes: 500...100_000, fwhm: fwhm, sky: 300, readNoise: 5,
            seed: seed)
    }

    static func frame(_ field: GaussianStars, seed: UInt64, _ light: (Double, Double) -> Double) -> CalibratedFrame {
        var random = SplitMix64(seed: seed)
        var pixels = field.expectation()
        for y in 0..<field.height {
            for x in 0..<field.width { pixels[y * field.width + x] += light(Double(x), Double(y)) }
        }
        return CalibratedFrame(
            signal: Image(
                width: field.width, height: field.height,
                pixels: pixels.map { Float(random.poisson($0) + field.readNoise * random.gaussian()) }),
            variance: Image(
                width: field.width, height: field.height,
                filledWith: Float(field.sky + field.readNoise * field.readNoise)),
            mask: Mask(width: field.width, height: field.height))
    }

    /// Sources by what they are, and how many of them are marked.
    struct Tally {
        /// Near a star.
        var (stars, markedStars) = (0, 0)
        /// Near a star that no light of the scenes hides.
        var (brightStars, markedBrightStars) = (0, 0)
        /// No star, and the light there, known from the scene, brings it above the threshold.
        var (lit, markedLit) = (0, 0)
        /// No star, on sky: noise.
        var (noise, markedNoise) = (0, 0)

        mutating func add(_ frame: CalibratedFrame, _ field: GaussianStars, _ light: (Double, Double) -> Double) {
            let found = detect(frame)
            // Of a Gaussian star: electrons per pixel of a source of 1 sigma.
            let perSigma = (field.sky + 25).squareRoot() / (4 * Double.pi).squareRoot() / (field.fwhm / 2.3548)
            for row in measure(found, MeasurementParameters()).rows {
                guard let source = row.sourceIndex.map({ found.sources[$0] }) else { continue }
                let mark = row.flags.contains(.onExtendedLight) ? 1 : 0
                let near = field.stars.filter { hypot($0.x - row.x, $0.y - row.y) < 2 }
                if let star = near.max(by: { $0.flux < $1.flux }) {
                    (stars, markedStars) = (stars + 1, markedStars + mark)
                    guard star.flux > 3000 else { continue }
                    (brightStars, markedBrightStars) = (brightStars + 1, markedBrightStars + mark)
                    continue
                }
                let level = found.background.level[Int(row.x.rounded()), Int(row.y.rounded())]
                let excess = light(row.x, row.y) + field.sky - Double(level)
                if abs(excess) < 0.5 * perSigma {
                    (noise, markedNoise) = (noise + 1, markedNoise + mark)
                } else if excess > perSigma, source.significance - excess / perSigma < 4, source.area < 1000 {
                    // The object itself owns more pixels.
                    (lit, markedLit) = (lit + 1, markedLit + mark)
                }
            }
        }
    }

    @Test(
        "what noise makes of the light of a comet, a galaxy or a nebula is marked, and stars on it are not",
        arguments: [coma, disc, edge])
    func scenes(_ scene: Scene) {
        var tally = Tally()
        for seed in 1...3 as ClosedRange<UInt64> {
            let field = Self.stars(60, seed: seed)
            tally.add(Self.frame(field, seed: 100 + seed, scene.light), field, scene.light)
        }
        #expect(tally.lit >= scene.fewestLit)
        #expect(Double(tally.markedLit) >= scene.leastShare * Double(tally.lit))
        #expect(tally.brightStars > 30 && tally.markedBrightStars == 0)
        #expect(tally.markedStars <= 2 && tally.markedNoise <= 1)
    }

    @Test("ordinary fields, crowded ones too, have hardly a mark", arguments: [60, 600, 2000])
    func ordinary(count: Int) {
        var tally = Tally()
        for seed in 1...2 as ClosedRange<UInt64> {
            let field = Self.stars(count, seed: seed)
            tally.add(Self.frame(field, seed: 200 + seed) { _, _ in 0 }, field) { _, _ in 0 }
        }
        #expect(tally.stars > 3 * count / 2 && tally.markedBrightStars == 0)
        #expect(Double(tally.markedStars + tally.markedNoise) < 0.01 * Double(tally.stars + tally.noise))
    }

    @Test("a steep sky, which the mesh follows, marks nothing")
    func gradient() {
        var tally = Tally()
        let field = Self.stars(200, seed: 5)
        let slope = { (x: Double, y: Double) in 0.8 * x + 0.4 * y }
        tally.add(Self.frame(field, seed: 205, slope), field, slope)
        #expect(tally.stars > 100 && tally.markedStars + tally.markedNoise + tally.markedLit <= 2)
    }

    @Test("a mark changes nothing else, and given positions have none")
    func forced() {
        let field = Self.stars(60, seed: 1)
        let frame = Self.frame(field, seed: 101, Self.coma.light)
        let marked = measure(frame).rows.filter { $0.flags.contains(.onExtendedLight) }
        #expect(!marked.isEmpty)
        let again = forcedPhotometry(frame, at: marked.map { ($0.x, $0.y) })
        for (row, forced) in zip(marked, again) {
            #expect(!forced.flags.contains(.onExtendedLight))
            #expect(row.fluxAperture == forced.fluxAperture)
        }
    }

    @Test("frames without sky, stars or usable pixels have no marks and no traps")
    func empty() {
        for value in [Float.nan, 0, 300] {
            let frame = CalibratedFrame(
                signal: Image(width: 64, height: 48, filledWith: value),
                variance: Image(width: 64, height: 48, filledWith: value), mask: Mask(width: 64, height: 48))
            #expect(!measure(frame).rows.contains { $0.flags.contains(.onExtendedLight) })
        }
    }
}
