internal import Glibc

/// Nine weights exp(-d^2 / (2 1.5^2)) along one axis.
struct GaussianWindow {
    var weights = SIMD16<Float>.zero
    /// From the centre [px].
    var distances = SIMD16<Float>.zero

    init(centre: Double, from first: Int) {
        for i in 0..<9 {
            let distance = Float(Double(first + i) - centre)
            distances[i] = distance
            weights[i] = expf(-distance * distance / 4.5)
        }
    }
}

/// Whole places of which no two are closer than a radius.
struct ProximityGrid {
    private struct Cell: Hashable {
        var x: Int
        var y: Int
    }

    private let radius: Int
    private var cells: [Cell: [Cell]] = [:]

    init(radius: Int) {
        self.radius = radius
    }

    /// False, and nothing is kept, when a place that was inserted before is closer.
    mutating func insert(x: Int, y: Int) -> Bool {
        let home = Cell(x: x / radius, y: y / radius)
        for row in (home.y - 1)...(home.y + 1) {
            for column in (home.x - 1)...(home.x + 1) {
                for other in cells[Cell(x: column, y: row), default: []] {
                    let (dx, dy) = (other.x - x, other.y - y)
                    if dx * dx + dy * dy < radius * radius { return false }
                }
            }
        }
        cells[home, default: []].append(Cell(x: x, y: y))
        return true
    }
}

/// A frame in tiles of 128 to 255 px; one tile in an axis that is shorter.
struct Tiles {
    let columns: Int
    let rows: Int
    private let width: Int
    private let height: Int
    private let side: (x: Int, y: Int)

    init(width: Int, height: Int) {
        (self.width, self.height) = (width, height)
        (columns, rows) = (max(1, width / 128), max(1, height / 128))
        side = ((width + columns - 1) / columns, (height + rows - 1) / rows)
    }

    func x(_ column: Int) -> Range<Int> { min(width, column * side.x)..<min(width, (column + 1) * side.x) }

    func y(_ row: Int) -> Range<Int> { min(height, row * side.y)..<min(height, (row + 1) * side.y) }

    func index(x: Int, y: Int) -> Int { y / side.y * columns + x / side.x }
}
