internal import CERFA

extension UTCInstant {
    /// Reads date and time in one text: "2017-12-19T18:33:43.317-0700", "2017-12-20T01:33:43Z", "2017-12-20 01:33:43.1234567".
    ///
    /// Without an offset the time is UTC; a date alone is its midnight.
    /// - Throws: `SkyError` saying which part is wrong.
    public init(iso8601 text: String) throws(SkyError) {
        try self.init(text, timeText: nil, quantity: "time", dateAloneIsMidnight: true)
    }

    /// Reads a FITS header's `DATE-OBS`, with `TIME-OBS` (or `UT`) where the date stands alone.
    ///
    /// `DATE-OBS` may be ISO 8601 with or without time and offset, or the form before 2000, "DD/MM/YY", which means 19YY
    /// (FITS standard 4.0, section 4.4.2.1). A `TIME-OBS` beside a complete `DATE-OBS` is ignored.
    /// - Throws: `SkyError` naming the keyword; a date without any time is an error, not midnight.
    public init(dateObserved: String, timeObserved: String? = nil) throws(SkyError) {
        try self.init(dateObserved, timeText: timeObserved, quantity: "DATE-OBS", dateAloneIsMidnight: false)
    }

    private init(
        _ text: String, timeText: String?, quantity: String, dateAloneIsMidnight: Bool
    ) throws(SkyError) {
        let whole = text.trimmed()
        let separator = whole.firstIndex { "Tt ".contains($0) }
        let dateText = separator.map { whole[..<$0] } ?? whole[...]
        let day = try CalendarDay(dateText, quantity: quantity, text: text)
        if let separator {
            let clock = try ClockTime(whole[whole.index(after: separator)...], quantity: quantity, text: text)
            try self.init(day: day, clock: clock, quantity: quantity, text: text)
        } else if let timeText {
            let clock = try ClockTime(timeText.trimmed()[...], quantity: "TIME-OBS", text: timeText)
            try self.init(day: day, clock: clock, quantity: "TIME-OBS", text: timeText)
        } else if dateAloneIsMidnight {
            try self.init(day: day, clock: ClockTime(), quantity: quantity, text: text)
        } else {
            throw .unreadable(quantity: quantity, text: text, reason: "a date without a time, and there is no TIME-OBS")
        }
    }

    private init(day: CalendarDay, clock: ClockTime, quantity: String, text: String) throws(SkyError) {
        var minutes = clock.minutes - clock.offsetMinutes
        var second = clock.second
        var shiftedDay = day.shifted(byMinutes: minutes)
        if second >= 60, !shiftedDay.endsWithLeapSecond(atMinute: minutes) {
            guard second == 60 else {
                throw .unreadable(quantity: quantity, text: text, reason: "that minute has no second \(second)")
            }
            // Some writers round 59.9996 up to "60.000": the next minute's beginning.
            second = 0
            minutes += 1
            shiftedDay = day.shifted(byMinutes: minutes)
        }
        let minuteOfDay = Int32(floorModulo(minutes, 1440))
        var whole = 0.0
        var fraction = 0.0
        let status = eraDtf2d(
            "UTC", Int32(shiftedDay.year), Int32(shiftedDay.month), Int32(shiftedDay.day),
            minuteOfDay / 60, minuteOfDay % 60, second, &whole, &fraction)
        guard status >= 0 else {
            throw .unreadable(quantity: quantity, text: text, reason: "no such moment (ERFA dtf2d: \(status))")
        }
        try self.init(mjd: (whole - mjdZero) + fraction)
    }
}

/// A day of the calendar (proleptic Gregorian).
struct CalendarDay {
    var year: Int
    var month: Int
    var day: Int

    /// Reads "YYYY-MM-DD", "YYYY/MM/DD" or "DD/MM/YY" (19YY).
    init(_ part: Substring, quantity: String, text: String) throws(SkyError) {
        let fields = part.split(separator: part.contains("/") ? "/" : "-", omittingEmptySubsequences: false)
        let numbers = fields.map { digits(in: $0) }
        guard fields.count == 3, let first = numbers[0], let second = numbers[1], let third = numbers[2] else {
            throw .unreadable(quantity: quantity, text: text, reason: "the date is not YYYY-MM-DD or DD/MM/YY")
        }
        if fields[0].count == 4, fields[2].count <= 2 {
            (year, month, day) = (first, second, third)
        } else if part.contains("/"), fields[0].count <= 2, fields[2].count == 2 {
            (year, month, day) = (1900 + third, second, first)
        } else {
            throw .unreadable(quantity: quantity, text: text, reason: "the date is not YYYY-MM-DD or DD/MM/YY")
        }
        guard year >= 1, (1...12).contains(month), day >= 1, day <= Self.length(ofMonth: month, year: year) else {
            throw .unreadable(quantity: quantity, text: text, reason: "there is no such day")
        }
    }

    init(mjd: Int) {
        var (year, month, day): (Int32, Int32, Int32) = (0, 0, 0)
        var fraction = 0.0
        _ = eraJd2cal(mjdZero, Double(mjd), &year, &month, &day, &fraction)
        (self.year, self.month, self.day) = (Int(year), Int(month), Int(day))
    }

    /// MJD of this day's beginning.
    var mjd: Int {
        var (zero, day) = (0.0, 0.0)
        _ = eraCal2jd(Int32(year), Int32(month), Int32(self.day), &zero, &day)
        return Int(day)
    }

    var text: String { "\(padded(Int32(year), 4))-\(padded(Int32(month), 2))-\(padded(Int32(day), 2))" }

    func shifted(byMinutes minutes: Int) -> CalendarDay {
        let days = (minutes - floorModulo(minutes, 1440)) / 1440
        return days == 0 ? self : CalendarDay(mjd: mjd + days)
    }

    func endsWithLeapSecond(atMinute minute: Int) -> Bool {
        guard floorModulo(minute, 1440) == 1439 else { return false }
        let next = CalendarDay(mjd: mjd + 1)
        var (before, after) = (0.0, 0.0)
        _ = eraDat(Int32(year), Int32(month), Int32(day), 0, &before)
        _ = eraDat(Int32(next.year), Int32(next.month), Int32(next.day), 0, &after)
        return after - before > 0.5
    }

    private static func length(ofMonth month: Int, year: Int) -> Int {
        let isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }
}

/// A time of day with its offset from UTC.
struct ClockTime {
    /// Whole minutes since midnight, 0 ..< 1440.
    var minutes = 0
    /// Second of the minute, 0 ..< 61.
    var second = 0.0
    /// Local time minus UTC.
    var offsetMinutes = 0

    init() {}

    /// Reads "HH:MM[:SS[.fff...]]" with "Z", "+HH", "-HHMM", "+HH:MM" or nothing behind.
    init(_ part: Substring, quantity: String, text: String) throws(SkyError) {
        let unreadable = { (reason: String) in SkyError.unreadable(quantity: quantity, text: text, reason: reason) }
        let zone = part.firstIndex { "Zz+-\u{2212}".contains($0) }
        let clock = zone.map { part[..<$0] } ?? part
        let fields = clock.split(separator: ":", omittingEmptySubsequences: false).map { $0.drop { $0 == " " } }
        guard fields.count == 2 || fields.count == 3, let hour = digits(in: fields[0]),
            let minute = digits(in: fields[1])
        else { throw unreadable("the time is not HH:MM:SS") }
        guard hour < 24, minute < 60 else { throw unreadable("hour or minute is out of range") }
        minutes = hour * 60 + minute
        if fields.count == 3 {
            let seconds = String(fields[2]).trimmed()
            guard seconds.allSatisfy({ ("0"..."9").contains($0) || $0 == "." }), let value = Double(seconds) else {
                throw unreadable("the seconds are no number")
            }
            guard value < 61 else { throw unreadable("the seconds are out of range") }
            second = value
        }
        if let zone { offsetMinutes = try Self.offset(part[zone...], orThrow: unreadable) }
    }

    private static func offset(
        _ zone: Substring, orThrow unreadable: (String) -> SkyError
    ) throws(SkyError) -> Int {
        let body = String(zone.dropFirst()).trimmed()
        if zone.first == "Z" || zone.first == "z" {
            guard body.isEmpty else { throw unreadable("text behind the Z") }
            return 0
        }
        let plain = body.filter { $0 != ":" }
        guard plain.count == 2 || plain.count == 4, let hour = digits(in: plain.prefix(2)),
            let minute = plain.count == 4 ? digits(in: plain.suffix(2)) : 0, hour <= 15, minute < 60
        else { throw unreadable("the offset from UTC is not like +HH:MM") }
        return (hour * 60 + minute) * (zone.first == "+" ? 1 : -1)
    }
}

/// The value of a text that is nothing but 1 to 9 digits.
private func digits(in text: Substring) -> Int? {
    text.count <= 9 && !text.isEmpty && text.utf8.allSatisfy { (48...57).contains($0) } ? Int(text) : nil
}

private func floorModulo(_ value: Int, _ modulus: Int) -> Int {
    let rest = value % modulus
    return rest < 0 ? rest + modulus : rest
}
