internal import PhotometricCalibration
internal import PortableNumbers
internal import Testing

private let frame = SimulatedField().frame

/// A frame in one band; catalogue magnitudes in others differ by colours with a scatter of their own.
private func candidates(seed: UInt64, stars count: Int) throws -> [BandCandidate] {
    var words = SplitMix64(seed: seed)
    var field = SimulatedField()
    field.slope = 0
    let stars = field.stars(count, &words).stars
    return try [("g", 1.2), ("r", 0.4), ("i", 0), ("z", -0.3)].map { name, slope in
        let shifted = stars.map { star in
            var star = star
            star.magnitude.value += slope * ((star.colour?.value ?? 0) - 0.7) + 0.02 * abs(slope) * words.gaussian()
            star.colour = nil
            return star
        }
        return BandCandidate(band: try #require(PhotometricBand(system: .sdss, name: name)), stars: shifted)
    }
}

@Suite struct ChooseBandTests {
    @Test("the frame's own band is chosen, and its rivals come in the order of their merit", arguments: [15, 60, 300])
    func right(stars: Int) throws {
        let choice = chooseBand(try candidates(seed: 3, stars: stars), frame: frame, pivotColour: 0.7)
        let chosen = try #require(choice.chosen)
        #expect(chosen.band.name == "i")
        #expect(choice.rivals.map(\.band.name) == ["z", "r", "g"])
        let merits = try choice.rivals.map { try #require($0.merit) }
        #expect(merits == merits.sorted())
        #expect(try #require(chosen.merit) < merits[0])
    }

    @Test("bands that fail the limits are rivals with an objection")
    func limits() throws {
        var given = try candidates(seed: 4, stars: 40)
        given[2].stars = Array(given[2].stars.prefix(2))
        given[3].stars = Array(given[3].stars.prefix(4))
        let choice = chooseBand(given, frame: frame, pivotColour: 0.7)
        #expect(choice.chosen?.band.name == "r")
        let objections = choice.rivals.compactMap(\.objection)
        #expect(objections.count >= 2)
        #expect(objections.contains { $0.hasPrefix("no zero point, because 2 of 2 stars") })
        #expect(objections.contains("4 stars, 5 are needed"))
        let none = chooseBand([], frame: frame, pivotColour: 0.7)
        #expect(none.chosen == nil)
        #expect(none.rivals.isEmpty)
    }
}
