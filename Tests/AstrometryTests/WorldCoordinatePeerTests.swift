internal import Astrometry
internal import Foundation
internal import Sky
internal import Testing

/// Positions by astropy 8.0.2, `fit_wcs_from_points(xy, sky, proj_point="center", projection="TAN", sip_degree=order)`
/// and `all_pix2world(x, y, 0)`, from the pairs of `pairs()` below.
private let astropyPositions: [(order: Int, x: Double, y: Double, ra: Double, dec: Double)] = [

    ]

@Suite("a fitted world coordinate system beside astropy's")
struct WorldCoordinatePeerTests {
    /// Sixty stars at places that any program can make, with errors up to 0.1 px.
    private func pairs() throws -> [SkyPair] {
        let camera = SimulatedCamera(rotationDegrees: 33, optics: .radialCubic, strength: 12)
        return try (0..<60).map { index in
            let x = Double(index * 37 % 61) / 60 * 1999
            let y = Double(index * 23 % 59) / 58 * 1499
            return SkyPair(
                x: x + 0.1 * sin(12.9898 * Double(index)), y: y + 0.1 * sin(78.233 * Double(index) + 1),
                xErrorPixels: 10, yErrorPixels: 10, position: try camera.sky(x: x, y: y), skyErrorArcsec: 0)
        }
    }

    @Test("pairs of equal weight give astropy's positions", arguments: astropyPositions)
    func same(order: Int, x: Double, y: Double, ra: Double, dec: Double) throws {
        let fit = try WorldCoordinateFit(pairs(), width: 2000, height: 1500, orders: order...order)
        #expect(fit.order == order && fit.residuals.used == 60)
        let found = try #require(fit.position(x: x, y: y))
        // astropy places its tangent point elsewhere: that bends the plane by less than this [arcsec, px].
        #expect(try found.separationDegrees(from: SkyPosition(raDegrees: ra, decDegrees: dec)) * 3600 < 0.005)
    }
}
