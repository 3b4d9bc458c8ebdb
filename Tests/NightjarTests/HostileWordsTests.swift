import Foundation
import Sky
import Testing

@testable import nightjar

/// What a command says before it touches anything.
private func complaint(_ command: Command, _ words: [String]) -> String {
    do {
        _ = try command.run(try Arguments(words, options: command.options))
        return "none"
    } catch let error as UsageError { return error.description } catch { return "later: \(error)" }
}

@Suite("words that cannot be meant")
struct HostileWordsTests {
    /// A system that is not there: what passes the words' checks fails on it.
    private static let nowhere = ["--data", "/nonexistent/nightjar"]

    @Test(
        "a position off the sky is refused with its limits, not wrapped around",
        arguments: [
            ("400,46", "right ascension [deg] 400.0 is out of range (0 to 360"), ("-10,46", "-10.0 is out of range"),
            ("25:00:00,46", "375.0 is out of range"), ("10,95", "declination [deg] 95.0 is out of range (-90 to 90)"),
            ("10", "give RA,DEC"), ("10,5,3", "give RA,DEC"), ("", "give RA,DEC"), (",", "there is no number"),
            ("nan,5", "cannot be read"), ("1e400,5", "cannot be read"), ("inf,5", "cannot be read"),
            ("10\n20,5", "cannot be read"),
        ])
    func positions(text: String, told: String) {
        let words = complaint(objectCommand, ["--near", text] + Self.nowhere)
        #expect(words.contains(told) && words.hasPrefix("--near") && !words.contains("\n"), "\(words)")
    }

    @Test(
        "positions on the sky pass, at its seams too",
        arguments: ["0,90", "360,-90", "24:00:00,0", "05:34:31.9,+22:00:52"])
    func goodPositions(text: String) {
        #expect(complaint(objectCommand, ["--near", text] + Self.nowhere).hasPrefix("later:"))
    }

    @Test("options of object without effect, and times that are none, are refused")
    func object() {
        #expect(complaint(objectCommand, ["5", "--radius", "3"]) == "--radius goes with --near RA,DEC")
        #expect(complaint(objectCommand, ["--near", "1,2", "--radius", "-1"]).contains("from 0.0 to 3600.0"))
        #expect(complaint(objectCommand, ["--near", "1,2", "--radius", "nan"]).contains("from 0.0 to 3600.0"))
        #expect(complaint(objectCommand, []).hasPrefix("give one object"))
        for time in ["2026-13-01", "2026-02-30", "2025-02-29", "0000-01-01", "2026-01-01T24:00", "2026-01-01T23:60Z"] {
            #expect(complaint(objectCommand, ["5", "--at", time]).contains("there is no such date or time"))
        }
        for time in ["now", "", "2026", "2026-01-01T20:00+02", "2026-01-01\n"] {
            #expect(complaint(objectCommand, ["5", "--at", time]).contains("give a time in UTC"))
        }
        for time in ["2024-02-29", "2026-01-01T20:00", "2026-01-01 20:00:60Z"] {
            #expect(complaint(objectCommand, ["5", "--at", time] + Self.nowhere).hasPrefix("later:"))
        }
    }

    @Test("each action of catalog has its own options, and says whose the others are")
    func catalog() {
        #expect(
            complaint(catalogCommand, ["info", "x", "--epoch", "2000"])
                == "--epoch is not for catalog info, but for catalog cone")
        #expect(complaint(catalogCommand, ["cone", "x", "1", "2", "3", "--verify"]).contains("but for catalog info"))
        #expect(complaint(catalogCommand, ["index", "x", "--order", "3"]).contains("but for catalog build"))
        #expect(complaint(catalogCommand, ["build", "x", "--data", "d"]).contains("but for catalog publish"))
        #expect(complaint(catalogCommand, ["publish", "x", "--limit", "3"]).contains("but for catalog cone"))
        #expect(complaint(catalogCommand, ["nothing", "--verify"]).hasPrefix("say what to do"))
        for radius in ["-1", "181", "nan", "inf", "five"] {
            #expect(complaint(catalogCommand, ["cone", "x", "1", "2", radius]).contains("from 0 to 180"))
        }
        #expect(
            complaint(catalogCommand, ["cone", "x", "1", "2", "3", "--epoch", "1e9"]).contains("give a number from"))
        #expect(complaint(catalogCommand, ["cone", "x", "1", "2", "3", "--faintest", "nan"]).contains("a magnitude"))
        #expect(complaint(catalogCommand, ["cone", "x", "400", "2", "3"]).contains("out of range (0 to 360"))
    }

    @Test("measure and period refuse options that would do nothing")
    func others() {
        #expect(complaint(measureCommand, ["x.fits", "--recentre"]).hasPrefix("--recentre goes with --positions"))
        #expect(complaint(measureCommand, ["x.fits", "--force"]).hasPrefix("--force goes with a master or --psf-in"))
        #expect(
            complaint(periodCommand, ["--csv", "x.csv", "--data", "d"])
                == "--data is for a target of a system, not for --csv FILE")
        #expect(
            complaint(periodCommand, ["--csv", "x.csv", "--database", "d"]).hasPrefix("--database is for a target"))
    }
}
