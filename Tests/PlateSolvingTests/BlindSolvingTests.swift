import Foundation
import PortableNumbers
import Sky
import StarFields
import Testing

@testable import PlateSolving

/// A made-up sky with one star to the square degree, and its index.
enum BlindTestSky {
    static let stars: [GuideStar] = {
        var words = SplitMix64(seed: 4)
        return (0..<41_000).map { _ in
            let vector = SkyVector(x: words.gaussian(), y: words.gaussian(), z: words.gaussian())
            let magnitude = 12 + Elementary.log(words.uniform()) / (2.3026 * 0.35)
            return GuideStar(
                position: Conclusion.position(vector), magnitude: magnitude, positionErrorArcsec: 0.1)
        }
    }()

    static let bytes: Data = bytes(of: stars)
    static let index: Result<BlindIndex, BlindIndexError> = Result { () throws(BlindIndexError) in
        try BlindIndex(bytes)
    }

    static func bytes(of stars: [GuideStar]) -> Data {
        var builder = BlindIndexBuilder(catalogueID: "made-up", catalogueStars: stars.count)
        for star in stars { builder.add(star.position, magnitude: Float(star.magnitude)) }
        return builder.bytes()
    }

    static func around(_ centre: SkyPosition, _ radius: Double) -> [GuideStar] {
        stars.filter { $0.position.separationDegrees(from: centre) <= radius }.sorted { $0.magnitude < $1.magnitude }
    }

    /// A field of this sky; its catalogue is the truth's surroundings.
    static func field(_ recipe: FieldRecipe, seed: UInt64) throws -> SimulatedField {
        try SimulatedField(recipe, seed: seed) { centre, radius, _ in around(centre, radius) }
    }

    static func solve(
        _ field: SimulatedField, scales: ClosedRange<Double> = 0.5...60, parity: Parity = .unknown
    ) throws -> PlateSolvingResult {
        solveBlind(
            image: field.image, size: field.size, scaleRange: scales, parity: parity, index: try index.get()
        ) { around($0, $1) }
    }
}

@Suite("Plate solving without a hint")
struct BlindSolvingTests {
    private static func recipe(_ name: String, _ change: (inout FieldRecipe) -> Void) -> FieldRecipe {
        var recipe = FieldRecipe(name: name)
        (recipe.scale, recipe.depth, recipe.fainter, recipe.catalogueError) = (12, 1, 1, 0)
        change(&recipe)
        return recipe
    }

    static let recipes = [
        recipe("7 degrees") { _ in },
        recipe("7 degrees, many fainter stars") { $0.fainter = 10 },
        recipe("8.5 degrees, a quarter false, a quarter missing") {
            ($0.scale, $0.falseShare, $0.missing) = (15, 0.25, 0.25)
        },
        recipe("17 degrees, 3 to 2") { ($0.width, $0.height, $0.scale) = (1500, 1000, 40) },
        recipe("34 degrees") { ($0.scale, $0.depth) = (60, 0.3) },
        recipe("at a pole") { $0.declinations = 89...90 },
    ]

    @Test("fields of any width, rotation and parity are found, with the right stars", arguments: recipes)
    func solves(recipe: FieldRecipe) throws {
        for seed in 1...4 {
            let field = try BlindTestSky.field(recipe, seed: UInt64(seed))
            let result = try BlindTestSky.solve(field)
            let solution = try #require(result.solution, "\(recipe.name), seed \(seed): \(result.outcome)")
            #expect(field.error(of: solution.tangent) < 1.5)
            #expect(solution.tangent.parity == field.truth.parity)
            #expect(solution.logOdds >= PlateSolver.acceptedLogOdds)
            #expect(result.rungs.last?.outcome == result.outcome)
            let possible = field.partner.count { $0 >= 0 }
            #expect(solution.pairs.count * 10 >= possible * 8)
        }
    }

    @Test("stars at random places are not found anywhere", arguments: [5, 10, 20, 40])
    func nowhere(stars: Double) throws {
        var recipe = FieldRecipe(name: "nowhere")
        (recipe.starsInFrame, recipe.depth) = (stars, 1)
        for seed in 1...5 {
            let field = try SimulatedField(recipe, seed: UInt64(seed))
            let result = try BlindTestSky.solve(field, scales: 10...20)
            #expect(result.solution == nil)
        }
    }

    @Test("what the range of scales or the parity excludes is not found")
    func excluded() throws {
        let field = try BlindTestSky.field(Self.recipes[0], seed: 3)
        #expect(try BlindTestSky.solve(field, scales: 11.5...12.5).solution != nil)
        #expect(try BlindTestSky.solve(field, scales: 14...60).solution == nil)
        #expect(try BlindTestSky.solve(field, scales: 0.5...10).solution == nil)
        let other: Parity = field.truth.parity == .normal ? .mirrored : .normal
        #expect(try BlindTestSky.solve(field, scales: 11...13, parity: other).solution == nil)
        #expect(try BlindTestSky.solve(field, scales: 11...13, parity: field.truth.parity).solution != nil)
    }

    @Test("the same lists give the same result")
    func deterministic() throws {
        let field = try BlindTestSky.field(Self.recipes[2], seed: 7)
        #expect(try BlindTestSky.solve(field) == BlindTestSky.solve(field))
    }

    @Test("hostile input gets a reason, and what the catalogue throws comes through")
    func hostile() throws {
        let index = try BlindTestSky.index.get()
        let size = FrameSize(width: 1000, height: 1000)
        let empty = solveBlind(image: [], size: size, scaleRange: 1...2, index: index) { _, _ in [] }
        #expect(empty.outcome == .failure(.tooFewImageStars(0)))
        let stars = (0..<30).map { star in
            let (x, y) = (star * 31 % 97, star * 17 % 89)
            return ImageStar(x: Double(10 * x), y: Double(11 * y), flux: 1)
        }
        let ranges: [ClosedRange<Double>] = [0...1, 4000...5000, 1...Double.infinity, 1e5...1e6]
        for range in ranges {
            let result = solveBlind(image: stars, size: size, scaleRange: range, index: index) { _, _ in [] }
            #expect(result.solution == nil)
        }
        let bad = [ImageStar(x: .nan, y: 1, flux: 1), ImageStar(x: 1, y: .infinity, flux: .nan)]
        let same = [ImageStar](repeating: ImageStar(x: 500, y: 500, flux: .nan), count: 20)
        let line = (0..<20).map { ImageStar(x: Double($0) * 50, y: 500, flux: 1, positionErrorPixels: -1) }
        for list in [bad, same, line, bad + same + line] {
            let result = solveBlind(image: list, size: size, scaleRange: 0.5...60, index: index) { _, _ in [] }
            #expect(result.solution == nil)
        }
        struct Damaged: Error {}
        let field = try BlindTestSky.field(Self.recipes[0], seed: 3)
        #expect(throws: Damaged.self) {
            try solveBlind(image: field.image, size: field.size, scaleRange: 0.5...60, index: index) { _, _ in
                throw Damaged()
            }
        }
        // A catalogue of another sky: no place is confirmed.
        let wrong = solveBlind(image: field.image, size: field.size, scaleRange: 11...13, index: index) {
            centre, radius in
            BlindTestSky.around(centre.displaced(separationDegrees: 40, positionAngleDegrees: 1), radius)
        }
        #expect(wrong.solution == nil)
    }
}
