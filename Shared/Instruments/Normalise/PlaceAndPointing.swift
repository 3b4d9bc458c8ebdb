internal import Imaging
internal import Sky

// Where on Earth, and whereto on the sky.
extension HeaderReading {
    /// The document's site, else the first pair of the header that is one.
    mutating func site() -> Site? {
        if let document = document.site {
            do throws(SkyError) { return try document.site() } catch {
                note(.valueIgnored, "site of the document: \(error)")
            }
        }
        let pairs = zip(rules.keywords(.latitude), rules.keywords(.longitude))
        for (latitudeKeyword, longitudeKeyword) in pairs {
            guard let latitude = header.text(latitudeKeyword), let longitude = header.text(longitudeKeyword) else {
                continue
            }
            do throws(SkyError) {
                let north = try Angle.degrees(
                    from: latitude, plain: .degrees, sexagesimal: .degrees, quantity: latitudeKeyword)
                let written = try Angle.degrees(
                    from: longitude, plain: .degrees, sexagesimal: .degrees, quantity: longitudeKeyword)
                guard north != 0 || written != 0 else {
                    note(.placeholder, "\(latitudeKeyword) and \(longitudeKeyword) are both zero")
                    continue
                }
                let elevation = firstNumber(.elevation, where: { (-500...9000).contains($0) })?.value ?? 0
                return try Site(
                    latitudeDegrees: north, longitudeDegrees: rules.longitudeSign == .westPositive ? -written : written,
                    elevationMeters: elevation)
            } catch {
                note(.valueIgnored, String(describing: error))
            }
        }
        note(.siteMissing, "no site in document or header")
        return nil
    }

    /// The first pair of the header that is a position. Nobody points at exactly (0, 0): programs write it for
    /// "unknown".
    mutating func pointing(of kind: FrameKind) -> SkyPosition? {
        for (raKeyword, decKeyword) in zip(rules.keywords(.rightAscension), rules.keywords(.declination)) {
            guard let ra = header.text(raKeyword), let dec = header.text(decKeyword) else { continue }
            if raKeyword == "CRVAL1", header.text("CTYPE1")?.uppercased().hasPrefix("RA") != true { continue }
            do throws(SkyError) {
                let unit: Angle.Unit = rules.pointingUnits == .hours && raKeyword != "CRVAL1" ? .hours : .degrees
                let right = try Angle.degrees(from: ra, plain: unit, sexagesimal: .hours, quantity: raKeyword)
                let north = try Angle.degrees(from: dec, plain: .degrees, sexagesimal: .degrees, quantity: decKeyword)
                guard right != 0 || north != 0 else {
                    note(.placeholder, "\(raKeyword) '\(ra)' and \(decKeyword) '\(dec)' are both zero")
                    continue
                }
                guard right <= 360 else {
                    throw .outOfRange(quantity: "\(raKeyword) [deg]", value: right, allowed: "0 to 360")
                }
                return try SkyPosition(raDegrees: right, decDegrees: north)
            } catch {
                note(.valueIgnored, String(describing: error))
            }
        }
        if kind == .light { note(.pointingMissing, "no position of telescope or object in the header") }
        return nil
    }

    /// 1 and more; '99.99', 0 and -1 are what programs write for "not known".
    mutating func airmass(of kind: FrameKind) -> Double? {
        for keyword in rules.keywords(.airmass) {
            guard let value = header.number(keyword) else { continue }
            if (0.999...40).contains(value) { return max(1, value) }
            note(.placeholder, "\(keyword) \(value) is no airmass")
        }
        if kind == .light { note(.airmassMissing, "no airmass in the header") }
        return nil
    }
}
