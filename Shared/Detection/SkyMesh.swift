internal import Foundation
internal import Imaging
internal import Statistics

/// Level and scatter of the sky on a mesh of tiles of nearly equal size.
struct SkyMesh {
    let columns: Int
    let rows: Int
    /// [e-/px]
    var level: [Float]
    /// Of single pixels, and of means of 2 x 2 [e-].
    var pixelScatter: [Float]
    var blockScatter: [Float]

    /// - Parameters:
    ///   - tileSize: of tiles [px].
    ///   - filterSize: width of the median filter [tiles].
    ///   - mask: for each block 0 for sky, 1 for surroundings of sources, 2 for sources; nil where sources are not
    ///     known.
    ///   - tilts: slopes to take off before the sky is measured, tile by tile; nil for none.
    ///   - threads: rows of tiles are measured at once; the result does not depend on it.
    /// - Returns: nil when no tile has enough blocks.
    init?(
        _ frame: BinnedFrame, tileSize: Int, filterSize: Int, mask: [UInt8]?, tilts: [SkyTilt]? = nil, threads: Int = 1
    ) {
        let columns = min(max(1, (frame.width * 2 + tileSize / 2) / tileSize), frame.width)
        let rows = min(max(1, (frame.height * 2 + tileSize / 2) / tileSize), frame.height)
        (self.columns, self.rows) = (columns, rows)
        let largest = (frame.width / columns + 1) * (frame.height / rows + 1)
        let ranks = mask ?? [UInt8](repeating: 0, count: frame.mean.count)
        let tiles = parallelMap(rows, threads: threads) { row in
            // Each row of tiles begins without a guess, so that it does not depend on the others.
            let blocks = TileBlocks(capacity: largest)
            var last: TileStatistics?
            return (0..<columns).map { column -> TileStatistics? in
                let tile = row * columns + column
                let (across, along) = Self.blocks(ofTile: tile, columns, rows, frame)
                let tilt = tilts?[tile] ?? .none
                let found: TileStatistics?
                if mask == nil {
                    blocks.take(frame, across, along, mask: ranks, rank: 0, tilt: tilt)
                    found = TileStatistics.mode(blocks, near: last)
                } else {
                    found = Self.masked(blocks, frame, across, along, ranks, tilt, near: last)
                }
                last = found ?? last
                return found
            }
        }.flatMap { $0 }
        guard tiles.contains(where: { $0 != nil }) else { return nil }
        func filtered(_ values: [Float]) -> [Float] {
            Self.medianFiltered(
                Self.filled(values, columns, rows), columns, rows, size: filterSize, threads: threads)
        }
        level = filtered(tiles.map { $0?.level ?? .nan })
        pixelScatter = filtered(tiles.map { $0?.pixelScatter ?? .nan })
        blockScatter = filtered(tiles.map { $0?.blockScatter ?? .nan })
    }

    /// Columns and rows of blocks that make a tile.
    static func blocks(
        ofTile tile: Int, _ columns: Int, _ rows: Int, _ frame: BinnedFrame
    ) -> (across: Range<Int>, along: Range<Int>) {
        let (row, column) = (tile / columns, tile % columns)
        return (
            (column * frame.width / columns)..<((column + 1) * frame.width / columns),
            (row * frame.height / rows)..<((row + 1) * frame.height / rows)
        )
    }

    /// The mean of what is sky; where sources leave less than an eighth of a tile the mode of what is not source, and
    /// where even that is less, of everything.
    private static func masked(
        _ blocks: TileBlocks, _ frame: BinnedFrame, _ columns: Range<Int>, _ rows: Range<Int>, _ ranks: [UInt8],
        _ tilt: SkyTilt, near guess: TileStatistics?
    ) -> TileStatistics? {
        let fewest = max(TileStatistics.fewest, columns.count * rows.count / 8)
        blocks.take(frame, columns, rows, mask: ranks, rank: 0, tilt: tilt)
        if blocks.used >= fewest { return TileStatistics.clippedMean(blocks, near: guess) }
        blocks.take(frame, columns, rows, mask: ranks, rank: 1, tilt: tilt)
        if blocks.used >= fewest { return TileStatistics.mode(blocks, near: guess) }
        blocks.take(frame, columns, rows, mask: ranks, rank: 2, tilt: tilt)
        return TileStatistics.mode(blocks, near: guess)
    }

    /// Puts into tiles without value the mean of their neighbours, from the known ones outwards.
    private static func filled(_ values: [Float], _ columns: Int, _ rows: Int) -> [Float] {
        var values = values
        while values.contains(where: \.isNaN) {
            let known = values
            for tile in values.indices where known[tile].isNaN {
                let (column, row) = (tile % columns, tile / columns)
                var (sum, count): (Float, Float) = (0, 0)
                for y in max(0, row - 1)...min(rows - 1, row + 1) {
                    for x in max(0, column - 1)...min(columns - 1, column + 1) where !known[y * columns + x].isNaN {
                        sum += known[y * columns + x]
                        count += 1
                    }
                }
                if count > 0 { values[tile] = sum / count }
            }
        }
        return values
    }

    /// Beyond the mesh values go on as mirrored through the outermost one, so that a slope is not filtered away.
    private static func medianFiltered(
        _ values: [Float], _ columns: Int, _ rows: Int, size: Int, threads: Int
    ) -> [Float] {
        let reach = size / 2
        guard reach > 0 else { return values }
        func extended(_ index: Int, _ count: Int, _ at: (Int) -> Float) -> Float {
            let inside = min(max(index, 0), count - 1)
            guard inside != index else { return at(index) }
            let mirrored = min(max(2 * inside - index, 0), count - 1)
            return 2 * at(inside) - at(mirrored)
        }
        return parallelMap(rows, threads: threads) { row in
            var window = [Float](repeating: 0, count: (2 * reach + 1) * (2 * reach + 1))
            return (0..<columns).map { column in
                var filled = 0
                for y in (row - reach)...(row + reach) {
                    for x in (column - reach)...(column + reach) {
                        let value = extended(y, rows) { row in
                            extended(x, columns) { values[row * columns + $0] }
                        }
                        // In ascending order: there are few.
                        var place = filled
                        while place > 0, window[place - 1] > value {
                            window[place] = window[place - 1]
                            place -= 1
                        }
                        window[place] = value
                        filled += 1
                    }
                }
                return window[filled / 2]
            }
        }.flatMap { $0 }
    }

    /// The median over the mesh.
    static func typical(_ values: [Float]) -> Double {
        RobustStatistics.median(values.map(Double.init)) ?? .nan
    }

    func surface(_ values: [Float], width: Int, height: Int) -> MeshSurface {
        MeshSurface(width: width, height: height, columns: columns, rows: rows, values: values)
    }
}
