internal import Astrometry
internal import Foundation
internal import Imaging
internal import PortableNumbers
internal import Testing

/// Stars of a frame of 1000 x 1000 px, and the same moved by `map` with centroid errors of `noise` px.
private func pair(
    _ count: Int, seed: UInt64, within range: Range<Double> = 0..<1000, noise: Double, wrong: Int = 0,
    _ map: (Double, Double) -> (x: Double, y: Double)
) -> (frame: [StarPosition], reference: [StarPosition]) {
    var random = SplitMix64(seed: seed)
    var (frame, reference): ([StarPosition], [StarPosition]) = ([], [])
    for index in 0..<count {
        let (x, y) = (Double.random(in: range, using: &random), Double.random(in: range, using: &random))
        let place = map(x, y)
        let shift = index < wrong ? (1.2, -0.9) : (0, 0)
        frame.append(StarPosition(x: x, y: y, flux: Double(1000 - index)))
        reference.append(
            StarPosition(
                x: place.x + shift.0 + noise * random.gaussian(), y: place.y + shift.1 + noise * random.gaussian(),
                flux: Double(1000 - index)))
    }
    return (frame, reference)
}

private func fit(_ pair: (frame: [StarPosition], reference: [StarPosition])) throws -> StarFit {
    let registration = try #require(register(pair.frame, to: pair.reference))
    return try #require(
        StarFit(registration, detections: pair.frame, reference: pair.reference, width: 1000, height: 1000))
}

@Suite("the map between two frames by all their stars")
struct StarFitTests {
    /// Largest distance between the fitted and the true place over the corners.
    private func cornerOffset(_ fit: StarFit, _ map: (Double, Double) -> (x: Double, y: Double)) -> Double {
        [(0, 0), (999, 0), (0, 999), (999, 999)].map { (x: Double, y: Double) in
            let (found, truth) = (fit.toReference(x: x, y: y), map(x, y))
            return hypot(found.x - truth.x, found.y - truth.y)
        }.max()!
    }

    @Test("few stars in the middle, as of a cluster, give a shift that holds in the corners", arguments: 1...8)
    func shift(seed: Int) throws {
        let map = { (x: Double, y: Double) in (x: x + 12.3, y: y - 7.1) }
        let found = try fit(pair(14, seed: UInt64(seed), within: 420..<580, noise: 0.3, map))
        #expect(found.model == .shift || found.model == .rigid)
        // The free affine map of the registration is off by several pixels there.
        #expect(cornerOffset(found, map) < 4 * max(found.cornerErrorPixels, 0.1))
        if found.model == .shift { #expect(cornerOffset(found, map) < 0.5) }
        #expect(found.rmsPixels < 0.7)
    }

    @Test("turn, scale, shear and bend are fitted when the stars show them, to the noise of the mean")
    func models() throws {
        let turn = 0.4 * Double.pi / 180
        let maps: [(StarFit.Model, (Double, Double) -> (x: Double, y: Double))] = [
            (.rigid, { (cos(turn) * $0 - sin(turn) * $1 + 5, sin(turn) * $0 + cos(turn) * $1 - 3) }),
            (.similarity, { (1.01 * $0 + 4, 1.01 * $1 - 6) }),
            (.affine, { (1.003 * $0 + 0.002 * $1 + 3, 0.998 * $1 + 9) }),
            (.quadratic, { ($0 + 3e-6 * $0 * $1 + 1, $1 - 4e-6 * $0 * $0 + 2) }),
        ]
        for (model, map) in maps {
            let found = try fit(pair(150, seed: 7, noise: 0.1, map))
            #expect(found.model == model)
            #expect(abs(found.rmsPixels - 0.1 * 2.0.squareRoot()) < 0.03)
            #expect(cornerOffset(found, map) < 4 * found.cornerErrorPixels && found.cornerErrorPixels < 0.15)
            let back = found.toFrame(x: 300, y: 800)
            let there = found.toReference(x: back.x, y: back.y)
            #expect(hypot(there.x - 300, there.y - 800) < 0.05)
        }
    }

    @Test("the stated error of the corners is that of many trials")
    func errors() throws {
        let map = { (x: Double, y: Double) in (x: 1.002 * x + 0.003 * y, y: 0.999 * y - 0.002 * x) }
        let trials = try (0..<40).map { try fit(pair(60, seed: UInt64(100 + $0), noise: 0.2, map)) }
        let offsets = trials.map { fit -> Double in
            let (found, truth) = (fit.toReference(x: 0, y: 0), map(0, 0))
            return pow(found.x - truth.x, 2) + pow(found.y - truth.y, 2)
        }
        let true68 = (offsets.reduce(0, +) / 40).squareRoot()
        let stated = trials.map(\.cornerErrorPixels).reduce(0, +) / 40
        #expect(stated / true68 > 0.7 && stated / true68 < 1.7)
    }

    @Test("wrong pairs within the tolerance of the registration are left out")
    func wrongPairs() throws {
        let map = { (x: Double, y: Double) in (x: x + 2, y: y + 1) }
        let found = try fit(pair(100, seed: 3, noise: 0.05, wrong: 20, map))
        #expect(found.pairs.count == 80 && found.rmsPixels < 0.1 && cornerOffset(found, map) < 0.05)
    }

    @Test("a mirrored frame stays mirrored")
    func mirrored() throws {
        let map = { (x: Double, y: Double) in (x: x + 3, y: 900 - y) }
        let found = try fit(pair(40, seed: 5, noise: 0.1, map))
        #expect(found.toReference.linear.isMirrored && cornerOffset(found, map) < 0.2)
    }
}

@Suite("bright stars in wide seeing")
struct SeenStarsTests {
    private func frame(fwhm: Double, flux: Double, seed: UInt64, dx: Double = 0) -> CalibratedFrame {
        let (width, height, sigma) = (420, 400, fwhm / 2.3548)
        var random = SplitMix64(seed: seed)
        var pixels = (0..<(width * height)).map { _ in Float(200 + 30 * random.gaussian()) }
        for star in Self.places {
            for y in 0..<height where abs(Double(y) - star.y) < 5 * sigma {
                for x in 0..<width where abs(Double(x) - star.x - dx) < 5 * sigma {
                    let square = pow(Double(x) - star.x - dx, 2) + pow(Double(y) - star.y, 2)
                    pixels[y * width + x] += Float(
                        flux / (2 * .pi * sigma * sigma) * exp(-square / (2 * sigma * sigma)))
                }
            }
        }
        return CalibratedFrame(
            signal: Image(width: width, height: height, pixels: pixels),
            variance: Image(width: width, height: height, filledWith: 900), mask: Mask(width: width, height: height))
    }

    private static let places: [(x: Double, y: Double)] = (0..<25).map { index in
        let (column, row) = (Double(index % 5), Double(index / 5))
        let (jitterX, jitterY) = (Double(index * 7 % 11), Double(index * 5 % 13))
        return (50.3 + column * 77.37 + jitterX, 45.6 + row * 74.81 + jitterY)
    }

    @Test(
        "stars of 2.5 to 10 px are found once each, where they are",
        arguments: [(2.5, 1, 0.06), (3.5, 1, 0.1), (6, 2, 0.25), (10, 3, 0.45)])
    func found(fwhm: Double, least: Int, error: Double) throws {
        let flux = 2500 * fwhm
        let seen = SeenStars(of: frame(fwhm: fwhm, flux: flux, seed: 4))
        #expect(seen.blockPixels >= least && (fwhm > 4 || seen.blockPixels == 1))
        #expect(seen.stars.count == 25)
        var squares = 0.0
        for place in Self.places {
            let distance = try #require(seen.stars.map { hypot($0.x - place.x, $0.y - place.y) }.min())
            squares += distance * distance
        }
        #expect((squares / 25).squareRoot() < error)
    }

    @Test("frames of wide stars register within the error of their places")
    func registered() throws {
        let seen = [0.0, 11.4].map { SeenStars(of: frame(fwhm: 8, flux: 20000, seed: 9 + UInt64($0), dx: $0)).stars }
        let registration = try #require(register(seen[1], to: seen[0]))
        let fit = try #require(
            StarFit(registration, detections: seen[1], reference: seen[0], width: 420, height: 400))
        let corner = fit.toReference(x: 0, y: 0)
        #expect(hypot(corner.x + 11.4, corner.y) < 0.4 && fit.pairs.count >= 22)
    }
}
