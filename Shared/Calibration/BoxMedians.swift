internal import Imaging

/// A smooth background: medians of boxes, and bilinear in between; beyond the outermost centres the slope goes on. A
/// box that is more than 3 sigma away from the median of its neighbours (a galaxy, a bright star) takes that.
struct BoxMedians {
    private let columns: Int
    private let rows: Int
    private let width: Int
    private let height: Int
    private var levels: [Float]

    init<Unit>(of image: Image<Unit>, in section: FrameSection, boxSize: Int, mask: Mask? = nil) {
        width = section.width
        height = section.height
        columns = max(1, (width + boxSize / 2) / boxSize)
        rows = max(1, (height + boxSize / 2) / boxSize)
        var medians: [Float] = []
        for row in 0..<rows {
            for column in 0..<columns {
                var values: [Float] = []
                for j in (row * height / rows)..<((row + 1) * height / rows) {
                    for i in (column * width / columns)..<((column + 1) * width / columns) {
                        let (x, y) = (section.x0 + i, section.y0 + j)
                        if image[x, y].isFinite, mask?[x, y].isEmpty ?? true { values.append(image[x, y]) }
                    }
                }
                medians.append(Robust.median(values) ?? .nan)
            }
        }
        levels = medians
        let around = medians.indices.map { self.around($0, in: medians) }
        let distances = zip(medians, around).map { $0 - $1 }
        let reach = Float(3 * (Robust.clippedMoments(distances)?.sigma ?? 0))
        for index in levels.indices {
            levels[index] = abs(distances[index]) <= reach ? medians[index] : around[index]
        }
    }

    private func around(_ index: Int, in medians: [Float]) -> Float {
        let (row, column) = (index / columns, index % columns)
        var near: [Float] = []
        for r in max(row - 1, 0)...min(row + 1, rows - 1) {
            for c in max(column - 1, 0)...min(column + 1, columns - 1) { near.append(medians[r * columns + c]) }
        }
        return Robust.median(near) ?? Robust.median(medians) ?? 0
    }

    /// At pixel (i, j) of the section.
    func level(_ i: Int, _ j: Int) -> Float {
        func place(_ pixel: Int, _ size: Int, _ boxes: Int) -> (Int, Float) {
            let centre = (Float(pixel) + 0.5) * Float(boxes) / Float(size) - 0.5
            let low = max(0, min(Int(centre.rounded(.down)), boxes - 2))
            return (max(low, 0), boxes > 1 ? centre - Float(low) : 0)
        }
        let (column, fx) = place(i, width, columns)
        let (row, fy) = place(j, height, rows)
        let right = min(column + 1, columns - 1)
        let below = min(row + 1, rows - 1)
        let top = levels[row * columns + column] * (1 - fx) + levels[row * columns + right] * fx
        let bottom = levels[below * columns + column] * (1 - fx) + levels[below * columns + right] * fx
        return top * (1 - fy) + bottom * fy
    }
}
