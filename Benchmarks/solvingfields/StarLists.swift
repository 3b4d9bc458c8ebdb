import Foundation
import PlateSolving
import Sky
import StarFields

/// Star lists of wide fields with their truth, for programs beside which the solver is timed.
struct StarLists {
    let sky: BlindSky
    let folder: String

    private struct Truth: Encodable {
        let name: String
        let width: Int
        let height: Int
        let raDegrees: Double
        let decDegrees: Double
        let scaleArcsecPerPixel: Double
        /// Right ascension and declination [deg] at the centre and the corners: (0, 0), (right, 0), (0, top), (right,
        /// top).
        let corners: [[Double]]
        let stars: Int
        let catalogueStars: Int
    }

    private static let kinds: [(scale: Double, depth: Double)] = [(2.5, 1), (3.5, 0.8), (5, 0.7), (9, 0.5)]

    func write(_ count: Int, firstSeed: UInt64) throws {
        var truths: [Truth] = []
        var seed = firstSeed
        while truths.count < count {
            let kind = Self.kinds[truths.count % Self.kinds.count]
            var recipe = FieldRecipe(name: "list")
            (recipe.scale, recipe.depth, recipe.fainter, recipe.catalogueError) = (kind.scale, kind.depth, 3, 0)
            recipe.mirrored = false
            let field = try SimulatedField(recipe, seed: seed, sky: sky.sky)
            seed += 1
            guard field.partner.count(where: { $0 >= 0 }) >= 2 * BlindSky.enoughStars else { continue }
            let name = String(format: "field%03d", truths.count)
            try write(field, to: "\(folder)/\(name).csv")
            truths.append(truth(field, name))
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(truths).write(to: URL(fileURLWithPath: folder + "/truth.json"))
    }

    private func write(_ field: SimulatedField, to path: String) throws {
        var lines = ["x,y,flux,x_err,y_err"]
        for star in field.image.sorted(by: { $0.flux > $1.flux }) {
            lines.append(
                String(
                    format: "%.4f,%.4f,%.6g,%.3f,%.3f", star.x, star.y, star.flux, star.positionErrorPixels,
                    star.positionErrorPixels))
        }
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: path))
    }

    private func truth(_ field: SimulatedField, _ name: String) -> Truth {
        let (right, top) = (Double(field.size.width - 1), Double(field.size.height - 1))
        let places = [(0.5 * right, 0.5 * top), (0, 0), (right, 0), (0, top), (right, top)]
        let corners = places.map { place in
            let position = field.truth.position(x: place.0, y: place.1)
            return [position.raDegrees, position.decDegrees]
        }
        return Truth(
            name: name, width: field.size.width, height: field.size.height, raDegrees: corners[0][0],
            decDegrees: corners[0][1], scaleArcsecPerPixel: field.truth.scaleArcsecPerPixel, corners: corners,
            stars: field.image.count, catalogueStars: field.partner.count { $0 >= 0 })
    }
}
