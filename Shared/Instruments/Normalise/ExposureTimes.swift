internal import Imaging
internal import Sky

/// Beginning, middle and end of an exposure.
struct ExposureTimes {
    let keyword: String
    let start: UTCInstant
    let midpoint: UTCInstant
    let end: UTCInstant
}

extension HeaderReading {
    /// Longer than any exposure, in seconds or milliseconds: 30 days in ms.
    private static let longestExposure = 30 * 86_400_000.0

    /// Shutter-open time [s] and the text it comes from.
    mutating func exposure(of kind: FrameKind) throws(HeaderRejection) -> (seconds: Double, text: String) {
        if let written = firstText(.exposure) {
            guard let number = header.number(written.keyword), (0...Self.longestExposure).contains(number) else {
                throw HeaderRejection(
                    .exposureUnreadable, "\(written.keyword) '\(written.text.prefix(40))' is no exposure time")
            }
            return (document.exposureUnit == .milliseconds ? number / 1000 : number, written.text)
        }
        guard let assumed = document.defaults.exposureSeconds ?? (kind == .bias ? 0 : nil) else {
            let looked = rules.keywords(.exposure).joined(separator: ", ")
            throw HeaderRejection(.exposureMissing, "none of \(looked) is in the header")
        }
        note(.exposureAssumed, "no exposure time in the header: taken as \(assumed) s")
        return (assumed, String(assumed))
    }

    mutating func times(exposureSeconds: Double) throws(HeaderRejection) -> ExposureTimes {
        var firstReason: String?
        for (rank, keyword) in rules.dateKeywords.enumerated() {
            guard let card = card(keyword), let text = header.text(keyword) else { continue }
            do throws(SkyError) {
                let instant = try instant(keyword: keyword, text: text)
                let times = try times(
                    around: instant, meaning: rules.timestamp(of: card), seconds: exposureSeconds, keyword: keyword)
                if rank > 0 {
                    note(.timeFallback, "time from \(keyword): \(firstReason ?? "no \(rules.dateKeywords[0])")")
                }
                compare(times, exposureSeconds: exposureSeconds)
                return times
            } catch {
                firstReason = firstReason ?? "\(keyword): \(error)"
            }
        }
        if let firstReason { throw HeaderRejection(.timeUnreadable, firstReason) }
        let looked = rules.dateKeywords.joined(separator: ", ")
        throw HeaderRejection(.timeMissing, "none of \(looked) is in the header")
    }

    private func times(
        around instant: UTCInstant, meaning: Timestamp, seconds: Double, keyword: String
    ) throws(SkyError) -> ExposureTimes {
        let start =
            switch meaning {
            case .start: instant
            case .middle: try instant.adding(seconds: -seconds / 2)
            case .end: try instant.adding(seconds: -seconds)
            }
        return ExposureTimes(
            keyword: keyword, start: start,
            midpoint: meaning == .middle ? instant : try start.adding(seconds: seconds / 2),
            end: meaning == .end ? instant : try start.adding(seconds: seconds))
    }

    private mutating func instant(keyword: String, text: String) throws(SkyError) -> UTCInstant {
        if let number = header.number(keyword) { return try inUTC(mjd(of: number, keyword: keyword)) }
        if text.contains(where: { "Tt".contains($0) }) || text.contains(" ") {
            let clock = text.drop { !"Tt ".contains($0) }.dropFirst()
            let whole = try UTCInstant(dateObserved: withOffset(text, clock: clock))
            return hasOffset(clock) || document.time.utcOffset != nil ? whole : try inUTC(whole.mjd)
        }
        for timeKeyword in rules.timeKeywords {
            guard let time = header.text(timeKeyword), time.contains(":") else { continue }
            let whole = try UTCInstant(dateObserved: text, timeObserved: withOffset(time, clock: time[...]))
            return hasOffset(time[...]) || document.time.utcOffset != nil ? whole : try inUTC(whole.mjd)
        }
        return try UTCInstant(dateObserved: text)
    }

    private func hasOffset(_ clock: Substring) -> Bool { clock.contains { "Zz+-\u{2212}".contains($0) } }

    private func withOffset(_ text: String, clock: Substring) -> String {
        guard let offset = document.time.utcOffset, !hasOffset(clock) else { return text }
        return text + offset
    }

    private func mjd(of number: Double, keyword: String) throws(SkyError) -> Double {
        switch number {
        case 15_000..<150_000: return number
        case 2_415_000..<2_550_000: return number - 2_400_000.5
        default: throw .outOfRange(quantity: keyword, value: number, allowed: "MJD 15000 to 150000, or JD")
        }
    }

    /// A reading in the header's own time scale, TIMESYS, brought to UTC.
    private mutating func inUTC(_ mjd: Double) throws(SkyError) -> UTCInstant {
        switch header.text("TIMESYS")?.uppercased() ?? "UTC" {
        case "TAI": return try UTCInstant(mjdTAI: mjd)
        case "TT", "TDT", "TDB": return try UTCInstant(mjdTAI: mjd - 32.184 / 86_400)
        case "GPS": return try UTCInstant(mjdTAI: mjd + 19.0 / 86_400)
        case "UTC", "UT", "UT1", "GMT": return try UTCInstant(mjd: mjd)
        case let other:
            note(.valueIgnored, "TIMESYS '\(other.prefix(20))' is not known: times are taken as UTC")
            return try UTCInstant(mjd: mjd)
        }
    }

    /// A local time without its offset gives itself away by hours beside MJD-OBS or JD.
    private mutating func compare(_ times: ExposureTimes, exposureSeconds: Double) {
        for keyword in ["MJD-OBS", "JD", "JD-OBS", "UT-OBS"] where keyword != times.keyword {
            guard let text = header.text(keyword), header.number(keyword) != nil || text.contains("T") else { continue }
            do throws(SkyError) {
                let other = try instant(keyword: keyword, text: text)
                let seconds = other.seconds(since: times.start)
                // Three decimals of a day are 86 s, and the other may mean another moment of the exposure.
                guard abs(seconds) > exposureSeconds + 120 else { continue }
                let hours = (seconds / 36).rounded() / 100
                note(.timesDisagree, "\(keyword) '\(text.prefix(40))' is \(hours) h after \(times.keyword)")
            } catch {
                continue
            }
        }
    }
}
