import Foundation
import LightCurves
import PortableNumbers
import Testing

/// Stars seen by several instruments with known offsets.
struct SimulatedInstruments {
    var measurements: [InstrumentMeasurement] = []
    var colours: [String: Double] = [:]
    let offsets: [Double]
    let colourTerms: [Double]

    static func name(_ instrument: Int) -> String { "tel-\(instrument)" }

    /// - Parameters:
    ///   - variable: part of the stars that vary: half from point to point, half slowly, by instrument.
    ///   - share: part of the stars that an instrument sees.
    init(
        seed: UInt64, stars: Int, instruments: Int = 5, variable: Double = 0.2, share: Double = 0.6,
        floor: Double = 0, colourTerms: [Double]? = nil
    ) {
        var random = SplitMix64(seed: seed)
        func uniform() -> Double { Double.random(in: 0..<1, using: &random) }
        offsets = (0..<instruments).map { (instrument: Int) -> Double in
            guard instrument > 0 else { return 0 }
            return 0.4 * Double(instrument % 3) - 0.35 + 0.01 * Double(instrument)
        }
        self.colourTerms = colourTerms ?? [Double](repeating: 0, count: instruments)
        for star in 0..<stars {
            let (magnitude, colour) = (11 + 5 * uniform(), 0.3 + 1.2 * uniform())
            colours["s\(star)"] = colour
            let amplitude = uniform() < variable ? 0.05 * pow(10, 1.2 * uniform()) : 0
            let isSlow = uniform() < 0.5
            for instrument in 0..<instruments where uniform() < share {
                let slow = (isSlow ? amplitude : 0) * random.gaussian() + floor * random.gaussian()
                let error = (0.004 + 0.03 * pow(10, 0.3 * (magnitude - 16))) * (0.7 + uniform())
                for _ in 0..<(1 + Int(12 * uniform())) {
                    let quick = (isSlow ? 0 : amplitude) * random.gaussian()
                    let reddened: Double = self.colourTerms[instrument] * (colour - 0.9)
                    let value: Double = magnitude + offsets[instrument] + reddened + slow + quick
                    measurements.append(
                        InstrumentMeasurement(
                            star: "s\(star)", instrument: Self.name(instrument),
                            magnitude: value + error * random.gaussian(), error: error))
                }
            }
        }
    }
}

@Suite("Offsets between instruments")
struct InstrumentOffsetsTests {
    /// Root mean square of (offset - truth) / error over many simulations, of all instruments but the gauge.
    static func pullWidth(
        _ seeds: Range<UInt64>, _ make: (UInt64) -> SimulatedInstruments
    ) throws -> (width: Double, mean: Double, worst: Double) {
        var pulls: [Double] = []
        for seed in seeds {
            let simulated = make(seed)
            let solved = try InstrumentOffsets(simulated.measurements, gauge: SimulatedInstruments.name(0))
            for (offset, truth) in zip(solved.offsets, simulated.offsets).dropFirst() {
                pulls.append((offset.magnitude - truth) / offset.error)
            }
        }
        let mean = pulls.reduce(0, +) / Double(pulls.count)
        let square = pulls.reduce(0) { $0 + $1 * $1 } / Double(pulls.count)
        return (square.squareRoot(), mean, pulls.map { abs($0) }.max() ?? 0)
    }

    /// Of 150 seeds the widths are 0.99 and 0.97 (100 stars), 1.02 (60 stars, with a floor), 1.08 (30 stars with it).
    @Test(
        "errors are honest, with variable stars, flat-field floors and few stars: the pull has width 1",
        arguments: [(60, 0.0, 0.0, 1.1), (60, 0.3, 0.0, 1.1), (60, 0.2, 0.01, 1.1), (30, 0.2, 0.005, 1.2)])
    func pulls(stars: Int, variable: Double, floor: Double, limit: Double) throws {
        let pull = try Self.pullWidth(1..<61) {
            SimulatedInstruments(seed: $0, stars: stars, variable: variable, floor: floor)
        }
        #expect((0.9...limit).contains(pull.width) && abs(pull.mean) < 0.15 && pull.worst < 5, "\(pull)")
    }

    @Test("colour terms and offsets at the median colour are recovered with honest errors")
    func colours() throws {
        var pulls: [Double] = []
        for seed in UInt64(1)..<31 {
            let simulated = SimulatedInstruments(seed: seed, stars: 100, colourTerms: [0, 0.08, -0.05, 0.02, 0])
            let solved = try InstrumentOffsets(
                simulated.measurements, gauge: "tel-0", colours: simulated.colours)
            let reference = try #require(solved.referenceColour)
            for (index, offset) in solved.offsets.enumerated().dropFirst() {
                let term = simulated.colourTerms[index]
                let truth = simulated.offsets[index] + term * (reference - 0.9)
                pulls.append((offset.magnitude - truth) / offset.error)
                pulls.append(((offset.colourTerm ?? .nan) - term) / (offset.colourTermError ?? .nan))
            }
        }
        let width = (pulls.reduce(0) { $0 + $1 * $1 } / Double(pulls.count)).squareRoot()
        #expect((0.88...1.12).contains(width))
    }

    @Test("a light curve of five instruments has no steps once it is corrected")
    func noSteps() throws {
        let simulated = SimulatedInstruments(seed: 5, stars: 150)
        let solved = try InstrumentOffsets(simulated.measurements, gauge: "tel-2")
        #expect(solved.offsets.map(\.instrument) == (0..<5).map { "tel-\($0)" } && solved.unconnected.isEmpty)
        let zero = solved.offsets[2]
        #expect(zero.magnitude == 0 && zero.error == 0 && solved.covariance[2].allSatisfy { $0 == 0 })
        for instrument in 0..<5 where instrument != 2 {
            // A constant 13.0 mag as this instrument publishes it.
            let published = 13 + simulated.offsets[instrument] - simulated.offsets[2]
            let corrected = try #require(solved.corrected(published, by: "tel-\(instrument)"))
            let offset = solved.offsets[instrument]
            #expect(abs(corrected - 13) < 4 * offset.error && offset.error < 0.003)
            #expect(abs(solved.covariance[instrument][instrument].squareRoot() - offset.error) < 1e-12)
        }
        #expect(solved.corrected(13, by: "another") == nil)
    }

    @Test("another gauge moves all offsets alike; order, and stars of one instrument, change nothing")
    func gauges() throws {
        let simulated = SimulatedInstruments(seed: 9, stars: 60)
        let first = try InstrumentOffsets(simulated.measurements, gauge: "tel-0")
        let other = try InstrumentOffsets(simulated.measurements, gauge: "tel-3")
        for (left, right) in zip(first.offsets, other.offsets) {
            #expect(abs(left.magnitude - right.magnitude - first.offsets[3].magnitude) < 2e-6)
        }
        // The error of tel-1 against tel-3 is the same from both.
        let variance = first.covariance[1][1] + first.covariance[3][3] - 2 * first.covariance[1][3]
        #expect(abs(variance.squareRoot() / other.offsets[1].error - 1) < 1e-3)
        var random = SplitMix64(seed: 3)
        let alone = (0..<50).map {
            InstrumentMeasurement(star: "only-\($0)", instrument: "tel-4", magnitude: 14, error: 0.001)
        }
        let shuffled = (simulated.measurements + alone).shuffled(using: &random)
        #expect(try InstrumentOffsets(shuffled, gauge: "tel-0") == first)
    }

    @Test("a catalogue as gauge puts all instruments on its system, those without stars in common as well")
    func catalogue() throws {
        var measurements: [InstrumentMeasurement] = []
        for star in 0..<40 {
            let (truth, instrument) = (12 + 0.05 * Double(star), star % 2)
            measurements.append(
                InstrumentMeasurement(star: "s\(star)", instrument: "catalogue", magnitude: truth, error: 0.02))
            measurements.append(
                InstrumentMeasurement(
                    star: "s\(star)", instrument: "tel-\(instrument)",
                    magnitude: truth + 0.3 - 0.5 * Double(instrument) + (star % 4 < 2 ? 0.01 : -0.01), error: 0.005))
        }
        let solved = try InstrumentOffsets(measurements, gauge: "catalogue")
        #expect(abs(solved.offsets[1].magnitude - 0.3) < 1e-6 && abs(solved.offsets[2].magnitude + 0.2) < 1e-6)
        #expect(
            (0.9...1.4).contains(solved.offsets[1].error / (0.0206 / 20.0.squareRoot()))
                && solved.offsets[1].starCount == 20)
        let apart = try InstrumentOffsets(measurements.filter { $0.instrument != "catalogue" }, gauge: "tel-0")
        #expect(apart.offsets.map(\.instrument) == ["tel-0"] && apart.unconnected == [["tel-1"]])
    }

    @Test("groups without a star in common are named, and do not disturb the gauge's")
    func groups() throws {
        let simulated = SimulatedInstruments(seed: 21, stars: 60)
        let pair = simulated.measurements.filter { ["tel-0", "tel-1"].contains($0.instrument) }
        let far = simulated.measurements.filter { ["tel-3", "tel-4"].contains($0.instrument) }.map {
            InstrumentMeasurement(
                star: "far-" + $0.star, instrument: $0.instrument, magnitude: $0.magnitude, error: $0.error)
        }
        let single = InstrumentMeasurement(star: "lonely", instrument: "tel-9", magnitude: 10, error: 0.01)
        let solved = try InstrumentOffsets(pair + far + [single], gauge: "tel-1")
        #expect(solved.unconnected == [["tel-3", "tel-4"], ["tel-9"]])
        #expect(try solved.offsets == InstrumentOffsets(pair, gauge: "tel-1").offsets)
    }

    @Test("variable stars are recognised by their scatter, between points and between instruments")
    func scatter() throws {
        var simulated = SimulatedInstruments(seed: 33, stars: 50, variable: 0, share: 1)
        simulated.measurements = simulated.measurements.enumerated().map { index, point in
            var shift = 0.0
            if point.star == "s3", point.instrument == "tel-1" { shift = 0.5 }
            if point.star == "s4" { shift = 0.1 * Double(index % 3 - 1) }
            if point.star == "s5", index % 7 == 0 { shift = 3 }
            return InstrumentMeasurement(
                star: point.star, instrument: point.instrument, magnitude: point.magnitude + shift, error: point.error)
        }
        let solved = try InstrumentOffsets(simulated.measurements, gauge: "tel-0")
        let stars = Dictionary(uniqueKeysWithValues: solved.stars.map { ($0.id, $0) })
        #expect((0.1...0.5).contains(stars["s3"]?.scatterBetweenInstruments ?? 0))
        #expect((0.06...0.11).contains(stars["s4"]?.scatterOfPoints ?? 0))
        #expect(stars["s0"]?.scatterBetweenInstruments ?? 1 < 0.005 && stars["s0"]?.scatterOfPoints ?? 1 < 0.01)
        for (offset, truth) in zip(solved.offsets, simulated.offsets) {
            #expect(abs(offset.magnitude - truth) <= 4 * offset.error)
        }
    }

    @Test("hostile input: nothing, not a number, errors of zero, no gauge, one colour for all")
    func hostile() throws {
        #expect(throws: InstrumentOffsetError.gaugeNotMeasured("a")) { try InstrumentOffsets([], gauge: "a") }
        func point(_ star: String, _ instrument: String, _ magnitude: Double, _ error: Double) -> InstrumentMeasurement
        {
            InstrumentMeasurement(star: star, instrument: instrument, magnitude: magnitude, error: error)
        }
        let bad = [
            point("1", "b", .nan, 0.1), point("1", "b", 10, 0), point("1", "b", 10, -1), point("1", "b", .infinity, 1),
            point("1", "b", 10, .nan),
        ]
        #expect(throws: InstrumentOffsetError.gaugeNotMeasured("b")) { try InstrumentOffsets(bad, gauge: "b") }
        let one = try InstrumentOffsets(bad + [point("1", "a", 10, 0.01), point("1", "c", 10.5, 0.01)], gauge: "a")
        #expect(one.leftOutCount == 5 && one.offsets.count == 2 && abs(one.offsets[1].magnitude - 0.5) < 1e-6)
        #expect(one.offsets[1].error > 0.01)
        let alone = try InstrumentOffsets([point("1", "a", 10, 0.01)], gauge: "a")
        #expect(alone.offsets.map(\.magnitude) == [0] && alone.stars.isEmpty)
        let pair = (0..<5).flatMap { [point("\($0)", "a", 10, 0.01), point("\($0)", "c", 10.5, 0.01)] }
        let grey = Dictionary(uniqueKeysWithValues: (0..<5).map { ("\($0)", 0.7) })
        #expect(throws: InstrumentOffsetError.undetermined(["c"])) {
            try InstrumentOffsets(pair, gauge: "a", colours: grey)
        }
        let huge = try InstrumentOffsets(
            pair + [point("0", "a", 1e300, 1e-300), point("9", "c", -1e300, 1e300)], gauge: "a")
        #expect(abs(huge.offsets[1].magnitude - 0.5) < 1e-6 && huge.leftOutCount == 2)
    }
}
