import Simulation
import Testing

@Suite struct RandomStreamTests {
    private func moments(_ count: Int, _ draw: () -> Double) -> (mean: Double, variance: Double) {
        var sum = 0.0
        var squares = 0.0
        for _ in 0..<count {
            let value = draw()
            sum += value
            squares += value * value
        }
        let mean = sum / Double(count)
        return (mean, squares / Double(count) - mean * mean)
    }

    @Test("a stream is a function of seed and labels, and labels do not commute")
    func reproducible() {
        func first(_ stream: RandomStream) -> [UInt64] {
            var stream = stream
            return (0..<4).map { _ in stream.next() }
        }
        #expect(first(RandomStream(seed: 7, 1, 2)) == first(RandomStream(seed: 7, 1, 2)))
        #expect(first(RandomStream(seed: 7, 1, 2)) != first(RandomStream(seed: 7, 2, 1)))
        #expect(first(RandomStream(seed: 7, 1)) != first(RandomStream(seed: 8, 1)))
        #expect(first(RandomStream(seed: 0)) != [0, 0, 0, 0])
    }

    @Test("Gaussian numbers have mean 0, variance 1 and 0.27 % beyond 3 sigma")
    func gaussian() {
        var stream = RandomStream(seed: 3)
        var beyond = 0
        let count = 200_000
        let found = moments(count) {
            let value = stream.gaussian()
            if abs(value) > 3 { beyond += 1 }
            return value
        }
        #expect(abs(found.mean) < 5 / Double(count).squareRoot())
        #expect(abs(found.variance - 1) < 5 * (2 / Double(count)).squareRoot())
        #expect(abs(Double(beyond) / Double(count) - 0.0027) < 0.0006)
    }

    @Test(
        "a Poisson count has mean and variance equal to its mean, in both algorithms",
        arguments: [0.01, 0.5, 3, 9.99, 10.01, 47, 1000, 60_000])
    func poisson(mean: Double) {
        var stream = RandomStream(seed: 11, UInt64(mean * 100))
        let count = 100_000
        let found = moments(count) { stream.poisson(mean) }
        #expect(abs(found.mean - mean) < 5 * (mean / Double(count)).squareRoot())
        // Variance of the sample variance: mu4 - sigma^4 = lambda + 2 lambda^2.
        #expect(abs(found.variance - mean) < 5 * ((mean + 2 * mean * mean) / Double(count)).squareRoot())
    }

    @Test("a Poisson count without light is zero")
    func noLight() {
        var stream = RandomStream(seed: 1)
        #expect(stream.poisson(0) == 0)
        #expect(stream.poisson(-5) == 0)
        #expect(stream.poisson(.nan) == 0)
    }

    @Test("the third moment of a Poisson count is right where the algorithm changes")
    func poissonSkewness() {
        for mean in [9.5, 10.5] {
            var stream = RandomStream(seed: 5, UInt64(mean * 10))
            let count = 200_000
            var third = 0.0
            for _ in 0..<count {
                let offset = stream.poisson(mean) - mean
                third += offset * offset * offset
            }
            // E (k - lambda)^3 = lambda; its scatter is sqrt(15) lambda^1.5 / sqrt(n).
            #expect(abs(third / Double(count) - mean) < 5 * 4 * mean * mean.squareRoot() / Double(count).squareRoot())
        }
    }
}
