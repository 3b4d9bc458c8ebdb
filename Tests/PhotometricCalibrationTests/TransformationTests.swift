internal import PhotometricCalibration
internal import Testing

private func band(_ system: PhotometricBand.System, _ name: String) throws -> PhotometricBand {
    try #require(PhotometricBand(system: system, name: name))
}

@Suite struct TransformationTests {
    /// Colours of the Sun: B-V 0.65, V-R 0.36, R-I 0.35, U-B 0.18; G = V - 0.14, BP - RP = 0.82.
    private func sun() throws -> [PhotometricBand: Measured] {
        var star: [PhotometricBand: Measured] = [:]
        for (name, value) in [("U", 10.83), ("B", 10.65), ("V", 10), ("R", 9.64), ("I", 9.29)] {
            star[try band(.johnsonCousins, name)] = Measured(value, error: 0.01)
        }
        return star
    }

    private func transformed(
        _ star: [PhotometricBand: Measured], to target: PhotometricBand, source: String
    ) throws -> Measured {
        let known = MagnitudeTransformation.leading(to: target, from: Set(star.keys))
        return try #require(known.first { $0.source.hasPrefix(source) }).magnitude(from: star)
    }

    @Test("Jordi there and Lupton back is where one was")
    func thereAndBack() throws {
        var sloan: [PhotometricBand: Measured] = [:]
        let sun = try sun()
        for name in ["u", "g", "r", "i", "z"] {
            let target = try band(.sdss, name)
            sloan[target] = try transformed(sun, to: target, source: "Jordi")
        }
        for name in ["B", "V", "R", "I"] {
            let target = try band(.johnsonCousins, name)
            let back = try transformed(sloan, to: target, source: "Lupton")
            #expect(abs(back.value - (sun[target]?.value ?? 0)) < 0.03, "\(name): \(back)")
        }
        // g - r of the Sun is 0.44, r - i 0.11.
        let colour = try #require(sloan[band(.sdss, "g")]).value - #require(sloan[band(.sdss, "r")]).value
        #expect(abs(colour - 0.44) < 0.04)
    }

    @Test("the Sun in Gaia's bands has the Sun's V, R and I")
    func gaia() throws {
        let star: [PhotometricBand: Measured] = [
            try band(.gaia, "G"): Measured(9.86, error: 0.001), try band(.gaia, "BP"): Measured(10.20, error: 0.003),
            try band(.gaia, "RP"): Measured(9.38, error: 0.003),
        ]
        for (name, value) in [("B", 10.65), ("V", 10), ("R", 9.64), ("I", 9.29)] {
            let found = try transformed(star, to: band(.johnsonCousins, name), source: "Riello")
            #expect(abs(found.value - value) < 0.05, "\(name): \(found)")
            #expect(found.error > 0.03)
        }
    }

    @Test("Pan-STARRS by way of SDSS has the same V as directly")
    func panSTARRS() throws {
        var star: [PhotometricBand: Measured] = [:]
        for (name, value) in [("g", 15.4), ("r", 15.0), ("i", 14.88), ("z", 14.85)] {
            star[try band(.panSTARRS, name)] = Measured(value, error: 0.005)
        }
        let direct = try transformed(star, to: band(.johnsonCousins, "V"), source: "Tonry")
        var sloan: [PhotometricBand: Measured] = [:]
        for name in ["g", "r", "i", "z"] {
            sloan[try band(.sdss, name)] = try transformed(star, to: band(.sdss, name), source: "Tonry")
        }
        let round = try transformed(sloan, to: band(.johnsonCousins, "V"), source: "Lupton")
        #expect(abs(direct.value - round.value) < 0.02)
        // V = r + 0.005 + 0.462 x + 0.013 x^2: dV/dg = 0.462 + 0.026 x, dV/dr = 1 - that, and scatter 0.012.
        let slope = 0.462 + 0.026 * 0.4
        let expected = (0.012 * 0.012 + 25e-6 * (slope * slope + (1 - slope) * (1 - slope))).squareRoot()
        #expect(abs(direct.error - expected) < 1e-9)
    }

    @Test("a colour outside the published range is refused, and so is a missing band")
    func refusals() throws {
        let (g, bp, rp) = (try band(.gaia, "G"), try band(.gaia, "BP"), try band(.gaia, "RP"))
        let target = try band(.sdss, "i")
        let rule = try #require(MagnitudeTransformation.leading(to: target, from: [g, bp, rp]).first)
        let red = [g: Measured(14, error: 0), bp: Measured(16, error: 0), rp: Measured(12.5, error: 0)]
        #expect(throws: MagnitudeTransformation.Refusal.outsideRange(colour: 3.5, range: 0.5...2.0)) {
            try rule.magnitude(from: red)
        }
        #expect(throws: MagnitudeTransformation.Refusal.missing(bp)) {
            try rule.magnitude(from: [g: Measured(14, error: 0), rp: Measured(13, error: 0)])
        }
        #expect(throws: MagnitudeTransformation.Refusal.missing(g)) {
            try rule.magnitude(from: [
                g: Measured(.nan, error: 0), bp: Measured(1, error: 0), rp: Measured(1, error: 0),
            ])
        }
    }

    @Test("every transformation names its source, and none leads to its own inputs")
    func table() {
        for rule in MagnitudeTransformation.published {
            #expect(!rule.source.isEmpty)
            #expect(!rule.inputs.contains(rule.target))
            #expect(rule.scatter.map { $0 > 0 && $0 < 0.1 } ?? true)
        }
    }
}
