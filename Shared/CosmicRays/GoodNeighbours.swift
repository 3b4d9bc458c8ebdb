/// Replaces pixels by the median of the good ones around them.
struct GoodNeighbours {
    let shape: PaddedShape
    let sky: SkyMesh

    /// Median of the good pixels in the 5 x 5 px around (x, y); where there is none, in a square twice and four times
    /// as large; where there is none, the level of the sky. Of an even number the lower one in the middle.
    ///
    /// - Parameter isGood: asked for pixels of the frame, not for (x, y) itself.
    func median(_ image: borrowing PaddedPlane, _ x: Int, _ y: Int, isGood: (Int) -> Bool) -> Float {
        var values: [Float] = []
        for reach in [2, 4, 8] {
            for row in PaddedShape.around(y, reach, shape.height) {
                for column in PaddedShape.around(x, reach, shape.width) where column != x || row != y {
                    if isGood(row * shape.width + column) { values.append(image.at(column, row).pointee) }
                }
            }
            if !values.isEmpty { break }
        }
        guard !values.isEmpty else { return sky.level(x, y) }
        values.sort()
        return values[(values.count - 1) / 2]
    }
}
