/// Time scales of a point beside UTC and TDB, and where Sun and Moon stood.
public struct ObservingCircumstances: Codable, Sendable, Hashable {
    /// Mid-exposure, International Atomic Time.
    public var midpointMJDTAI: Double
    /// Mid-exposure at the Sun's centre, UTC.
    public var midpointHJDUTC: Double
    /// Above the true horizon [deg]; nil, as all that follows, where the site is not known.
    public var sunAltitudeDegrees: Double?
    public var moonAltitudeDegrees: Double?
    /// Between target and Moon as seen from the site [deg].
    public var moonSeparationDegrees: Double?
    /// 0 at new moon, 1 at full moon.
    public var moonIlluminatedFraction: Double?

    public init(midpointMJDTAI: Double, midpointHJDUTC: Double) {
        (self.midpointMJDTAI, self.midpointHJDUTC) = (midpointMJDTAI, midpointHJDUTC)
    }
}
