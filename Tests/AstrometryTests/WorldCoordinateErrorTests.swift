internal import Astrometry
internal import Foundation
internal import Imaging
internal import Sky
internal import Testing

@Suite("stated errors of a fitted world coordinate system")
struct WorldCoordinateErrorTests {
    /// (found - true) / stated error, east and north, at places of the frame, for many skies.
    private func pulls(
        _ camera: SimulatedCamera, stars: Int, trials: Int, orders: ClosedRange<Int>, skyError: Double = 0.05
    ) throws -> [Double] {
        let places = [(0.0, 0.0), (1000.0, 700.0), (1999.0, 1499.0), (300.0, 1200.0), (1999.0, 20.0)]
        return try (0..<trials).flatMap { trial -> [Double] in
            let pairs = try camera.pairs(stars, seed: UInt64(1000 + trial), skyErrorArcsec: skyError)
            let fit = try WorldCoordinateFit(pairs, width: camera.width, height: camera.height, orders: orders)
            return try places.flatMap { x, y -> [Double] in
                let truth = try camera.sky(x: x, y: y)
                let (found, error) = (fit.position(x: x, y: y)!, fit.error(x: x, y: y, withFloor: false)!)
                let offset = truth.offset(to: found)
                let angle = offset.positionAngleDegrees * .pi / 180
                let east = offset.separationDegrees * 3600 * sin(angle)
                let north = offset.separationDegrees * 3600 * cos(angle)
                return [east / error.eastVariance.squareRoot(), north / error.northVariance.squareRoot()]
            }
        }
    }

    private func width(_ pulls: [Double]) -> Double {
        (pulls.reduce(0) { $0 + $1 * $1 } / Double(pulls.count)).squareRoot()
    }

    @Test("errors of places on the frame are as large as stated, for 20 to 500 stars and any distortion")
    func pullWidth() throws {
        var camera = SimulatedCamera(rotationDegrees: 35)
        // 2000 to 400 pulls, five places of a sky depend on each other: the width is known to 0.03.
        #expect(abs(width(try pulls(camera, stars: 20, trials: 200, orders: 1...4)) - 0.97) < 0.07)
        #expect(abs(width(try pulls(camera, stars: 200, trials: 120, orders: 1...4)) - 1) < 0.07)
        camera.optics = .radialCubic
        #expect(abs(width(try pulls(camera, stars: 60, trials: 200, orders: 3...3)) - 0.99) < 0.07)
        #expect(abs(width(try pulls(camera, stars: 500, trials: 60, orders: 3...4)) - 1) < 0.1)
        camera.dec = 89.7
        camera.isMirrored = true
        #expect(abs(width(try pulls(camera, stars: 150, trials: 100, orders: 3...3, skyError: 0.3)) - 1) < 0.08)
    }

    @Test("the ellipse has the axes and the angle of its covariance")
    func ellipse() throws {
        // Errors of y are ten times those of x; the frame is turned by 30 degrees.
        let camera = SimulatedCamera(rotationDegrees: 30)
        var pairs = try camera.pairs(300, seed: 2, pixelError: 0.01, skyErrorArcsec: 0.001)
        for index in pairs.indices { (pairs[index].xErrorPixels, pairs[index].yErrorPixels) = (0.05, 0.5) }
        let fit = try WorldCoordinateFit(pairs, width: camera.width, height: camera.height, orders: 1...1)
        let error = try #require(fit.error(x: 999.5, y: 749.5))
        #expect(abs(error.majorArcsec / error.minorArcsec - 10) < 0.1)
        // North is y turned by 30 degrees from y towards -x, where east is: the y axis has the angle 30 degrees.
        let along = try camera.sky(x: 999.5, y: 749.5).offset(to: camera.sky(x: 999.5, y: 800))
        let difference = abs(
            along.positionAngleDegrees.truncatingRemainder(dividingBy: 180) - error.positionAngleDegrees)
        #expect(min(difference, 180 - difference) < 1)
        let sum = error.majorArcsec * error.majorArcsec + error.minorArcsec * error.minorArcsec
        #expect(abs(sum - error.eastVariance - error.northVariance) < 1e-12)
        #expect(fit.error(x: .nan, y: 0) == nil)
    }

    @Test("the header's numbers scatter as their covariance says, near the pole as well")
    func parameters() throws {
        let camera = SimulatedCamera(
            ra: 30, dec: 80, arcsecPerPixel: 20, rotationDegrees: 20, optics: .decentred, strength: 30)
        var squares: [String: (sum: Double, count: Double)] = [:]
        var mixed = 0.0
        let truth = try header(camera.pairs(3000, seed: 1, noisy: false), camera, order: 3)
        let trials = 150
        for trial in 0..<trials {
            let found = try header(
                camera.pairs(120, seed: UInt64(500 + trial), skyErrorArcsec: 0.5), camera, order: 3)
            let covariance = found.fit.covariance()
            #expect(Set(covariance.keywords) == Set(found.values.keys))
            var offsets: [Double] = []
            for (index, keyword) in covariance.keywords.enumerated() {
                var offset = found.values[keyword]! - truth.values[keyword]!
                if keyword == "CRVAL1" { offset *= cos(80 * Double.pi / 180) }
                offsets.append(offset / covariance.matrix[index][index].squareRoot())
                squares[keyword, default: (0, 0)].sum += offsets[index] * offsets[index]
                squares[keyword, default: (0, 0)].count += 1
            }
            // CRVAL1 and CD1_2 depend on each other at this declination: their difference in units of its own error.
            let (first, second) = (0, 3)
            let root = (covariance.matrix[0][0] * covariance.matrix[3][3]).squareRoot()
            let correlation = covariance.matrix[first][second] / root
            let difference = offsets[first] - offsets[second]
            mixed += difference * difference / (2 - 2 * correlation) / Double(trials)
        }
        for (keyword, square) in squares {
            // 150 trials: the width is known to 6 %.
            let width = (square.sum / square.count).squareRoot()
            #expect(width > 0.8 && width < 1.22, "\(keyword)")
        }
        #expect(mixed.squareRoot() > 0.8 && mixed.squareRoot() < 1.22)
    }

    private func header(
        _ pairs: [SkyPair], _ camera: SimulatedCamera, order: Int
    ) throws -> (fit: WorldCoordinateFit, values: [String: Double]) {
        let fit = try WorldCoordinateFit(pairs, width: camera.width, height: camera.height, orders: order...order)
        var values: [String: Double] = [:]
        for card in fit.cards() {
            let stem = card.keyword.prefix { $0 != "_" }
            guard ["A", "B", "CD1", "CD2", "CRVAL1", "CRVAL2"].contains(stem), card.keyword.hasSuffix("ORDER") == false
            else { continue }
            if case .real(let value)? = card.value { values[card.keyword] = value }
        }
        return (fit, values)
    }
}
