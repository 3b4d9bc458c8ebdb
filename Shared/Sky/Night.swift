/// The night an exposure belongs to: from one local noon to the next, named by the date of its evening.
///
/// Local noon is that of mean solar time, UTC + longitude / 15, which needs no time-zone tables; without a site it is noon UTC.
public struct ObservingNight: Sendable, Hashable, Comparable {
    /// The evening's date, "YYYY-MM-DD".
    public let date: String
    /// Local noon at which the night begins, MJD UTC [d].
    public let startMJD: Double
    /// Local noon at which the night ends, MJD UTC [d]; that moment belongs to the next night.
    public let endMJD: Double

    /// The night that a moment belongs to.
    public init(containing instant: UTCInstant, at site: Site?) {
        let east = (site?.longitudeDegrees ?? 0) / 360
        self.init(eveningMJD: Int((instant.mjd + east - 0.5).rounded(.down)), east: east)
    }

    /// The night of a given date, "YYYY-MM-DD".
    /// - Throws: `SkyError` when the text is no date.
    public init(date: String, at site: Site?) throws(SkyError) {
        let day = try CalendarDay(date.trimmed()[...], quantity: "night", text: date)
        self.init(eveningMJD: day.mjd, east: (site?.longitudeDegrees ?? 0) / 360)
    }

    private init(eveningMJD: Int, east: Double) {
        date = CalendarDay(mjd: eveningMJD).text
        startMJD = Double(eveningMJD) + 0.5 - east
        endMJD = Double(eveningMJD) + 1.5 - east
    }

    public static func < (left: ObservingNight, right: ObservingNight) -> Bool { left.startMJD < right.startMJD }
}
