internal import Astrometry
internal import Foundation
internal import Imaging
internal import Sky
internal import Testing

@Suite struct ZooTests {
    @Test("every header of the zoo gives coordinates that invert, or a typed reason")
    func zoo() throws {
        guard let folder = sharedData("wcs-zoo") else { return print("skipped: no shared/data beside the checkout") }
        let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        var solved = 0
        for case let file as URL in files where ["hdr", "fits"].contains(file.pathExtension) {
            for header in HeaderText.headers(in: Array(try Data(contentsOf: file))) {
                do {
                    try checkInverse(try WorldCoordinates(header), file.lastPathComponent)
                    solved += 1
                } catch let error as WorldCoordinatesError {
                    #expect(!error.description.isEmpty)
                }
            }
        }
        #expect(solved >= 50)
    }

    private func checkInverse(_ coordinates: borrowing WorldCoordinates, _ name: String) throws {
        // The cube projection CSC is defined with an inverse that is only approximate.
        let tolerance = name.contains("CSC") ? 0.5 : 1e-6
        for (x, y) in [(10.0, 20.0), (100, 50), (200, 300)] {
            guard let sky = coordinates.position(x: x, y: y), let back = coordinates.pixel(of: sky) else { continue }
            #expect(abs(back.x - x) < tolerance && abs(back.y - y) < tolerance, "\(name)")
        }
    }

    @Test(
        "real headers are read as astropy 8.0.2 reads them (frozen: all_pix2world of pixel 100, 50)",
        arguments: [
            ("astropy_wcs/irac_sip.hdr", (6.13551762236275, -2.091887403847915)),
            ("astropy_wcs/defunct_keywords.hdr", (206.47652769744155, -29.025439091850725)),
            ("astropy_wcs/siponly.hdr", (276.05944246135994, -24.764605449552825)),
            ("astropy_wcs/tpvonly.hdr", (276.05944246135994, -24.764605449552825)),
            ("astropy_wcs/maps/1904-66_ZPN.hdr", (275.8060611523481, -66.88852378046636)),
            ("amateur/M106.wcs.fits", (183.39569666341936, 47.94221546775659)),
        ])
    func astropy(file: String, expected: (Double, Double)) throws {
        guard let folder = sharedData("wcs-zoo") else { return print("skipped: no shared/data beside the checkout") }
        let bytes = Array(try Data(contentsOf: folder.appending(path: file)))
        let coordinates = try WorldCoordinates(try #require(HeaderText.headers(in: bytes).first))
        let position = coordinates.position(x: 100, y: 50)
        let sky = try #require(position)
        #expect(abs(sky.raDegrees - expected.0) < 1e-9 && abs(sky.decDegrees - expected.1) < 1e-9)
    }
}
