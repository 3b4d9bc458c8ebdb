import Detection
import Foundation
import Imaging
import PSF
import PortableNumbers
import Testing

@testable import Completeness
@testable import Simulation

@Suite struct CompletenessTests {
    private static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

    private static func deviation(_ values: [Double]) -> Double {
        let mean = mean(values)
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
    }

    /// Differences, artificial minus true, of the magnitudes at a half and nine tenths over several frames.
    private func differences(
        _ field: TestField, frames: Int, tried: Int, starCount: Int = 400
    ) throws -> (half: Double, nineTenths: Double) {
        let renderer = TestFieldRenderer(field)
        var truth = TrueEfficiency()
        var (half, nineTenths): ([Double], [Double]) = ([], [])
        for index in 0..<frames {
            let frame = renderer.render(frame: index)
            let detections = detect(TrueEfficiency.calibrated(frame.image, of: field))
            truth.add(frame.stars, detections.sources, fwhmPixels: field.pointSpread.fwhmPixels)
            guard index < tried else { continue }
            let parameters = CompletenessParameters(starCount: starCount)
            let measured = try measureCompleteness(detections, parameters).get()
            half.append(try #require(measured.magnitude50))
            nineTenths.append(try #require(measured.magnitude90))
        }
        let (trueHalf, trueNine) = (
            try #require(truth.magnitude(at: 0.5)), try #require(truth.magnitude(at: 0.9))
        )
        return (Self.mean(half) - trueHalf, Self.mean(nineTenths) - trueNine)
    }

    @Test(
        "artificial stars are found as often as isolated real ones",
        arguments: [PointSpread.gaussian, .moffat(beta: 3)])
    func isolated(profile: PointSpread) throws {
        var field = TrueEfficiency.field(size: 512, perThousandPixels: 0.6, profile: profile)
        field.signalToNoise = 2...20
        field.seed = 5
        let difference = try differences(field, frames: 40, tried: 8)
        #expect(abs(difference.half) < 0.1)
        #expect(abs(difference.nineTenths) < 0.1)
    }

    @Test("artificial stars are found as often as real ones among 20,000 per 2048 x 2048")
    func crowded() throws {
        var field = TrueEfficiency.field(size: 512, perThousandPixels: 4.8)
        (field.layout, field.fluxSlope) = (.dense, 0.75)
        field.signalToNoise = 2.5...1000
        field.seed = 6
        let difference = try differences(field, frames: 32, tried: 8, starCount: 2000)
        #expect(abs(difference.half) < 0.1)
        #expect(abs(difference.nineTenths) < 0.1)
    }

    @Test("errors of the magnitudes are those that other artificial stars show", arguments: [0.6, 4.8])
    func errors(density: Double) throws {
        var field = TrueEfficiency.field(size: 512, perThousandPixels: density)
        (field.layout, field.fluxSlope) = (.dense, 0.75)
        let frame = TestFieldRenderer(field).render(frame: 3)
        let detections = detect(TrueEfficiency.calibrated(frame.image, of: field))
        var measured: [FrameCompleteness] = []
        for stream in 1...40 {
            let parameters = CompletenessParameters(starCount: 400, stream: UInt64(stream))
            measured.append(try measureCompleteness(detections, parameters).get())
        }
        for (magnitudes, errors) in [
            (measured.compactMap(\.magnitude50), measured.compactMap(\.magnitude50Error)),
            (measured.compactMap(\.magnitude90), measured.compactMap(\.magnitude90Error)),
        ] {
            #expect(magnitudes.count == 40 && errors.count == 40)
            // Errors differ from one set of stars to another: each is judged by its own.
            let mean = Self.mean(magnitudes)
            let width = Self.deviation(zip(magnitudes, errors).map { ($0 - mean) / $1 })
            // The width of 40 values is known to 11 %.
            #expect(width > 0.75 && width < 1.3)
        }
    }

    @Test("a window around a star gives the decision of the whole frame", arguments: [0.7, 4.8])
    func windows(density: Double) throws {
        var field = TrueEfficiency.field(size: 400, perThousandPixels: density)
        (field.layout, field.fluxSlope) = (.dense, 0.75)
        let frame = TestFieldRenderer(field).render(frame: 0)
        let detections = detect(TrueEfficiency.calibrated(frame.image, of: field))
        let model = try #require(PointSpreadModel.sketch(detections))
        let (near, whole) = (
            StarInjection(detections, model), StarInjection(detections, model, searchesWholeFrame: true)
        )
        var random = SplitMix64(seed: 11)
        var trials = near.trials(at: JitteredGrid(count: 400, width: 400, height: 400).places(&random))
        var different = 0
        for index in trials.indices {
            trials[index].flux = trials[index].fluxError * (2 + 6 * random.uniform())
            var (other, same) = (trials[index], random)
            near.run(&trials[index], &random)
            whole.run(&other, &same)
            #expect(other.measuredFlux == trials[index].measuredFlux)
            if other.isRecovered != trials[index].isRecovered { different += 1 }
        }
        #expect(different <= 1)
    }

    @Test("half of the stars at the threshold are found, and the formula says where that is")
    func formula() throws {
        var field = TrueEfficiency.field(size: 768, perThousandPixels: 0.2, profile: .gaussian)
        field.signalToNoise = 30...300
        let frame = TestFieldRenderer(field).render(frame: 0)
        for threshold in [4.0, 8] {
            let detections = detect(
                TrueEfficiency.calibrated(frame.image, of: field), DetectionParameters(threshold: threshold))
            let measured = try measureCompleteness(detections, CompletenessParameters(starCount: 1000)).get()
            let half = try #require(measured.magnitude50)
            // F / error at a half is the threshold, less what the best of several pixels gains by noise.
            let expected = measured.limitingMagnitude5Sigma + 2.5 * log10(5 / threshold)
            #expect(abs(half - expected) < 0.1)
            // 1 / sqrt(sum P^2 / V) of a Gaussian of 3.2 px on pixels.
            let variance = field.backgroundVariance
            let width = 3.2 * 3.2 / (2.354_82 * 2.354_82) + 1.0 / 12
            #expect(abs(measured.fluxError / (4 * .pi * width * variance).squareRoot() - 1) < 0.05)
            #expect(
                abs(measured.limitingMagnitude3Sigma - measured.limitingMagnitude5Sigma - 2.5 * log10(5.0 / 3)) < 1e-9)
            #expect(abs(try #require(measured.pullMedian)) < 0.15)
            #expect(abs(try #require(measured.pullWidth) - 1) < 0.12)
            #expect(try #require(measured.fluxBias) > -0.02 && measured.fluxBias ?? 1 < 0.1)
        }
    }

    @Test("the table holds every star once, and its isotonic shares never rise")
    func table() throws {
        let field = TrueEfficiency.field(size: 300, perThousandPixels: 2)
        let frame = TestFieldRenderer(field).render(frame: 0)
        let detections = detect(TrueEfficiency.calibrated(frame.image, of: field))
        let measured = try measureCompleteness(detections, CompletenessParameters(starCount: 200)).get()
        #expect(measured.injected >= 200 && measured.injected <= 240)
        #expect(measured.efficiency.reduce(0) { $0 + $1.injected } == measured.injected)
        #expect(measured.efficiency.reduce(0) { $0 + $1.recovered } == measured.recovered)
        for (bright, faint) in zip(measured.efficiency, measured.efficiency.dropFirst()) {
            #expect(bright.magnitude < faint.magnitude && bright.isotonic >= faint.isotonic)
        }
        #expect(try measureCompleteness(detections, CompletenessParameters(starCount: 200)).get() == measured)
        let other = CompletenessParameters(starCount: 200, stream: 1)
        #expect(try measureCompleteness(detections, other).get() != measured)
    }
}
