import Association
import Events
import Foundation
import PhotometricCalibration
import PortableNumbers
import PostgresStore
import ReferenceCatalogue
import Sky
import TestKit
import Testing

@testable import archiver

private let arcsec = 1 / 3600.0

@Suite("Objects of a night, and of a catalogue")
struct ObjectNightTests {
    /// Three stars so near together that it depends on the first frame which detections are which object.
    private func crowd(_ frame: Int) -> [SeenStar] {
        var words = SplitMix64(seed: UInt64(frame) + 77)
        return (0..<3).map { star in
            let error = { Double.random(in: -0.35...0.35, using: &words) * arcsec }
            return SeenStar(
                raDegrees: 50 + (Double(star) * 0.9) * arcsec + error(), decDegrees: error(),
                flux: 10_000 - Double(star))
        }
    }

    /// Which detections are one object: sets of (frame, number).
    private func partition(_ bench: Bench) throws -> Set<[String]> {
        let rows = try bench.database.execute(
            "select object_id, frame_id, number from archive.object_light_curve where valid_until is null")
        let entries = try rows.map { (try $0.int("object_id"), try "\($0.text("frame_id")) \($0.int("number"))") }
        return Set(Dictionary(grouping: entries, by: \.0).values.map { $0.map(\.1).sorted() })
    }

    @Test("after the night is closed, what is one object does not depend on the order of arrival, nor on closing twice")
    func orderOfArrival() throws {
        var order = SplitMix64(seed: 9)
        var partitions: [Set<[String]>] = []
        var before: Set<Set<[String]>> = []
        var places: [[Double]] = []
        for _ in 0..<4 {
            try withBench { bench in
                for frame in (0..<6).shuffled(using: &order) { try bench.see(crowd(frame), frame: frame) }
                before.insert(try partition(bench))
                let identifiers = Set(try bench.believedObjects().keys)
                let recipes = Dictionary(uniqueKeysWithValues: (0..<6).map { ($0, "c1") })
                try bench.closeNight(recipes)
                #expect(try bench.state == "closed")
                partitions.append(try partition(bench))
                #expect(!identifiers.isDisjoint(with: try bench.believedObjects().keys), "objects keep their names")
                try bench.expectStatisticsAnew()
                let rows = try bench.count("archive.object_frame")
                try bench.closeNight(recipes, revision: 2)
                #expect(try bench.count("archive.object_frame") == rows, "nothing new")
                #expect(try partition(bench) == partitions.last)
                places.append(
                    try bench.database.execute(
                        "select ra_deg from archive.object where merged_into is null order by ra_deg"
                    ).map { try $0.double("ra_deg") })
                let ghosts = try bench.count(
                    """
                    archive.object o where merged_into is null and not exists (
                        select from archive.object_light_curve c
                        where c.object_id = o.object_id and valid_until is null)
                    """)
                #expect(ghosts == 0)
            }
        }
        #expect(before.count > 1, "or the test tells nothing")
        for partition in partitions { #expect(partition == partitions[0]) }
        for place in places { #expect(place == places[0]) }
    }

    @Test("a star of a catalogue carries its number, and is followed for ten years of high proper motion")
    func catalogue() throws {
        try withBench { bench in
            let star = CatalogueStar(
                identifier: 4_472_832_130_942_575_872,
                position: try SkyPosition(raDegrees: 269.452, decDegrees: 4.693), epoch: 2016,
                motion: try ProperMotion(raMasPerYear: -802.8, decMasPerYear: 10_362.5), motionErrorMasPerYear: 0.1,
                magnitudes: [], magnitudeErrors: [])
            let barnard = NewObject(star, of: "gaia-dr3").object
            let stage = ObjectStage(
                archive: bench.archive, frames: bench.measure.frames,
                references: { _, _ in [NewObject(star, of: "gaia-dr3")] })
            for year in 0...10 {
                let day = 57_388.0 + 365.25 * Double(year)
                let now = barnard.moved(to: 2000 + (day - 51_544.5) / 365.25).position
                let number = 10 + year
                // One that stands where the star once was is another.
                let seen = [
                    SeenStar(raDegrees: now.raDegrees, decDegrees: now.decDegrees, flux: 50_000),
                    SeenStar(raDegrees: 269.452, decDegrees: 4.6945),
                ]
                try bench.see(seen, frame: number, day: day, with: stage)
            }
            #expect(try bench.believedObjects().values.sorted() == [11, 11])
            let known = try bench.database.execute("select * from archive.object where catalogue is not null")
            #expect(known.count == 1)
            #expect(try known[0].int("catalogue_id") == 4_472_832_130_942_575_872)
            #expect(try known[0].bool("wanders"))
            let cell = SkyCell(containing: barnard.position, order: 29).number
            #expect(try known[0].int("object_id") == Int(cell), "named by where the catalogue has it")
        }
    }

    @Test("an object that was seen before there was a catalogue takes its star's number and motion, and keeps its own")
    func adopted() throws {
        try withBench { bench in
            let star = CatalogueStar(
                identifier: 7, position: try SkyPosition(raDegrees: 0.0001, decDegrees: 60), epoch: 2016,
                positionErrorMas: 20, motion: try ProperMotion(raMasPerYear: -3000, decMasPerYear: 0),
                motionErrorMasPerYear: 1, magnitudes: [], magnitudeErrors: [])
            let stage = ObjectStage(
                archive: bench.archive, frames: bench.measure.frames,
                references: { _, _ in [NewObject(star, of: "tycho-1")] })
            func see(_ number: Int, year: Double, with stage: ObjectStage?) throws {
                let now = star.position(at: year)
                let seen = [SeenStar(raDegrees: now.raDegrees, decDegrees: now.decDegrees)]
                try bench.see(seen, frame: number, day: 51_544.5 + 365.25 * (year - 2000), with: stage)
            }
            try see(0, year: 2020, with: nil)
            let object = try #require(try bench.believedObjects().keys.first)
            try see(1, year: 2020.1, with: stage)
            for (number, year) in [(2, 2016.0), (3, 2035), (4, 2059), (5, 2080)] {
                try see(number, year: year, with: stage)
            }
            #expect(try bench.believedObjects() == [object: 6])
            #expect(try bench.database.execute("select * from archive.object").single("catalogue_id") == 7)
        }
    }

    @Test("a zero point makes light curves of its own system, with its error")
    func zeroPoints() throws {
        let solution = try Self.solution()
        try withBench { bench in
            let stage = ObjectStage(
                archive: bench.archive, frames: bench.measure.frames,
                zeroPoint: {
                    version, _ in
                    version.frameID == hexadecimal(0) ? nil : ObjectZeroPoint(solution: solution, system: "V Vega")
                })
            for frame in 0..<3 {
                try bench.see([SeenStar(raDegrees: 1, decDegrees: 2)], frame: frame, day: nil, with: stage)
            }
            let rows = try bench.database.execute(
                """
                select mag_system, mag, mag_err, level_err_mag from archive.object_light_curve order by midpoint_mjd_utc
                """)
            #expect(try rows.map { try $0.text("mag_system") } == ["instrumental", "V Vega", "V Vega"])
            let instrumental = -2.5 * log10(10_000.0 / 30)
            #expect(try abs(rows[0].double("mag") - instrumental) < 1e-9)
            #expect(try abs(rows[1].double("mag") - instrumental - 25) < 1e-9)
            #expect(try abs(rows[1].double("mag_err") - hypot(0.010857, 0.05)) < 1e-5)
            #expect(try rows[0].optionalDouble("level_err_mag") == nil)
            #expect(try rows.dropFirst().allSatisfy { try abs($0.double("level_err_mag") - 0.02) < 1e-6 })
            try bench.database.transaction { try bench.measure.objects.statistics.settle(openNights: true) }
            #expect(try bench.count("archive.object_statistics") == 1, "of two points; of one nothing is kept")
        }
    }

    /// 25 mag +- 0.05 of the frame's own and 0.02 in common, without a colour term.
    private static func solution() throws -> ZeroPointSolution {
        let stars = (0..<5).map { number in
            CalibrationStar(
                id: "\(number)", flux: Measured(30_000, error: 100), x: 100 * Double(number), y: 50,
                magnitude: Measured(17.5, error: 0.01))
        }
        let frame = CalibrationFrame(id: "f", exposureSeconds: 30, width: 1000, height: 1000, fluxKind: .aperture)
        var solution = try fitZeroPoint(stars, frame: frame, colourTerm: .none(pivotColour: 0))
        (solution.parameters, solution.covariance) = ([25, 0], [0.0029, 0, 0, 0])
        solution.errorParts = ZeroPointErrorParts(own: 0.05, common: 0.02, repeatability: 0, starScatter: 0)
        return solution
    }
}
