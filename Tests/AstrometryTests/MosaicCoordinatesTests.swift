import Astrometry
import Imaging
import Sky
import Testing

private let linear = """
    CRPIX1  = 325.5
    CRPIX2  = 250.25
    CRVAL1  = 31.04283
    CRVAL2  = 46.68783

    """
private let headers: [(name: String, text: String)] = [
    (
        "TAN with a CD matrix",
        """
        CTYPE1  = 'RA---TAN'
        CTYPE2  = 'DEC--TAN'
        CD1_1   = -1.40E-3
        CD1_2   = 2.0E-5
        CD2_1   = 1.7E-5
        CD2_2   = 1.41E-3

        """ + linear
    ),
    (
        "SIP with its inverse",
        """
        CTYPE1  = 'RA---TAN-SIP'
        CTYPE2  = 'DEC--TAN-SIP'
        CD1_1   = -1.40E-3
        CD1_2   = 2.0E-5
        CD2_1   = 1.7E-5
        CD2_2   = 1.41E-3
        A_ORDER = 3
        B_ORDER = 3
        A_0_0   = 0.25
        A_1_0   = 1.1E-4
        A_2_0   = 1.2E-6
        A_1_1   = -3.0E-7
        A_0_3   = 2.0E-9
        B_0_2   = -9.0E-7
        B_2_1   = 1.1E-9

        """ + linear
    ),
    (
        "CDELT and CROTA2",
        """
        CTYPE1  = 'RA---TAN'
        CTYPE2  = 'DEC--TAN'
        CDELT1  = -1.40E-3
        CDELT2  = 1.41E-3
        CROTA2  = 12.5

        """ + linear
    ),
    (
        "CDELT and PC",
        """
        CTYPE1  = 'RA---TAN'
        CTYPE2  = 'DEC--TAN'
        CDELT1  = -1.40E-3
        CDELT2  = 1.41E-3
        PC1_1   = 0.98
        PC1_2   = 0.17
        PC2_1   = -0.17
        PC2_2   = 0.98

        """ + linear
    ),
    (
        "TPV",
        """
        CTYPE1  = 'RA---TPV'
        CTYPE2  = 'DEC--TPV'
        CD1_1   = -1.40E-3
        CD1_2   = 2.0E-5
        CD2_1   = 1.7E-5
        CD2_2   = 1.41E-3
        PV1_1   = 1.0003
        PV1_2   = -0.0002
        PV1_4   = 0.004
        PV2_1   = 0.9998
        PV2_5   = -0.003

        """ + linear
    ),
]

@Suite struct MosaicCoordinatesTests {
    @Test("the centre of a channel's pixel is the same place on the sky as in the mosaic, and back", arguments: headers)
    func sameSky(name: String, text: String) throws {
        let header = HeaderText.header(text)
        let whole = try WorldCoordinates(header)
        for pattern in BayerPattern.allCases {
            let found = BayerMosaic(pattern: pattern, width: 650, height: 500)
            let mosaic = try #require(found)
            for channel in BayerChannel.allCases {
                let part = try WorldCoordinates(mosaic.header(of: channel, from: header, filter: nil).header)
                let centre = mosaic.centre(of: channel)
                for (i, j) in [(0.0, 0.0), (324.0, 249.0), (17.0, 203.5), (162.25, 124.75)] {
                    let (there, here) = (
                        whole.position(x: 2 * i + centre.x, y: 2 * j + centre.y), part.position(x: i, y: j)
                    )
                    let (expected, position) = (try #require(there), try #require(here))
                    #expect(abs(position.raDegrees - expected.raDegrees) < 1e-11, "\(name) \(pattern) \(channel)")
                    #expect(abs(position.decDegrees - expected.decDegrees) < 1e-11, "\(name) \(pattern) \(channel)")
                    let back = part.pixel(of: position)
                    let pixel = try #require(back)
                    #expect(abs(pixel.x - i) < 1e-6 && abs(pixel.y - j) < 1e-6)
                }
            }
        }
    }
}
