import Events
import Foundation
import Testing

@testable import nightjar

@Suite("a light curve with a line in airmass taken out")
struct DetrendedCurveTests {
    /// A night of `count` points: airmass from 1 to 2, magnitude 11 + slope (airmass - 1), dimmed in the middle fifth.
    private static func night(
        from start: Double, slope: Double, instrument: String = "c", filter: String = "V", count: Int = 50,
        dip: Double = 0
    ) -> [PhotometryMeasured] {
        (0..<count).map { index in
            let part = Double(index) / Double(count - 1)
            var point = PhotometryMeasured(
                measurementID: "m\(start)-\(index)", target: "t", frameID: "\(instrument)\(start)-\(index)", version: 1,
                provisional: false, filter: filter, magnitudeSystem: "Vega", midpointMJDUTC: start + 0.2 * part,
                flags: 0,
                instrument: instrument, field: "f", source: "nightjar")
            point.midpointBJDTDB = 2_400_000.5 + point.midpointMJDUTC
            point.airmass = 1 + part * part
            point.magnitude = 11 + slope * part * part + (abs(part - 0.75) < 0.1 ? dip : 0)
            point.magnitudeError = 0.01
            return point
        }
    }

    private static func curve(_ points: [PhotometryMeasured]) -> LightCurve {
        LightCurve(target: "t", points: points.sorted { $0.midpointMJDUTC < $1.midpointMJDUTC })
    }

    @Test("each night, filter and instrument has a slope of its own, and is level without it")
    func series() throws {
        let points =
            Self.night(from: 60_000.1, slope: 0.1) + Self.night(from: 60_001.1, slope: -0.05)
            + Self.night(from: 60_000.1003, slope: 0.3, filter: "B")
            + Self.night(from: 60_000.1007, slope: 0, instrument: "d")
        let made = DetrendedCurve(Self.curve(points), leavingOut: nil)
        #expect(made.series.count == 4)
        for (name, slope) in [("c V", 0.1), ("c B", 0.3), ("d V", 0.0)] {
            let found = try #require(made.series.first { "\($0.instrument) \($0.filter)" == name })
            #expect(abs(try #require(found.slopeMagnitudesPerAirmass) - slope) < 1e-9)
            #expect(found.points == 50 && found.pointsUsed == 50)
        }
        #expect(abs(try #require(made.series[3].slopeMagnitudesPerAirmass) + 0.05) < 1e-9)
        for series in made.series {
            let ids = Set(
                made.curve.points.filter {
                    $0.instrument == series.instrument && $0.filter == series.filter
                        && (series.firstMJDUTC...series.lastMJDUTC).contains($0.midpointMJDUTC)
                }.map(\.frameID))
            let level = made.points.filter { ids.contains($0.frameID) }.map(\.magnitude)
            #expect(try #require(level.max()) - #require(level.min()) < 1e-9)
        }
    }

    @Test("an event that is named does not bend the line, and keeps its depth")
    func event() throws {
        let curve = Self.curve(Self.night(from: 60_000.1, slope: 0.1, dip: 0.02))
        let from = 2_400_000.5 + 60_000.1
        let named = DetrendedCurve(curve, leavingOut: (from + 0.2 * 0.64)...(from + 0.2 * 0.86))
        #expect(abs(try #require(named.series[0].slopeMagnitudesPerAirmass) - 0.1) < 1e-9)
        let depth = try #require(named.detrended[37]).magnitude - #require(named.detrended[10]).magnitude
        #expect(abs(depth - 0.02) < 1e-9)
        let unnamed = DetrendedCurve(curve, leavingOut: nil)
        #expect(abs(try #require(unnamed.series[0].slopeMagnitudesPerAirmass) - 0.1) > 0.005)
    }

    @Test("the table keeps its columns and gains four; limits and short series have them empty")
    func table() throws {
        var points = Self.night(from: 60_000.1, slope: 0.1)
        points[3].magnitude = nil
        points[3].limitMagnitude = 14
        points += Self.night(from: 60_003.1, slope: 0.1, count: 4)
        let made = DetrendedCurve(Self.curve(points), leavingOut: nil)
        let lines = made.csv.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        #expect(Set(lines.map(\.count)) == [LightCurve.columns.count + 4])
        #expect(
            lines[0].suffix(4).elementsEqual([
                "mag_detrended", "mag_detrended_err", "airmass_slope", "airmass_slope_err",
            ]))
        let measured = made.curve.csv.split(separator: "\n")
        #expect(zip(made.csv.split(separator: "\n"), measured).allSatisfy { $0.hasPrefix($1) })
        #expect(lines[4].suffix(4).allSatisfy { $0.isEmpty })
        #expect(lines[51...].allSatisfy { $0.suffix(4).allSatisfy(\.isEmpty) })
        #expect(lines[5].suffix(4).allSatisfy { !$0.isEmpty })
        #expect(made.remarks.count == 2 && made.remarks[1].contains("no line in airmass through 4 points"))
    }

    @Test(
        "what is asked for wrongly is said so",
        arguments: [
            ["t", "--detrend", "time"], ["t", "--event", "1..2"], ["t", "--detrend", "airmass", "--event", "2..1"],
            ["t", "--detrend", "airmass", "--event", "nan..2"], ["t", "--detrend", "airmass", "--event", "1"],
        ])
    func usage(words: [String]) throws {
        let arguments = try Arguments(words, options: lightCurveCommand.options)
        #expect(throws: UsageError.self) { try Detrending(arguments) }
    }
}
