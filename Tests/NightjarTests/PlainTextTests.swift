import Foundation
import Testing

@testable import nightjar

@Suite struct PlainTextTests {
    @Test(
        "lengths of time are read with their unit",
        arguments: [
            ("90s", 90.0), ("30m", 1800), ("2h", 7200), ("1.5d", 129_600), ("2w", 1_209_600), ("0s", 0),
        ])
    func timeSpans(text: String, seconds: Double) throws {
        #expect(try TimeSpan(text, option: "since").seconds == seconds)
    }

    @Test(
        "what is no length of time is refused by name of its option",
        arguments: [
            "", "2", "h", "-2h", "+2h", "1e3h", "nanh", "infd", "0x10h", "2 h", "1.2.3h", "99999999999999999999w",
            "2h\u{301}",
        ])
    func wrongTimeSpans(text: String) {
        #expect { try TimeSpan(text, option: "since") } throws: { "\($0)".hasPrefix("--since ") }
    }

    @Test("nights are dates of the calendar", arguments: ["2026-11-21", "2024-02-29", "2000-02-29", "0001-01-01"])
    func nights(text: String) throws {
        #expect(try NightDate(text).text == text)
    }

    @Test(
        "what is no date is refused",
        arguments: [
            "", "2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-01-32", "26-01-01", "2026-1-1",
            "2026-01-01 ",
            "../../etc", "2026-01-01'; drop table archive.frame; --", "٢٠٢٦-٠١-٠١", "+026-01-01", "2026--1-01",
        ])
    func wrongNights(text: String) {
        #expect(throws: UsageError.self) { try NightDate(text) }
    }

    @Test("control characters of a file's name do not reach the terminal")
    func printable() {
        #expect("a\u{1B}[2Jb\n\u{202E}c\u{9B}é".printable == "a\\u{1b}[2Jb\\u{a}\\u{202e}c\\u{9b}é")
    }

    @Test("a path becomes one word of a shell command")
    func shellWord() {
        #expect("/data/n-1".shellWord == "/data/n-1")
        #expect("a b".shellWord == "'a b'")
        #expect("it's; rm".shellWord == "'it'\\''s; rm'")
        #expect("".shellWord == "''")
    }

    @Test("columns of a table stand under their headings")
    func table() {
        var table = TextTable(["id", "what"])
        table.rows = [["cecilia", "a"], ["x", ""]]
        #expect(table.text == "id       what\ncecilia  a\nx")
    }

    /// Expected texts by the rules of RFC 4180, section 2.
    @Test(
        "fields with commas, quotes or line ends are quoted",
        arguments: [
            ("plain", "plain"), ("", ""), ("a,b", "\"a,b\""), ("say \"x\"", "\"say \"\"x\"\"\""), ("a\nb", "\"a\nb\""),
            ("a\rb", "\"a\rb\""), ("a\r\nb", "\"a\r\nb\""), ("a,\u{301}b", "\"a,\u{301}b\""),
            ("\"\u{301}", "\"\"\"\u{301}\""),
        ])
    func csv(field: String, expected: String) {
        #expect(Array(LightCurve.quoted(field).utf8) == Array(expected.utf8))
    }
}
