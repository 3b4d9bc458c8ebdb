internal import Glibc

/// The linear part of a world coordinate system, judged by its numbers: what no camera can have made.
///
///     matrix = CD, or CDELT * PC, or CDELT * rotation by CROTA2      columns c1, c2: one pixel along x and y
///     |c1|, |c2| finite, above 0 and below 10 deg, their ratio below 100
///     |det| / (|c1| |c2|) = sine of the angle between the axes, above 0.02
struct MatrixCheck {
    private let keywords: String
    private let columns: [SIMD2<Double>]
    private let degrees: SIMD2<Double>

    init(_ cards: CardText) {
        func number(_ keyword: String, _ usual: Double) -> Double { cards.number[keyword] ?? usual }
        let names = ["CD1_1", "CD1_2", "CD2_1", "CD2_2"]
        degrees = SIMD2(Self.degrees(cards.text["CUNIT1"]), Self.degrees(cards.text["CUNIT2"]))
        if names.contains(where: { cards.number[$0] != nil }) {
            keywords = names.joined(separator: ", ")
            columns = [
                SIMD2(number("CD1_1", 0), number("CD2_1", 0)), SIMD2(number("CD1_2", 0), number("CD2_2", 0)),
            ]
            return
        }
        let scale = SIMD2(number("CDELT1", 1), number("CDELT2", 1))
        let hasMatrix = ["PC1_1", "PC1_2", "PC2_1", "PC2_2"].contains { cards.number[$0] != nil }
        keywords = "CDELT1, CDELT2" + (hasMatrix ? ", PC1_1, PC1_2, PC2_1, PC2_2" : "")
        columns = [
            SIMD2(number("PC1_1", 1), number("PC2_1", 0)) * scale,
            SIMD2(number("PC1_2", 0), number("PC2_2", 1)) * scale,
        ]
    }

    private static func degrees(_ unit: String?) -> Double {
        ["arcsec": 1.0 / 3600, "arcmin": 1.0 / 60, "rad": 180 / .pi][unit?.lowercased() ?? ""] ?? 1
    }

    func requireSound() throws(WorldCoordinatesError) {
        let columns = columns.map { $0 * degrees }
        let lengths = columns.map { ($0 * $0).sum().squareRoot() }
        guard lengths.allSatisfy(\.isFinite), lengths.allSatisfy({ $0 > 1e-12 }) else {
            throw .invalid("the pixel scale is zero (\(keywords))")
        }
        let sine = abs(columns[0].x * columns[1].y - columns[0].y * columns[1].x) / (lengths[0] * lengths[1])
        guard sine > 0.02 else {
            throw .invalid("the matrix is singular: both axes have one direction (\(keywords))")
        }
        guard lengths.allSatisfy({ $0 < 10 }) else {
            throw .invalid("a pixel of \(lengths.max() ?? 0) degrees (\(keywords))")
        }
        let ratio = lengths[0] / lengths[1]
        guard (0.01...100).contains(ratio) else {
            throw .invalid("pixels \(Int(max(ratio, 1 / ratio).rounded())) times as long as wide (\(keywords))")
        }
    }
}
