import Detection
import Foundation
import Imaging
import PortableNumbers
import TestKit
import Testing

@Suite("Detecting sources")
struct DetectTests {
    @Test("a threshold of 4 sigma finds stars of 8 sigma and next to nothing in noise")
    func threshold() {
        let empty = GaussianStars(width: 600, height: 600, fwhm: 3.5, sky: 100, readNoise: 8, stars: [])
        let parameters = DetectionParameters(fwhmPixels: 3.5)
        // Peaks of a Gaussian field filtered by a Gaussian of deviation s: N / (2 pi)^(3/2) / (2 s^2) u exp(-u^2 / 2),
        // 5.7 above 4 sigma (Bond & Efstathiou 1987).
        #expect(detect(empty.frame(seed: 1), parameters).sources.count <= 13)
        // Matched-filter S/N of a Gaussian star: F / (sigma_px sqrt(4 pi) s).
        let deviation = 164.0.squareRoot() * (4 * Double.pi).squareRoot() * (3.5 / 2.3548)
        let field = GaussianStars.grid(
            spacing: 40, size: 600, flux: 8 * deviation, fwhm: 3.5, sky: 100, readNoise: 8, seed: 2)
        let found = detect(field.frame(seed: 3), parameters).sources
        let hits = field.stars.filter { star in found.contains { hypot($0.x - star.x, $0.y - star.y) < 2 } }
        #expect(Double(hits.count) > 0.98 * Double(field.stars.count))
        let typical = found.map(\.significance).sorted()[found.count / 2]
        #expect(abs(typical - 8) < 0.8)
    }

    @Test("noise that changes across the frame does not change the rate of false detections")
    func unevenNoise() {
        let nothing = GaussianStars(width: 500, height: 500, fwhm: 3, sky: 0, readNoise: 0, stars: []).frame(seed: 1)
        var (quiet, loud) = (0, 0)
        for seed in 9..<17 {
            var (random, frame) = (SplitMix64(seed: UInt64(seed)), nothing)
            for index in frame.signal.pixels.indices {
                let deviation: Double = index % 500 < 250 ? 2 : 20
                frame.signal.pixels[index] = Float(deviation * random.gaussian())
                frame.variance.pixels[index] = Float(deviation * deviation)
            }
            let found = detect(frame, DetectionParameters(fwhmPixels: 3)).sources
            quiet += found.count { $0.x < 250 }
            loud += found.count { $0.x >= 250 }
        }
        // Two million pixels; a Gaussian field of this width has 6.5 maxima above 4 sigma in each frame.
        #expect(quiet + loud < 75 && abs(quiet - loud) < 22, "\(quiet) and \(loud)")
    }

    @Test("the background follows a gradient and does not follow the stars")
    func background() {
        var field = GaussianStars.grid(spacing: 64, size: 512, flux: 50_000, fwhm: 3.5, sky: 500, readNoise: 5, seed: 4)
        field.stars.append((256, 256, 500_000))
        var frame = field.frame(seed: 5)
        for y in 0..<512 { for x in 0..<512 { frame.signal[x, y] += 0.4 * Float(x) } }
        let background = Background.estimate(frame)
        for (x, y) in [(60, 60), (256, 256), (430, 100)] {
            #expect(abs(Double(background.level[x, y]) - 500 - 0.4 * Double(x)) < 6)
        }
        #expect(abs(background.globalRMS / 525.0.squareRoot() - 1) < 0.2)
    }

    @Test("hot pixels do not count as stars for the seeing, and are flagged as sharp")
    func hotPixels() throws {
        let field = GaussianStars.grid(spacing: 50, size: 400, flux: 20_000, fwhm: 4, sky: 100, readNoise: 8, seed: 4)
        var frame = field.frame(seed: 5)
        var random = SplitMix64(seed: 3)
        for _ in 0..<200 { frame.signal.pixels[Int(random.uniform() * 160_000)] += 20_000 }
        let found = detect(frame)
        let seeing = try #require(found.seeing)
        #expect(abs(seeing.fwhmPixels - 4.05) < 0.15)
        #expect(found.sources.filter { $0.flags.contains(.sharp) }.count > 120)
    }

    @Test("bad and missing pixels are never detected, whatever they hold")
    func masked() {
        var frame = GaussianStars(width: 300, height: 300, fwhm: 3, sky: 100, readNoise: 8, stars: []).frame(seed: 1)
        for index in stride(from: 7, to: 90_000, by: 997) {
            frame.signal.pixels[index] = 1e6
            frame.mask.bits[index] = PixelFlags.bad.rawValue
        }
        for index in 40_000..<42_000 { frame.signal.pixels[index] = .nan }
        // A Gaussian field of this width has 2.4 maxima above 4 sigma here.
        #expect(detect(frame, DetectionParameters(fwhmPixels: 3)).sources.count <= 7)
    }

    @Test("a frame crowded to confusion is searched to the end")
    func crowded() {
        let field = GaussianStars.random(
            count: 6000, width: 400, height: 400, fluxes: 1000...1_000_000, fwhm: 4, sky: 50, readNoise: 5, seed: 8)
        let found = detect(field.frame(seed: 9))
        #expect(found.sources.count > 60)
        #expect(found.sources.contains { $0.flags.contains(.blended) })
    }

    @Test("one huge group full of peaks ends in sources")
    func manyPeaks() {
        var random = SplitMix64(seed: 1)
        var frame = GaussianStars(width: 700, height: 700, fwhm: 3, sky: 100, readNoise: 5, stars: []).frame(seed: 1)
        // Left half high above the mesh of the whole: one huge group full of peaks.
        for y in 0..<700 { for x in 0..<700 { frame.signal[x, y] += Float(300 * random.uniform()) } }
        for index in frame.variance.pixels.indices { frame.variance.pixels[index] = 1 }
        let found = detect(frame, DetectionParameters(threshold: 0.5, fwhmPixels: 1.5))
        #expect(!found.sources.isEmpty)
    }

    @Test("each flag has a bit, a name and a text of its own")
    func registry() {
        let entries = SourceFlags.registry
        #expect(Set(entries.map(\.flag.rawValue)).count == entries.count)
        #expect(Set(entries.map(\.name)).count == entries.count)
        #expect(entries.allSatisfy { $0.flag.rawValue.nonzeroBitCount == 1 && !$0.text.isEmpty })
        #expect(SourceFlags([.edge, .saturated]).names == ["saturated", "edge"])
    }
}
