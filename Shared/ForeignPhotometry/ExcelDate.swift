/// Dates as Excel writes them: a serial number of days since 1899-12-30, or month/day/year and a time.
enum ExcelDate {
    /// MJD, or `nil` when it is no such date. Source: AAVSO Extended File Format, field DATE: `12/31/2007 12:59:59
    /// a.m.`
    static func mjd(_ text: String) -> Double? {
        if let serial = text.decimal { return (1...100_000).contains(serial) ? serial + 15_018 : nil }
        let words = text.split(whereSeparator: \.isWhitespace)
        guard (1...3).contains(words.count) else { return nil }
        let date = words[0].split(separator: "/", omittingEmptySubsequences: false).map { wholeNumber($0) }
        guard date.count == 3, let month = date[0], let day = date[1], let year = date[2], (1...12).contains(month),
            (1...daysInMonth(month, year)).contains(day), (1850...2150).contains(year)
        else { return nil }
        let midnight = Double(modifiedJulianDay(year: year, month: month, day: day))
        guard words.count > 1 else { return midnight }
        guard let seconds = secondsOfDay(words[1], half: words.count == 3 ? String(words[2]) : nil) else { return nil }
        return midnight + seconds / 86_400
    }

    private static func secondsOfDay(_ clock: Substring, half: String?) -> Double? {
        let parts = clock.split(separator: ":", omittingEmptySubsequences: false)
        guard (2...3).contains(parts.count), var hour = wholeNumber(parts[0]), let minute = wholeNumber(parts[1]),
            (0...59).contains(minute)
        else { return nil }
        var second = 0.0
        if parts.count == 3 {
            guard let value = String(parts[2]).decimal, (0..<61).contains(value) else { return nil }
            second = value
        }
        if let half {
            guard (1...12).contains(hour) else { return nil }
            switch half.lowercased().replacing(".", with: "") {
            case "am": hour %= 12
            case "pm": hour = hour % 12 + 12
            default: return nil
            }
        }
        guard (0...23).contains(hour) else { return nil }
        return Double(hour * 3600 + minute * 60) + second
    }

    private static func wholeNumber(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.count <= 4, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }

    private static func daysInMonth(_ month: Int, _ year: Int) -> Int {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// Fliegel and Van Flandern, Communications of the ACM 11 (1968) 657.
    private static func modifiedJulianDay(year: Int, month: Int, day: Int) -> Int {
        let shift = (month - 14) / 12
        let julian =
            day - 32_075 + 1461 * (year + 4800 + shift) / 4 + 367 * (month - 2 - shift * 12) / 12
            - 3 * ((year + 4900 + shift) / 100) / 4
        return julian - 2_400_001
    }
}
