import Events
import Foundation
import PhotometricCalibration
import PortableNumbers
import PostgresStore
import StoredCatalogues
import TestKit
import Testing

@testable import archiver

@Suite("Zero points of a night")
struct ZeroPointTests {
    @Test("forty fields: zero points have honest errors, the colour term is found, clouds are seen")
    func honest() throws {
        let count = 40
        let sky = try SimulatedSky(seed: 5, fields: count, starsPerField: 60)
        try withSky(sky) { bench, _ in
            let frames = (0..<count).map { SkyFrame(number: $0, field: $0, cloud: $0 % 8 == 3 ? 0.4 : 0) }
            try bench.observe(frames, of: sky)
            let provisional = try bench.zeroPoints()
            #expect(provisional.count == count)
            try bench.closeNight(Array(0..<count))
            let rows = try bench.zeroPoints()
            #expect(rows.count == count)
            for (set, limits) in [(provisional, 0.7...1.35), (rows, 0.75...1.25)] {
                let pulls = try zip(set, frames).map { row, frame in
                    let airmass = try row.double("airmass")
                    let truth = SimulatedSky.zeroPoint - SimulatedSky.extinction * (airmass - 1) - frame.cloud
                    return (try row.double("zero_point") - truth) / (try row.double("zero_point_err"))
                }
                let width = (pulls.reduce(0) { $0 + $1 * $1 } / Double(count)).squareRoot()
                #expect(limits.contains(width), "pull width \(width)")
            }
            #expect(try rows.allSatisfy { try $0.double("zero_point_err") < 0.006 && $0.int("stars") > 50 })
            let term = (value: try rows[0].double("colour_term"), error: try rows[0].double("colour_term_err"))
            #expect(abs(term.value - SimulatedSky.colourTerm) < 4 * term.error && term.error < 0.004, "\(term)")
            for (row, frame) in zip(rows, frames) {
                let seen = try row.double("transparency")
                #expect(abs(seen - pow(10, -0.4 * frame.cloud)) < 0.04, "frame \(frame.number): \(seen)")
            }
        }
    }

    @Test("a closed night is the same, whatever the order in which its frames came")
    func orderOfArrival() throws {
        let sky = try SimulatedSky(seed: 7, fields: 3, starsPerField: 40)
        var order = SplitMix64(seed: 11)
        var nights: [[String]] = []
        for _ in 0..<3 {
            try withSky(sky) { bench, _ in
                let frames = (0..<9).map { SkyFrame(number: $0, field: $0 % 3) }
                try bench.observe(frames.shuffled(using: &order), of: sky)
                try bench.closeNight(Array(0..<9))
                nights.append(
                    try bench.zeroPoints().map {
                        "\(try $0.text("zero_point_id")) \(try $0.double("transparency")) \(try $0.int("revision"))"
                    })
            }
        }
        #expect(nights[0].count == 9)
        for night in nights { #expect(night == nights[0]) }
    }

    @Test("a frame heard of again makes no second row; the next night begins with the colour term of the last")
    func restart() throws {
        let sky = try SimulatedSky(seed: 9, fields: 2, starsPerField: 40)
        try withSky(sky) { bench, folder in
            let frames = (0..<4).map { SkyFrame(number: $0, field: $0 % 2) }
            try bench.observe(frames, of: sky)
            bench.reference = ReferenceStars(.folder(folder), store: bench.store, log: bench.lines.log)
            try bench.observe(frames, of: sky)
            #expect(try bench.count("archive.zero_point") == 4)
            try bench.closeNight([0, 1, 2, 3])
            let after = try bench.count("archive.zero_point")
            try bench.closeNight([0, 1, 2, 3], revision: 2)
            #expect(try bench.count("archive.zero_point") == after, "nothing new, no new rows")
            #expect(try bench.zeroPoints().allSatisfy { try $0.int("revision") == 2 })
            #expect(try bench.count("archive.calibration_state") == 1)
            let known = try #require(
                try bench.database.execute("select state from archive.calibration_state").first
            ).payload(NightState.self, "state").colourTerm
            #expect(abs(known.value - SimulatedSky.colourTerm) < 4 * known.error && known.framesUsed == 4)
        }
    }

    @Test("another catalogue makes new zero points, which supersede; the old ones stay in the record")
    func superseding() throws {
        let sky = try SimulatedSky(seed: 13, fields: 1, starsPerField: 40)
        try withSky(sky) { bench, folder in
            try bench.observe((0..<3).map { SkyFrame(number: $0, field: 0) }, of: sky)
            try bench.closeNight([0, 1, 2])
            let before = try bench.zeroPoints().map { try $0.double("zero_point") }
            try sky.build(folder + "-2", brighter: 0.25)
            bench.reference = ReferenceStars(.folder(folder + "-2"), store: bench.store, log: bench.lines.log)
            try bench.closeNight([0, 1, 2], revision: 2)
            let rows = try bench.zeroPoints()
            for (row, old) in zip(rows, before) {
                #expect(abs(try row.double("zero_point") - old + 0.25) < 0.001)
            }
            #expect(try bench.count("(select distinct catalogue_digest from archive.zero_point) as d") == 2)
        }
    }

    @Test("a filter that the catalogue does not have, or a frame that is nowhere on the sky, has its reason")
    func reasons() throws {
        let sky = try SimulatedSky(seed: 17, fields: 1, starsPerField: 30)
        try withSky(sky) { bench, _ in
            try bench.observe(
                [SkyFrame(number: 0, field: 0, filter: "R"), SkyFrame(number: 1, field: 0, hasSky: false)], of: sky)
            for _ in 0..<2 {
                let rows = try bench.zeroPoints()
                #expect(try rows.map { try $0.text("reason_code") } == ["filterNotInCatalogue", "noWorldCoordinates"])
                #expect(try rows[0].text("reason").contains("no magnitudes in Johnson-Cousins R"))
                try bench.closeNight([0, 1])
            }
            #expect(try bench.fate(0) == "measured" && bench.fate(1) == "measured")
        }
    }

    @Test("fluxes by the star image have a zero point of their own")
    func starImage() throws {
        let sky = try SimulatedSky(seed: 41, fields: 1, starsPerField: 40)
        try withSky(sky) { bench, _ in
            try bench.observe([SkyFrame(number: 0, field: 0, hasStarImage: true)], of: sky)
            for _ in 0..<2 {
                let aperture = try #require(bench.zeroPoints().first).double("zero_point")
                let psf = try #require(bench.zeroPoints("psf").first).double("zero_point")
                #expect(abs(psf - aperture - 2.5 * log10(1.1)) < 0.002)
                try bench.closeNight([0])
            }
        }
    }

    @Test("stars that are not the catalogue's give no zero point, and the reason asks about their places")
    func elsewhere() throws {
        let sky = try SimulatedSky(seed: 43, fields: 1, starsPerField: 60)
        try withSky(sky) { bench, _ in
            try bench.observe([SkyFrame(number: 0, field: 0, isElsewhere: true)], of: sky)
            let row = try #require(bench.zeroPoints().first)
            #expect(try row.text("reason").hasSuffix("outliers: are their places on the sky right?"))
            try bench.closeNight([0])
            #expect(try bench.count("archive.zero_point where solution is not null") == 0)
        }
    }

    @Test("without a word on the filter the band that fits best is taken, and its rivals are kept")
    func unknownFilter() throws {
        let sky = try SimulatedSky(seed: 19, fields: 1, starsPerField: 40)
        try withSky(sky) { bench, _ in
            try bench.observe((0..<3).map { SkyFrame(number: $0, field: 0, filter: nil) }, of: sky)
            try bench.closeNight([0, 1, 2])
            for row in try bench.zeroPoints() {
                let kept = try row.payload(KeptZeroPoint.self, "solution")
                #expect(kept.band.id == "Johnson-Cousins V")
                let choice = try #require(kept.choice)
                #expect(choice.first?.band == "Johnson-Cousins V")
                #expect(choice.contains { $0.band == "Johnson-Cousins B" })
                #expect(choice.dropFirst().allSatisfy { ($0.merit ?? 1) > (choice[0].merit ?? 1) })
            }
        }
    }
}
