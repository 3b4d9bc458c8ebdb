import Foundation
import Testing

@testable import nightjar

/// Whole nights through all services as separate processes; one after the other, for each takes the whole machine.
@Suite(.serialized) struct NightTests {
    /// The simulated night, rendered once.
    private static let rendered = Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: "nightjar-night-\(getpid())")
        return try SmallNight(in: folder)
    }

    static var night: SmallNight { get throws { try rendered.get() } }

    /// A night in which nothing goes wrong, in order of time, and what was on the bus in the end.
    struct Undisturbed {
        let result: NightResult
        let ledger: Ledger
        let capture: BusCapture
        let kcat: (status: Int32, output: String)
        let linked: [String: String]
        let eventsJudged: (status: Int32, output: String)
    }

    private static let run = Result {
        let night = try NightTests.night
        return try NightSystem.run(night, name: "undisturbed") { system in
            try system.hand(night.calibration)
            try system.hand(night.lights)
            try system.closeNights(files: night.frames.count)
            let capture = try BusCapture(system, rules: ["eruption"])
            let brokers = try #require(system.supervisor.brokers)
            return Undisturbed(
                result: try NightResult(system), ledger: try system.ledger(), capture: capture,
                kcat: try Program.run(
                    "/usr/bin/env",
                    ["kcat", "-b", brokers, "-t", "nightjar.alert.raised.v1", "-C", "-e", "-q", "-f", "%h\n%s\n"]),
                linked: try libraries(of: ["calibrator", "photometer", "archiver"]),
                eventsJudged: Program.hasPythonTools ? try Program.judge(capture, in: night.folder) : (1, "not judged"))
        }
    }

    static var undisturbed: Undisturbed { get throws { try run.get() } }

    /// What `ldd` says of services beside the tests.
    private static func libraries(of services: [String]) throws -> [String: String] {
        let folder = try ServiceSpec.folderOfThisExecutable
        return try Dictionary(
            uniqueKeysWithValues: services.map { name in
                (name, try Program.run("/usr/bin/ldd", [folder.appending(path: name).path]).output)
            })
    }

    /// A disturbed night must end like the undisturbed one, bit for bit.
    static func expectSame(_ result: NightResult, _ location: SourceLocation = #_sourceLocation) throws {
        let expected = try undisturbed.result
        #expect(result == expected, "\(result.difference(from: expected))", sourceLocation: location)
    }
}
