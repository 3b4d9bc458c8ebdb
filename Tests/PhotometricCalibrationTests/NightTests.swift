internal import PhotometricCalibration
internal import PortableNumbers
internal import Testing

private func night(
    _ seed: UInt64, frames: Int = 60, k: Double = 0.2, clouds: Double = 0, zenith: Double = 25
) -> [AirmassZeroPoint] {
    var words = SplitMix64(seed: seed)
    return (0..<frames).map { frame in
        let airmass = 1 + 1.2 * Double(frame) / Double(frames)
        let cloud = words.uniform() < clouds ? words.uniform() : 0
        let value = zenith - k * (airmass - 1) - cloud + 0.006 * words.gaussian()
        return AirmassZeroPoint(
            frameID: "f\(1000 + frame)", airmass: airmass, zeroPoint: Measured(value, error: 0.005),
            colourTerm: Measured(0.05 + 0.03 * (airmass - 1) + 0.01 * words.gaussian(), error: 0.01))
    }
}

@Suite struct NightTests {
    @Test("extinction of first and second order with honest errors")
    func extinction() throws {
        var (first, zenith, second) = (Pulls(), Pulls(), Pulls())
        for seed in 0..<150 {
            let fit = try fitExtinction(night(UInt64(seed)))
            first.add(fit.coefficient, truth: 0.2)
            zenith.add(fit.zeroPoint(airmass: 1.6), truth: 25 - 0.12)
            second.add(try #require(fit.secondOrder), truth: 0.03)
        }
        for pulls in [first, zenith, second] { #expect((0.8...1.2).contains(pulls.width), "\(pulls.width)") }
    }

    @Test("passing clouds do not spoil the extinction")
    func clouds() throws {
        let fit = try fitExtinction(night(3, frames: 100, clouds: 0.2))
        #expect(abs(fit.coefficient.value - 0.2) < 0.02)
        #expect(fit.effectiveFrames < 92)
    }

    @Test("too few frames, one airmass, airmasses that are none: said so")
    func noExtinction() throws {
        #expect(throws: NoExtinction.tooFewFrames(4)) { try fitExtinction(Array(night(1).prefix(4))) }
        #expect(throws: NoExtinction.tooFewFrames(0)) { try fitExtinction([]) }
        var still = night(1)
        for index in still.indices { still[index].airmass = 1.2 }
        #expect(throws: NoExtinction.airmassRangeTooSmall(0)) { try fitExtinction(still) }
        for index in still.indices { still[index].airmass = [Double.nan, 0, -1, .infinity][index % 4] }
        #expect(throws: NoExtinction.tooFewFrames(0)) { try fitExtinction(still) }
    }

    @Test("clouds are seen against the best nights, with an honest error")
    func transparency() throws {
        var reference = TransparencyReference(extinction: Measured(0.2, error: 0.01))
        #expect(reference.transparency(zeroPoint: Measured(25, error: 0.01), airmass: 1) == nil)
        for day in 0..<12 {
            // Every third night is hazy, one has nothing but cloud.
            let loss = day % 3 == 2 ? 0.15 : 0
            let frames = night(UInt64(day), clouds: day == 4 ? 1 : 0.2, zenith: 25 - loss)
            reference = reference.updated(with: try #require(reference.level(of: frames, night: 60_000 + day)))
        }
        let best = try #require(reference.best)
        #expect(abs(best.value - 25) < 0.02)
        let clear = try #require(reference.transparency(zeroPoint: Measured(24.8, error: 0.005), airmass: 2))
        #expect(abs(clear.value - 1) < 3 * clear.error)
        let half = try #require(
            reference.transparency(zeroPoint: Measured(24.8 - 0.7526, error: 0.005), airmass: 2))
        #expect(abs(half.value - 0.5) < 0.02)
        #expect(half.error < 0.02)
    }

    @Test("a night with a wrong gain does not become the reference, and old nights are forgotten")
    func wrongNight() throws {
        var reference = TransparencyReference(extinction: Measured(0.2, error: 0), memoryDays: 30)
        for day in 0..<10 {
            let level = Measured(day == 3 ? 27 : 25 - 0.003 * Double(day % 3), error: 0.002)
            reference = reference.updated(with: .init(night: day, level: level, frames: 20))
        }
        #expect(abs(try #require(reference.best).value - 25) < 0.01)
        let again = reference.updated(with: .init(night: 9, level: Measured(25, error: 0.002), frames: 30))
        #expect(again.nights.count == 10)
        let later = reference.updated(with: .init(night: 39, level: Measured(24.5, error: 0.002), frames: 20))
        #expect(later.nights.map(\.night) == [9, 39])
        #expect(reference.updated(with: .init(night: 9, level: Measured(.nan, error: 1), frames: 3)) == reference)
    }
}
