internal import Astrometry
internal import Foundation
internal import Imaging
internal import Sky
internal import Testing

@Suite("a fitted world coordinate system in a header")
struct WorldCoordinateCardsTests {
    private static let cameras: [SimulatedCamera] = [
        SimulatedCamera(rotationDegrees: 30),
        SimulatedCamera(
            ra: 0.001, dec: -60, rotationDegrees: 110, isMirrored: true, optics: .radialCubic, strength: 60),
        SimulatedCamera(ra: 200, dec: 89.95, arcsecPerPixel: 4, rotationDegrees: -75, optics: .decentred, strength: 80),
        SimulatedCamera(ra: 300, dec: -90, arcsecPerPixel: 15, optics: .tilted, strength: 50),
    ]

    private func fit(_ camera: SimulatedCamera, order: Int = 5) throws -> WorldCoordinateFit {
        try WorldCoordinateFit(
            camera.pairs(400, seed: 3), width: camera.width, height: camera.height, orders: order...order)
    }

    @Test(
        "wcslib gives the fit's own positions and pixels to 1e-6 px, from SIP and from TPV",
        arguments: cameras, [1, 2, 3, 4, 5])
    func roundTrip(camera: SimulatedCamera, order: Int) throws {
        let fit = try fit(camera, order: order)
        #expect(fit.order == order)
        for convention in DistortionConvention.allCases {
            let coordinates = try WorldCoordinates(Header(fit.cards(convention)))
            for (x, y) in [(0.0, 0.0), (1999.0, 0.0), (0.0, 1499.0), (1999.0, 1499.0), (999.5, 749.5), (312.3, 1101.7)]
            {
                let own = try #require(fit.position(x: x, y: y))
                let found = coordinates.position(x: x, y: y)
                let theirs = try #require(found)
                #expect(own.separationDegrees(from: theirs) * 3600 / camera.arcsecPerPixel < 1e-6)
                let (back, inverted) = (coordinates.pixel(of: own), fit.pixel(of: own))
                let (pixel, ownPixel) = (try #require(back), try #require(inverted))
                #expect(hypot(pixel.x - x, pixel.y - y) < 1e-6)
                #expect(hypot(ownPixel.x - x, ownPixel.y - y) < 1e-6)
            }
            let scale = coordinates.scale(x: 999.5, y: 749.5)
            #expect(scale?.isMirrored == fit.isMirrored)
        }
    }

    @Test("the inverse polynomials give every pixel of the frame back to 0.01 px", arguments: cameras)
    func inverse(camera: SimulatedCamera) throws {
        let fit = try fit(camera, order: 3)
        #expect(fit.inverseErrorPixels < 0.01)
        let header = Header(fit.cards())
        func sum(_ name: String, _ x: Double, _ y: Double) -> Double {
            let order = Int(header.number("\(name)_ORDER")!)
            return (0...order).reduce(0) { sum, p in
                (0...(order - p)).reduce(sum) {
                    $0 + (header.number("\(name)_\(p)_\($1)") ?? 0) * pow(x, Double(p)) * pow(y, Double($1))
                }
            }
        }
        for row in 0...30 {
            for column in 0...30 {
                let (u, v) = (Double(column) * 1999 / 30 - 999.5, Double(row) * 1499 / 30 - 749.5)
                let (bentU, bentV) = (u + sum("A", u, v), v + sum("B", u, v))
                let (backU, backV) = (bentU + sum("AP", bentU, bentV), bentV + sum("BP", bentU, bentV))
                #expect(hypot(backU - u, backV - v) < 0.01)
            }
        }
    }

    @Test("keywords come in astrometry.net's order, and say what they are")
    func order() throws {
        let cards = try fit(Self.cameras[1], order: 2).cards()
        #expect(
            cards.map(\.keyword).prefix(28) == [
                "WCSAXES", "CTYPE1", "CTYPE2", "RADESYS", "EQUINOX", "LONPOLE", "LATPOLE", "CRVAL1", "CRVAL2",
                "CRPIX1", "CRPIX2", "CUNIT1", "CUNIT2", "CD1_1", "CD1_2", "CD2_1", "CD2_2", "IMAGEW", "IMAGEH",
                "A_ORDER", "A_0_2", "A_1_1", "A_2_0", "B_ORDER", "B_0_2", "B_1_1", "B_2_0", "AP_ORDER",
            ])
        let header = Header(cards)
        #expect(header.text("CTYPE1") == "RA---TAN-SIP" && header.text("CTYPE2") == "DEC--TAN-SIP")
        #expect(
            header.text("RADESYS") == "ICRS" && header.number("CRPIX1") == 1000.5 && header.number("CRPIX2") == 750.5)
        #expect(header.number("NJWCSTAR")! + header.number("NJWCCLIP")! == 400)
        #expect(cards.allSatisfy { $0.keyword.utf8.count <= 8 && $0.comment.utf8.count <= 47 })
        let tpv = try Header(fit(Self.cameras[1], order: 2).cards(.tpv))
        #expect(tpv.text("CTYPE2") == "DEC--TPV" && tpv.number("PV1_1") == 1 && tpv.number("PV2_1") == 1)
        #expect(tpv.number("PV1_3") == nil && tpv.number("A_ORDER") == nil)
        #expect(try Header(fit(Self.cameras[0], order: 1).cards(.tpv)).text("CTYPE1") == "RA---TAN")
    }

    @Test("an old world coordinate system leaves the header whole, and nothing else does")
    func replaced() throws {
        let old = HeaderText.header(
            """
            OBJECT  = 'M 31'
            CTYPE1  = 'RA---TPV'
            CTYPE2  = 'DEC--TPV'
            PV1_4   = 0.1
            A_ORDER = 2
            A_2_0   = 1E-5
            CDELT1  = 0.1
            CROTA2  = 12
            CTYPE1A = 'LINEAR'
            EXPTIME = 30
            NJWCSTAR= 3
            """)
        let cards = try fit(Self.cameras[0], order: 1).cards()
        let new = old.replacingWorldCoordinates(by: cards)
        #expect(new.cards.prefix(3).map(\.keyword) == ["OBJECT", "CTYPE1A", "EXPTIME"])
        #expect(Array(new.cards.dropFirst(3)) == cards)
        #expect(new.replacingWorldCoordinates(by: cards) == new)
    }
}
