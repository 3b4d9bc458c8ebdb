import PlateSolving
import StarFields

/// A kind of simulated field, and what must come of it.
struct FieldKind {
    let recipe: FieldRecipe
    /// `false` where there is nothing to find: any solution is a false one.
    let isSolvable: Bool
    /// Of the fields that are asked for: those that are searched for long are fewer.
    var share = 1.0

    private static func kind(
        _ name: String, solvable: Bool = true, _ change: (inout FieldRecipe) -> Void = { _ in }
    ) -> FieldKind {
        var recipe = FieldRecipe(name: name)
        change(&recipe)
        return FieldKind(recipe: recipe, isSolvable: solvable)
    }

    /// Around a hint, on a made-up sky.
    static let hinted: [FieldKind] = [
        kind("plain"),
        kind("wide") { ($0.scale, $0.starsInFrame, $0.uncertainty, $0.distortion) = (12, 500, 3, 2) },
        kind("narrow") {
            ($0.width, $0.height, $0.scale, $0.starsInFrame, $0.uncertainty) = (1024, 1024, 0.6, 60, 0.3)
        },
        kind("crowded") { ($0.width, $0.height, $0.starsInFrame, $0.uncertainty) = (1024, 1024, 3000, 0.3) },
        kind("sparse, ten stars") {
            ($0.starsInFrame, $0.depth, $0.falseShare, $0.missing) = (10, 1, 0, 0)
            ($0.magnitudeScatter, $0.centroidError, $0.uncertainty) = (0.2, 0.1, 0.5)
        },
        kind("mirrored, which is known") { ($0.mirrored, $0.parity) = (true, .mirrored) },
        kind("deeper than the catalogue") { ($0.falseShare, $0.depth) = (0.7, 1) },
        kind("a third false, a third missing") {
            ($0.falseShare, $0.missing, $0.magnitudeScatter) = (0.33, 0.33, 0.5)
        },
        kind("trailed") { ($0.trail, $0.centroidError) = (2, 0.3) },
        kind("comet") { $0.comet = 300 },
        kind("globular cluster") { $0.cluster = 2000 },
        kind("poles") { $0.declinations = 89.7...90 },
        kind("distorted") { ($0.distortion, $0.starsInFrame) = (8, 600) },
        kind("3 to 2") { ($0.width, $0.height, $0.scale, $0.starsInFrame) = (3000, 2000, 1.5, 800) },
        kind("elsewhere", solvable: false) {
            ($0.starsInFrame, $0.hintOffset, $0.depth, $0.width, $0.height) = (100, 10, 1, 1024, 1024)
        },
        kind("elsewhere, sparse", solvable: false) {
            ($0.starsInFrame, $0.hintOffset, $0.depth, $0.width, $0.height) = (10, 10, 1, 1024, 1024)
        },
    ]

    /// Of a size, on the sky of the catalogue, with as many fainter detections beyond it.
    private static func sky(
        _ name: String, scale: Double, depth: Double = 1, _ change: (inout FieldRecipe) -> Void = { _ in }
    ) -> FieldKind {
        kind(name) {
            ($0.scale, $0.depth, $0.fainter, $0.catalogueError) = (scale, depth, 1, 0)
            change(&$0)
        }
    }

    /// Without any hint, on the catalogue's own sky.
    static let blind: [FieldKind] = [
        sky("1.1 degrees", scale: 2),
        sky("1.1 degrees, much deeper than the catalogue", scale: 2) { $0.fainter = 10 },
        sky("1.4 degrees", scale: 2.5) { $0.falseShare = 0.2 },
        sky("2 degrees", scale: 3.5, depth: 0.7),
        sky("2 degrees, 0.5 arcsec/px", scale: 0.5) { ($0.width, $0.height) = (14_400, 14_400) },
        sky("2.8 degrees, a third false, a third missing", scale: 5) {
            ($0.falseShare, $0.missing, $0.magnitudeScatter) = (0.33, 0.33, 0.5)
        },
        sky("2.8 degrees, trailed", scale: 5) { ($0.trail, $0.centroidError) = (2, 0.3) },
        sky("2.8 degrees, comet", scale: 5) { $0.comet = 300 },
        sky("2.8 degrees, distorted", scale: 5) { $0.distortion = 8 },
        sky("3 to 2, 4 degrees", scale: 5) { ($0.width, $0.height) = (3000, 2000) },
        sky("5 degrees", scale: 9, depth: 0.5),
        sky("9 degrees", scale: 16, depth: 0.3) { $0.distortion = 1 },
        sky("17 degrees", scale: 30, depth: 0.2) { $0.distortion = 2 },
        sky("34 degrees", scale: 60, depth: 0.1) { $0.distortion = 2 },
        sky("2.8 degrees at a pole", scale: 5) { $0.declinations = 88.5...90 },
    ]

    /// Without any hint, of no sky at all: stars at random places.
    static let nowhere: [FieldKind] = [(8, 1.0), (10, 1), (12, 1), (16, 1), (20, 1), (50, 0.05), (300, 0.05)].map {
        stars, share in
        var field = kind("no sky, \(stars) stars", solvable: false) { ($0.starsInFrame, $0.depth) = (Double(stars), 1) }
        field.share = share
        return field
    }
}
