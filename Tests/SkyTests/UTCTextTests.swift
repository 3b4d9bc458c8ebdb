internal import Sky
internal import Testing

@Suite struct UTCTextTests {
    @Test(
        "DATE-OBS is read with offsets, many digits, slashes and blanks",
        arguments: [
            ("2017-12-19T18:33:43.317-0700", "2017-12-20T01:33:43.317Z"),
            ("2017-12-19T18:33:43.317-07:00", "2017-12-20T01:33:43.317Z"),
            ("2017-12-20T08:33:43.317+07", "2017-12-20T01:33:43.317Z"),
            ("2017-12-20T01:33:43.317Z", "2017-12-20T01:33:43.317Z"),
            ("2017-12-20T01:33:43.3170004", "2017-12-20T01:33:43.317Z"),
            ("2017-12-20 01:33:43.317", "2017-12-20T01:33:43.317Z"),
            ("2024-02-28T23:30:00-01:00", "2024-02-29T00:30:00.000Z"),
            ("2024-03-01T00:30:00+05:45", "2024-02-29T18:45:00.000Z"),
            ("2024/03/01 00:30", "2024-03-01T00:30:00.000Z"),
            ("2023-12-31T23:59:60.000", "2024-01-01T00:00:00.000Z"),
            ("2045-06-01T00:00:00", "2045-06-01T00:00:00.000Z"),
            ("1953-05-05T05:05:05", "1953-05-05T05:05:05.000Z"),
        ])
    func isoForms(text: String, expected: String) throws {
        #expect(try UTCInstant(dateObserved: text).iso8601() == expected)
    }

    @Test("a leap second is a moment of its own, also when it is written in local time")
    func leapSecond() throws {
        let leap = try UTCInstant(dateObserved: "2016-12-31T23:59:60.5")
        #expect(try UTCInstant(dateObserved: "2016-12-31T16:59:60.5-0700") == leap)
        #expect(leap.iso8601(fractionalDigits: 1) == "2016-12-31T23:59:60.5Z")
        let before = try UTCInstant(dateObserved: "2016-12-31T23:59:59.5")
        let after = try UTCInstant(dateObserved: "2017-01-01T00:00:00.5")
        #expect(before < leap && leap < after)
        #expect(abs(after.seconds(since: before) - 2) < 1e-5)
        #expect(abs(try before.adding(seconds: 2).seconds(since: after)) < 2e-6)
    }

    @Test("TIME-OBS completes a date that stands alone and is ignored beside a complete one")
    func timeObserved() throws {
        let expected = "2017-12-20T01:33:43.317Z"
        #expect(try UTCInstant(dateObserved: "2017-12-20", timeObserved: "01:33:43.317").iso8601() == expected)
        #expect(try UTCInstant(dateObserved: "20/12/17", timeObserved: " 01:33:43.317 ").iso8601() != expected)
        #expect(
            try UTCInstant(dateObserved: "20/12/97", timeObserved: "01:33:43.317").iso8601()
                == "1997-12-20T01:33:43.317Z")
        #expect(
            try UTCInstant(dateObserved: "2017-12-20T01:33:43.317", timeObserved: "nonsense").iso8601() == expected)
    }

    @Test("a date without a time is an error for an exposure and midnight elsewhere")
    func dateAlone() throws {
        #expect(throws: SkyError.self) { try UTCInstant(dateObserved: "2017-12-20") }
        #expect(try UTCInstant(iso8601: "2017-12-20").mjd == 58107)
    }

    @Test(
        "what is no time is refused",
        arguments: [
            "", "T", "2017-13-01T00:00:00", "2017-02-29T00:00:00", "2017-12-20T24:00:00", "2017-12-20T12:60:00",
            "2017-12-20T12:00:61", "2017-12-20T12:00:60.5", "2017-12-20T", "17-12-20T00:00:00", "2017-12-20T12",
            "2017-12-20T12:00:00Zulu", "2017-12-20T12:00:00+1", "2017-12-20T12:00:00+99:99", "20171220T120000",
            "0000-01-01T00:00:00",
            "2017-12-20T12:00:nan", "2017-12-20T-1:00:00", "31/02/97T00:00:00", "99999-01-01T00:00:00",
            "0001-01-01T00:00:00+05:00",
        ])
    func refused(text: String) {
        #expect(throws: SkyError.self) { try UTCInstant(dateObserved: text) }
    }

    @Test("an error names the keyword at fault")
    func errorNamesKeyword() throws {
        let error = #expect(throws: SkyError.self) {
            try UTCInstant(dateObserved: "2017-12-20", timeObserved: "25:00:00")
        }
        #expect(try #require(error).description.hasPrefix("TIME-OBS \"25:00:00\" cannot be read"))
    }

    @Test("MJD outside the years 0001 to 9999 is refused", arguments: [Double.nan, .infinity, -1e7, 1e300])
    func absurdMJD(mjd: Double) {
        #expect(throws: SkyError.self) { try UTCInstant(mjd: mjd) }
        #expect(throws: SkyError.self) { try UTCInstant(mjdTAI: mjd) }
    }

    @Test("ISO text and MJD are inverse to a microsecond")
    func roundTrip() throws {
        for step in 0..<2000 {
            let instant = try UTCInstant(mjd: 41_000 + Double(step) * 13.717_171_7)
            let again = try UTCInstant(iso8601: instant.iso8601(fractionalDigits: 9))
            #expect(abs(again.mjd - instant.mjd) * 86_400 < 1e-6)
        }
    }
}
