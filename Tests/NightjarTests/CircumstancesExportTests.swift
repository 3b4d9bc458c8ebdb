import Events
import Testing

@testable import nightjar

@Suite("Sun and Moon in exports of a light curve")
struct CircumstancesExportTests {
    @Test("CSV and tables have the columns, empty where nothing is known")
    func columns() throws {
        let points = (0..<2).map { index in
            var point = PhotometryMeasured(
                measurementID: "m\(index)", target: "t", frameID: "f\(index)", version: 1, provisional: false,
                filter: "V", magnitudeSystem: "Vega", midpointMJDUTC: 58_107.211354, flags: 0, instrument: "cam",
                field: "f", source: "nightjar")
            guard index == 0 else { return point }
            var facts = ObservingCircumstances(midpointMJDTAI: 58_107.21178224, midpointHJDUTC: 2_458_107.71494299)
            (facts.sunAltitudeDegrees, facts.moonSeparationDegrees) = (-58.677, 112.082)
            point.circumstances = facts
            return point
        }
        let curve = LightCurve(target: "t", points: points)
        let rows = curve.csv.split(separator: "\n").map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        #expect(Set(rows.map(\.count)) == [LightCurve.columns.count])
        let first = try #require(rows[0].firstIndex(of: "mid_mjd_tai"))
        #expect(
            rows[0][first..<(first + 6)].joined(separator: " ")
                == "mid_mjd_tai mid_hjd_utc sun_alt_deg moon_alt_deg moon_sep_deg moon_lit")
        #expect(
            rows[1][first..<(first + 6)].joined(separator: " ") == "58107.21178224 2458107.71494299 -58.677  112.082 ")
        #expect(rows[2][first..<(first + 6)].joined().isEmpty)
        let table = LightCurveTable(ExportedCurve(curve))
        let moon = try #require(table.columns.first { $0.name == "moon_sep_deg" })
        guard case .numbers(let values, _) = moon.values else {
            Issue.record("moon_sep_deg is no column of numbers")
            return
        }
        #expect(values == [112.082, nil] && moon.unit == "deg")
    }
}
