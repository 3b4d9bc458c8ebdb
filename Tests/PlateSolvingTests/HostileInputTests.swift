import PortableNumbers
import Sky
import Testing

@testable import PlateSolving

@Suite("Plate solving, hostile input")
struct HostileInputTests {
    private let size = FrameSize(width: 1000, height: 1000)

    private func hint(_ radius: Double = 1, _ scales: ClosedRange<Double> = 1...2) throws -> PointingHint {
        PointingHint(
            centre: try SkyPosition(raDegrees: 359.9, decDegrees: -89.99), uncertaintyDegrees: radius,
            scaleRange: scales)
    }

    private func sky(_ count: Int, at centre: SkyPosition, radius: Double) -> [GuideStar] {
        var words = SplitMix64(seed: 9)
        return (0..<count).map { _ in
            GuideStar(
                position: centre.displaced(
                    separationDegrees: radius * words.uniform(), positionAngleDegrees: 360 * words.uniform()),
                magnitude: 10 * words.uniform())
        }
    }

    private func stars(_ places: [(Double, Double)]) -> [ImageStar] {
        places.map { ImageStar(x: $0.0, y: $0.1, flux: 1, positionErrorPixels: 0.1) }
    }

    @Test("too few stars on either side are named")
    func tooFew() throws {
        let hint = try hint()
        let catalogue = sky(100, at: hint.centre, radius: 1)
        let three = stars([(1, 1), (2, 5), (900, 30)])
        #expect(
            solvePlate(image: three, size: size, catalogue: catalogue, hint: hint).outcome
                == .failure(.tooFewImageStars(3)))
        #expect(
            solvePlate(image: [], size: size, catalogue: [], hint: hint).outcome == .failure(.tooFewImageStars(0)))
        let outside = three + stars([(-500, 3), (.nan, 4), (3, .infinity), (5000, 5000)])
        #expect(
            solvePlate(image: outside, size: size, catalogue: catalogue, hint: hint).outcome
                == .failure(.tooFewImageStars(3)))
        let enough = three + stars([(400, 400), (50, 700)])
        switch solvePlate(image: enough, size: size, catalogue: [], hint: hint).outcome {
        case .failure(.tooFewCatalogueStars): break
        case let other: Issue.record("\(other)")
        }
    }

    @Test("a hint that cannot be used is refused with its fault")
    func unusableHints() throws {
        let image = stars([(1, 1), (2, 5), (900, 30), (400, 400), (50, 700)])
        let hints = [try hint(-1), try hint(.nan), try hint(61), try hint(1, 0...1), try hint(1, 500...600)]
        for hint in hints {
            let catalogue = sky(100, at: hint.centre, radius: 1)
            switch solvePlate(image: image, size: size, catalogue: catalogue, hint: hint).outcome {
            case .failure(.unusableHint(let fault)): #expect(!fault.isEmpty)
            case let other: Issue.record("\(other)")
            }
        }
        let nothing = FrameSize(width: 0, height: 10)
        #expect(solvePlate(image: image, size: nothing, catalogue: [], hint: try hint()).solution == nil)
    }

    @Test("stars in one point, on a line, on a lattice and without errors or magnitudes end in an answer")
    func degenerate() throws {
        let hint = try hint()
        var catalogue = sky(300, at: hint.centre, radius: 1)
        for index in catalogue.indices where index % 3 == 0 {
            (catalogue[index].magnitude, catalogue[index].positionErrorArcsec) = (.nan, -1)
        }
        let point = stars(Array(repeating: (500, 500), count: 50))
        let line = stars((0..<50).map { (index: Int) -> (Double, Double) in (Double(index) * 20, Double(index) * 10) })
        let lattice = stars(
            (0..<400).map { (index: Int) -> (Double, Double) in (Double(index % 20) * 50, Double(index / 20) * 50) })
        let flux = lattice.enumerated().map { index, star in
            ImageStar(
                x: star.x, y: star.y, flux: [.nan, .infinity, -1, 0][index % 4],
                positionErrorPixels: [.nan, .infinity, -1, 0][index / 4 % 4])
        }
        for image in [point, line, lattice, flux] {
            let result = solvePlate(image: image, size: size, catalogue: catalogue, hint: hint)
            #expect(result.solution == nil)
        }
        let same = Array(repeating: catalogue[1], count: 300)
        #expect(solvePlate(image: lattice, size: size, catalogue: same, hint: hint).solution == nil)
    }

    @Test("a lattice on a lattice of the sky, which fits in many places, ends without a trap")
    func lattices() throws {
        let centre = try SkyPosition(raDegrees: 0, decDegrees: 0)
        let frame = TangentSolution(
            referencePosition: centre, referenceX: 500, referenceY: 500, cd11: -1.5 / 3600, cd12: 0, cd21: 0,
            cd22: 1.5 / 3600)
        let lattice = (0..<900).map { (index: Int) -> (Double, Double) in
            (Double(index % 30) * 50 - 250, Double(index / 30) * 50 - 250)
        }
        let catalogue = lattice.map { place in
            GuideStar(position: frame.position(x: place.0, y: place.1), magnitude: 9, positionErrorArcsec: 0.1)
        }
        let hint = PointingHint(centre: centre, uncertaintyDegrees: 0.3, scaleRange: 1...2)
        let inside = 0.0..<1000.0
        let image = stars(lattice.filter { inside.contains($0.0) && inside.contains($0.1) })
        let result = solvePlate(image: image, size: size, catalogue: catalogue, hint: hint)
        #expect(result.rungs.allSatisfy { $0.hypotheses <= 50_000 })
    }
}
