import Events
import Foundation
import PostgresStore
import Sky
import TestKit
import Testing
import Variability

@testable import archiver
@testable import nightjar

@Suite("nightjar object")
struct ObjectCommandTests {
    @Test("an object is found by its place and read with its light curves, now and as it was known before")
    func read() throws {
        try withBench { bench in
            let star = SeenStar(raDegrees: 359.9999, decDegrees: -0.5)
            let other = SeenStar(raDegrees: 0.01, decDegrees: -0.5, flux: 9_000)
            for frame in 0..<5 {
                bench.time = "2026-01-0\(frame + 1)T00:00:00.000Z"
                try bench.see([star, other], frame: frame)
            }
            let record = Record(bench.database)
            let place = try SkyPosition(raDegrees: 0.0001, decDegrees: -0.5)
            let found = try RecordedObject.near(place, radiusArcsec: 2, year: 2026, in: record)
            #expect(found.count == 1)
            #expect(abs(found[0].separationArcsec - 0.72) < 0.001)
            let object = try #require(try RecordedObject(record, object: found[0].object, knownAt: nil))
            #expect(object.points.count == 5 && object.points.allSatisfy(\.counts))
            #expect(object.summary.name == "J235959.97-003000.0")
            let series = try #require(object.summary.series.first)
            #expect(object.summary.series.count == 1)
            try bench.database.transaction { try bench.measure.objects.statistics.settle(openNights: true) }
            let kept = try bench.moments(Int(found[0].object))
            #expect(abs((series.chiSquared ?? -1) - kept.chiSquared) < 1e-9)
            #expect(abs((series.weightedMean ?? 0) - kept.weightedMean) < 1e-9)
            #expect(series.stetsonJ != nil && series.robustScatter == 0)
            let before = try RecordedObject(record, object: found[0].object, knownAt: "2026-01-03T12:00:00Z")
            #expect(before?.points.count == 3)
            #expect(try RecordedObject(record, object: 1, knownAt: nil) == nil)
        }
    }
}
