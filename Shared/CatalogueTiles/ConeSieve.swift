internal import Glibc
internal import Sky

/// Says of most rows, by their coordinates alone, whether their stars are in a cone: most of what is read lies outside.
struct ConeSieve {
    enum Answer {
        case inside, outside
        /// So near the rim that only the star's own place tells, or a row that is no star.
        case perhaps
    }

    /// [deg]
    private let dec: Double
    private let centre: SIMD3<Double>
    /// [rad]
    private let radius: Double
    /// Julian year.
    private let epoch: Double

    /// What rounding may move [rad].
    private static let slack = 1e-9

    init(_ cone: Cone) {
        dec = cone.centre.decDegrees
        centre = Self.direction(ra: cone.centre.raDegrees, dec: cone.centre.decDegrees)
        (radius, epoch) = (cone.radiusDegrees * (.pi / 180), cone.epoch)
    }

    private static func direction(ra: Double, dec: Double) -> SIMD3<Double> {
        let (ra, dec) = (ra * (.pi / 180), dec * (.pi / 180))
        return SIMD3(cos(dec) * cos(ra), cos(dec) * sin(ra), sin(dec))
    }

    /// - Parameters:
    ///   - ra, dec: at the row's epoch [deg].
    ///   - motion: [mas/yr]; NaN where it is not known.
    func answer(ra: Double, dec: Double, epoch: Float, motion: (ra: Float, dec: Float)) -> Answer {
        guard abs(ra) <= 720, abs(dec) <= 90 else { return .perhaps }
        let speed = (motion.ra * motion.ra + motion.dec * motion.dec).squareRoot()
        // On a straight line a star turns by no more than speed times years, seen from here.
        let drift =
            speed.isFinite
            ? Double(speed) * 1.000_001 * abs(self.epoch - Double(epoch)) * (.pi / 648_000_000) + Self.slack
            : Self.slack
        guard drift.isFinite else { return .perhaps }
        if abs(dec - self.dec) * (.pi / 180) > radius + drift { return .outside }
        let arm = Self.direction(ra: ra, dec: dec) - centre
        let chord = (arm * arm).sum().squareRoot()
        // The angle is chord + chord^3 / 24 + ..., up to one radian less than 1.05 of the chord.
        if chord > radius + drift { return .outside }
        if chord <= 1, chord * (1 + chord * chord / 20) + drift < radius { return .inside }
        return .perhaps
    }
}
