import Events
import Foundation
import Pipeline
import PostgresStore
import TestKit

@testable import archiver

/// A field of stars that drifts by a pixel a frame; the first is the target, the next three its comparison stars.
typealias Star = (x: Double, y: Double, flux: Double)

let starPlaces: [Star] = (0..<25).map { index -> Star in
    let x = Double(20 + (index * 37) % 160)
    let y = Double(15 + (index * 53) % 120)
    return (x, y, Double(90_000 - index * 3_000))
}

func starField(_ number: Int, target: Double = 90_000) -> [Star] {
    let dimming = 1 - 0.02 * Double(number)
    return starPlaces.enumerated().map { index, star -> Star in
        (star.x + Double(number), star.y, index == 0 ? target : star.flux * dimming)
    }
}

func targetDocument(revision: Int = 1, forced: String = "whenMissing") -> String {
    let stars = (1...3).map { #"{"id": "C\#($0)", "pixel": {"x": \#(starPlaces[$0].x), "y": \#(starPlaces[$0].y)}}"# }
    return """
        {"id": "star", "revision": \(revision), "ra": 200, "dec": 20, "forcedPhotometry": "\(forced)",
         "pixel": {"frame": "frame-0.fits", "x": \(starPlaces[0].x), "y": \(starPlaces[0].y)},
         "comparisonStars": [\(stars.joined(separator: ","))]}
        """
}

extension Bench {
    /// Frames of the night, received and measured, in the order given.
    func observe(_ numbers: [Int], recipe: String = "c1", rank: Int = 0, target: Double = 90_000) throws {
        for number in numbers {
            try hear(received(number))
            let table = try table(starField(number, target: target), as: "detections/\(number)-\(recipe).fits")
            try hear(measured(number, recipe: recipe, rank: rank, table: table))
        }
    }

    func requestClose() throws {
        try database.execute(
            """
            insert into archive.night (instrument, night, state, revision) values ('cam', $1, 'requested', 1)
            on conflict (instrument, night) do update set state = 'requested',
                revision = night.revision + 1, recipes = null
            where night.state = 'closed'
            """, [.text(night)])
    }

    var state: String {
        get throws { try database.execute("select state from archive.night")[0].text("state") }
    }

    func recalibrated(_ recipes: [Int: String], revision: Int) -> NightRecalibrated {
        NightRecalibrated(
            instrument: "cam", night: night, revision: revision,
            recipes: Dictionary(uniqueKeysWithValues: recipes.map { (hexadecimal($0.key), $0.value) }))
    }

    /// Closes the night with these final recipes.
    func closeNight(_ recipes: [Int: String], revision: Int = 1) throws {
        try requestClose()
        try close.advance()
        try hear(recalibrated(recipes, revision: revision))
        for _ in 0..<3 { try close.advance() }
    }

    func points() throws -> [PhotometryMeasured] {
        try database.execute("select payload from archive.light_curve order by mid_mjd_utc").map {
            try $0.payload(PhotometryMeasured.self, "payload")
        }
    }
}
