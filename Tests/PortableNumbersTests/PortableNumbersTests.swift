import Foundation
import PortableNumbers
import Testing

@Suite("Numbers that are the same on every machine")
struct PortableNumbersTests {
    @Test("exponential and logarithm are those of the library to their last digits")
    func elementary() {
        for step in -400...400 {
            let x = Double(step) * 0.37
            #expect(abs(Elementary.exp(x) / exp(x) - 1) < 4e-15)
            #expect(abs(Elementary.log(exp(x)) - x) < 4e-16 * max(abs(x), 1))
        }
        #expect(Elementary.exp(-1e9) == 0 && Elementary.log(1) == 0)
    }

    @Test("the words are those of the published generator, and shuffles follow from them")
    func words() {
        // The reference implementation (Vigna, splitmix64.c, public domain) started from 1234567.
        var random = SplitMix64(seed: 1_234_567)
        #expect(
            (0..<3).map { _ in random.next() } == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            ])
        var (first, second) = (SplitMix64(seed: 4), SplitMix64(seed: 4))
        #expect(Array(0..<50).shuffled(using: &first) == Array(0..<50).shuffled(using: &second))
    }

    @Test("uniform and Gaussian numbers have their moments")
    func moments() {
        var random = SplitMix64(seed: 2)
        let uniform = (0..<100_000).map { _ in random.uniform() }
        #expect(abs(uniform.reduce(0, +) / 1e5 - 0.5) < 0.004 && uniform.allSatisfy { $0 > 0 && $0 < 1 })
        let gaussian = (0..<100_000).map { _ in random.gaussian() }
        let moments = (1...4).map { power in gaussian.reduce(0) { $0 + pow($1, Double(power)) } / 1e5 }
        #expect(abs(moments[0]) < 0.013 && abs(moments[1] - 1) < 0.018)
        #expect(abs(moments[2]) < 0.05 && abs(moments[3] - 3) < 0.15)
    }

    @Test("counts have the shares of Poisson's law, by both methods", arguments: [0.02, 0.7, 3, 9.9, 10, 25, 400])
    func poisson(mean: Double) {
        var random = SplitMix64(seed: UInt64(1000 * mean))
        let trials = 100_000
        var counts: [Int: Int] = [:]
        for _ in 0..<trials { counts[Int(random.poisson(mean)), default: 0] += 1 }
        // Chi^2 over the counts that are expected twenty times or more; the rest in one.
        var (chiSquared, bins, rest, restFound) = (0.0, 0, Double(trials), trials)
        for count in 0...Int(mean + 10 * mean.squareRoot() + 10) {
            let expected = Double(trials) * exp(Double(count) * log(mean) - mean - lgamma(Double(count) + 1))
            guard expected >= 20 else { continue }
            let found = counts[count, default: 0]
            chiSquared += (Double(found) - expected) * (Double(found) - expected) / expected
            (bins, rest, restFound) = (bins + 1, rest - expected, restFound - found)
        }
        #expect(chiSquared < Double(bins) + 4 * (2 * Double(bins)).squareRoot() + 4, "\(chiSquared) in \(bins)")
        #expect(abs(Double(restFound) - rest) < 5 * max(rest, 1).squareRoot() + 3)
        #expect(random.poisson(0) == 0 && random.poisson(-3) == 0)
    }
}
