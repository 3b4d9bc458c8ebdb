internal import CWCSLIB
public import Imaging
public import Sky

/// The world coordinate system of an image, evaluated by wcslib: pixel to sky and back.
///
/// Every projection that wcslib knows (TAN, TPV, ZPN, SIN ...), SIP, TNX and ZPX distortions. Pixels count from 0 at
/// the centre of the first one; the FITS convention of 1 ends here. One value may not be used by two threads at a time,
/// which the type ensures by not being `Sendable`.
/// - Source: Calabretta & Greisen 2002, A&A 395, 1077; Shupe et al. 2005, ASPC 347, 491 (SIP).
public struct WorldCoordinates: ~Copyable {
    private let handle: UnsafeMutablePointer<wcsprm>

    /// - Parameter header: a header with CTYPEi, CRVALi, CRPIXi and CDi_j or CDELTi; only its primary description
    ///   counts.
    /// - Throws: `WorldCoordinatesError`, whatever is in the header.
    public init(_ header: Header) throws(WorldCoordinatesError) {
        let text = try CardText(header)
        try Self.check(text, header)
        try MatrixCheck(text).requireSound()
        handle = try Self.evaluate(try text.normalisedCards())
    }

    deinit {
        wcsfree(handle)
        handle.deallocate()
    }

    /// The sky position of a pixel; `nil` where the projection has none or a coordinate is not finite.
    public borrowing func position(x: Double, y: Double) -> SkyPosition? {
        guard x.isFinite, y.isFinite else { return nil }
        var pixel = [x + 1, y + 1]
        var (image, world) = ([0.0, 0.0], [0.0, 0.0])
        var (phi, theta, status) = (0.0, 0.0, Int32(0))
        guard wcsp2s(handle, 1, 2, &pixel, &image, &phi, &theta, &world, &status) == 0, status == 0 else { return nil }
        let longitude = world[Int(handle.pointee.lng)]
        let latitude = world[Int(handle.pointee.lat)]
        do {
            return try SkyPosition(raDegrees: longitude, decDegrees: latitude)
        } catch {
            // wcslib called it a success; an angle outside the sphere is none.
            return nil
        }
    }

    /// The pixel of a sky position, in or outside the image; `nil` where the projection has none.
    public borrowing func pixel(of position: SkyPosition) -> (x: Double, y: Double)? {
        var world = [0.0, 0.0]
        world[Int(handle.pointee.lng)] = position.raDegrees
        world[Int(handle.pointee.lat)] = position.decDegrees
        var (image, pixel) = ([0.0, 0.0], [0.0, 0.0])
        var (phi, theta, status) = (0.0, 0.0, Int32(0))
        guard wcss2p(handle, 1, 2, &world, &phi, &theta, &image, &pixel, &status) == 0, status == 0 else { return nil }
        guard pixel[0].isFinite, pixel[1].isFinite else { return nil }
        return (pixel[0] - 1, pixel[1] - 1)
    }

    /// Mean pixel scale [arcsec/px] and parity at a pixel, by differences of half a pixel; `nil` where there is no sky.
    ///
    /// `isMirrored` is true when north up would put east to the right.
    public borrowing func scale(x: Double, y: Double) -> (arcsecPerPixel: Double, isMirrored: Bool)? {
        guard let centre = position(x: x, y: y), let right = position(x: x + 0.5, y: y),
            let up = position(x: x, y: y + 0.5)
        else { return nil }
        let alongX = centre.offset(to: right)
        let alongY = centre.offset(to: up)
        let turn = (alongY.positionAngleDegrees - alongX.positionAngleDegrees + 720).truncatingRemainder(
            dividingBy: 360)
        let area = alongX.separationDegrees * alongY.separationDegrees * 4
        guard area > 0 else { return nil }
        return (area.squareRoot() * 3600, turn > 180)
    }
}

extension WorldCoordinates {
    /// What wcslib would take with a default, or in a way we do not mean.
    private static func check(_ cards: CardText, _ header: Header) throws(WorldCoordinatesError) {
        guard let first = cards.text["CTYPE1"] else { throw .absent }
        guard let second = cards.text["CTYPE2"] else { throw .missing(keyword: "CTYPE2") }
        let axes = [first, second].map { $0.uppercased() }
        guard axes.contains(where: { $0.hasPrefix("RA--") }), axes.contains(where: { $0.hasPrefix("DEC-") }) else {
            if axes.contains(where: { $0.hasPrefix("GLON") || $0.hasPrefix("ELON") || $0.dropFirst().hasPrefix("LON") })
            {
                throw .otherFrame(axes.joined(separator: ", "))
            }
            throw .notCelestial(axis1: first, axis2: second)
        }
        for keyword in ["CRVAL1", "CRVAL2", "CRPIX1", "CRPIX2"] where cards.number[keyword] == nil {
            throw .missing(keyword: keyword)
        }
        let hasMatrix = cards.number.keys.contains { $0.hasPrefix("CD1_") || $0.hasPrefix("CD2_") }
        if !hasMatrix {
            for keyword in ["CDELT1", "CDELT2"] where cards.number[keyword] == nil {
                throw .missing(keyword: keyword == "CDELT1" ? "CD1_1 (or CDELT1)" : "CD2_2 (or CDELT2)")
            }
        }
        for keyword in ["CPDIS1", "CPDIS2", "D2IMDIS1", "D2IMDIS2", "CQDIS1", "CQDIS2"] {
            if let text = header.text(keyword) { throw .unsupported(keyword: keyword, text: text) }
        }
        try checkFrame(cards)
    }

    private static func checkFrame(_ cards: CardText) throws(WorldCoordinatesError) {
        let system = (cards.text["RADESYS"] ?? cards.text["RADECSYS"])?.uppercased()
        let equinox = cards.number["EQUINOX"] ?? cards.number["EPOCH"]
        switch system {
        case "ICRS": return
        case "FK5", nil:
            if let equinox, abs(equinox - 2000) > 0.001 {
                throw .otherFrame(system == nil && equinox < 1984 ? "FK4 \(equinox)" : "FK5 \(equinox)")
            }
        case let other?: throw .otherFrame(other)
        }
    }

    private static func evaluate(
        _ cards: [String]
    ) throws(WorldCoordinatesError) -> UnsafeMutablePointer<wcsprm> {
        var text = Array((cards.joined() + "END" + String(repeating: " ", count: 77)).utf8CString)
        var (rejected, count) = (Int32(0), Int32(0))
        var list: UnsafeMutablePointer<wcsprm>?
        let status = wcspih(&text, Int32(cards.count + 1), Int32(WCSHDR_all), 0, &rejected, &count, &list)
        defer { wcsvfree(&count, &list) }
        guard status == 0 else { throw .invalid("wcslib could not parse the header (wcspih \(status))") }
        guard count > 0, let list else { throw .absent }

        let handle = UnsafeMutablePointer<wcsprm>.allocate(capacity: 1)
        handle.initialize(to: wcsprm())
        handle.pointee.flag = -1
        do {
            var axes: [Int32] = [1, 2]
            var axisCount: Int32 = 2
            try check(wcssub(1, list, &axisCount, &axes, handle), "the image axes cannot be separated from the others")
            var fixed = [Int32](repeating: 0, count: Int(NWCSFIX))
            wcsfix(0, nil, handle, &fixed)
            try check(wcsset(handle), nil)
            try checkEvaluated(handle)
        } catch {
            wcsfree(handle)
            handle.deallocate()
            throw error
        }
        return handle
    }

    private static func check(_ status: Int32, _ meaning: String?) throws(WorldCoordinatesError) {
        guard status != 0 else { return }
        throw .invalid(meaning ?? reason(status))
    }

    /// wcslib's status in words. Its own table of texts is a mutable C global, which Swift rightly refuses to share.
    private static func reason(_ status: Int32) -> String {
        switch status {
        case 2: "out of memory"
        case 3: "the linear transformation matrix is singular"
        case 4: "inconsistent or unrecognised coordinate axis types"
        case 5: "a parameter value is out of range"
        case 6: "the coordinate transformation parameters are contradictory or a unit is wrong"
        case 7: "the coordinate transformation is ill-conditioned"
        default: "wcslib status \(status)"
        }
    }

    private static func checkEvaluated(_ handle: UnsafeMutablePointer<wcsprm>) throws(WorldCoordinatesError) {
        let parameters = handle.pointee
        guard parameters.naxis == 2, (0...1).contains(parameters.lng), (0...1).contains(parameters.lat),
            parameters.lng != parameters.lat
        else { throw .invalid("wcslib finds no celestial axes") }
        // lin.piximg is not allocated where PC is the unit matrix.
        let determinant =
            parameters.lin.piximg.map { $0[0] * $0[3] - $0[1] * $0[2] }
            ?? parameters.lin.cdelt[0] * parameters.lin.cdelt[1]
        guard determinant.isFinite, abs(determinant) > 1e-24 else { throw .invalid("the pixel scale is zero") }
    }
}
