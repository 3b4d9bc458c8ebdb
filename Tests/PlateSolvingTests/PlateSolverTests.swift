import PortableNumbers
import ReferenceCatalogue
import Sky
import StarFields
import Testing

@testable import PlateSolving

@Suite("Plate solving with a hint")
struct PlateSolverTests {
    static let recipes: [FieldRecipe] = {
        var list: [FieldRecipe] = []
        func add(_ name: String, _ change: (inout FieldRecipe) -> Void) {
            var recipe = FieldRecipe(name: name)
            change(&recipe)
            list.append(recipe)
        }
        add("plain") { _ in }
        add("wide") { ($0.scale, $0.starsInFrame, $0.uncertainty, $0.distortion) = (12, 500, 3, 2) }
        add("narrow") { ($0.width, $0.height, $0.scale, $0.starsInFrame, $0.uncertainty) = (1024, 1024, 0.6, 60, 0.3) }
        add("mirrored, which is known") { ($0.mirrored, $0.parity) = (true, .mirrored) }
        add("deeper than the catalogue") { ($0.falseShare, $0.depth) = (0.7, 1) }
        add("a third false, a third missing") {
            ($0.falseShare, $0.missing, $0.magnitudeScatter) = (0.33, 0.33, 0.5)
        }
        add("trailed") { ($0.trail, $0.centroidError) = (2, 0.3) }
        add("comet") { $0.comet = 300 }
        add("globular cluster") { $0.cluster = 2000 }
        add("poles") { $0.declinations = 89.7...90 }
        add("distorted") { ($0.distortion, $0.starsInFrame) = (8, 600) }
        add("3 to 2") { ($0.width, $0.height, $0.scale, $0.starsInFrame) = (3000, 2000, 1.5, 800) }
        return list
    }()

    @Test("fields of every kind are solved, to the right place and with the right stars", arguments: recipes)
    func solves(recipe: FieldRecipe) throws {
        for seed in 1...4 {
            let field = try SimulatedField(recipe, seed: UInt64(seed))
            let result = solvePlate(image: field.image, size: field.size, catalogue: field.catalogue, hint: field.hint)
            let solution = try #require(result.solution, "\(recipe.name), seed \(seed): \(result.outcome)")
            // A linear solution cannot follow the distortion; trails share an error.
            #expect(field.error(of: solution.tangent) < 1.5 + recipe.distortion + 4 * recipe.trail)
            #expect(solution.tangent.parity == field.truth.parity)
            #expect(solution.logOdds >= PlateSolver.acceptedLogOdds)
            let wrong = solution.pairs.count { field.partner[$0.image] != $0.catalogue }
            #expect(wrong * 50 <= solution.pairs.count)
            let possible = field.partner.count { $0 >= 0 }
            #expect(solution.pairs.count * 10 >= possible * 8)
        }
    }

    @Test("five to eight stars suffice where their errors are small")
    func sparse() throws {
        var recipe = FieldRecipe(name: "sparse")
        (recipe.starsInFrame, recipe.depth, recipe.falseShare, recipe.missing) = (7, 1, 0, 0)
        (recipe.magnitudeScatter, recipe.centroidError, recipe.uncertainty) = (0.2, 0.1, 0.5)
        var (tried, solved) = (0, 0)
        for seed in 1...60 {
            let field = try SimulatedField(recipe, seed: UInt64(seed))
            guard (5...8).contains(field.image.count) else { continue }
            tried += 1
            let result = solvePlate(image: field.image, size: field.size, catalogue: field.catalogue, hint: field.hint)
            guard let solution = result.solution else { continue }
            solved += 1
            #expect(field.error(of: solution.tangent) < 6)
            #expect(solution.pairs.allSatisfy { field.partner[$0.image] == $0.catalogue })
        }
        #expect(tried >= 30)
        #expect(solved * 100 >= tried * 97)
    }

    @Test("the residuals are the root of the sum of the squares of both lists' errors")
    func residuals() throws {
        var recipe = FieldRecipe(name: "without distortion")
        (recipe.distortion, recipe.falseShare, recipe.catalogueError) = (0, 0, 0.3)
        var (squares, expected) = (0.0, 0.0)
        for seed in 1...10 {
            let field = try SimulatedField(recipe, seed: UInt64(seed))
            let result = solvePlate(image: field.image, size: field.size, catalogue: field.catalogue, hint: field.hint)
            let solution = try #require(result.solution)
            for pair in solution.pairs {
                let error = field.image[pair.image].positionErrorPixels
                squares += pair.residualPixels * pair.residualPixels
                expected += 2 * (error * error + 0.15 * 0.15)
            }
        }
        #expect(abs((squares / expected).squareRoot() - 1) < 0.04)
    }

    @Test("stars of another field are never taken for a solution", arguments: [8.0, 40, 300, 3000])
    func unrelated(starsInFrame: Double) throws {
        var recipe = FieldRecipe(name: "elsewhere")
        (recipe.starsInFrame, recipe.hintOffset, recipe.depth) = (starsInFrame, 10, 1)
        (recipe.width, recipe.height, recipe.uncertainty) = (1024, 1024, starsInFrame > 1000 ? 0.2 : 0.7)
        var best = -Double.infinity
        for seed in 1...(starsInFrame > 1000 ? 10 : 80) {
            let field = try SimulatedField(recipe, seed: UInt64(seed))
            let result = solvePlate(image: field.image, size: field.size, catalogue: field.catalogue, hint: field.hint)
            #expect(result.solution == nil)
            best = max(best, result.rungs.map(\.bestLogOdds).max() ?? best)
        }
        #expect(best < 10)
    }

    @Test("a clump of false detections is not taken for a cluster of stars")
    func clumpOnCluster() throws {
        var recipe = FieldRecipe(name: "comet beside a cluster")
        (recipe.hintOffset, recipe.comet, recipe.cluster, recipe.starsInFrame) = (0, 500, 0, 100)
        for seed in 1...10 {
            var field = try SimulatedField(recipe, seed: UInt64(seed))
            // The catalogue of another place, with a rich cluster in it.
            var other = recipe
            (other.comet, other.cluster) = (0, 3000)
            field.catalogue = try SimulatedField(other, seed: UInt64(seed + 500)).catalogue
            let centre = field.catalogue[field.catalogue.count / 2].position
            field.hint.centre = centre
            let result = solvePlate(image: field.image, size: field.size, catalogue: field.catalogue, hint: field.hint)
            #expect(result.solution == nil)
        }
    }

    @Test("stars that fit outside the given scales are refused with the scale at which they fit")
    func outsideHint() throws {
        let field = try SimulatedField(FieldRecipe(name: "wrong scale"), seed: 3)
        var hint = field.hint
        hint.scaleRange = 2.03...2.5
        let result = solvePlate(image: field.image, size: field.size, catalogue: field.catalogue, hint: hint)
        switch result.outcome {
        case .success: Issue.record("a scale of 2 is not within 2.03 to 2.5")
        case .failure(.outsideHint(let scale, _)): #expect(abs(scale - 2) < 0.01)
        case .failure: break
        }
        hint.scaleRange = 4...5
        let far = solvePlate(image: field.image, size: field.size, catalogue: field.catalogue, hint: hint)
        #expect(far.solution == nil)
    }

    @Test("a known parity that is wrong is no solution")
    func wrongParity() throws {
        let field = try SimulatedField(FieldRecipe(name: "parity"), seed: 4)
        var hint = field.hint
        hint.parity = field.truth.parity == .normal ? .mirrored : .normal
        #expect(
            solvePlate(image: field.image, size: field.size, catalogue: field.catalogue, hint: hint).solution == nil)
    }

    @Test("the same lists give the same result, in any order where no two are alike, and step by step")
    func deterministic() throws {
        var recipe = FieldRecipe(name: "again")
        // False detections borrow the flux of a star; which of two alike comes first is up to the list.
        recipe.falseShare = 0
        let field = try SimulatedField(recipe, seed: 5)
        let first = solvePlate(image: field.image, size: field.size, catalogue: field.catalogue, hint: field.hint)
        let again = solvePlate(image: field.image, size: field.size, catalogue: field.catalogue, hint: field.hint)
        #expect(first == again)
        let turned = solvePlate(
            image: field.image.reversed(), size: field.size, catalogue: field.catalogue.reversed(), hint: field.hint)
        let (one, other) = (try #require(first.solution), try #require(turned.solution))
        #expect(one.tangent == other.tangent)
        #expect(one.pairs.count == other.pairs.count)
        let solver = try PlateSolver(
            image: field.image, size: field.size, catalogue: field.catalogue, hint: field.hint)
        let steps = solver.rungs.prefix(first.rungs.count).map { solver.attempt($0) }
        #expect(steps == first.rungs)
    }

    @Test("a catalogue star is taken where it is at the frame's epoch, with the error it has then")
    func guideStar() throws {
        let motion = try ProperMotion(raMasPerYear: 0, decMasPerYear: 1000)
        let star = CatalogueStar(
            identifier: 1, position: try SkyPosition(raDegrees: 10, decDegrees: 20), epoch: 2000, positionErrorMas: 3,
            motion: motion, motionErrorMasPerYear: 0.4, magnitudes: [.nan, 9.5], magnitudeErrors: [.nan, 0.1])
        let guide = GuideStar(star, at: 2010)
        #expect(abs(guide.position.decDegrees - 20 - 10.0 / 3600) < 1e-6)
        #expect(abs(guide.positionErrorArcsec - 0.005) < 1e-7)
        #expect(guide.magnitude == 9.5)
    }
}
