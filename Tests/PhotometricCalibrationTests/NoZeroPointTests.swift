internal import PhotometricCalibration
internal import PortableNumbers
internal import Testing

private let field = SimulatedField()

private func someStars(_ count: Int = 30) -> [CalibrationStar] {
    var words = SplitMix64(seed: 8)
    return field.stars(count, &words).stars
}

private func failure(_ stars: [CalibrationStar], seconds: Double = 30) -> NoZeroPoint? {
    var frame = field.frame
    frame.exposureSeconds = seconds
    do {
        _ = try fitZeroPoint(stars, frame: frame, colourTerm: .unknown(pivotColour: 0.7))
        return nil
    } catch {
        return error
    }
}

@Suite struct NoZeroPointTests {
    @Test("no star, no exposure time: said so")
    func nothing() {
        #expect(failure([]) == .noStars)
        #expect(failure([])?.description == "no zero point, because no star of the frame is in the catalogue")
        #expect(failure(someStars(), seconds: 0) == .exposureUnknown(seconds: 0))
        #expect(failure(someStars(), seconds: .infinity)?.description.contains("no exposure time") == true)
        #expect(failure(someStars(), seconds: .nan) != nil)
    }

    @Test("stars that cannot be used are counted by their reason")
    func reasons() throws {
        var stars = someStars()
        for index in 0..<10 { stars[index].isSaturated = true }
        for index in 10..<15 { stars[index].magnitude.value = .nan }
        for index in 15..<20 { stars[index].flux.value = -5 }
        for index in 20..<23 { stars[index].flux.error = .nan }
        stars[23].isExcluded = true
        stars[24].magnitude.value = .infinity
        stars[25].x = .nan
        stars[26].flux.value = .infinity
        stars[27].flux.value = 0
        let found = try #require(failure(stars))
        guard case .tooFewStars(let counts, let needed) = found else {
            Issue.record("\(found)")
            return
        }
        #expect(counts.saturated == 10)
        #expect(counts.withoutMagnitude == 6)
        #expect(counts.withoutFlux == 11)
        #expect(counts.excluded == 1)
        #expect(counts.usable == 2)
        #expect(needed == 3)
        let text =
            "no zero point, because 2 of 30 stars can be used and 3 are needed: 1 excluded, 10 saturated, "
            + "6 without a good catalogue magnitude, 11 without a positive flux"
        #expect(found.description == text)
    }

    @Test("all saturated, all NaN, all negative, all faint: no zero point", arguments: 0..<4)
    func whole(kind: Int) throws {
        var stars = someStars()
        for index in stars.indices {
            switch kind {
            case 0: stars[index].isSaturated = true
            case 1: stars[index].magnitude = Measured(.nan, error: .nan)
            case 2: stars[index].flux.value *= -1
            default: stars[index].flux = Measured(50, error: 1000)
            }
        }
        #expect(try #require(failure(stars)).description.contains("0 of 30 stars can be used"))
    }

    @Test("numbers beyond reason neither stop the program nor spoil the others")
    func beyondReason() throws {
        var words = SplitMix64(seed: 4)
        let sound = try fitZeroPoint(someStars(60), frame: field.frame, colourTerm: field.state(&words))
        var stars = someStars(60)
        for (index, magnitude) in [(0, 59.9), (7, -59.0), (11, 40.0), (13, 3.0)] {
            stars[index].magnitude.value = magnitude
        }
        stars[17].flux.value = 1e29
        stars[18].flux = Measured(1e-20, error: 1e-25)
        let found = try fitZeroPoint(stars, frame: field.frame, colourTerm: field.state(&words))
        #expect(abs(found.zeroPoint.value - sound.zeroPoint.value) < 3 * found.zeroPoint.error)
        #expect(found.residuals.filter { abs($0.magnitudes) > 5 }.allSatisfy { $0.expected < 1e-6 })
    }

    @Test("equal stars, equal places and one colour are no trouble")
    func constant() throws {
        let star = CalibrationStar(
            id: "a", flux: Measured(1e5, error: 400), x: 5, y: 5, magnitude: Measured(14, error: 0.01),
            colour: Measured(0.7, error: 0))
        let found = try fitZeroPoint(
            Array(repeating: star, count: 80), frame: field.frame, colourTerm: .unknown(pivotColour: 0.7))
        let exact = 14 + 2.5 * 3.522_878_745_280_337_6
        #expect(abs(found.zeroPoint.value - exact) < 1e-4)
        #expect(found.position.order == 0)
    }

    @Test("a flux that is not positive, or of another kind, has no magnitude")
    func noMagnitude() throws {
        let found = try fitZeroPoint(someStars(), frame: field.frame, colourTerm: .unknown(pivotColour: 0.7))
        for flux in [0, -1, Double.nan, .infinity] {
            #expect(found.magnitude(of: Measured(flux, error: 1), kind: .psf, x: 1, y: 1, colour: nil) == nil)
        }
        #expect(found.magnitude(of: Measured(1e4, error: 1), kind: .aperture, x: 1, y: 1, colour: nil) == nil)
        #expect(found.magnitude(of: Measured(1e4, error: 1), kind: .psf, x: 1, y: 1, colour: nil) != nil)
    }
}
