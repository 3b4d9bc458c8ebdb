import Foundation
import Testing

@testable import nightjar

@Suite("the period command")
struct PeriodCommandTests {
    private static func inFile<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
        let path = folder.appending(path: "star.csv").path
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return try body(path)
    }

    /// A light curve as `lightcurve` writes it: 0.2 mag sinusoid of 0.7342 d, brightest at BJD 2459000.1, over 40 days.
    private static func csv(filters: [String] = ["V"]) -> String {
        var lines = ["target,filter,mag_system,mid_bjd_tdb,mid_mjd_utc,mag,mag_err,limit_mag"]
        for index in 0..<200 {
            let time = 2_459_000 + 0.2 * Double(index) + 0.07 * Double(index * 7 % 11)
            let magnitude = 12 - 0.2 * cos(2 * .pi * (time - 2_459_000.1) / 0.7342) + 0.01 * Double(index * 5 % 7 - 3)
            let filter = filters[index % filters.count]
            lines.append(
                "star-1,\(filter),Vega,"
                    + String(format: "%.6f,%.6f,%.4f,0.0200,", time, time - 2_400_000.505, magnitude))
        }
        lines.append("star-1,V,Vega,2459041.0,59040.5,,,15.0")
        return lines.joined(separator: "\n") + "\n"
    }

    @Test(
        "a file of our own gives the period in barycentric time, its error and a negligible false-alarm probability"
    )
    func file() throws {
        let points = try Self.inFile(Self.csv()) { try PeriodPoints(file: $0, filter: nil) }
        #expect(points.name == "star-1" && points.timeStandard == .barycentric)
        #expect(points.points.count == 200 && points.leftOutCount == 1)
        var options = PeriodOptions()
        options.trials = 19
        let made = try PeriodResult(points, options)
        let document = made.document
        let error = try #require(document.periodErrorDays)
        #expect(abs(document.periodDays - 0.7342) < 3 * error && error < 1e-4)
        #expect(document.power > 0.95 && document.bootstrapProbability == 0.05)
        #expect(try #require(document.falseAlarmProbability) < 1e-50)
        let cycles = (try #require(document.maximumTimeDays) - 2_459_000.1) / 0.7342
        #expect(abs(cycles - cycles.rounded()) < 0.01)
        #expect(abs(try #require(document.filters[0].semiAmplitude) - 0.2) < 0.005)
        #expect(made.text.hasPrefix("star-1: period 0.734"))
        let svg = try #require(String(data: made.figure(asSVG: true), encoding: .utf8))
        #expect(svg.hasPrefix("<svg ") && svg.contains("phase, 0 at BJD_TDB 24590"))
    }

    @Test("several filters are searched together, or one that is named")
    func filters() throws {
        try Self.inFile(Self.csv(filters: ["B", "V", "R"])) { path in
            let all = try PeriodResult(try PeriodPoints(file: path, filter: nil), PeriodOptions()).document
            #expect(all.filters.map(\.filter) == ["B", "R", "V"] && all.falseAlarmProbability == nil)
            #expect(abs(all.periodDays - 0.7342) < 0.001)
            let one = try PeriodPoints(file: path, filter: "R")
            #expect(Set(one.points.map(\.filter)) == ["R"])
            #expect(throws: SystemError.self) { try PeriodPoints(file: path, filter: "I") }
        }
    }

    @Test("files and ranges with nothing to search in are told plainly")
    func hostile() throws {
        #expect(throws: SystemError.self) { try PeriodPoints(file: "/nowhere/at/all.csv", filter: nil) }
        for text in ["", "a,b\n1,2\n", "mjd,mag\n59000,nan\n"] {
            #expect(throws: SystemError.self) {
                try Self.inFile(text) { try PeriodPoints(file: $0, filter: nil) }
            }
        }
        let constant = "mjd,mag,err\n" + (0..<20).map { "\(59000 + $0),12.0,0.1" }.joined(separator: "\n")
        #expect(throws: SystemError.self) {
            try Self.inFile(constant) { try PeriodResult(try PeriodPoints(file: $0, filter: "V"), PeriodOptions()) }
        }
        #expect(throws: UsageError.self) {
            try PeriodOptions(Arguments(["--from", "3", "--to", "2"], options: periodCommand.options))
        }
        #expect(throws: UsageError.self) {
            try PeriodOptions(Arguments(["--plot", "a.gif"], options: periodCommand.options))
        }
    }
}
