internal import CERFA

/// A moment, kept as MJD in UTC.
///
/// The MJD is ERFA's quasi-MJD: on a day with a leap second the day is 86,401 s long and its fraction is counted in that
/// length, so every conversion through ERFA is exact. Resolution of the `Double`: 0.6 microseconds. Dates after ERFA's
/// leap-second table are taken with its last value ("dubious year" is not an error).
public struct UTCInstant: Sendable, Hashable, Comparable {
    /// Modified Julian Date, UTC [d].
    public let mjd: Double

    /// Years 0001 to 9999: what a calendar date of four digits can say.
    private static let allowedMJD = -678_575.0..<2_973_484.0

    /// - Throws: `SkyError.outOfRange` when the date is not finite or not in the years 0001 to 9999.
    public init(mjd: Double) throws(SkyError) {
        guard Self.allowedMJD.contains(mjd) else {
            throw .outOfRange(quantity: "MJD (UTC)", value: mjd, allowed: "years 0001 to 9999")
        }
        self.mjd = mjd
    }

    /// - Parameter mjdTAI: Modified Julian Date in TAI [d].
    public init(mjdTAI: Double) throws(SkyError) {
        guard Self.allowedMJD.contains(mjdTAI) else {
            throw .outOfRange(quantity: "MJD (TAI)", value: mjdTAI, allowed: "years 0001 to 9999")
        }
        var whole = 0.0
        var fraction = 0.0
        _ = eraTaiutc(mjdZero, mjdTAI, &whole, &fraction)
        try self.init(mjd: (whole - mjdZero) + fraction)
    }

    public static func < (left: UTCInstant, right: UTCInstant) -> Bool { left.mjd < right.mjd }

    /// Modified Julian Date in TAI [d].
    public var mjdTAI: Double {
        var whole = 0.0
        var fraction = 0.0
        _ = eraUtctai(mjdZero, mjd, &whole, &fraction)
        return (whole - mjdZero) + fraction
    }

    /// Modified Julian Date in TT = TAI + 32.184 s [d].
    public var mjdTT: Double { mjdTAI + 32.184 / 86_400 }

    /// Modified Julian Date in TDB at the geocentre [d] (ERFA `eraDtdb`, Fairhead & Bretagnon 1990; the observer's place
    /// would add at most 2 microseconds).
    public var mjdTDB: Double {
        let terrestrial = mjdTT
        return terrestrial + eraDtdb(mjdZero, terrestrial, 0, 0, 0, 0) / 86_400
    }

    /// This moment plus a duration in SI seconds, counted in TAI and so right across leap seconds.
    public func adding(seconds: Double) throws(SkyError) -> UTCInstant {
        try UTCInstant(mjdTAI: mjdTAI + seconds / 86_400)
    }

    /// SI seconds from `earlier` to this moment.
    public func seconds(since earlier: UTCInstant) -> Double { (mjdTAI - earlier.mjdTAI) * 86_400 }

    /// "2017-12-20T01:33:43.317Z", rounded to the given number of digits (0 ... 9) after the second.
    public func iso8601(fractionalDigits: Int = 3) -> String {
        let digits = max(0, min(9, fractionalDigits))
        var (year, month, day): (Int32, Int32, Int32) = (0, 0, 0)
        var fields: (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
        withUnsafeMutablePointer(to: &fields) { tuple in
            tuple.withMemoryRebound(to: Int32.self, capacity: 4) { pointer in
                _ = eraD2dtf("UTC", Int32(digits), mjdZero, mjd, &year, &month, &day, pointer)
            }
        }
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        let time = "\(padded(fields.0, 2)):\(padded(fields.1, 2)):\(padded(fields.2, 2))"
        return date + "T" + time + (digits == 0 ? "" : "." + padded(fields.3, digits)) + "Z"
    }
}

/// Julian Date of MJD 0.
let mjdZero = 2_400_000.5

func padded(_ value: Int32, _ width: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.count)) + text
}
