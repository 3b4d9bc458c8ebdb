import Calibration
import Foundation
import Imaging
import Simulation
import Testing

private let mode = DetectorMode(instrument: "cam", width: 128, height: 128)

private func facts(_ id: String, seconds: Double, celsius: Double?, night: String = "n1") -> MasterFacts {
    MasterFacts(
        id: id, kind: .dark, mode: mode, exposureSeconds: seconds, temperatureCelsius: celsius, midpointMJD: 60_000,
        night: night, count: 10, inputIDs: [id], biasID: "bias", frameNoise: 4)
}

private func light(seconds: Double, celsius: Double?) -> CalibrationFrameFacts {
    CalibrationFrameFacts(
        id: "l", kind: .light, mode: mode, exposureSeconds: seconds, temperatureCelsius: celsius, midpointMJD: 60_001,
        night: "n2")
}

/// A sensor whose pixels have their own dark current and activation energy.
private struct Sensor {
    /// [ADU/s] at -10 C.
    var rates: [Double]
    /// [eV]
    var energies: [Double]

    init(typicalRate: Double, seed: UInt64 = 1) {
        var random = RandomStream(seed: seed)
        rates = (0..<(128 * 128)).map { _ in
            random.uniform() < 0.05 ? typicalRate * 200 * random.uniform() : typicalRate
        }
        energies = rates.map { _ in 0.6 + 0.03 * random.gaussian() }
    }

    func dark(_ pixel: Int, seconds: Double, celsius: Double) -> Double {
        let boltzmann = 8.617333e-5
        let step = 1 / (boltzmann * (celsius + 273.15)) - 1 / (boltzmann * 263.15)
        return rates[pixel] * seconds * exp(-energies[pixel] * step)
    }

    func master(_ id: String, seconds: Double, celsius: Double, error: Double, seed: UInt64) -> Master<ADU> {
        var random = RandomStream(seed: seed)
        let pixels = rates.indices.map {
            Float(dark($0, seconds: seconds, celsius: celsius) + error * random.gaussian())
        }
        return Master(
            facts: facts(id, seconds: seconds, celsius: celsius), image: Image(width: 128, height: 128, pixels: pixels),
            error: Image(width: 128, height: 128, filledWith: Float(error)))
    }
}

@Suite struct DarkInterpolationTests {
    @Test(
        "between two temperatures the dark is the sensor's own, with a pull of width 1, faint or bright",
        arguments: [0.5, 0.02])
    func temperature(typicalRate: Double) throws {
        let sensor = Sensor(typicalRate: typicalRate)
        let cold = sensor.master("c", seconds: 60, celsius: -15, error: 1, seed: 11)
        let warm = sensor.master("w", seconds: 60, celsius: -10, error: 1, seed: 12)
        let dark = try DarkInterpolation.dark(atCelsius: -12, exposureSeconds: 60, colder: cold, warmer: warm)
        var pulls: [Double] = []
        for i in sensor.rates.indices {
            let truth = sensor.dark(i, seconds: 60, celsius: -12)
            pulls.append((Double(dark.image.pixels[i]) - truth) / Double(dark.error.pixels[i]))
        }
        let found = moments(pulls)
        #expect(abs(found.mean) < 0.1, "\(found)")
        #expect((0.9...1.1).contains(found.deviation), "\(found)")
        #expect(dark.facts.flags.contains(.darkInterpolated) && !dark.facts.flags.contains(.darkScaled))
        #expect(dark.facts.temperatureCelsius == -12 && dark.facts.id == "c+w" && dark.facts.biasID == nil)
        // Either dark alone would be wrong by a fifth and more.
        let hottest = try #require(sensor.rates.indices.max { sensor.rates[$0] < sensor.rates[$1] })
        let truth = sensor.dark(hottest, seconds: 60, celsius: -12)
        #expect(abs(Double(dark.image.pixels[hottest]) / truth - 1) < 0.01)
        #expect(Double(warm.image.pixels[hottest]) / truth > 1.15)
    }

    @Test("at the temperature of a master it is that master; exposure times are scaled first, with their error")
    func ends() throws {
        let sensor = Sensor(typicalRate: 1)
        let cold = sensor.master("c", seconds: 120, celsius: -15, error: 0.5, seed: 1)
        let warm = sensor.master("w", seconds: 60, celsius: -10, error: 0.5, seed: 2)
        let dark = try DarkInterpolation.dark(atCelsius: -15, exposureSeconds: 60, colder: cold, warmer: warm)
        for i in 0..<500 where cold.image.pixels[i] > 20 {
            #expect(abs(dark.image.pixels[i] - cold.image.pixels[i] / 2) < 0.01)
            #expect(abs(dark.error.pixels[i] - 0.25) < 0.01)
        }
        #expect(dark.facts.flags.contains(.darkScaled))
    }

    @Test("without visible dark current, or with one that does not grow, the two are interpolated linearly")
    func nothing() throws {
        let zero = Sensor(typicalRate: 0)
        let cold = zero.master("c", seconds: 60, celsius: -30, error: 1, seed: 1)
        let warm = zero.master("w", seconds: 60, celsius: -20, error: 1, seed: 2)
        let dark = try DarkInterpolation.dark(atCelsius: -25, exposureSeconds: 60, colder: cold, warmer: warm)
        let values = dark.image.pixels.map(Double.init)
        #expect(abs(moments(values).mean) < 0.05 && abs(moments(values).deviation - 0.71) < 0.05)
        #expect(dark.error.pixels.allSatisfy { abs($0 - 0.71) < 0.02 })
    }

    @Test("pixels that one master does not know come from the other, and those of neither are marked")
    func missing() throws {
        let sensor = Sensor(typicalRate: 0.02)
        var cold = sensor.master("c", seconds: 60, celsius: -15, error: 1, seed: 1)
        var warm = sensor.master("w", seconds: 60, celsius: -10, error: 1, seed: 2)
        cold.image.pixels[5] = .nan
        cold.error.pixels[5] = .infinity
        for i in [6] {
            cold.image.pixels[i] = .nan
            cold.error.pixels[i] = .infinity
            warm.image.pixels[i] = .nan
            warm.error.pixels[i] = .infinity
        }
        let dark = try DarkInterpolation.dark(atCelsius: -12, exposureSeconds: 60, colder: cold, warmer: warm)
        #expect(dark.image.pixels[5].isFinite && dark.error.pixels[5] < 1)
        #expect(dark.image.pixels[6].isNaN && dark.mask.bits[6] != 0)
    }

    @Test("amplifier glow that every exposure has once does not scale; two darks tell it from the rate")
    func glow() throws {
        var random = RandomStream(seed: 9)
        func master(_ seconds: Double) -> Master<ADU> {
            let pixels = (0..<(128 * 128)).map { i -> Float in
                let corner = Double(i % 128 + i / 128) / 40
                return Float(400 * exp(-corner) + (0.1 + 0.05 * exp(-corner)) * seconds + 0.3 * random.gaussian())
            }
            return Master(
                facts: facts("d\(seconds)", seconds: seconds, celsius: -10),
                image: Image(width: 128, height: 128, pixels: pixels),
                error: Image(width: 128, height: 128, filledWith: 0.3))
        }
        let (short, long) = (master(30), master(300))
        for seconds in [5.0, 60, 120, 300, 400] {
            let dark = try DarkInterpolation.dark(exposureSeconds: seconds, shorter: short, longer: long)
            let pulls = dark.image.pixels.indices.map { i -> Double in
                let corner = Double(i % 128 + i / 128) / 40
                let truth = 400 * exp(-corner) + (0.1 + 0.05 * exp(-corner)) * seconds
                return (Double(dark.image.pixels[i]) - truth) / Double(dark.error.pixels[i])
            }
            #expect(abs(moments(pulls).mean) < 0.05 && abs(moments(pulls).deviation - 1) < 0.05)
            #expect(dark.facts.flags.contains(.darkScaled) == (seconds < 30 || seconds > 300))
            #expect(dark.facts.biasID == "bias")
        }
        // The long dark scaled by 60/300 keeps a fifth of the glow only.
        #expect(abs(long.image[0, 0] / 5 - short.image[0, 0]) > 250)
    }

    @Test("darks that cannot be interpolated are refused by name")
    func refusals() {
        let sensor = Sensor(typicalRate: 1)
        let cold = sensor.master("c", seconds: 60, celsius: -15, error: 1, seed: 1)
        var warm = sensor.master("w", seconds: 60, celsius: -10, error: 1, seed: 2)
        #expect(throws: CalibrationError.self) {
            try DarkInterpolation.dark(atCelsius: -5, exposureSeconds: 60, colder: cold, warmer: warm)
        }
        #expect(throws: CalibrationError.self) {
            try DarkInterpolation.dark(exposureSeconds: 30, shorter: cold, longer: warm)
        }
        warm.facts.flags.insert(.containsBias)
        let error = #expect(throws: CalibrationError.self) {
            try DarkInterpolation.dark(atCelsius: -12, exposureSeconds: 60, colder: cold, warmer: warm)
        }
        #expect(error?.description.contains("w contains the bias") == true)
    }

    @Test("a pair is chosen only where no single dark fits, the nearest on both sides, and says why")
    func choice() {
        let masters = [
            facts("c20", seconds: 60, celsius: -20), facts("c15", seconds: 60, celsius: -15),
            facts("w10", seconds: 60, celsius: -10), facts("w0", seconds: 60, celsius: 0),
            facts("s10", seconds: 300, celsius: -10),
        ]
        func pair(_ seconds: Double, _ celsius: Double?, _ model: DarkExposureModel = .proportional) -> DarkPair? {
            let found = MasterSelection.darkPair(
                for: light(seconds: seconds, celsius: celsius), among: masters, hasBias: true, model: model)
            let turned = MasterSelection.darkPair(
                for: light(seconds: seconds, celsius: celsius), among: masters.reversed(), hasBias: true, model: model)
            #expect(found == turned)
            return found
        }
        let between = pair(60, -12.5)
        #expect(between?.first.id == "c15" && between?.second.id == "w10" && between?.kind == .temperature)
        #expect(between?.reason == "dark interpolated to -12.5 C between 60 s at -15 C and 60 s at -10 C")
        #expect(pair(60, -10.5) == nil, "a single dark fits")
        #expect(pair(120, -10) == nil, "scaled, as the document says nothing of glow")
        let exposures = pair(120, -10, .affine)
        #expect(exposures?.first.id == "w10" && exposures?.second.id == "s10" && exposures?.kind == .exposure)
        #expect(pair(60, -40) == nil && pair(60, 10) == nil && pair(60, nil) == nil)
        #expect(pair(1000, -12.5) == nil, "too short to scale")
        #expect(
            MasterSelection.darkPair(for: light(seconds: 60, celsius: -12.5), among: masters, hasBias: false) == nil)
    }
}
