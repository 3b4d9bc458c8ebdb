import Detection
import Foundation
import Imaging

@testable import Simulation

/// Simulated frames with honest variances, and how many of their own stars are found.
struct TrueEfficiency {
    private(set) var stars: [(magnitude: Double, isFound: Bool)] = []

    /// Of a source from a star's place [FWHM], as for artificial stars.
    static let matchRadius = 0.75

    static func field(size: Int, perThousandPixels: Double, profile: PointSpread = .moffat(beta: 3)) -> TestField {
        var instrument = SimulatedInstrument(name: "test", width: size, height: size)
        instrument.gain = 2
        instrument.readNoiseElectrons = 5
        (instrument.fullWellElectrons, instrument.saturationADU) = (1e9, 65_535)
        (instrument.hotPixelFraction, instrument.darkElectronsPerSecond, instrument.biasStructureADU) = (0, 0, 0)
        (instrument.vignetting, instrument.dustRings, instrument.responseScatter) = (0, 0, 0)
        var field = TestField(instrument: instrument)
        field.pointSpread.profile = profile
        field.starsPerThousandPixels = perThousandPixels
        return field
    }

    static func calibrated(_ image: Image<ADU>, of field: TestField) -> CalibratedFrame {
        let (width, height) = (field.instrument.width, field.instrument.height)
        let (gain, bias) = (Float(field.instrument.gain), Float(field.instrument.biasADU))
        return CalibratedFrame(
            signal: Image(width: width, height: height, pixels: image.pixels.map { ($0 - bias) * gain }),
            variance: Image(width: width, height: height, filledWith: Float(field.backgroundVariance)),
            mask: Mask(width: width, height: height))
    }

    /// Stars take sources within reach, the brightest star first, each the nearest that is left.
    mutating func add(_ truth: [TestStar], _ sources: [Source], fwhmPixels: Double) {
        let radius = Self.matchRadius * fwhmPixels
        var left: [Int: [Source]] = [:]
        func cell(_ x: Double, _ y: Double) -> Int { Int(y / 8 + 100) * 10_000 + Int(x / 8 + 100) }
        for source in sources { left[cell(source.x, source.y), default: []].append(source) }
        for star in truth.sorted(by: { $0.fluxElectrons > $1.fluxElectrons }) {
            var nearest: (square: Double, cell: Int, index: Int)?
            for dy in [-8.0, 0, 8] {
                for dx in [-8.0, 0, 8] {
                    let cell = cell(star.x + dx, star.y + dy)
                    for (index, source) in (left[cell] ?? []).enumerated() {
                        let square =
                            (source.x - star.x) * (source.x - star.x) + (source.y - star.y) * (source.y - star.y)
                        if square < nearest?.square ?? (radius * radius) { nearest = (square, cell, index) }
                    }
                }
            }
            if let nearest { left[nearest.cell]?.remove(at: nearest.index) }
            stars.append((-2.5 * log10(star.fluxElectrons), nearest != nil))
        }
    }

    /// Where the share of stars found falls to a value: by straight lines between bins of 0.1 mag made monotone.
    func magnitude(at share: Double) -> Double? {
        var bins: [Int: (found: Int, all: Int)] = [:]
        for star in stars {
            let bin = Int((star.magnitude / 0.1).rounded(.down))
            let old = bins[bin] ?? (0, 0)
            bins[bin] = (old.found + (star.isFound ? 1 : 0), old.all + 1)
        }
        var blocks: [(magnitude: Double, found: Int, all: Int)] = []
        for (bin, count) in bins.sorted(by: { $0.key < $1.key }) {
            var block = (magnitude: (Double(bin) + 0.5) * 0.1, found: count.found, all: count.all)
            while let last = blocks.last, last.found * block.all <= block.found * last.all {
                let all = last.all + block.all
                let sum = last.magnitude * Double(last.all) + block.magnitude * Double(block.all)
                block = (sum / Double(all), last.found + block.found, all)
                blocks.removeLast()
            }
            blocks.append(block)
        }
        for (bright, faint) in zip(blocks, blocks.dropFirst()) {
            let (high, low) = (Double(bright.found) / Double(bright.all), Double(faint.found) / Double(faint.all))
            guard high >= share, low < share else { continue }
            return bright.magnitude + (high - share) / (high - low) * (faint.magnitude - bright.magnitude)
        }
        return nil
    }
}
