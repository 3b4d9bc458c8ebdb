internal import Events
internal import Sky

extension ObservingCircumstances {
    init(_ position: SkyPosition, at instant: UTCInstant, from site: Site?) {
        self.init(
            midpointMJDTAI: instant.mjdTAI,
            midpointHJDUTC: position.heliocentricJulianDateUTC(at: instant, from: site))
        guard let site else { return }
        let conditions = ObservingConditions(position, at: instant, from: site)
        sunAltitudeDegrees = conditions.sunAltitudeDegrees
        moonAltitudeDegrees = conditions.moonAltitudeDegrees
        moonSeparationDegrees = conditions.moonSeparationDegrees
        moonIlluminatedFraction = conditions.moonIlluminatedFraction
    }
}
