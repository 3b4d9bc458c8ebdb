import Association
import Events
import Foundation
import PortableNumbers
import PostgresStore
import Sky
import TestKit
import Testing
import Variability

@testable import archiver

extension Bench {
    /// Identifiers of objects that have measurements that are believed, with how many.
    func believedObjects() throws -> [Int: Int] {
        let rows = try database.execute(
            """
            select object_id, count(*) as n from archive.object_light_curve where valid_until is null
            group by object_id
            """)
        return Dictionary(uniqueKeysWithValues: try rows.map { (try $0.int("object_id"), try $0.int("n")) })
    }

    func moments(_ object: Int) throws -> VariabilityMoments {
        let rows = try database.execute("select * from archive.object_statistics where object_id = $1", [.int(object)])
        let row = try #require(rows.first, "object \(object) has no statistics")
        return VariabilityMoments(
            count: try row.int("points"), totalWeight: try row.double("total_weight"),
            weightedMean: try row.double("weighted_mean"), chiSquared: try row.double("chi_squared"),
            mean: try row.double("mean"), secondMoment: try row.double("second_moment"),
            thirdMoment: try row.double("third_moment"), squaredSteps: try row.double("squared_steps"))
    }

    /// The same from the points, all at once.
    func momentsAnew(_ object: Int) throws -> VariabilityMoments {
        let rows = try database.execute(
            """
            select midpoint_mjd_utc, mag, mag_err from archive.object_light_curve
            where object_id = $1 and valid_until is null and counts
            """, [.int(object)])
        return VariabilityMoments(
            LightCurveSeries(
                try rows.map {
                    MagnitudePoint(
                        timeDays: try $0.double("midpoint_mjd_utc"), magnitude: try $0.double("mag"),
                        error: try $0.double("mag_err"))
                }))
    }

    /// What is kept of the light curves is what their points say, all at once; of a single point nothing is kept.
    func expectStatisticsAnew() throws {
        try database.transaction { try measure.objects.statistics.settle(openNights: true) }
        let curves = try database.execute(
            """
            select count(*) as n from (
                select from archive.object_light_curve where valid_until is null and counts
                group by object_id, series having count(*) > 1) as curve
            """
        ).single("n")
        #expect(try count("archive.object_statistics") == curves)
        for object in try database.execute("select object_id from archive.object_statistics") {
            let (kept, anew) = (try moments(object.int("object_id")), try momentsAnew(object.int("object_id")))
            #expect(kept == anew, "to the last bit")
        }
    }
}

/// Arcseconds in degrees.
private let arcsec = 1 / 3600.0

@Suite("Objects in the record")
struct ObjectTests {
    @Test("stars across the end of right ascension and around both poles are one object each on every frame")
    func everywhere() throws {
        try withBench { bench in
            let places = [(359.99995, 10.0), (0.00003, 10.001), (0.0, 89.9999), (180, 89.9998), (90, -89.9999)]
            for frame in 0..<3 {
                // Half an arcsecond to and fro, across the line.
                let turn = Double(frame - 1) * 0.5 * arcsec
                let seen = places.map { ra, dec in
                    let position = (ra + turn / cos(dec * .pi / 180)).truncatingRemainder(dividingBy: 360)
                    return SeenStar(raDegrees: position < 0 ? position + 360 : position, decDegrees: dec)
                }
                try bench.see(seen, frame: frame)
            }
            #expect(try bench.believedObjects().values.sorted() == [3, 3, 3, 3, 3])
            try bench.expectStatisticsAnew()
        }
    }

    @Test("a frame without sky positions makes no objects")
    func withoutSky() throws {
        try withBench { bench in
            try bench.observe([0, 1])
            #expect(try bench.count("archive.object") == 0)
            #expect(try bench.count("archive.object_frame") == 0)
        }
    }

    @Test("two stars an arcsecond apart are two objects; two detections of one are one, and a duplicate is of none")
    func neighbours() throws {
        try withBench { bench in
            let one = SeenStar(raDegrees: 30, decDegrees: 0, flux: 20_000)
            let other = SeenStar(raDegrees: 30 + 2 * arcsec, decDegrees: 0)
            for frame in 0..<3 { try bench.see([one, other], frame: frame) }
            #expect(try bench.believedObjects().values.sorted() == [3, 3])
            // Nearer than the frame resolves: 0.6 px.
            let again = SeenStar(raDegrees: 30, decDegrees: 0.4 * arcsec, flux: 100)
            try bench.see([one, other, again], frame: 3)
            #expect(try bench.believedObjects().values.sorted() == [4, 4])
            let frame = try bench.database.execute(
                "select detections, born, duplicates from archive.object_frame order by version desc limit 1")[0]
            #expect(try [frame.int("detections"), frame.int("born"), frame.int("duplicates")] == [3, 0, 1])
        }
    }

    @Test("the same event again, and the same version again, change no rows")
    func reprocessed() throws {
        try withBench { bench in
            let stars = (0..<20).map { SeenStar(raDegrees: 0.01 * Double($0), decDegrees: -5) }
            try bench.see(stars, frame: 0)
            let tables = ["object", "object_frame", "object_measurement", "object_statistics"]
            let before = try tables.map { try bench.count("archive.\($0)") }
            #expect(before == [20, 1, 20, 0])
            try bench.see(stars, frame: 0)
            try bench.database.execute("delete from archive.inbox")
            try bench.see(stars, frame: 0)
            #expect(try tables.map { try bench.count("archive.\($0)") } == before)
            try bench.expectStatisticsAnew()
        }
    }

    @Test("a new recipe's version counts instead of the old one, which stays; a lower one changes nothing")
    func superseded() throws {
        try withBench { bench in
            let place = SeenStar(raDegrees: 12, decDegrees: 40, flux: 10_000)
            for frame in 0..<5 { try bench.see([place], frame: frame) }
            let object = try #require(try bench.believedObjects().keys.first)
            var bright = place
            bright.flux = 20_000
            try bench.see([bright], frame: 2, recipe: "c2", rank: 3)
            #expect(try bench.believedObjects() == [object: 5])
            #expect(try bench.count("archive.object_measurement") == 6)
            try bench.expectStatisticsAnew()
            let moments = try bench.moments(object)
            #expect(moments.count == 5 && moments.squaredSteps > 1.1, "0.75 mag up and down again")
            try bench.see([place], frame: 3, recipe: "c0", rank: 0)
            #expect(try bench.count("archive.object_frame") == 6, "c0 sorts below c1")
            // The last point of all, replaced and taken out.
            try bench.see([bright], frame: 4, recipe: "c2", rank: 3)
            try bench.expectStatisticsAnew()
            try bench.archive.database.transaction { try bench.measure.objects.withdraw(hexadecimal(4)) }
            #expect(try bench.believedObjects() == [object: 4])
            try bench.expectStatisticsAnew()
        }
    }

    @Test("what was known of an object at a time is a query")
    func knownAt() throws {
        try withBench { bench in
            var star = SeenStar(raDegrees: 12, decDegrees: 40, flux: 10_000)
            bench.time = "2026-01-01T00:00:00.000Z"
            try bench.see([star], frame: 0)
            bench.time = "2026-01-02T00:00:00.000Z"
            star.flux = 30_000
            try bench.see([star], frame: 0, recipe: "c2", rank: 3)
            func flux(at time: String) throws -> [Double] {
                try bench.database.execute(
                    """
                    select flux from archive.object_light_curve
                    where valid_from <= $1::timestamptz and coalesce(valid_until > $1::timestamptz, true)
                    """, [.text(time)]
                ).map { try $0.double("flux") }
            }
            #expect(try flux(at: "2025-12-31T00:00:00Z") == [])
            #expect(try flux(at: "2026-01-01T12:00:00Z") == [10_000])
            #expect(try flux(at: "2026-01-02T00:00:00Z") == [30_000])
        }
    }

    @Test("statistics are those of all points at once, in whatever order the frames came")
    func statistics() throws {
        var order = SplitMix64(seed: 5)
        try withBench { bench in
            let stars = (0..<6).map { SeenStar(raDegrees: 100 + 0.01 * Double($0), decDegrees: 20) }
            for frame in (0..<12).shuffled(using: &order) {
                let seen = stars.enumerated().map { index, star in
                    var star = star
                    star.flux *= 1 + 0.02 * Double(index) * sin(Double(frame))
                    star.flags = index == 5 && frame == 3 ? 1 : 0
                    return star
                }
                try bench.see(seen, frame: frame)
                // Some at once, some one by one.
                if frame % 3 == 0 { try bench.expectStatisticsAnew() }
            }
            try bench.expectStatisticsAnew()
            let counts = try bench.database.execute(
                "select points from archive.object_statistics order by object_id"
            ).map { try $0.int("points") }
            #expect(counts.sorted() == [11, 12, 12, 12, 12, 12], "the saturated one does not count")
        }
    }

    @Test("frames of open nights are in no statistics; a closed night's are, and what comes late or goes is, too")
    func settled() throws {
        try withBench { bench in
            let stars = [SeenStar(raDegrees: 10, decDegrees: 1), SeenStar(raDegrees: 10.1, decDegrees: 1)]
            func counted() throws -> [Int] {
                try bench.database.transaction { try bench.measure.objects.statistics.settle() }
                return try bench.database.execute("select points from archive.object_statistics order by object_id")
                    .map { try $0.int("points") }
            }
            for frame in 0..<4 { try bench.see(stars, frame: frame) }
            #expect(try counted() == [])
            try bench.closeNight(Dictionary(uniqueKeysWithValues: (0..<4).map { ($0, "c1") }))
            #expect(try counted() == [4, 4])
            try bench.see([stars[0]], frame: 4)
            #expect(try counted() == [5, 4], "of a night that is closed")
            for frame in 1..<4 {
                try bench.archive.database.transaction { try bench.measure.objects.withdraw(hexadecimal(frame)) }
            }
            #expect(try counted() == [2], "a single point is no row")
        }
    }
}
