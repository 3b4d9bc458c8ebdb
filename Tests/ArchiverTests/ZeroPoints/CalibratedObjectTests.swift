import Foundation
import PostgresStore
import TestKit
import Testing

@testable import archiver
@testable import nightjar

@Suite("Objects on the catalogue's scale")
struct CalibratedObjectTests {
    @Test("a point's own error is that of the differences, the level's error that of the mean: both have width 1")
    func honest() throws {
        var (differences, levels) = ([Double](), [Double]())
        for seed in [71, 72] as [UInt64] {
            let sky = try SimulatedSky(seed: seed, fields: 1, starsPerField: 60)
            try withSky(sky) { bench, _ in
                let frames = (0..<10).map {
                    SkyFrame(number: $0, field: 0, cloud: $0 == 3 ? 0.3 : 0, drift: Double($0), isSolved: true)
                }
                try bench.observe(frames, of: sky)
                try bench.closeNight(Array(0..<10))
                let record = Record(bench.database)
                for star in sky.fields[0] {
                    let near = try RecordedObject.near(star.position, radiusArcsec: 1, year: 2025.2, in: record)
                    let found = try #require(near.first)
                    let object = try #require(try RecordedObject(record, object: found.object, knownAt: nil))
                    let series = try #require(object.summary.series.first)
                    let level = try #require(series.levelError)
                    let mean = try #require(series.weightedMean)
                    #expect(series.magnitudeSystem == "Johnson-Cousins V Vega" && series.counted == 10)
                    let own = object.points.compactMap(\.magnitudeError)
                    let expected = own.reduce(0) { $0 + 1 / ($1 * $1) }
                    #expect(abs((series.weightedMeanError ?? 0) - hypot(level, 1 / expected.squareRoot())) < 1e-9)
                    levels.append((mean - star.trueV) / level)
                    differences += zip(object.points, own).map { (($0.0.magnitude ?? 0) - mean) / $0.1 }
                }
            }
        }
        let width = { (pulls: [Double]) in (pulls.reduce(0) { $0 + $1 * $1 } / Double(pulls.count)).squareRoot() }
        #expect(differences.count == 1200 && (0.85...1.1).contains(width(differences)), "\(width(differences))")
        #expect(levels.count == 120 && (0.7...1.25).contains(width(levels)), "\(width(levels))")
    }
}
