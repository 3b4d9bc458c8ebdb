/// Tries the maps that pairs of similar triangles propose.
struct ProposalSearch {
    /// Number of maps that were tried.
    private(set) var proposals = 0
    private let frame: StarList
    private let settings: RegistrationSettings
    private var best: [(score: Int, transform: PixelTransform)] = []
    private static let kept = 24

    init(frame: StarList, reference: StarList, settings: RegistrationSettings) {
        self.frame = frame
        self.settings = settings
        let occupied = Occupancy(reference, radius: settings.tolerancePixels)
        let index = TriangleIndex(Triangle.all(of: reference))
        let points = frame.bright.map { (x: frame.stars[$0].x, y: frame.stars[$0].y) }
        for triangle in Triangle.all(of: frame) {
            index.forEach(like: triangle, pixels: 1) { other in
                let scale = other.longest / triangle.longest
                guard settings.scaleRange.contains(scale),
                    let transform = Self.map(triangle, frame, other, reference)
                else { return }
                proposals += 1
                guard let score = occupied.score(points, transform, atLeast: lowestKept) else { return }
                keep(score, transform)
            }
        }
    }

    private var lowestKept: Int { best.count < Self.kept ? 3 : (best[best.count - 1].score + 1) }

    /// The most successful proposals, best first; equal ones in the order of their triangles.
    func bestProposals() -> [PixelTransform] { best.map(\.transform) }

    private mutating func keep(_ score: Int, _ transform: PixelTransform) {
        let place = best.firstIndex { $0.score < score } ?? best.count
        best.insert((score, transform), at: place)
        if best.count > Self.kept { best.removeLast() }
    }

    private static func map(
        _ triangle: Triangle, _ frame: StarList, _ other: Triangle, _ reference: StarList
    ) -> PixelTransform? {
        let pair = { (from: Int, to: Int) in
            let (a, b) = (frame.stars[from], reference.stars[to])
            return PointPair(from: (a.x, a.y), to: (b.x, b.y))
        }
        let pairs = [
            pair(triangle.vertices.0, other.vertices.0), pair(triangle.vertices.1, other.vertices.1),
            pair(triangle.vertices.2, other.vertices.2),
        ]
        return PixelTransform.similarity(pairs, mirrored: triangle.isClockwise != other.isClockwise)
    }
}

/// A coarse picture of where the reference has bright stars, for counting hits fast.
private struct Occupancy {
    private let cell: Double
    private let left: Double
    private let bottom: Double
    private let columns: Int
    private let rows: Int
    private let isOccupied: [Bool]

    init(_ list: StarList, radius: Double) {
        let side = max(radius, list.area.squareRoot() / 1500)
        let (x, y) = (list.bounds.left - 2 * side, list.bounds.bottom - 2 * side)
        let width = Int((list.bounds.right - x) / side) + 3
        let height = Int((list.bounds.top - y) / side) + 3
        var occupied = [Bool](repeating: false, count: width * height)
        for index in list.bright {
            let column = Int((list.stars[index].x - x) / side)
            let row = Int((list.stars[index].y - y) / side)
            for line in (row - 1)...(row + 1) {
                for place in (column - 1)...(column + 1) { occupied[line * width + place] = true }
            }
        }
        (cell, left, bottom, columns, rows, isOccupied) = (side, x, y, width, height, occupied)
    }

    /// How many points fall on a star; `nil` as soon as `minimum` is out of reach.
    func score(_ points: [(x: Double, y: Double)], _ transform: PixelTransform, atLeast minimum: Int) -> Int? {
        var hits = 0
        var left = points.count
        for point in points {
            let mapped = transform(x: point.x, y: point.y)
            let column = (mapped.x - self.left) / cell
            let row = (mapped.y - bottom) / cell
            left -= 1
            if column >= 0, row >= 0, column < Double(columns), row < Double(rows),
                isOccupied[Int(row) * columns + Int(column)]
            {
                hits += 1
            } else if hits + left < minimum {
                return nil
            }
        }
        return hits >= minimum ? hits : nil
    }
}
