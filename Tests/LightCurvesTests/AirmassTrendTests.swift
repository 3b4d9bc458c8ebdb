import LightCurves
import PortableNumbers
import Testing

@Suite("a straight line in airmass")
struct AirmassTrendTests {
    /// One night from airmass 2 through 1.05 to 1.6, with Gaussian noise of 5 to 10 mmag.
    private struct Night {
        var airmasses: [Double] = []
        var magnitudes: [Double] = []
        var errors: [Double] = []

        init(slope: Double, seed: UInt64, count: Int = 80) {
            var random = SplitMix64(seed: seed)
            for index in 0..<count {
                let hour = 4.5 * Double(index) / Double(count - 1) - 2.6
                let airmass = 1.05 + 0.14 * hour * hour
                let error = 0.005 + 0.001 * Double(index % 6)
                airmasses.append(airmass)
                errors.append(error)
                magnitudes.append(0.3 + slope * airmass + error * random.gaussian())
            }
        }

        var trend: AirmassTrend? { AirmassTrend(airmasses: airmasses, magnitudes: magnitudes, errors: errors) }
    }

    @Test("the slope comes back, with an error that is right, in 400 nights")
    func slope() throws {
        var pulls: [Double] = []
        for seed in 1...400 {
            let trend = try #require(Night(slope: 0.013, seed: UInt64(seed)).trend)
            pulls.append((trend.slope - 0.013) / trend.slopeError)
        }
        let mean = pulls.reduce(0, +) / 400
        let width = (pulls.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 399).squareRoot()
        #expect(abs(mean) < 0.15)
        #expect((0.88...1.08).contains(width))
    }

    @Test("detrended points scatter by their errors, at every airmass, and keep their mean")
    func detrended() throws {
        var (squares, count, ends) = (0.0, 0.0, 0.0)
        for seed in 1...200 {
            let night = Night(slope: -0.05, seed: UInt64(seed))
            let trend = try #require(night.trend)
            let level = 0.3 - 0.05 * trend.meanAirmass
            let first = trend.detrended(
                magnitude: night.magnitudes[0], error: night.errors[0], airmass: night.airmasses[0])
            ends += ((first.magnitude - level) / first.error) * ((first.magnitude - level) / first.error)
            for index in night.airmasses.indices {
                let point = trend.detrended(
                    magnitude: night.magnitudes[index], error: night.errors[index], airmass: night.airmasses[index])
                #expect(point.error >= night.errors[index])
                squares += ((point.magnitude - level) / point.error) * ((point.magnitude - level) / point.error)
                count += 1
            }
        }
        #expect((0.94...1.04).contains((squares / count).squareRoot()))
        #expect((0.75...1.15).contains((ends / 200).squareRoot()))
    }

    @Test("a few wild points change nothing, and are counted")
    func outliers() throws {
        var night = Night(slope: 0.02, seed: 7)
        let quiet = try #require(night.trend)
        for index in [3, 40, 77] { night.magnitudes[index] += index == 40 ? -0.8 : 1.5 }
        let trend = try #require(night.trend)
        #expect(trend.pointsClipped >= 3)
        #expect(abs(trend.slope - quiet.slope) < quiet.slopeError)
    }

    @Test("errors that are too small enlarge the slope's error by the scatter that is there")
    func understatedErrors() throws {
        var night = Night(slope: 0.02, seed: 11)
        let honest = try #require(night.trend)
        night.errors = night.errors.map { $0 / 5 }
        let trend = try #require(night.trend)
        #expect((0.7...1.4).contains(trend.slopeError / honest.slopeError))
    }

    @Test("points that are not numbers are left out; too few, or all at one airmass, give no line")
    func hostile() throws {
        var night = Night(slope: 0.02, seed: 3)
        let clean = AirmassTrend(
            airmasses: Array(night.airmasses.dropFirst(4)), magnitudes: Array(night.magnitudes.dropFirst(4)),
            errors: Array(night.errors.dropFirst(4)))
        night.airmasses[0] = .nan
        night.magnitudes[1] = .infinity
        night.errors[2] = 0
        night.errors[3] = -1
        #expect(night.trend == clean)
        #expect(AirmassTrend(airmasses: [1, 2, 3, 4], magnitudes: [1, 1, 1, 1], errors: [1, 1, 1, 1]) == nil)
        #expect(AirmassTrend(airmasses: [1, 2], magnitudes: [1, 1, 1], errors: [1, 1, 1]) == nil)
        let same = [Double](repeating: 1.2, count: 30)
        #expect(AirmassTrend(airmasses: same, magnitudes: same, errors: same) == nil)
        #expect(AirmassTrend(airmasses: [], magnitudes: [], errors: []) == nil)
    }
}
