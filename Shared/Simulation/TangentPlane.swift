internal import Glibc
internal import Sky

/// The gnomonic projection about a place (FITS "TAN"), in degrees: xi to the east, eta to the north.
/// - Source: Calabretta & Greisen 2002, A&A 395, 1077, section 5.1.3.
struct TangentPlane {
    private let ra: Double
    private let sinDec: Double
    private let cosDec: Double

    init(centre: SkyPosition) {
        ra = centre.raDegrees * .pi / 180
        let dec = centre.decDegrees * .pi / 180
        sinDec = sin(dec)
        cosDec = cos(dec)
    }

    /// Nil on the far side of the sky.
    func project(_ position: SkyPosition) -> (xiDegrees: Double, etaDegrees: Double)? {
        let dec = position.decDegrees * .pi / 180
        let turn = position.raDegrees * .pi / 180 - ra
        let depth = sinDec * sin(dec) + cosDec * cos(dec) * cos(turn)
        guard depth > 0.1 else { return nil }
        let xi = cos(dec) * sin(turn) / depth
        let eta = (cosDec * sin(dec) - sinDec * cos(dec) * cos(turn)) / depth
        return (xi * 180 / .pi, eta * 180 / .pi)
    }

    func position(xiDegrees: Double, etaDegrees: Double) throws(SkyError) -> SkyPosition {
        let xi = xiDegrees * .pi / 180
        let eta = etaDegrees * .pi / 180
        let turn = atan2(xi, cosDec - eta * sinDec)
        let dec = atan2(sinDec + eta * cosDec, hypot(xi, cosDec - eta * sinDec))
        let degrees = (ra + turn) * 180 / .pi
        return try SkyPosition(
            raDegrees: degrees - 360 * (degrees / 360).rounded(.down), decDegrees: dec * 180 / .pi)
    }
}

/// Places of the tangent plane on the detector, and the world coordinates that say so.
///
///     (xi, eta) = CD (x - x0, y - y0),   CD = R(position angle) diag(-scale, scale); mirrored: + scale
struct PixelFrame {
    let x0: Double
    let y0: Double
    let cd: (Double, Double, Double, Double)

    init(_ instrument: SimulatedInstrument, shiftX: Double, shiftY: Double, rotationDegrees: Double) {
        x0 = Double(instrument.width - 1) / 2 + shiftX
        y0 = Double(instrument.height - 1) / 2 + shiftY
        let angle = (instrument.positionAngleDegrees + rotationDegrees) * .pi / 180
        let scale = instrument.pixelScaleArcseconds / 3600
        let across = instrument.isMirrored ? scale : -scale
        // The y axis points to position angle `angle`: (xi, eta) = scale (sin, cos).
        cd = (across * cos(angle), scale * sin(angle), -across * sin(angle), scale * cos(angle))
    }

    func pixel(xiDegrees: Double, etaDegrees: Double) -> (x: Double, y: Double) {
        let determinant = cd.0 * cd.3 - cd.1 * cd.2
        let x = (cd.3 * xiDegrees - cd.1 * etaDegrees) / determinant
        let y = (cd.0 * etaDegrees - cd.2 * xiDegrees) / determinant
        return (x0 + x, y0 + y)
    }
}
