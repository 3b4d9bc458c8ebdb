internal import Astrometry
internal import Foundation
internal import Imaging
internal import PortableNumbers
internal import Sky
internal import Testing

private func fit(
    _ pairs: [SkyPair], _ camera: SimulatedCamera, orders: ClosedRange<Int> = 1...4
) throws -> WorldCoordinateFit {
    try WorldCoordinateFit(pairs, width: camera.width, height: camera.height, orders: orders)
}

@Suite("a world coordinate system fitted to stars")
struct WorldCoordinateFitTests {
    @Test(
        "exact pairs give every pixel its place to 1e-6 px, anywhere on the sky",
        arguments: [
            (0.0, 0.0), (359.9999, -30), (0.0001, 89.9), (123.4, 90), (77, -90), (10, -89.9999), (180, 60),
        ])
    func exact(ra: Double, dec: Double) throws {
        for (rotation, mirrored) in [(0.0, false), (73, true), (-140, false), (180, true)] {
            let camera = SimulatedCamera(
                ra: ra, dec: dec, arcsecPerPixel: 2.3, rotationDegrees: rotation, isMirrored: mirrored)
            let found = try fit(camera.pairs(60, seed: 5, noisy: false), camera)
            #expect(found.order == 1 && found.residuals.used == 60 && found.residuals.clipped == 0)
            #expect(try camera.largestError(found) < 1e-6)
            #expect(found.isMirrored == mirrored && abs(found.arcsecPerPixel - 2.3) < 1e-8)
            let pixel = try #require(found.pixel(of: camera.sky(x: 1999, y: 0)))
            #expect(abs(pixel.x - 1999) < 1e-6 && abs(pixel.y) < 1e-6)
        }
    }

    @Test("stars in one corner, or all beyond the frame, still put the tangent point in its middle")
    func offCentre() throws {
        let camera = SimulatedCamera(dec: 84, arcsecPerPixel: 6, rotationDegrees: 20)
        let pairs = try camera.pairs(400, seed: 6, noisy: false)
        for part in [pairs.filter { $0.x < 500 && $0.y < 500 }, pairs.filter { $0.x > 1700 }] {
            let found = try fit(part, camera, orders: 1...1)
            #expect(try camera.largestError(found) < 1e-6)
            #expect(try found.centre.separationDegrees(from: camera.sky(x: 999.5, y: 749.5)) < 1e-9)
        }
    }

    @Test(
        "the distortion of lenses, tilt and decentring is fitted to the noise",
        arguments: SimulatedCamera.Optics.allCases)
    func optics(_ optics: SimulatedCamera.Optics) throws {
        for (count, seed) in [(200, 1), (1000, 2), (5000, 3)] as [(Int, UInt64)] {
            let camera = SimulatedCamera(rotationDegrees: 33, isMirrored: seed == 2, optics: optics, strength: 12)
            let found = try fit(camera.pairs(count, seed: seed), camera)
            switch optics {
            case .plain: #expect(found.order == 1)
            case .radialCubic, .decentred: #expect(found.order == 3)
            case .tilted: #expect(found.order == 2 || (count == 5000 && found.order == 3))
            }
            // Errors of single stars are 0.05 to 0.2 px; of the corner, by the number of stars and coefficients.
            #expect(try camera.largestError(found) < 4 / Double(count).squareRoot() + 0.02)
            #expect(found.residuals.floorPixels < 0.04 && found.residuals.clipped <= 2)
            let freedom = Double(found.residuals.degreesOfFreedom)
            #expect(abs(found.residuals.chiSquared - freedom) < 4.5 * (2 * freedom).squareRoot())
        }
    }

    @Test("a third of wrong pairs, and stars a little off, are left out", arguments: 1...4)
    func wrongPairs(seed: Int) throws {
        let camera = SimulatedCamera(optics: .radialCubic, strength: 15)
        var pairs = try camera.pairs(300, seed: UInt64(seed), wrong: 100)
        for index in 100..<110 { pairs[index].x += 2 }
        let found = try fit(pairs, camera)
        #expect(found.order == 3)
        #expect(try camera.largestError(found) < 0.3)
        #expect(found.usedPairs.allSatisfy { $0 >= 110 } && found.usedPairs.count >= 188)
        #expect(found.residuals.clipped + found.residuals.used == 300 && found.residuals.unusable == 0)
    }

    @Test("five stars give a linear map, six and a wrong one as well")
    func fewStars() throws {
        let camera = SimulatedCamera(rotationDegrees: 12, optics: .radialCubic, strength: 0.01)
        let found = try fit(camera.pairs(5, seed: 3, pixelError: 0.02), camera)
        #expect(found.order == 1 && found.orderScores.isEmpty && found.residuals.degreesOfFreedom == 4)
        #expect(try camera.largestError(found) < 1)
        let with = try fit(camera.pairs(9, seed: 21, pixelError: 0.02, wrong: 1), camera)
        #expect(with.usedPairs == Array(1..<9))
        #expect(try camera.largestError(with) < 1)
    }

    @Test("few stars, or stars in one part of the frame, give no more distortion than they support")
    func support() throws {
        let camera = SimulatedCamera(optics: .radialCubic, strength: 40)
        for (count, highest) in [(17, 1), (29, 2), (44, 3)] {
            let found = try fit(camera.pairs(count, seed: 4, pixelError: 0.05), camera)
            #expect(found.order <= highest)
            #expect((found.orderScores.last?.order ?? 1) <= highest)
        }
        let cluster = try fit(camera.pairs(150, seed: 5, within: 0.2), camera)
        let corner = try #require(cluster.error(x: 0, y: 0))
        #expect(cluster.order <= 2 && corner.majorArcsec < 1)
    }

    @Test("what is chosen without distortion is mostly no distortion")
    func noDistortion() throws {
        let camera = SimulatedCamera()
        let orders = try (0..<40).map { try fit(camera.pairs(120, seed: UInt64($0)), camera).order }
        #expect(orders.filter { $0 == 1 }.count >= 36)
    }

    @Test("the order asked for is taken, and a lower one where the stars do not support it")
    func askedOrder() throws {
        let camera = SimulatedCamera(optics: .tilted)
        let pairs = try camera.pairs(200, seed: 8)
        #expect(try fit(pairs, camera, orders: 5...5).order == 5)
        #expect(try fit(Array(pairs.prefix(20)), camera, orders: 5...5).order == 2)
        #expect(try fit(pairs, camera, orders: 1...1).order == 1)
    }

    @Test("residuals beyond the stated errors become a floor of the right size")
    func floorOfErrors() throws {
        let camera = SimulatedCamera()
        var pairs = try camera.pairs(1500, seed: 9, pixelError: 0.3)
        // Stated errors are a third of the true ones, whose mean square per axis is 0.3^2 * 1.75.
        for index in pairs.indices {
            pairs[index].xErrorPixels /= 3
            pairs[index].yErrorPixels /= 3
        }
        let found = try fit(pairs, camera)
        #expect(abs(found.residuals.floorPixels - 0.3 * 1.75.squareRoot() * (8.0 / 9).squareRoot()) < 0.04)
        #expect(found.residuals.chiSquared > 5 * Double(found.residuals.degreesOfFreedom))
        let (with, without) = (found.error(x: 0, y: 0), found.error(x: 0, y: 0, withFloor: false))
        #expect(with!.majorArcsec > 0.3 && without!.majorArcsec < 0.06)
        #expect(abs(found.residuals.rmsXPixels - 0.39) < 0.03)
        #expect(abs(found.residuals.rmsEastArcsec - found.residuals.rmsXPixels) < 0.02)
    }

    @Test("the same pairs give the same bits")
    func deterministic() throws {
        let camera = SimulatedCamera(optics: .decentred)
        let pairs = try camera.pairs(150, seed: 10)
        #expect(try fit(pairs, camera).cards() == fit(pairs, camera).cards())
    }
}

@Suite("pairs that give no world coordinate system")
struct HostilePairTests {
    private let camera = SimulatedCamera()

    private func failure(_ pairs: [SkyPair], width: Int = 2000) -> WorldCoordinateFitError? {
        do {
            _ = try WorldCoordinateFit(pairs, width: width, height: 1500)
            return nil
        } catch {
            return error
        }
    }

    @Test("fewer than five stars, copies and numbers that are none are refused with their count")
    func few() throws {
        for count in 0...4 {
            let error = try failure(camera.pairs(count, seed: 1))
            #expect(error == .tooFewPairs(usable: count, given: count, needed: 5))
        }
        let one = try camera.pairs(1, seed: 1)[0]
        #expect(failure(Array(repeating: one, count: 50)) == .tooFewPairs(usable: 1, given: 50, needed: 5))
        var bad = try camera.pairs(9, seed: 1)
        bad[0].x = .nan
        bad[1].yErrorPixels = .infinity
        bad[2].skyErrorArcsec = .nan
        bad[3].xErrorPixels = -1
        for index in 4..<9 { (bad[index].xErrorPixels, bad[index].skyErrorArcsec) = (0, 0) }
        #expect(failure(bad) == .tooFewPairs(usable: 0, given: 9, needed: 5))
        #expect(failure(try camera.pairs(9, seed: 1), width: 0) == .frame(width: 0, height: 1500))
    }

    @Test("stars on a line do not show the scale across it")
    func collinear() throws {
        var pairs = try camera.pairs(30, seed: 2)
        for index in pairs.indices {
            let x = Double(index) * 60
            (pairs[index].x, pairs[index].y) = (x, 100 + 0.7 * x + (index % 2 == 0 ? 0.1 : -0.1))
            pairs[index].position = try camera.sky(x: x, y: 100 + 0.7 * x)
        }
        #expect(failure(pairs) == .collinear)
        // One star beside the line that is wrong does not help.
        pairs[4].y += 700
        #expect(failure(pairs) != nil)
    }

    @Test("pairs without anything in common are not fitted")
    func nonsense() throws {
        for seed in 1...5 as ClosedRange<UInt64> {
            for count in [5, 8, 20, 200] {
                let error = try failure(camera.pairs(count, seed: seed, wrong: count))
                if count > 8 { #expect(error != nil) }
            }
        }
        var wide = try camera.pairs(40, seed: 3)
        for index in wide.indices {
            wide[index].position = try SkyPosition(
                raDegrees: Double(index) * 9, decDegrees: Double(index % 7) * 10 - 30)
        }
        #expect(failure(wide) != nil)
    }

    @Test("absurd numbers end in an answer or an error, never in a trap")
    func absurd() throws {
        for value in [1e300, -1e300, 1e160, 1e-300, .leastNonzeroMagnitude, 1e12] as [Double] {
            var pairs = try camera.pairs(40, seed: 4)
            pairs[0].x = value
            pairs[1].xErrorPixels = abs(value)
            pairs[2].skyErrorArcsec = abs(value)
            _ = failure(pairs)
            for index in pairs.indices { pairs[index].y = value * Double(index) }
            #expect(failure(pairs) != nil)
            for index in pairs.indices { (pairs[index].xErrorPixels, pairs[index].yErrorPixels) = (abs(value), 1e-9) }
            _ = failure(pairs)
        }
        var errors = try camera.pairs(40, seed: 4)
        for index in errors.indices { (errors[index].xErrorPixels, errors[index].yErrorPixels) = (1e-200, 1e-200) }
        _ = failure(errors)
        let pairs = try camera.pairs(60, seed: 1)
        #expect(failure(pairs, width: .max) != nil)
        #expect(failure(pairs, width: 1) == nil)
        _ = try WorldCoordinateFit(pairs, width: 2000, height: 1500, orders: -5...900, clipDistance: .nan)
    }
}
