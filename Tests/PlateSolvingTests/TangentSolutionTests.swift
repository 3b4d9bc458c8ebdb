import Glibc
import PortableNumbers
import Sky
import Testing

@testable import PlateSolving

@Suite("Tangent solution")
struct TangentSolutionTests {
    private func solution(_ ra: Double, _ dec: Double) throws -> TangentSolution {
        TangentSolution(
            referencePosition: try SkyPosition(raDegrees: ra, decDegrees: dec), referenceX: 500.25, referenceY: 400.5,
            cd11: -4e-4, cd12: 1e-4, cd21: 1.5e-4, cd22: 5e-4)
    }

    @Test("pixels and directions invert each other, at the poles and across RA 0 as well")
    func inverse() throws {
        for (ra, dec) in [(0, 0), (359.99, 10), (120, 90), (45, -90), (200, 89.9), (77, -60)] {
            let solution = try solution(ra, dec)
            for (x, y) in [(0.0, 0.0), (1000, 0), (500.25, 400.5), (-2000, 3000)] {
                let pixel = try #require(solution.pixel(of: solution.position(x: x, y: y)))
                #expect(abs(pixel.x - x) < 1e-7 && abs(pixel.y - y) < 1e-7)
            }
        }
        #expect(try solution(10, 20).pixel(of: SkyPosition(raDegrees: 190, decDegrees: -20)) == nil)
        let other = try SkyPosition(raDegrees: 100, decDegrees: 0)
        #expect(try solution(10, 0).pixel(of: other) == nil)
    }

    @Test("positions agree with astropy to 1e-10 degrees")
    func astropy() throws {
        for (ra, dec, x, y, wantedRA, wantedDec) in Self.frozen {
            let found = try solution(ra, dec).position(x: x, y: y)
            let wanted = try SkyPosition(raDegrees: wantedRA, decDegrees: wantedDec)
            #expect(found.separationDegrees(from: wanted) < 1e-10)
        }
    }

    @Test("scale, parity and direction of the y axis are those of the matrix")
    func shape() throws {
        let centre = try SkyPosition(raDegrees: 10, decDegrees: 20)
        let plain = TangentSolution(
            referencePosition: centre, referenceX: 0, referenceY: 0, cd11: -2.0 / 3600, cd12: 0, cd21: 0,
            cd22: 2.0 / 3600)
        #expect(abs(plain.scaleArcsecPerPixel - 2) < 1e-12)
        #expect(plain.parity == .normal)
        #expect(plain.positionAngleOfYDegrees == 0)
        let turned = TangentSolution(
            referencePosition: centre, referenceX: 0, referenceY: 0, cd11: 0, cd12: 1e-3, cd21: 1e-3, cd22: 0)
        #expect(turned.parity == .normal)
        #expect(abs(turned.positionAngleOfYDegrees - 90) < 1e-12)
        let mirrored = TangentSolution(
            referencePosition: centre, referenceX: 0, referenceY: 0, cd11: 1e-3, cd12: 0, cd21: 0, cd22: 1e-3)
        #expect(mirrored.parity == .mirrored)
    }

    @Test("the equal-area plane keeps areas, the tangent plane its own directions")
    func planes() throws {
        var words = SplitMix64(seed: 8)
        for _ in 0..<50 {
            let centre = try SkyPosition(raDegrees: 360 * words.uniform(), decDegrees: 180 * words.uniform() - 90)
            for frame in [TangentFrame(centre), TangentFrame(SkyVector(centre))] {
                let angle = 0.8 * words.uniform()
                let place = frame.equalArea(frame.direction(xi: tan(angle) * 0.6, eta: tan(angle) * 0.8))
                // A cap of this angle has the area of a circle of radius 2 sin(angle / 2).
                #expect(abs(hypot(place.x, place.y) - 2 * sin(angle / 2)) < 1e-12)
                let back = frame.project(frame.direction(xi: 0.3, eta: -0.4))
                #expect(abs(back.xi - 0.3) < 1e-12 && abs(back.eta + 0.4) < 1e-12)
            }
        }
    }

    // astropy 8.0.2, CTYPE TAN, CRPIX 501.25, 401.5, LONPOLE 180 and the matrix above; `all_pix2world(x, y, 0)`.
    private static let frozen: [(Double, Double, Double, Double, Double, Double)] = [
        (0, 0, 0, 0, 0.1600495837076029, -0.27528430768837137),
        (0, 0, 1000, 900, 359.8500503423506, 0.3247079116718594),
        (359.99, 10, 0, 0, 0.1523810259582774, 9.724676309460074),
        (359.99, 10, 1000, 900, 359.8375848304865, 10.324673278598443),
        (120, 90, 0, 0, 150.17338437434424, 89.68157085215785),
        (120, 90, 1000, 900, 324.787168183186, 89.64234110242866),
        (45, -90, 0, 0, 194.8266156256551, -89.68157085215785),
        (45, -90, 1000, 900, 20.212831816814415, -89.64234110242866),
        (200, 89.9, 0, 0, 223.09696654287055, 89.59201221914778),
        (200, 89.9, 1000, 900, 53.71511953202281, 89.72985520972323),
        (77, -60, 0, 0, 77.32278279202988, -60.27489387739861),
        (77, -60, 1000, 900, 76.70301787875074, -59.6749555347045),
    ]
}
