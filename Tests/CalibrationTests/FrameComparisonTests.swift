import Calibration
import Imaging
import Simulation
import Testing

@Suite("Calibration frames compared with one another")
struct FrameComparisonTests {
    private func deviating(
        _ frames: Frames, _ kind: FrameKind, bias: Master<ADU>? = nil
    ) -> FrameComparison.Outcome {
        var comparison = FrameComparison(kind: kind, bias: bias, dark: nil, for: frames.builder())
        for facts in frames.facts where facts.kind == kind {
            comparison.add(facts, pixels: frames.images[facts.id]!.pixels)
        }
        return comparison.outcome()
    }

    private func biases(_ count: Int = 9) -> Frames {
        var frames = Frames(Frames.instrument())
        frames.take(.bias, count: count)
        return frames
    }

    @Test("frames of one kind go together, whatever hot pixels and cosmic rays they have", arguments: [3, 4, 5, 9])
    func alike(count: Int) {
        var frames = biases(count)
        for index in 0..<count { frames.take(.dark, count: 1, seconds: index > 0 ? 60 : 60.2) }
        for (index, id) in frames.facts.map(\.id).enumerated() {
            frames.change(id) { image in
                for i in stride(from: index, to: image.pixels.count, by: 30) { image.pixels[i] += 3000 }
            }
        }
        for kind in [FrameKind.bias, .dark] {
            let found = deviating(frames, kind)
            #expect(found.deviating.isEmpty && found.restAgrees)
        }
    }

    @Test("a light, another level, another noise, a pattern and a light leak among biases are named with the reason")
    func biasKinds() throws {
        let changes: [(String, (inout Image<ADU>) -> Void)] = [
            ("its level", { image in for i in image.pixels.indices { image.pixels[i] *= 10 } }),
            ("its level", { image in for i in image.pixels.indices { image.pixels[i] += 15 } }),
            ("of its pixels", { image in for i in image.pixels.indices { image.pixels[i] += 40 } }),
            (
                "its noise",
                { image in
                    var random = RandomStream(seed: 4)
                    for i in image.pixels.indices { image.pixels[i] += Float(8 * random.gaussian()) }
                }
            ),
            (
                "of its pixels",
                { image in for i in stride(from: 0, to: image.pixels.count, by: 9) { image.pixels[i] += 90 } }
            ),
            (
                "its structure",
                { image in
                    for y in 0..<image.height { for x in 0..<60 { image[x, y] += 12 } }
                }
            ),
        ]
        for (said, change) in changes {
            var frames = biases()
            frames.change("bias-4", change)
            let found = deviating(frames, .bias)
            #expect(found.deviating.map(\.id) == ["bias-4"] && found.restAgrees, "\(said): \(found)")
            #expect(found.deviating.first?.deviation.description.contains(said) == true, "\(said): \(found)")
        }
    }

    @Test("of three frames the odd one is found; two against two are nobody's to judge")
    func few() {
        var three = biases(3)
        three.change("bias-1") { image in for i in image.pixels.indices { image.pixels[i] += 100 } }
        #expect(deviating(three, .bias).deviating.map(\.id) == ["bias-1"])
        var four = biases(4)
        for id in ["bias-1", "bias-3"] {
            four.change(id) { image in for i in image.pixels.indices { image.pixels[i] += 100 } }
        }
        #expect(!deviating(four, .bias).restAgrees)
        #expect(deviating(biases(2), .bias).restAgrees)
    }

    /// Light that falls by `slope` from the left edge to the right one.
    private func flat(_ frames: inout Frames, electrons: Double, slope: Double, seconds: Double = 2) {
        var light = LightMap(width: 256, height: 256, level: 0)
        for index in light.electrons.indices {
            light.electrons[index] = electrons * (1 + slope * (Double(index % 256) / 255 - 0.5))
        }
        frames.add(.flat, seconds: seconds, light: light)
    }

    @Test(
        "twilight flats of different levels and slightly different slopes go together; one of another lamp does not"
    )
    func flats() throws {
        var frames = biases()
        let bias = try frames.masters(withDark: false, withFlat: false).bias
        for (index, electrons) in [3_000.0, 60_000, 12_000, 40_000, 6_000, 25_000].enumerated() {
            flat(&frames, electrons: electrons, slope: 0.01 * Double(index % 3))
        }
        #expect(deviating(frames, .flat, bias: bias).deviating.isEmpty)
        #expect(deviating(frames, .flat, bias: bias).restAgrees)
        flat(&frames, electrons: 30_000, slope: 0.12)
        let found = deviating(frames, .flat, bias: bias)
        #expect(found.deviating.map(\.id) == [frames.facts.last!.id] && found.restAgrees)
        #expect(found.deviating[0].deviation.description.contains("%"))
    }

    @Test("frames that the builder refuses by themselves, and tiny ones, are not compared")
    func unusable() {
        var frames = biases(4)
        frames.change("bias-0") { image in for i in image.pixels.indices { image.pixels[i] = .nan } }
        frames.change("bias-1") { image in for i in image.pixels.indices { image.pixels[i] = 7 } }
        #expect(deviating(frames, .bias).deviating.isEmpty && deviating(frames, .bias).restAgrees)
        var comparison = FrameComparison(kind: .bias, bias: nil, dark: nil, for: frames.builder())
        var facts = frames.facts[0]
        facts.mode = DetectorMode(instrument: "cam", width: 4, height: 4)
        for level in [1, 2, 300] { comparison.add(facts, pixels: (0..<16).map { Float($0 + level) }) }
        #expect(comparison.outcome().deviating.isEmpty)
    }
}
