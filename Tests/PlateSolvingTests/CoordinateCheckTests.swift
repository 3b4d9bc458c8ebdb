import Glibc
import PortableNumbers
import Sky
import StarFields
import Testing

@testable import PlateSolving

@Suite("Check of world coordinates")
struct CoordinateCheckTests {
    /// The true coordinates, shifted by pixels on the sky and turned.
    private func wrong(_ truth: TangentSolution, pixels: Double, turnDegrees: Double) -> TangentSolution {
        let place = truth.referencePosition.displaced(
            separationDegrees: pixels * truth.scaleArcsecPerPixel / 3600, positionAngleDegrees: 50)
        let (c, s) = (cos(turnDegrees * .pi / 180), sin(turnDegrees * .pi / 180))
        return TangentSolution(
            referencePosition: place, referenceX: truth.referenceX, referenceY: truth.referenceY,
            cd11: truth.cd11 * c + truth.cd12 * s, cd12: truth.cd12 * c - truth.cd11 * s,
            cd21: truth.cd21 * c + truth.cd22 * s, cd22: truth.cd22 * c - truth.cd21 * s)
    }

    private func recipes() -> [FieldRecipe] {
        ["plain", "comet", "globular", "sparse", "poles"].map { name in
            var recipe = FieldRecipe(name: name)
            recipe.hintOffset = 0
            if name == "comet" { recipe.comet = 300 }
            if name == "globular" { recipe.cluster = 1000 }
            if name == "sparse" { (recipe.starsInFrame, recipe.depth, recipe.falseShare) = (12, 1, 0.2) }
            if name == "poles" { recipe.declinations = -90 ... -89.9 }
            return recipe
        }
    }

    @Test("coordinates that are right are verified")
    func verified() throws {
        for recipe in recipes() {
            for seed in 1...5 {
                let field = try SimulatedField(recipe, seed: UInt64(seed))
                let verdict = checkCoordinates(
                    ApproximateCoordinates(field.truth, size: field.size), image: field.image, size: field.size,
                    catalogue: field.catalogue)
                guard case .verified(let solution, let shift) = verdict else {
                    Issue.record("\(recipe.name), seed \(seed): \(verdict)")
                    continue
                }
                #expect(shift.greatestPixels < 3)
                #expect(field.error(of: solution.tangent) < 3)
            }
        }
    }

    /// How much a line along x is turned between two systems [deg]; meridians that converge count in.
    private func expectedTurn(from given: TangentSolution, to truth: TangentSolution) -> Double {
        let places = [0.0, 2047].map { given.position(x: $0, y: 1023.5) }
        let pixels = places.compactMap { truth.pixel(of: $0) }
        return atan2(pixels[1].y - pixels[0].y, pixels[1].x - pixels[0].x) * 180 / .pi
    }

    @Test("coordinates that are off by minutes and turned are repaired, and the shift is told", arguments: [0, 0.6])
    func shifted(turn: Double) throws {
        // At a pole itself a shift turns the frame by any angle.
        for recipe in recipes() where recipe.name != "poles" {
            for seed in 1...5 {
                let field = try SimulatedField(recipe, seed: UInt64(seed))
                let given = wrong(field.truth, pixels: 200, turnDegrees: turn)
                let verdict = checkCoordinates(
                    ApproximateCoordinates(given, size: field.size), image: field.image, size: field.size,
                    catalogue: field.catalogue)
                guard case .shifted(let solution, let shift) = verdict else {
                    Issue.record("\(recipe.name), seed \(seed): \(verdict)")
                    continue
                }
                #expect(field.error(of: solution.tangent) < 3)
                #expect(abs(shift.arcsec - 400) < 4)
                #expect(abs(hypot(shift.xPixels, shift.yPixels) - 200) < 3)
                #expect(abs(shift.rotationDegrees - expectedTurn(from: given, to: field.truth)) < 0.08)
            }
        }
    }

    @Test("coordinates of another place are wrong")
    func wrongPlace() throws {
        for recipe in recipes() where recipe.name != "poles" {
            for seed in 1...10 {
                let field = try SimulatedField(recipe, seed: UInt64(seed))
                let elsewhere = try SimulatedField(recipe, seed: UInt64(seed + 100))
                let verdict = checkCoordinates(
                    ApproximateCoordinates(field.truth, size: field.size), image: elsewhere.image, size: field.size,
                    catalogue: field.catalogue)
                guard case .wrong = verdict else {
                    Issue.record("\(recipe.name), seed \(seed): \(verdict)")
                    continue
                }
            }
        }
    }

    @Test("a distorted system is used as it is: its distortion is not taken for an error")
    func distorted() throws {
        var recipe = FieldRecipe(name: "distorted")
        (recipe.hintOffset, recipe.distortion) = (0, 30)
        let field = try SimulatedField(recipe, seed: 2)
        let (x0, y0) = (field.truth.referenceX, field.truth.referenceY)
        let corner = x0 * x0 + y0 * y0
        let given = ApproximateCoordinates(centre: field.truth.referencePosition) { position in
            field.truth.pixel(of: position).map { pixel in
                let (dx, dy) = (pixel.x - x0, pixel.y - y0)
                let bend = 30 * (dx * dx + dy * dy) / (corner * corner.squareRoot())
                return (pixel.x + bend * dx, pixel.y + bend * dy)
            }
        }
        let verdict = checkCoordinates(given, image: field.image, size: field.size, catalogue: field.catalogue)
        guard case .verified(let solution, _) = verdict else {
            Issue.record("\(verdict)")
            return
        }
        #expect(solution.pairs.count * 10 >= field.partner.count { $0 >= 0 } * 9)
    }

    @Test("coordinates without a scale, and ranges that cannot be searched, are refused")
    func refused() throws {
        let field = try SimulatedField(FieldRecipe(name: "plain"), seed: 1)
        let nowhere = ApproximateCoordinates(centre: field.hint.centre) { _ in nil }
        let flat = ApproximateCoordinates(centre: field.hint.centre) { _ in (3, 3) }
        for given in [nowhere, flat] {
            let verdict = checkCoordinates(given, image: field.image, size: field.size, catalogue: field.catalogue)
            guard case .wrong(.unusableHint) = verdict else {
                Issue.record("\(verdict)")
                continue
            }
        }
        let good = ApproximateCoordinates(field.truth, size: field.size)
        for range in [RepairRange(shiftArcmin: .nan), RepairRange(rotationDegrees: 40), RepairRange(shiftArcmin: 2000)]
        {
            let verdict = checkCoordinates(
                good, image: [], size: field.size, catalogue: field.catalogue, range: range)
            #expect(verdict.solution == nil)
        }
    }
}
