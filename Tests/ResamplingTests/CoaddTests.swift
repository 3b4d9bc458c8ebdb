internal import Glibc
internal import Imaging
internal import PortableNumbers
internal import Resampling
internal import Testing

@Suite struct CoaddTests {
    static func noisy(_ seed: UInt64, sigma: Double, sky: Double = 100, side: Int = 120) -> CalibratedFrame {
        var random = SplitMix64(seed: seed)
        return CalibratedFrame(
            signal: Image(
                width: side, height: side,
                pixels: (0..<(side * side)).map { _ in Float(sky + sigma * random.gaussian()) }),
            variance: Image(width: side, height: side, filledWith: Float(sigma * sigma)),
            mask: Mask(width: side, height: side))
    }

    @Test("the noise of a stack is what its variance says", arguments: CoaddMethod.allCases, [2, 3, 7, 12, 13])
    func noise(method: CoaddMethod, count: Int) throws {
        let frames = (0..<count).map { Self.noisy(UInt64($0 + 1), sigma: 4, side: 64) }
        let stack = try #require(coadd(frames, method: method))
        let pulls = stack.frame.signal.pixels.indices.map { index in
            let distance = Double(stack.frame.signal.pixels[index]) - 100
            return distance * distance / Double(stack.frame.variance.pixels[index])
        }
        // 4,096 pixels: 2.2 %; the skies, known from a hundred pixels, add a hundredth or two.
        #expect(abs(pulls.reduce(0, +) / Double(pulls.count) - 1) < 0.1)
        #expect(stack.counts.allSatisfy { Int($0) == count })
    }

    @Test("unequal frames are weighted by their variance, and their skies brought together")
    func weights() throws {
        let frames = [Self.noisy(1, sigma: 1), Self.noisy(2, sigma: 10, sky: 350)]
        let stack = try #require(coadd(frames))
        #expect(abs(stack.offsets[1] + 250) < 2 && stack.offsets[0] == 0)
        #expect(abs(stack.frame.variance[5, 5] - 1 / 1.01) < 1e-5)
        let expected = (frames[0].signal[5, 5] + (frames[1].signal[5, 5] + stack.offsets[1]) / 100) / 1.01
        #expect(abs(stack.frame.signal[5, 5] - expected) < 1e-3)
    }

    @Test("frames through clouds are brought to one scale, weighted by scale^2 / variance, with the photons they have")
    func scales() throws {
        let scales = [1, 0.5, 0.8]
        // A flat light of 4000 behind clouds, on a sky of 100 that the clouds do not change.
        var frames = scales.indices.map { Self.noisy(UInt64($0 + 40), sigma: 5) }
        for (index, scale) in scales.enumerated() {
            for y in 40..<80 { for x in 40..<80 { frames[index].signal[x, y] += Float(4000 * scale) } }
        }
        for method in CoaddMethod.allCases {
            let stack = try #require(coadd(frames, method: method, scales: scales))
            var (light, count) = (0.0, 0.0)
            for y in 40..<80 {
                for x in 40..<80 { (light, count) = (light + Double(stack.frame.signal[x, y]), count + 1) }
            }
            let sky = Double(stack.frame.signal.pixels.sorted()[stack.frame.signal.pixels.count * 4 / 9])
            #expect(abs(light / count - sky - 4000) < 2)
        }
        let mean = try #require(coadd(frames, scales: scales))
        let weights = scales.map { $0 * $0 / 25 }
        let sum = weights.reduce(0, +)
        #expect(abs(Double(mean.frame.variance[5, 5]) * sum - 1) < 1e-5)
        // Each frame has scale * F photons of a star.
        let photons = zip(weights, scales).reduce(0) { $0 + $1.0 * $1.0 / $1.1 } / (sum * sum)
        #expect(abs(mean.effectiveFrames * photons - 1) < 1e-6)
        #expect(try #require(coadd([frames[0], frames[0]])).effectiveFrames == 2)
        let median = try #require(coadd(frames, method: .median, scales: scales))
        #expect(abs(median.effectiveFrames - 9 / (1.3460 * (1 + 2 + 1.25))) < 1e-9)
        #expect(coadd(frames, scales: [1, 2]) == nil && coadd(frames, scales: [1, 0, 1]) == nil)
        #expect(coadd(frames, scales: [1, .nan, 1]) == nil)
    }

    @Test("flagged pixels give way to the other frames; where there is none, there is no value")
    func masks() throws {
        var frames = (0..<3).map { Self.noisy(UInt64($0 + 20), sigma: 2) }
        for index in 0..<2 { frames[index].mask[10, 11] = .bad }
        for index in 0..<3 { frames[index].mask[30, 31] = [.bad] }
        frames[1].mask[50, 51] = .saturated
        frames[2].signal[70, 71] = .nan
        frames[0].signal[90, 91] = 1e6
        for method in CoaddMethod.allCases {
            let stack = try #require(coadd(frames, method: method))
            #expect(stack.frame.mask[10, 11] == [] && stack.counts[11 * 120 + 10] == 1)
            #expect(abs(stack.frame.variance[10, 11] - 4) < 1e-5)
            #expect(stack.frame.signal[30, 31].isNaN && stack.frame.mask[30, 31] == [.bad, .noData])
            #expect(stack.frame.mask[50, 51] == .saturated && stack.counts[51 * 120 + 50] == 3)
            #expect(stack.counts[71 * 120 + 70] == 2 && stack.frame.signal[70, 71].isFinite)
            #expect((abs(stack.frame.signal[90, 91] - 100) < 8) == (method == .median))
        }
    }

    @Test("no frames and frames of different shapes make no stack")
    func shapes() {
        #expect(coadd([]) == nil)
        #expect(coadd([Self.noisy(1, sigma: 1, side: 8), Self.noisy(1, sigma: 1, side: 9)]) == nil)
    }
}
