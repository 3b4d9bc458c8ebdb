import Events
import Foundation
import PhotometricCalibration
import PostgresStore
import Sky
import TestKit
import Testing

@testable import archiver

@Suite("Light curves on the catalogue's scale")
struct CalibratedPointTests {
    /// The target is one of the first stars, its comparison stars are five others; places are those of frame 0.
    ///
    /// - Parameter isPlaced: whether its place on the sky is that of its star, so that the catalogue knows its colour.
    private func document(
        _ sky: SimulatedSky, star: Int = 0, magnitudes: Bool = false, isPlaced: Bool = true
    ) throws -> String {
        let position = isPlaced ? sky.fields[0][star].position : try SkyPosition(raDegrees: 10, decDegrees: 20)
        let rows = try sky.detections(0, airmass: 1, cloud: 0, seed: 1)
        let stars = (21...25).map { index in
            let magnitude = #", "magnitudes": {"V": {"magnitude": 12.5, "error": 0.01, "system": "Vega"}}"#
            return #"{"id": "C\#(index)", "pixel": {"x": \#(rows[index].x), "y": \#(rows[index].y)}"#
                + (magnitudes ? magnitude : "") + "}"
        }
        return """
            {"id": "star-\(star)", "revision": 1, "matchRadiusPixels": 3, "ra": \(position.raDegrees),
             "dec": \(position.decDegrees),
             "pixel": {"frame": "frame-0.fits", "x": \(rows[star].x), "y": \(rows[star].y)},
             "comparisonStars": [\(stars.joined(separator: ","))]}
            """
    }

    private let frames = (0..<6).map {
        SkyFrame(number: $0, field: 0, cloud: $0 == 3 ? 0.5 : 0, drift: 1.5 * Double($0))
    }

    @Test("magnitudes are those of the sky within their errors, with fluxes, system, band and catalogue")
    func level() throws {
        let sky = try SimulatedSky(seed: 31, fields: 1, starsPerField: 50)
        try withSky(sky) { bench, _ in
            try bench.target(document(sky))
            try bench.observe(frames, of: sky)
            #expect(try bench.points().count == 6)
            #expect(try bench.points().allSatisfy { $0.magnitudeSystem == "Vega" && $0.provisional })
            try bench.closeNight(Array(0..<6))
            let points = try bench.points()
            let truth = sky.fields[0][0].trueV
            for point in points {
                let (magnitude, error) = (try #require(point.magnitude), try #require(point.magnitudeError))
                let level = try #require(point.levelError)
                let whole = hypot(error, level)
                #expect(abs(magnitude - truth) < 3.5 * whole && whole < 0.06, "\(magnitude) \(truth) \(whole)")
                #expect(error < 0.01 && level == points[0].levelError, "the level's error is apart, and one for all")
                let flux = pow(10, -0.4 * (magnitude + 0.02 - 31.4))
                #expect(abs((point.fluxNanojansky ?? 0) / flux - 1) < 1e-6)
                let relative = (point.fluxErrorNanojansky ?? 0) / flux * 1.0857
                #expect(abs(relative / error - 1) < 0.02)
                #expect(point.catalogue == "test" && point.band == "Johnson-Cousins V" && point.zeroPoint != nil)
            }
            #expect(Set(points.map(\.zeroPoint)).count == 1)
            // The shape is the ensemble's: through the cloud too.
            let spread = points.compactMap(\.magnitude).map { $0 - (points[0].magnitude ?? 0) }
            #expect(spread.allSatisfy { abs($0) < 0.02 })
            let said = try bench.said(PhotometryMeasured.self)
            #expect(said.filter { !$0.provisional } == points)
        }
    }

    @Test("the level's error is honest: pulls of many stars' means have width 1, their colours known or not")
    func honestLevel() throws {
        var pulls: [Bool: [Double]] = [:]
        for seed in [101, 102] as [UInt64] {
            let sky = try SimulatedSky(seed: seed, fields: 1, starsPerField: 60)
            try withSky(sky) { bench, _ in
                for star in 0..<10 { try bench.target(document(sky, star: star, isPlaced: star % 2 == 0)) }
                try bench.observe(Array(frames.prefix(2)), of: sky)
                try bench.closeNight([0, 1])
                for (target, points) in Dictionary(grouping: try bench.points(), by: \.target) {
                    let star = try #require(Int(target.dropFirst(5)))
                    let mean = points.compactMap(\.magnitude).reduce(0, +) / Double(points.count)
                    let error = try #require(points[0].levelError)
                    #expect(error < (star % 2 == 0 ? 0.02 : 0.06))
                    pulls[star % 2 == 0, default: []].append((mean - sky.fields[0][star].trueV) / error)
                }
            }
        }
        for (isKnown, limits) in [(true, 0.6...1.6), (false, 0.4...1.6)] {
            let own = try #require(pulls[isKnown])
            let width = (own.reduce(0) { $0 + $1 * $1 } / Double(own.count)).squareRoot()
            #expect(own.count == 10 && limits.contains(width), "colour known: \(isKnown), pull width \(width)")
        }
    }

    @Test("a target and the object that it is have one mean: the same colour, aperture and zero points")
    func targetAndObject() throws {
        let sky = try SimulatedSky(seed: 81, fields: 1, starsPerField: 60)
        try withSky(sky) { bench, _ in
            for star in 0..<4 { try bench.target(document(sky, star: star)) }
            let frames = (0..<6).map { SkyFrame(number: $0, field: 0, drift: Double($0), isSolved: true) }
            try bench.observe(frames, of: sky)
            try bench.closeNight(Array(0..<6))
            let points = Dictionary(grouping: try bench.points(), by: \.target)
            for star in 0..<4 {
                let own = try #require(points["star-\(star)"])
                let rows = try bench.database.execute(
                    """
                    select m.mag, m.level_err_mag from archive.object_light_curve m
                    join archive.object o using (object_id) where o.catalogue_id = $1 and m.valid_until is null
                    """, [.int(star)])
                let magnitudes = try rows.map { try $0.double("mag") }
                #expect(own.count == 6 && magnitudes.count == 6)
                let mean = magnitudes.reduce(0, +) / 6
                let target = own.compactMap(\.magnitude).reduce(0, +) / 6
                #expect(abs(target - mean) < 0.001, "star \(star): \(target) \(mean)")
                let level = try rows[0].double("level_err_mag")
                #expect(abs((own[0].levelError ?? 0) / level - 1) < 0.1, "\(level) \(own[0].levelError ?? 0)")
            }
        }
    }

    @Test("a point's own error is that of the differences: pulls of one star's points from their mean have width 1")
    func honestDifferences() throws {
        let sky = try SimulatedSky(seed: 61, fields: 1, starsPerField: 60)
        try withSky(sky) { bench, _ in
            for star in 0..<6 { try bench.target(document(sky, star: star, isPlaced: false)) }
            let frames = (0..<12).map { SkyFrame(number: $0, field: 0, cloud: $0 == 7 ? 0.4 : 0) }
            try bench.observe(frames, of: sky)
            for isFinal in [false, true] {
                if isFinal { try bench.closeNight(Array(0..<12)) }
                var (chiSquared, freedom) = (0.0, 0)
                for (_, points) in Dictionary(grouping: try bench.points(), by: \.target) {
                    #expect(points.count == 12 && points.allSatisfy { $0.provisional != isFinal })
                    // Provisional points keep the level that the first one has: none moves because frames come.
                    #expect(Set(points.compactMap(\.levelError)).count == 1)
                    let values = points.compactMap(\.magnitude)
                    let errors = points.compactMap(\.magnitudeError)
                    let weight = errors.reduce(0) { $0 + 1 / ($1 * $1) }
                    let mean = zip(values, errors).reduce(0) { $0 + $1.0 / ($1.1 * $1.1) } / weight
                    chiSquared += zip(values, errors).reduce(0) { $0 + ($1.0 - mean) * ($1.0 - mean) / ($1.1 * $1.1) }
                    freedom += points.count - 1
                }
                let width = (chiSquared / Double(freedom)).squareRoot()
                #expect((0.75...1.25).contains(width), "closed: \(isFinal), width \(width)")
            }
        }
    }

    @Test("magnitudes in the target's document come first; without a zero point nothing changes")
    func documentFirst() throws {
        let sky = try SimulatedSky(seed: 37, fields: 1, starsPerField: 50)
        try withSky(sky) { bench, _ in
            try bench.target(document(sky, magnitudes: true))
            try bench.observe(Array(frames.prefix(2)), of: sky)
            #expect(try bench.points().allSatisfy { $0.magnitudeSystem == "Vega" && $0.zeroPoint == nil })
            // Five stars of a hundredth each give a level.
            #expect(try bench.points().allSatisfy { ($0.levelError ?? 0) > 0.004 })
        }
        try withSky(sky) { bench, _ in
            bench.reference = nil
            try bench.target(document(sky))
            try bench.observe(Array(frames.prefix(2)), of: sky)
            #expect(try bench.points().allSatisfy { $0.magnitudeSystem == "differential" && $0.zeroPoint == nil })
            #expect(try bench.points().allSatisfy { $0.levelError == nil })
            #expect(try bench.count("archive.zero_point") == 0)
        }
    }
}
