/// The rows of several tiles in one order, the brightest first; of equally bright ones those of the first tile.
///
/// A heap of each tile's next row: whoever wants few stars of many tiles reads little of them.
struct MergedTiles: IteratorProtocol {
    struct Row {
        let magnitude: Float
        let tile: Int
        let row: Int

        @inline(__always)
        static func < (one: Row, other: Row) -> Bool {
            one.magnitude == other.magnitude ? one.tile < other.tile : one.magnitude < other.magnitude
        }
    }

    private let tiles: [CatalogueTile]
    private let faintest: Float
    /// Each row is no fainter than those at twice its place and one or two more.
    private var heap: [Row] = []

    init(_ tiles: [CatalogueTile], faintest: Float) {
        (self.tiles, self.faintest) = (tiles, faintest)
        heap = tiles.indices.compactMap { row(0, of: $0) }.sorted { $0 < $1 }
    }

    /// A row, where there is one that is bright enough.
    private func row(_ row: Int, of tile: Int) -> Row? {
        guard row < tiles[tile].count else { return nil }
        let magnitude = tiles[tile].rankingMagnitude(row)
        return magnitude <= faintest ? Row(magnitude: magnitude, tile: tile, row: row) : nil
    }

    mutating func next() -> Row? {
        guard let first = heap.first else { return nil }
        if let following = row(first.row + 1, of: first.tile) {
            heap[0] = following
        } else {
            heap[0] = heap[heap.count - 1]
            heap.removeLast()
        }
        sink()
        return first
    }

    private mutating func sink() {
        var place = 0
        while true {
            var least = place
            for child in (2 * place + 1)...(2 * place + 2) where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != place else { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}
