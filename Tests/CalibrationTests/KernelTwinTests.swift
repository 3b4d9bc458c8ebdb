import CKernels
import Imaging
import Simulation
import Testing

@testable import Calibration

/// Every kernel in C gives the bits of a plain loop.
@Suite struct KernelTwinTests {
    /// Pixels of a stack that ask for different things: noise, ties, outliers, numbers missing here and there.
    private func stack(planes: Int, pixels: Int, kind: Int, seed: Int) -> [[Float]] {
        var random = RandomStream(seed: 5, UInt64(seed * 1000 + planes * 10 + kind))
        return (0..<planes).map { _ in
            (0..<pixels).map { pixel in
                let value = Float(1000 + 5 * random.gaussian())
                let chance = random.uniform(0...1)
                switch kind {
                case 0: return value
                case 1: return (value / 4).rounded() * 4
                case 2: return chance < 0.1 ? value + 5000 : value
                case 3: return chance < 0.2 ? [.nan, .infinity, -.infinity][Int(chance * 1000) % 3] : value
                case 4: return chance < 0.5 ? -0.0 : (chance < 0.8 ? 0 : value - 1000)
                default: return pixel % 3 == 0 ? [1e30, -3e38, 3e38, 7][Int(chance * 1000) % 4] : 42
                }
            }
        }
    }

    @Test("a stack combined side by side has the bits of each pixel combined alone", arguments: 0...5)
    func stacks(kind: Int) {
        for planes in 1...70 {
            // Short of a vector, one, and one with a rest.
            for pixels in planes % 4 == 0 ? [planes % 15 + 1, 16, 19] : [17] {
                let frames = stack(planes: planes, pixels: pixels, kind: kind, seed: pixels)
                for method in [CombineMethod.median, .clippedMean(sigma: 4), .clippedMean(sigma: 0.3)] {
                    compare(frames, method, noise: kind == 4 ? 0 : 5, poisson: planes % 2 == 0 ? 0.5 : 0)
                }
            }
        }
    }

    private func compare(_ frames: [[Float]], _ method: CombineMethod, noise: Double, poisson: Double) {
        let (planes, pixels) = (frames.count, frames[0].count)
        let combiner = PixelCombiner(count: planes, method: method, noise: noise, level: 998, poisson: poisson)
        let flat = frames.flatMap { $0 }
        var values = [Float](repeating: 0, count: pixels)
        var errors = values
        flat.withUnsafeBufferPointer { flat in
            let images = (0..<planes).map { flat.baseAddress! + $0 * pixels }
            combiner.combine(images, from: 0, count: pixels, into: &values, errors: &errors)
        }
        let twin = StackTwin(rule: combiner.rule)
        for pixel in 0..<pixels {
            let expected = twin.combine(frames.map { $0[pixel] })
            let same = values[pixel].bitPattern == expected.value.bitPattern || values[pixel].isNaN
            #expect(same && values[pixel].isNaN == expected.value.isNaN, "\(planes) planes, \(method)")
            #expect(errors[pixel].bitPattern == expected.error.bitPattern, "\(planes) planes, \(method)")
        }
    }

    @Test("the network sorts every sequence of zeros and ones, and so anything", arguments: 1...13)
    func networks(count: Int) {
        // Knuth, The Art of Computer Programming 3, 5.3.4: theorem Z.
        for pattern in 0..<(1 << count) {
            var bits = pattern
            for pair in SortingNetwork(count: count).comparators where (bits >> Int(pair.low)) & 1 == 1 {
                if (bits >> Int(pair.high)) & 1 == 0 { bits ^= 1 << Int(pair.low) | 1 << Int(pair.high) }
            }
            let ones = pattern.nonzeroBitCount
            if bits != ((1 << ones) - 1) << (count - ones) { Issue.record("\(pattern) of \(count)") }
        }
    }
}
