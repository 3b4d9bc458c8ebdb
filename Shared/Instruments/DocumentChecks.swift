public import Documents
internal import Sky

/// Collects what is wrong with the values of a document.
struct DocumentChecks {
    private(set) var problems: [DocumentProblem] = []

    mutating func add(_ field: String, _ text: String) { problems.append(DocumentProblem(field: field, text: text)) }

    mutating func require(_ condition: Bool, _ field: String, _ text: @autoclosure () -> String) {
        if !condition { add(field, text()) }
    }

    mutating func positive(_ value: Double?, _ field: String) {
        if let value, value <= 0 { add(field, "must be above zero, is \(value)") }
    }

    mutating func notNegative(_ value: (some Comparable & Numeric)?, _ field: String) {
        if let value, value < 0 { add(field, "must not be negative, is \(value)") }
    }

    /// A key: it names files and topics too.
    mutating func identifier(_ id: String, _ field: String) {
        if let problem = DocumentProblem.identifier(id, field: field) { problems.append(problem) }
    }

    mutating func reading(_ field: String, _ body: () throws(SkyError) -> Void) {
        do throws(SkyError) { try body() } catch { add(field, String(describing: error)) }
    }

    /// Two spellings that are compared as one would make the result depend on chance.
    mutating func distinct(_ keys: some Sequence<String>, _ field: String, by plain: (String) -> String) {
        var seen: [String: String] = [:]
        for key in keys.sorted() {
            if let other = seen[plain(key)] { add("\(field).\(key)", "is the same as \"\(other)\" when compared") }
            seen[plain(key)] = key
        }
    }

    mutating func photometry(_ hints: ApertureHints, _ field: String) {
        positive(hints.apertureRadiusPixels, "\(field).apertureRadiusPixels")
        positive(hints.apertureRadiusFWHM, "\(field).apertureRadiusFWHM")
        require(
            hints.apertureRadiusPixels == nil || hints.apertureRadiusFWHM == nil, "\(field).apertureRadiusFWHM",
            "give apertureRadiusPixels or apertureRadiusFWHM, not both")
        guard let annulus = hints.annulus else { return }
        positive(annulus.innerRadiusPixels, "\(field).annulus.innerRadiusPixels")
        require(
            annulus.outerRadiusPixels > annulus.innerRadiusPixels, "\(field).annulus.outerRadiusPixels",
            "must be above innerRadiusPixels (\(annulus.innerRadiusPixels)), is \(annulus.outerRadiusPixels)")
    }
}

extension InstrumentDocument: CheckedDocument {
    public func problems() -> [DocumentProblem] {
        var checks = DocumentChecks()
        checks.identifier(id, "id")
        checks.require(revision >= 1, "revision", "must be at least 1, is \(revision)")
        checkSoftware(&checks)
        checks.distinct(imageTypes.keys, "imageTypes", by: HeaderRules.plainSpelling)
        checks.distinct(filters.keys, "filters") { $0.lowercased() }
        checkKeywords(&checks)
        checkDetector(&checks)
        checkCorrections(&checks)
        checkTime(&checks)
        if let site { checks.reading("site") { () throws(SkyError) in _ = try site.site() } }
        checks.positive(telescope?.apertureMeters, "telescope.apertureMeters")
        checks.positive(telescope?.focalLengthMillimeters, "telescope.focalLengthMillimeters")
        checkAcceptance(&checks)
        checks.photometry(photometry, "photometry")
        for (field, value) in [
            ("firstRows", trim?.firstRows), ("lastRows", trim?.lastRows), ("firstColumns", trim?.firstColumns),
            ("lastColumns", trim?.lastColumns),
        ] {
            checks.notNegative(value, "trim.\(field)")
        }
        return checks.problems
    }

    private func checkSoftware(_ checks: inout DocumentChecks) {
        let known = ["auto"] + SoftwarePreset.all.map(\.id)
        for (index, name) in software.enumerated() where !known.contains(name) {
            let hint = nearestChoice(to: name, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
            let field = software.count == 1 ? "software" : "software[\(index)]"
            checks.add(field, "\"\(name.prefix(40))\" is not one of \(known.joined(separator: ", "))\(hint)")
        }
    }

    private func checkKeywords(_ checks: inout DocumentChecks) {
        for fact in HeaderFact.allCases {
            guard let list = keywords[fact] else { continue }
            checks.require(!list.contains { $0.isEmpty }, "keywords.\(fact.rawValue)", "a keyword is empty")
        }
        for (first, second) in [(HeaderFact.rightAscension, HeaderFact.declination), (.latitude, .longitude)] {
            checks.require(
                keywords[first]?.count == keywords[second]?.count, "keywords.\(second.rawValue)",
                "belongs to \(first.rawValue) in pairs: both lists need the same length")
        }
    }

    private func checkDetector(_ checks: inout DocumentChecks) {
        checks.positive(gain.electronsPerADU, "gain.electronsPerADU")
        checks.require(
            gain.electronsPerADU == nil || gain.headerGainIsElectronsPerADU != true, "gain.headerGainIsElectronsPerADU",
            "electronsPerADU is given too, and would always win")
        checks.notNegative(readNoiseElectrons, "readNoiseElectrons")
        checks.notNegative(readNoiseADU, "readNoiseADU")
        checks.require(
            readNoiseElectrons == nil || readNoiseADU == nil, "readNoiseADU",
            "give readNoiseElectrons or readNoiseADU, not both")
        checks.positive(saturationADU, "saturationADU")
        checks.positive(pixelScaleArcsec, "pixelScaleArcsec")
        if let binning { checks.require((1...64).contains(binning), "binning", "must be 1 to 64, is \(binning)") }
        checks.notNegative(defaults.exposureSeconds, "defaults.exposureSeconds")
    }

    private func checkTime(_ checks: inout DocumentChecks) {
        checks.require(time.dateKeywords?.isEmpty != true, "time.dateKeywords", "must not be empty")
        guard let offset = time.utcOffset else { return }
        do throws(SkyError) {
            _ = try UTCInstant(iso8601: "2000-01-01T00:00:00\(offset)")
            checks.require("+-Z".contains(offset.prefix(1)) && !offset.isEmpty, "time.utcOffset", "must be like +05:30")
        } catch {
            checks.add("time.utcOffset", "\"\(offset.prefix(20))\" is not an offset from UTC like +05:30, -0700 or Z")
        }
    }

    private func checkAcceptance(_ checks: inout DocumentChecks) {
        let (lowest, highest) = (acceptance.minimumTemperatureCelsius, acceptance.maximumTemperatureCelsius)
        if let lowest, let highest, lowest > highest {
            checks.add(
                "acceptance.maximumTemperatureCelsius", "is \(highest), below minimumTemperatureCelsius (\(lowest))")
        }
        checks.notNegative(acceptance.maximumExposureSeconds, "acceptance.maximumExposureSeconds")
        checks.require(acceptance.sizes?.isEmpty != true, "acceptance.sizes", "an empty list would reject every frame")
        for (index, size) in (acceptance.sizes ?? []).enumerated() {
            checks.require(size.width > 0 && size.height > 0, "acceptance.sizes[\(index)]", "must be above zero")
        }
    }
}

extension TargetDocument: CheckedDocument {
    public func problems() -> [DocumentProblem] {
        var checks = DocumentChecks()
        checks.identifier(id, "id")
        checks.require(revision >= 1, "revision", "must be at least 1, is \(revision)")
        checkPlace(ra: ra, dec: dec, pixel: pixel, prefix: "", &checks)
        checks.require(pixel == nil || pixel?.frame != nil, "pixel.frame", "must name the frame the pixels belong to")
        var seen: Set<String> = []
        for (index, star) in comparisonStars.enumerated() {
            let field = "comparisonStars[\(index)]"
            checks.require(!star.id.isEmpty, "\(field).id", "must not be empty")
            checks.require(seen.insert(star.id).inserted, "\(field).id", "\"\(star.id)\" is given twice")
            checkPlace(ra: star.ra, dec: star.dec, pixel: star.pixel, prefix: "\(field).", &checks)
            checks.require(
                star.pixel == nil || star.pixel?.frame != nil || pixel?.frame != nil, "\(field).pixel.frame",
                "must name the frame: the target has no pixel position to take it from")
            for (filter, entry) in star.magnitudes.sorted(by: { $0.key < $1.key }) {
                checks.notNegative(entry.error, "\(field).magnitudes.\(filter).error")
            }
        }
        checks.positive(fieldRadiusDegrees, "fieldRadiusDegrees")
        checks.positive(matchRadiusArcsec, "matchRadiusArcsec")
        checks.positive(matchRadiusPixels, "matchRadiusPixels")
        if let photometry { checks.photometry(photometry, "photometry") }
        return checks.problems
    }

    private func checkPlace(
        ra: AngleValue?, dec: AngleValue?, pixel: PixelPosition?, prefix: String, _ checks: inout DocumentChecks
    ) {
        checks.require(ra != nil || dec == nil, "\(prefix)ra", "is missing beside dec")
        checks.require(dec != nil || ra == nil, "\(prefix)dec", "is missing beside ra")
        checks.require(ra != nil || dec != nil || pixel != nil, "\(prefix)ra", "give ra and dec, or pixel, or both")
        if let ra {
            checks.reading("\(prefix)ra") { () throws(SkyError) in
                _ = try SkyPosition(raDegrees: ra.degrees(hours: true, quantity: "ra"), decDegrees: 0)
            }
        }
        if let dec {
            checks.reading("\(prefix)dec") { () throws(SkyError) in
                _ = try SkyPosition(raDegrees: 0, decDegrees: dec.degrees(hours: false, quantity: "dec"))
            }
        }
    }
}
