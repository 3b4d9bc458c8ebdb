internal import Sky

extension SkyPosition {
    /// A position as somebody types it: unlike headers, which may count right ascension on or below 0, a hand that
    /// writes 400 has made a mistake.
    ///
    /// - Throws: `SkyError` naming the coordinate, its text and its limits.
    init(givenRA ra: String, dec: String) throws(SkyError) {
        let degrees = try Angle.degrees(
            from: ra.printable, plain: .degrees, sexagesimal: .hours, quantity: "right ascension")
        guard degrees >= 0, degrees <= 360 else {
            throw .outOfRange(
                quantity: "right ascension [deg]", value: degrees, allowed: "0 to 360, or 0 to 24 h with colons")
        }
        try self.init(ra: ra.printable, dec: dec.printable)
    }
}
