import Events
import Foundation
import PostgresStore
import TestKit
import Testing

@testable import archiver
@testable import nightjar

@Suite("What was known of a light curve at a time")
struct KnownPointsTests {
    private func point(_ frame: String, version: Int, magnitude: Double?) -> PhotometryMeasured {
        var point = PhotometryMeasured(
            measurementID: "\(frame)-\(version)", target: "star", frameID: frame, version: version, provisional: false,
            filter: "V", magnitudeSystem: "Vega", midpointMJDUTC: 60_000, flags: 0, instrument: "cam", field: "f",
            source: "nightjar")
        (point.magnitude, point.withdrawn) = (magnitude, magnitude == nil)
        return point
    }

    private func clock(_ database: Database) throws -> String {
        let rows = try database.execute(
            "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') as now")
        return try #require(rows.first).text("now")
    }

    @Test("it has the versions that were current then; versions from before times were noted count always")
    func known() throws {
        try withBench { bench in
            let database = bench.database
            let record = Record(database)
            let magnitudes = { (time: String?) throws -> [Double?] in
                try LightCurve(record, target: "star", knownAt: time).points.map(\.magnitude)
            }
            let before = try clock(database)
            _ = try insertPoint(point("f1", version: 1, magnitude: 11), night: "n", in: database)
            _ = try insertPoint(point("f2", version: 1, magnitude: 12), night: "n", in: database)
            let first = try clock(database)
            _ = try insertPoint(point("f1", version: 2, magnitude: 11.5), night: "n", in: database)
            let second = try clock(database)
            _ = try insertPoint(point("f2", version: 2, magnitude: nil), night: "n", in: database)
            #expect(try magnitudes(before) == [])
            #expect(try magnitudes(first) == [11, 12])
            #expect(try magnitudes(second) == [11.5, 12])
            #expect(try magnitudes(nil) == [11.5])
            try database.execute("update archive.point set recorded_at = null where version = 1")
            #expect(try magnitudes(before) == [11, 12])
        }
    }
}
