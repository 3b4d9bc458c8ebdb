import PhotometricCalibration
import PortableNumbers
import Testing

@Suite("What zero points of frames with the same stars are off by together, and each by itself")
struct SharedErrorTests {
    /// A field of stars whose catalogue magnitudes are wrong in the same way on all frames, seen on frames that drift
    /// over it.
    private struct Night {
        var stars = 70
        var frames = 8
        /// Of the field's width; the frame shows half of it.
        var drift = 0.05
        var catalogueError = 0.02
        /// Of a star, on all frames and on each one [mag].
        var oddity = 0.015
        var repeatability = 0.0
        var zeroPoint = 24.0

        func fits(_ words: inout SplitMix64) throws -> [(frame: SharedZeroPointError.Frame, truth: Double)] {
            let field = (0..<stars).map { _ in
                let magnitude = 11 + 3 * words.uniform()
                return (
                    place: words.uniform(), height: words.uniform(), magnitude: magnitude,
                    catalogue: magnitude + catalogueError * words.gaussian(), odd: oddity * words.gaussian()
                )
            }
            return try (0..<frames).map { number in
                let truth = zeroPoint + 0.1 * words.uniform()
                let edge = drift * Double(number)
                let shown = field.enumerated().filter { (edge..<(edge + 0.5)).contains($0.element.place) }.map {
                    let star = $0.element
                    let seen = star.magnitude + star.odd + repeatability * words.gaussian() - truth
                    let mean = 30 * Elementary.exp(-seen / 1.085_736_204_758_129_6)
                    let error = (mean + 30_000).squareRoot()
                    return CalibrationStar(
                        id: "s\(1000 + $0.offset)", flux: Measured(mean + error * words.gaussian(), error: error),
                        x: 2000 * (star.place - edge), y: 1000 * star.height,
                        magnitude: Measured(star.catalogue, error: catalogueError))
                }
                let frame = CalibrationFrame(
                    id: "f\(number)", exposureSeconds: 30, width: 1000, height: 1000, fluxKind: .aperture)
                var options = ZeroPointOptions()
                options.highestPositionOrder = 0
                let solution = try fitZeroPoint(
                    shown, frame: frame, colourTerm: .none(pivotColour: 0), options: options)
                let error = SharedZeroPointError.Frame(
                    id: frame.id, stars: solution.influences(of: shown), intrinsicScatter: solution.intrinsicScatter,
                    error: solution.zeroPoint.error)
                return (error, solution.zeroPoint.value - truth)
            }
        }
    }

    private func widths(_ night: Night, nights: Int, seed: UInt64) throws -> (differences: Double, level: Double) {
        var words = SplitMix64(seed: seed)
        var (differences, levels) = (Pulls(), Pulls())
        for _ in 0..<nights {
            let fits = try night.fits(&words)
            let shared = SharedZeroPointError(fits.map { $0.frame })
            levels.add(
                Measured(fits.reduce(0) { $0 + $1.truth } / Double(fits.count), error: shared.common), truth: 0)
            for (index, one) in fits.enumerated() {
                for other in fits.dropFirst(index + 1) {
                    let errors = [one, other].map { shared.own[$0.frame.id] ?? 0 }
                    let error = (errors[0] * errors[0] + errors[1] * errors[1]).squareRoot()
                    differences.add(Measured(one.truth - other.truth, error: error), truth: 0)
                }
            }
        }
        return (differences.width, levels.width)
    }

    @Test("frames that drift over a field: differences of zero points by their own errors, the mean by the common one")
    func drifting() throws {
        let found = try widths(Night(), nights: 120, seed: 11)
        #expect((0.9...1.1).contains(found.differences), "differences \(found.differences)")
        #expect((0.85...1.15).contains(found.level), "level \(found.level)")
    }

    @Test("frames that stay: their own errors are of the noise alone, a few millimagnitudes beside a level of ten")
    func staying() throws {
        var night = Night()
        night.drift = 0
        let found = try widths(night, nights: 120, seed: 12)
        #expect((0.9...1.1).contains(found.differences), "differences \(found.differences)")
        #expect((0.85...1.15).contains(found.level), "level \(found.level)")
        var words = SplitMix64(seed: 13)
        let shared = SharedZeroPointError(try night.fits(&words).map { $0.frame })
        #expect(shared.own.values.allSatisfy { $0 < 0.25 * shared.common }, "\(shared)")
    }

    @Test("how far stars scatter from frame to frame is told from how far they are off on all of them")
    func repeatability() throws {
        var words = SplitMix64(seed: 14)
        var night = Night(stars: 200, drift: 0.02, oddity: 0.02)
        for wanted in [0, 0.004, 0.012] {
            night.repeatability = wanted
            let found = try (0..<10).map { _ in SharedZeroPointError(try night.fits(&words).map { $0.frame }) }
            let mean = found.reduce(0) { $0 + $1.repeatability } / 10
            #expect(abs(mean - wanted) < max(0.0015, 0.15 * wanted), "\(wanted): \(mean)")
            let odd = found.reduce(0) { $0 + $1.starScatter } / 10
            #expect(abs(odd - 0.02) < 0.005, "\(wanted): \(odd)")
        }
        let found = try widths(night, nights: 60, seed: 15)
        #expect((0.88...1.12).contains(found.differences), "differences \(found.differences)")
    }

    @Test("a single frame: both parts together are the error of its fit; without stars there is nothing to tell")
    func single() throws {
        var words = SplitMix64(seed: 16)
        let frame = try #require(try Night(frames: 1).fits(&words).first).frame
        let shared = SharedZeroPointError([frame])
        let own = try #require(shared.own["f0"])
        let whole = (shared.common * shared.common).squareRoot()
        #expect(own < whole && abs(whole / frame.error - 1) < 0.02, "\(own) \(whole) \(frame.error)")
        let none = SharedZeroPointError([])
        #expect(none.own.isEmpty && none.common == 0 && none.repeatability == 0)
    }

    @Test("influences add up to one, are larger for brighter stars, and say what a change of one star does")
    func influences() throws {
        var field = SimulatedField()
        field.outliers = 0
        var words = SplitMix64(seed: 17)
        var (stars, _) = field.stars(60, &words)
        let state = ColourTermState(value: field.slope, error: 0, pivotColour: field.pivot)
        let before = try fitZeroPoint(stars, frame: field.frame, colourTerm: state)
        let shares = before.influences(of: stars)
        #expect(abs(shares.reduce(0) { $0 + $1.weight } - 1) < 1e-9 && shares.count == before.residuals.count)
        let chosen = try #require(shares.max { $0.weight < $1.weight })
        let index = try #require(stars.firstIndex { $0.id == chosen.id })
        stars[index].magnitude.value += 0.004
        let after = try fitZeroPoint(stars, frame: field.frame, colourTerm: state)
        let moved = (after.zeroPoint.value - before.zeroPoint.value) / 0.004
        #expect(abs(moved / chosen.weight - 1) < 0.35, "\(moved) \(chosen.weight)")
    }
}
