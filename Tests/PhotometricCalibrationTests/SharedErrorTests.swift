import Foundation
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

        func fits(_ words: inout SplitMix64) throws -> [(frame: ZeroPointSolution, off: Double)] {
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
                return (solution, solution.zeroPoint.value - truth)
            }
        }
    }

    private func widths(_ night: Night, nights: Int, seed: UInt64) throws -> (differences: Double, level: Double) {
        var words = SplitMix64(seed: seed)
        var (differences, levels) = (Pulls(), Pulls())
        for _ in 0..<nights {
            let fits = try night.fits(&words)
            let parts = separateErrors(fits.map(\.frame)).compactMap(\.errorParts)
            let count = Double(fits.count)
            let noise = parts.reduce(0) { $0 + $1.own * $1.own } / (count * count)
            levels.add(
                Measured(
                    fits.reduce(0) { $0 + $1.off } / count,
                    error: (parts[0].common * parts[0].common + noise).squareRoot()), truth: 0)
            for (index, one) in fits.enumerated() {
                for (offset, other) in fits[(index + 1)...].enumerated() {
                    let (first, second) = (parts[index].own, parts[index + 1 + offset].own)
                    differences.add(
                        Measured(one.off - other.off, error: (first * first + second * second).squareRoot()), truth: 0)
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
        let parts = separateErrors(try night.fits(&words).map(\.frame)).compactMap(\.errorParts)
        #expect(parts.count == night.frames && parts.allSatisfy { $0.own < 0.25 * $0.common }, "\(parts)")
    }

    @Test("how far stars scatter from frame to frame is told from how far they are off on all of them")
    func repeatability() throws {
        var words = SplitMix64(seed: 14)
        var night = Night(stars: 200, drift: 0.02, oddity: 0.02)
        for wanted in [0, 0.004, 0.012] {
            night.repeatability = wanted
            let found = try (0..<10).map { _ in
                try #require(separateErrors(try night.fits(&words).map(\.frame)).first?.errorParts)
            }
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
        let parts = try #require(frame.errorParts)
        let (whole, fitted) = (hypot(parts.own, parts.common), frame.zeroPoint.error)
        #expect(parts.own < parts.common && abs(whole / fitted - 1) < 0.02, "\(parts) \(fitted)")
        #expect(separateErrors([frame]) == [frame] && separateErrors([]).isEmpty)
        var stripped = frame
        stripped.residuals = []
        #expect(separateErrors([stripped]) == [stripped])
    }

    @Test("a star of unknown colour has one zero point on frames of other stars: the colour term times no difference")
    func oneColour() throws {
        var words = SplitMix64(seed: 18)
        var field = SimulatedField()
        field.slope = 0.25
        let state = field.state(&words)
        let frames = try (0..<5).map { number in
            field.colours = (0.3 + 0.1 * Double(number))...(0.9 + 0.1 * Double(number))
            var frame = field.frame
            frame.id = "f\(number)"
            return try fitZeroPoint(field.stars(40, &words).stars, frame: frame, colourTerm: state)
        }
        let offset = { (frame: ZeroPointSolution) in
            frame.zeroPoint(x: 500, y: 500, colour: nil).value
                - frame.zeroPoint(x: 500, y: 500, colour: Measured(frame.pivotColour, error: 0)).value
                - frame.parameters[1] * (0.8 - frame.pivotColour)
        }
        let (before, after) = (frames.map(offset), separateErrors(frames).map(offset))
        #expect((before.max() ?? 0) - (before.min() ?? 0) > 0.05, "\(before)")
        #expect((after.max() ?? 0) - (after.min() ?? 0) < 0.005, "\(after)")
    }

    @Test("influences add up to one, are larger for brighter stars, and say what a change of one star does")
    func influences() throws {
        var field = SimulatedField()
        field.outliers = 0
        var words = SplitMix64(seed: 17)
        var (stars, _) = field.stars(60, &words)
        let state = ColourTermState(value: field.slope, error: 0, pivotColour: field.pivot)
        let before = try fitZeroPoint(stars, frame: field.frame, colourTerm: state)
        let shares = before.residuals
        #expect(abs(shares.reduce(0) { $0 + $1.weight } - 1) < 1e-9 && shares.count == before.residuals.count)
        let chosen = try #require(shares.max { $0.weight < $1.weight })
        let index = try #require(stars.firstIndex { $0.id == chosen.id })
        stars[index].magnitude.value += 0.004
        let after = try fitZeroPoint(stars, frame: field.frame, colourTerm: state)
        let moved = (after.zeroPoint.value - before.zeroPoint.value) / 0.004
        #expect(abs(moved / chosen.weight - 1) < 0.35, "\(moved) \(chosen.weight)")
    }
}
