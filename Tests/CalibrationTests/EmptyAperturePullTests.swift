import Calibration
import Imaging
import Simulation
import Testing

/// Sums over empty apertures, divided by the error that the variance plane promises, must scatter with width 1.
@Suite struct EmptyAperturePullTests {
    /// Which of what is known the observer has.
    struct Knowledge: CustomTestStringConvertible {
        var masters = true
        var bias = true
        var dark = true
        var gain = true
        var readNoise = true
        var sky = 300.0
        var stars = 40
        var readNoiseElectrons = 7.0
        var cameraGain = 1.5
        let testDescription: String
    }

    static let cases: [Knowledge] = [
        Knowledge(testDescription: "all known"),
        Knowledge(sky: 5, testDescription: "all known, hardly any sky"),
        Knowledge(sky: 8000, testDescription: "all known, bright sky"),
        Knowledge(stars: 160, testDescription: "all known, crowded"),
        Knowledge(masters: false, testDescription: "no masters"),
        Knowledge(masters: false, sky: 5, testDescription: "no masters, hardly any sky"),
        Knowledge(bias: false, testDescription: "a dark that contains the bias"),
        Knowledge(dark: false, testDescription: "no dark"),
        Knowledge(gain: false, testDescription: "gain unknown"),
        Knowledge(gain: false, readNoise: false, testDescription: "gain and read noise unknown"),
        Knowledge(readNoise: false, testDescription: "read noise from the bias frames"),
        Knowledge(masters: false, readNoise: false, testDescription: "no masters, read noise unknown"),
        Knowledge(
            masters: false, sky: 10, readNoiseElectrons: 2, cameraGain: 3, testDescription: "coarse steps, no masters"),
        Knowledge(sky: 10, readNoiseElectrons: 2, cameraGain: 3, testDescription: "coarse steps, all known"),
    ]

    @Test("sums over empty apertures have pull width 1", arguments: cases)
    func pulls(known: Knowledge) throws {
        var frames = Frames(instrument(known))
        if known.bias { frames.take(.bias, count: 8) }
        frames.take(.dark, count: 6, seconds: 60)
        frames.take(.flat, count: 4, seconds: 2, electrons: 40_000)
        let lights = 3
        var scenes: [LightMap] = []
        for index in 0..<lights {
            scenes.append(scene(frames.instrument, known, seed: UInt64(index)))
            frames.add(.light, seconds: 60, light: scenes[index])
        }
        let masters =
            known.masters ? try frames.masters(withBias: known.bias, withDark: known.dark) : MasterSet()
        let detector = DetectorFacts(
            gain: known.gain ? frames.instrument.gain : nil,
            readNoiseElectrons: known.readNoise ? frames.instrument.readNoiseElectrons : nil, saturationADU: 60_000)
        var pulls: [Double] = []
        for (index, facts) in frames.facts.filter({ $0.kind == .light }).enumerated() {
            let raw = try #require(frames.images[facts.id])
            let light = try LightCalibration(masters: masters, detector: detector).calibrate(raw, exposureSeconds: 60)
            pulls += emptyApertures(light.frame, scenes[index], sky: known.sky)
        }
        let width = robustWidth(pulls)
        #expect(pulls.count > 150)
        #expect((0.9...1.1).contains(width), "\(known.testDescription): \(width) from \(pulls.count) apertures")
    }

    private func instrument(_ known: Knowledge) -> SimulatedInstrument {
        var instrument = Frames.instrument(width: 288, height: 288)
        instrument.readNoiseElectrons = known.readNoiseElectrons
        instrument.gain = known.cameraGain
        // Without a bias its column pattern stays in, and is no white noise: `noiseCorrelated` is its own test.
        instrument.biasStructureADU = known.masters ? 4 : 0
        instrument.responseScatter = known.masters ? 0.005 : 0.001
        instrument.hotPixelFraction = known.masters && known.dark ? 0.001 : 0
        return instrument
    }

    private func scene(_ instrument: SimulatedInstrument, _ known: Knowledge, seed: UInt64) -> LightMap {
        var random = RandomStream(seed: 77, seed)
        var light = LightMap(width: instrument.width, height: instrument.height, level: known.sky)
        for _ in 0..<known.stars {
            light.addStar(
                x: random.uniform(0...287), y: random.uniform(0...287), flux: 300 / random.uniform(0.001...1),
                fwhmPixels: 3, pointSpread: .gaussian)
        }
        return light
    }

    /// Aperture of radius 3 minus the mean of an annulus of 6 to 9 px, where the true scene has no stars and no pixel
    /// is marked.
    private func emptyApertures(_ frame: CalibratedFrame, _ scene: LightMap, sky: Double) -> [Double] {
        var pulls: [Double] = []
        for cy in stride(from: 10, to: 278, by: 19) {
            for cx in stride(from: 10, to: 278, by: 19) {
                var (inner, ring) = (Sum(), Sum())
                var isEmpty = true
                for dy in -9...9 {
                    for dx in -9...9 {
                        let square = dx * dx + dy * dy
                        let i = (cy + dy) * frame.signal.width + cx + dx
                        if square > 81 || (square > 9 && square < 36) { continue }
                        isEmpty = isEmpty && scene.electrons[i] < sky + 0.3 && frame.mask.bits[i] == 0
                        let (value, variance) = (Double(frame.signal.pixels[i]), Double(frame.variance.pixels[i]))
                        if square <= 9 { inner.add(value, variance) } else { ring.add(value, variance) }
                    }
                }
                if !isEmpty { continue }
                let share = inner.count / ring.count
                let variance = inner.variance + share * share * ring.variance
                pulls.append((inner.value - share * ring.value) / variance.squareRoot())
            }
        }
        return pulls
    }

    private struct Sum {
        var value = 0.0
        var variance = 0.0
        var count = 0.0

        mutating func add(_ value: Double, _ variance: Double) {
            self.value += value
            self.variance += variance
            count += 1
        }
    }

    private func robustWidth(_ values: [Double]) -> Double {
        let inside = values.filter { abs($0) < 5 }
        #expect(inside.count >= values.count - 2)
        return moments(inside).deviation
    }
}
