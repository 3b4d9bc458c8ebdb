/// The slope of the sky in a tile, along x and y [e-/px per block].
struct SkyTilt {
    var across: Float = 0
    var along: Float = 0

    static let none = SkyTilt()
    var isNone: Bool { across == 0 && along == 0 }
}

/// The slope of the sky in a tile about the tile's middle.
struct TiltedPlane {
    private let tilt: SkyTilt
    private let (x, y): (Float, Float)

    /// - Parameters: columns, rows: blocks of the tile.
    init(_ tilt: SkyTilt, _ columns: Range<Int>, _ rows: Range<Int>) {
        self.tilt = tilt
        x = Float(columns.lowerBound + columns.upperBound - 1) / 2
        y = Float(rows.lowerBound + rows.upperBound - 1) / 2
    }

    func level(_ column: Int, _ row: Int) -> Float {
        tilt.across * (Float(column) - x) + tilt.along * (Float(row) - y)
    }
}

extension SkyMesh {
    /// Part of a tile's variance that its slope may make before it is taken off.
    private static let tolerated: Float = 0.02

    /// The slope of the sky in each tile, from the levels on either side; nil where slopes hardly add to the scatter
    /// in any tile.
    ///
    /// - Parameter frame: the one that the mesh was made of.
    func tilts(_ frame: BinnedFrame) -> [SkyTilt]? {
        let (width, height) = (Float(frame.width) / Float(columns), Float(frame.height) / Float(rows))
        var matters = false
        let tilts = level.indices.map { tile -> SkyTilt in
            let (row, column) = (tile / columns, tile % columns)
            let (left, right) = (max(column - 1, 0), min(column + 1, columns - 1))
            let (below, above) = (max(row - 1, 0), min(row + 1, rows - 1))
            var tilt = SkyTilt.none
            if right > left {
                tilt.across =
                    (level[row * columns + right] - level[row * columns + left]) / (Float(right - left) * width)
            }
            if above > below {
                tilt.along =
                    (level[above * columns + column] - level[below * columns + column])
                    / (Float(above - below) * height)
            }
            let (across, along) = (tilt.across * width, tilt.along * height)
            let variance = blockScatter[tile] * blockScatter[tile]
            if (across * across + along * along) / 12 > Self.tolerated * variance { matters = true }
            return tilt
        }
        return matters ? tilts : nil
    }
}
