import Events
import Foundation
import PhotometricCalibration
import PostgresStore
import Sky
import TestKit
import Testing

@testable import archiver
@testable import nightjar

@Suite("Light curves by a comparison sequence")
struct SequenceTests {
    private let all = Array(0..<6)

    private func frames(filter: String? = "V", isSolved: Bool = true) -> [SkyFrame] {
        all.map {
            SkyFrame(
                number: $0, field: 0, filter: filter, cloud: $0 == 3 ? 0.5 : 0, drift: 1.5 * Double($0),
                isSolved: isSolved)
        }
    }

    private func target(_ sky: SimulatedSky, star: Int = 0, more: String = "") throws -> String {
        let place = sky.fields[0][star].position
        return """
            {"id": "star-\(star)", "revision": 1, "name": "Star \(star)", "ra": \(place.raDegrees),
             "dec": \(place.decDegrees)\(more)}
            """
    }

    /// The stars' true magnitudes, each with an error of 0.01.
    private func sequence(
        _ sky: SimulatedSky, of star: Int = 0, comparison: [Int] = Array(21...25), check: Int? = 26,
        band: String = "V"
    ) -> ComparisonSequence {
        let stars = (comparison + [check].compactMap { $0 }).map { index in
            let known = sky.fields[0][index]
            return ComparisonSequence.Star(
                id: "\(index)", raDegrees: known.position.raDegrees, decDegrees: known.position.decDegrees,
                role: index == check ? .check : .comparison,
                magnitudes: [band: .init(magnitude: known.trueV, error: 0.01)])
        }
        return ComparisonSequence(id: "X\(star)", target: "star \(star)", source: "simulated", stars: stars)
    }

    @Test("a sequence comes before the catalogue: magnitudes in its band, with the check star's residual beside each")
    func magnitudes() throws {
        let sky = try SimulatedSky(seed: 31, fields: 1, starsPerField: 50)
        try withSky(sky) { bench, _ in
            try bench.target(target(sky))
            try Record(bench.database).add(sequence(sky))
            try bench.observe(frames(), of: sky)
            #expect(try bench.points().count == 6)
            #expect(try bench.points().allSatisfy { $0.provisional && $0.checkStar != nil })
            try bench.closeNight(all)
            for point in try bench.points() {
                #expect(point.magnitudeSystem == "Vega" && point.band == "Johnson-Cousins V")
                #expect(point.zeroPoint == nil && point.catalogue == nil)
                let check = try #require(point.checkStar)
                #expect(check.sequence == "X0" && check.id == "26" && check.catalogueMagnitudeError == 0.01)
                let (residual, error) = (try #require(check.residual), try #require(check.residualError))
                #expect(abs(check.magnitude - sky.fields[0][26].trueV - residual) < 1e-9)
                #expect(abs(residual) < 4 * error && error > 0.01 && error < 0.08, "\(residual) \(error)")
                let magnitude = try #require(point.magnitude)
                #expect(abs(magnitude - sky.fields[0][0].trueV) < 4 * error)
                let flux = pow(10, -0.4 * (magnitude + 0.02 - 31.4))
                #expect(abs((point.fluxNanojansky ?? 0) / flux - 1) < 1e-6)
                let relative = (point.fluxErrorNanojansky ?? 0) / flux * 1.0857
                #expect(abs(relative / (point.magnitudeError ?? 0) - 1) < 0.02)
            }
            let rows = try bench.database.execute("select * from archive.check_star order by mid_mjd_utc")
            #expect(rows.count == 6)
            #expect(try rows[0].text("star") == "26" && rows[0].text("sequence") == "X0")
            #expect(try rows[0].double("residual") == bench.points()[0].checkStar?.residual)
            #expect(try bench.said(PhotometryMeasured.self).filter { !$0.provisional } == bench.points())
        }
    }

    @Test(
        "the check star has no part in ensemble or zero point: without it every magnitude is the same to the last bit")
    func unused() throws {
        let sky = try SimulatedSky(seed: 33, fields: 1, starsPerField: 50)
        var curves: [[PhotometryMeasured]] = []
        for check in [26, 7, nil] {
            try withSky(sky) { bench, _ in
                try bench.target(target(sky))
                try Record(bench.database).add(sequence(sky, check: check))
                try bench.observe(frames(), of: sky)
                try bench.closeNight(all)
                curves.append(try bench.points())
            }
        }
        #expect(curves[0].map { $0.checkStar?.id } == all.map { _ in "26" } && curves[2][0].checkStar == nil)
        for curve in curves {
            #expect(curve.count == 6 && curve.map(\.magnitude) == curves[0].map(\.magnitude))
            #expect(curve.map(\.magnitudeError) == curves[0].map(\.magnitudeError))
            #expect(curve.map(\.ensemble) == curves[0].map(\.ensemble))
        }
        #expect(Set(curves.map { $0[0].measurementID }).count == 3, "another check star is another version")
    }

    /// Whether no other star is within four pixels, which could be taken for it.
    private func isAlone(_ star: Int, in sky: SimulatedSky) -> Bool {
        let place = sky.fields[0][star].position
        let reach = 4 * SimulatedSky.scaleArcsec / 3600
        return sky.fields[0].count { $0.position.separationDegrees(from: place) < reach } == 1
    }

    /// Forty targets a sky, each with five stars of its own: residuals that have nothing in common. The sequences'
    /// magnitudes are off by as much as they say; what the stars' colours do to an uncorrected zero point (0.03 mag)
    /// they do not say.
    @Test("residuals of many check stars have honest errors, and so have the levels of the targets")
    func honest() throws {
        var pulls: (checks: [Double], levels: [Double]) = ([], [])
        for seed in [201, 202, 203] as [UInt64] {
            let sky = try SimulatedSky(seed: seed, fields: 1, starsPerField: 240)
            try withSky(sky) { bench, _ in
                bench.reference = nil
                for star in 0..<40 {
                    try bench.target(target(sky, star: star))
                    let first = 40 + 5 * star
                    var document = sequence(sky, of: star, comparison: Array(first..<first + 4), check: first + 4)
                    for (index, known) in sky.fields[0][first..<first + 5].enumerated() {
                        document.stars[index].magnitudes = [
                            "V": .init(magnitude: known.catalogueV, error: SimulatedSky.catalogueError)
                        ]
                    }
                    try Record(bench.database).add(document)
                }
                try bench.observe(Array(frames().prefix(2)), of: sky)
                try bench.closeNight([0, 1])
                for point in try bench.points() where point.frameID == hexadecimal(0) {
                    let index = try #require(Int(point.target.dropFirst(5)))
                    let stars = [index] + Array(40 + 5 * index..<45 + 5 * index)
                    guard stars.allSatisfy({ isAlone($0, in: sky) }) else { continue }
                    let check = try #require(point.checkStar)
                    pulls.checks.append(try #require(check.residual) / (try #require(check.residualError)))
                    let (own, level) = (try #require(point.magnitudeError), try #require(point.levelError))
                    pulls.levels.append(
                        (try #require(point.magnitude) - sky.fields[0][index].trueV) / hypot(own, level))
                }
            }
        }
        for (name, own, most) in [("check stars", pulls.checks, 1.15), ("targets", pulls.levels, 1.4)] {
            let width = (own.reduce(0) { $0 + $1 * $1 } / Double(own.count)).squareRoot()
            let mean = own.reduce(0, +) / Double(own.count)
            let largest = own.map(abs).sorted().suffix(3)
            #expect(
                own.count > 80 && (0.85...most).contains(width), "\(name): width \(width) of \(own.count), \(largest)")
            #expect(abs(mean) < 0.3, "\(name): mean pull \(mean)")
        }
    }

    @Test("stars off the frame, and comparison stars too faint for it, are not asked for; a faint check star is")
    func asked() throws {
        let sky = try SimulatedSky(seed: 35, fields: 1, starsPerField: 50)
        func star(_ id: String, _ role: ComparisonSequence.Role, north: Double) throws -> ComparisonSequence.Star {
            let place = sky.fields[0][0].position.displaced(separationDegrees: north, positionAngleDegrees: 0)
            return ComparisonSequence.Star(
                id: id, raDegrees: place.raDegrees, decDegrees: place.decDegrees, role: role,
                magnitudes: ["V": .init(magnitude: 17)])
        }
        for (role, north, requests) in [
            (ComparisonSequence.Role.comparison, 0.01, 0), (.comparison, 2, 0), (.check, 2, 0), (.check, 0.01, 1),
        ] {
            try withSky(sky) { bench, _ in
                try bench.target(target(sky))
                var document = sequence(sky, check: nil)
                document.stars.append(try star("faint", role, north: north))
                try Record(bench.database).add(document)
                try bench.observe(Array(frames().prefix(1)), of: sky)
                let asked = try bench.said(MeasurementRequested.self)
                #expect(asked.count == requests && asked.allSatisfy { $0.positions.map(\.star) == ["faint"] })
                #expect(try bench.points().count == 1 - requests)
                #expect(try bench.points().allSatisfy { $0.magnitude != nil && $0.checkStar == nil })
            }
        }
    }

    @Test("a sequence that comes late is used when the night is closed again, and taken away it is gone again")
    func late() throws {
        let sky = try SimulatedSky(seed: 37, fields: 1, starsPerField: 50)
        try withSky(sky) { bench, _ in
            bench.reference = nil
            try bench.target(target(sky))
            try bench.observe(frames(), of: sky)
            try bench.measure.placeNewTargets()
            try bench.closeNight(all)
            #expect(try bench.points().allSatisfy { $0.magnitudeSystem == "differential" && $0.magnitude != nil })
            let record = Record(bench.database)
            try record.add(sequence(sky))
            #expect(try bench.measure.targets.unplaced().map(\.id) == ["star-0"])
            try bench.measure.placeNewTargets()
            #expect(try bench.measure.targets.unplaced().isEmpty)
            try bench.closeNight(all, revision: 2)
            #expect(try bench.points().allSatisfy { $0.magnitudeSystem == "Vega" && $0.checkStar?.id == "26" })
            // Another revision with another check star.
            var next = sequence(sky, check: 27)
            next.revision = 2
            try record.add(next)
            try bench.measure.placeNewTargets()
            try bench.closeNight(all, revision: 3)
            #expect(try bench.points().allSatisfy { $0.checkStar?.id == "27" && $0.version == 4 })
            try DocumentTable(.sequence, record).remove("X0")
            try bench.measure.placeNewTargets()
            try bench.closeNight(all, revision: 4)
            #expect(try bench.points().allSatisfy { $0.magnitudeSystem == "differential" && $0.checkStar == nil })
        }
    }

    @Test("a filter without magnitudes and frames without coordinates are differential; the catalogue comes second")
    func without() throws {
        let sky = try SimulatedSky(seed: 39, fields: 1, starsPerField: 50)
        try withSky(sky) { bench, _ in
            bench.reference = nil
            try bench.target(target(sky))
            try Record(bench.database).add(sequence(sky))
            try bench.observe(frames(filter: "R"), of: sky)
            for point in try bench.points() {
                #expect(point.magnitudeSystem == "differential" && point.band == nil)
                let check = try #require(point.checkStar)
                #expect(check.residual == nil && check.catalogueMagnitude == nil)
            }
        }
        try withSky(sky) { bench, _ in
            let place = try sky.detections(0, airmass: 1, cloud: 0, seed: 1)[0]
            let pixel = #", "pixel": {"frame": "frame-0.fits", "x": \#(place.x), "y": \#(place.y)}"#
            try bench.target(target(sky, more: pixel))
            try Record(bench.database).add(sequence(sky))
            try bench.observe(frames(isSolved: false), of: sky)
            let points = try bench.points()
            #expect(points.count == 6)
            #expect(points.allSatisfy { $0.catalogue == "test" && $0.magnitude != nil && $0.checkStar == nil })
        }
        try withSky(sky) { bench, _ in
            // Comparison stars have B only; the level is the catalogue's V, and the check star's V is known.
            try bench.target(target(sky))
            var document = sequence(sky, band: "B")
            document.stars[5].magnitudes = ["V": .init(magnitude: sky.fields[0][26].trueV)]
            try Record(bench.database).add(document)
            try bench.observe(frames(), of: sky)
            try bench.closeNight(all)
            for point in try bench.points() {
                #expect(point.catalogue == "test" && point.band == "Johnson-Cousins V")
                let check = try #require(point.checkStar)
                let (residual, error) = (try #require(check.residual), try #require(check.residualError))
                #expect(abs(residual) < 4 * error && error > check.magnitudeError)
                #expect(check.catalogueMagnitudeError == nil)
            }
        }
    }
}
