import Foundation
import Imaging
import Testing

@testable import Simulation

@Suite struct TestFieldTests {
    private static func field(size: Int = 256, change: (inout TestField) -> Void = { _ in }) -> TestField {
        var instrument = SimulatedInstrument(name: "test", width: size, height: size)
        instrument.gain = 2
        instrument.readNoiseElectrons = 5
        instrument.fullWellElectrons = 1e9
        instrument.saturationADU = 65_535
        instrument.hotPixelFraction = 0
        var field = TestField(instrument: instrument)
        change(&field)
        return field
    }

    @Test(
        "an elliptical image holds all of its light and has the width, ratio and angle it was given",
        arguments: [0.0, 30, 90, 145])
    func ellipse(theta: Double) throws {
        let image = StarImage(profile: .gaussian, fwhmPixels: 4, ellipticity: 0.3, thetaDegrees: theta)
        let stamp = try #require(
            StarStamp(image, x: 50.3, y: 49.6, width: 101, height: 101, leavingOut: 1e-7, withDerivatives: true))
        let moments = Moments(stamp)
        #expect(abs(moments.sum - 1) < 1e-5)
        #expect(abs(moments.x - 50.3) < 1e-5 && abs(moments.y - 49.6) < 1e-5)
        // Second moments of a Gaussian of axes a, b = a (1 - e) with a b = (FWHM / 2.3548)^2, and a pixel's 1/12.
        let square: Double = 4 / 2.354_820_045 * 4 / 2.354_820_045
        let long: Double = square / 0.7
        let short: Double = square * 0.7
        let angle: Double = theta * .pi / 180
        let sine: Double = sin(angle)
        let cosine: Double = cos(angle)
        let xx: Double = long * cosine * cosine + short * sine * sine + 1.0 / 12
        let xy: Double = (long - short) * sine * cosine
        #expect(abs(moments.xx - xx) < 1e-3)
        #expect(abs(moments.xy - xy) < 1e-3)
        #expect(abs(stamp.byX.reduce(0, +)) < 1e-6)
    }

    @Test("derivatives are what a small step of the star gives", arguments: [PointSpread.gaussian, .moffat(beta: 2.5)])
    func derivatives(profile: PointSpread) throws {
        let image = StarImage(profile: profile, fwhmPixels: 3.2, ellipticity: 0.2, thetaDegrees: 20)
        func stamp(_ x: Double) throws -> StarStamp {
            try #require(
                StarStamp(image, x: x, y: 20.1, width: 41, height: 41, leavingOut: 1e-9, withDerivatives: true))
        }
        let (middle, left, right) = (try stamp(20), try stamp(19.999), try stamp(20.001))
        for row in 15...25 {
            for column in 15...25 {
                let value = { (stamp: StarStamp) in
                    stamp.share[(row - stamp.rows.lowerBound) * stamp.columns.count + column - stamp.columns.lowerBound]
                }
                let slope = (value(right) - value(left)) / 0.002
                let own = middle.byX[
                    (row - middle.rows.lowerBound) * middle.columns.count + column - middle.columns.lowerBound]
                #expect(abs(slope - own) < 2e-6)
            }
        }
    }

    @Test("the bounds of a faint Gaussian star are those of the textbook")
    func bounds() throws {
        // Background-limited, well sampled: flux error = sqrt(4 pi s^2 V), place error = s flux error / flux * sqrt(2).
        let size = 61
        let image = StarImage(profile: .gaussian, fwhmPixels: 6)
        let stamp = try #require(
            StarStamp(image, x: 30.2, y: 29.7, width: size, height: size, leavingOut: 1e-8, withDerivatives: true))
        let variance = [Double](repeating: 225, count: size * size)
        let bounds = CramerRaoBounds(stamp, flux: 100, variance: variance, background: variance, width: size)
        let sigma: Double = (6 / 2.354_820_045 * 6 / 2.354_820_045 + 1.0 / 12).squareRoot()
        let error: Double = (4 * Double.pi * sigma * sigma * 225).squareRoot()
        let placeError: Double = error / 100 * sigma * 2.0.squareRoot()
        #expect(abs(bounds.fluxErrorPlaceKnown / error - 1) < 2e-3)
        #expect(abs(bounds.matchedFilterSignalToNoise / (100 / error) - 1) < 2e-3)
        #expect(abs(bounds.fluxError / bounds.fluxErrorPlaceKnown - 1) < 1e-6)
        #expect(abs(bounds.xError / placeError - 1) < 3e-3)
    }

    @Test("the flux of a signal to noise gives a star of that signal to noise")
    func signalToNoise() throws {
        let field = Self.field {
            $0.starsPerThousandPixels = 0.3
            $0.signalToNoise = 49.999...50.001
            $0.instrument.vignetting = 0
            $0.instrument.dustRings = 0
            $0.instrument.responseScatter = 0
            $0.instrument.darkElectronsPerSecond = 0
        }
        let stars = TestFieldRenderer(field).render(frame: 0).stars
        try #require(stars.count > 10)
        for star in stars where min(star.x, star.y) > 10 && max(star.x, star.y) < 245 {
            // Where the centre is in its pixel matters a little.
            #expect(abs(star.fluxElectrons / star.bounds.fluxErrorPlaceKnown / 50 - 1) < 0.01)
        }
    }

    @Test("an ideal weighting of many frames scatters as the bound says, and without bias")
    func boundIsReached() throws {
        let field = Self.field {
            $0.starsPerThousandPixels = 1
            $0.signalToNoise = 8...200
            $0.keepsStars = true
            $0.pointSpread.ellipticityGrowth = 0.2
        }
        let renderer = TestFieldRenderer(field)
        var pulls: [Double] = []
        for index in 0..<12 {
            let frame = renderer.render(frame: index)
            pulls += frame.stars.filter { min($0.x, $0.y) > 12 && max($0.x, $0.y) < 243 }.map {
                Self.pull(of: $0, in: frame, renderer)
            }
        }
        let mean = pulls.reduce(0, +) / Double(pulls.count)
        let width = (pulls.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(pulls.count)).squareRoot()
        #expect(pulls.count > 500)
        #expect(abs(mean) < 4 / Double(pulls.count).squareRoot())
        let widthError: Double = 1 / (2 * Double(pulls.count)).squareRoot()
        #expect(abs(width - 1) < 3 * widthError)
    }

    /// Least squares for the flux alone, with the true image, sky and noise.
    private static func pull(of star: TestStar, in frame: TestFrame, _ renderer: TestFieldRenderer) -> Double {
        let (field, detector) = (renderer.field, renderer.detector)
        guard
            let stamp = StarStamp(
                star.image, x: star.x, y: star.y, width: 256, height: 256, leavingOut: 1e-4)
        else { return .nan }
        var (top, bottom, index) = (0.0, 0.0, 0)
        for row in stamp.rows {
            for column in stamp.columns {
                let share = stamp.share[index]
                index += 1
                let (flat, bias) = (Double(detector.flat[column, row]), Double(detector.bias[column, row]))
                let dark = Double(detector.darkCurrent[column, row]) * field.exposureSeconds
                let light = field.skyElectrons + star.fluxElectrons * share
                let variance = (light * flat + dark + field.fixedVariance) / (flat * flat)
                let signal = ((Double(frame.image[column, row]) - bias) * field.instrument.gain - dark) / flat
                top += share * (signal - field.skyElectrons) / variance
                bottom += share * share / variance
            }
        }
        return (top / bottom - star.fluxElectrons) / star.bounds.fluxErrorPlaceKnown
    }

    @Test("the same seed gives the same frame, whatever was rendered before; frames differ")
    func reproducible() {
        let field = Self.field(size: 128) { $0.cosmicRayCount = 5 }
        let (first, second) = (TestFieldRenderer(field), TestFieldRenderer(field))
        _ = first.render(frame: 0)
        let (left, right) = (first.render(frame: 1), second.render(frame: 1))
        #expect(left.image == right.image && left.stars == right.stars)
        #expect(left.image != first.render(frame: 2).image)
    }

    @Test("kept stars move by shift and rotation and keep their fluxes")
    func sameStars() throws {
        let field = Self.field {
            $0.keepsStars = true
            $0.shiftX = 3.5
            $0.shiftY = -2
            $0.rotationDegrees = 90
        }
        let (first, second) = (field.placedStars(frame: 0), field.placedStars(frame: 1))
        try #require(first.count == second.count && !first.isEmpty)
        for (before, after) in zip(first, second) {
            #expect(before.flux == after.flux)
            let (x, y): (Double, Double) = (127.5 - (before.y - 127.5) + 3.5, 127.5 + (before.x - 127.5) - 2)
            #expect(abs(after.x - x) < 1e-9)
            #expect(abs(after.y - y) < 1e-9)
        }
    }

    @Test("cosmic rays leave their charge where the list says")
    func cosmicRays() throws {
        let quiet = Self.field(size: 128) { $0.starsPerThousandPixels = 0 }
        var hit = quiet
        hit.cosmicRayCount = 10
        let frame = TestFieldRenderer(hit).render(frame: 0)
        let without = TestFieldRenderer(quiet).render(frame: 0)
        try #require(Set(frame.cosmicRays.map(\.track)).count >= 8)
        for ray in frame.cosmicRays where ray.electrons > 500 {
            let excess = Double(frame.image[ray.x, ray.y]) * 2 - 200 - 2000
            #expect(excess > ray.electrons - 200)
        }
        let total: Double = frame.image.pixels.reduce(0) { $0 + Double($1) }
        let clean: Double = without.image.pixels.reduce(0) { $0 + Double($1) }
        let charge = frame.cosmicRays.reduce(0) { $0 + $1.electrons }
        // Photon noise of 128 x 128 pixels of some 230 e- twice: 2,700 e-.
        #expect(abs((total - clean) * 2 - charge) < 4 * 2700)
    }
}

/// Moments of a stamp.
private struct Moments {
    private(set) var sum = 0.0
    private(set) var x = 0.0
    private(set) var y = 0.0
    private(set) var xx = 0.0
    private(set) var xy = 0.0

    init(_ stamp: StarStamp) {
        var points: [(x: Double, y: Double, share: Double)] = []
        for (line, row) in stamp.rows.enumerated() {
            for (place, column) in stamp.columns.enumerated() {
                points.append((Double(column), Double(row), stamp.share[line * stamp.columns.count + place]))
            }
        }
        sum = points.reduce(0) { $0 + $1.share }
        x = points.reduce(0) { $0 + $1.share * $1.x } / sum
        y = points.reduce(0) { $0 + $1.share * $1.y } / sum
        let (middleX, middleY) = (x, y)
        xx = points.reduce(0) { $0 + $1.share * pow($1.x - middleX, 2) } / sum
        xy = points.reduce(0) { $0 + $1.share * ($1.x - middleX) * ($1.y - middleY) } / sum
    }
}
