internal import CKernels
internal import Foundation

/// What the sky is above the background map, from the residual once all stars are subtracted: means over square tiles,
/// between whose centres it is linear.
///
/// Bright neighbours, faint stars above the threshold and mode estimators bias a map made from the frame itself; the
/// residual has none of that. Pixels with much starlight on them, which the fits have drawn to zero, do not count.
struct SkyCorrection {
    let tile: Int
    let columns: Int
    let rows: Int
    /// [e-/px], summed over all updates.
    private(set) var level: [Double]
    /// Variance of each tile's level [e-^2].
    private(set) var variance: [Double]

    init(width: Int, height: Int, tile: Int) {
        self.tile = tile
        columns = max(1, (width + tile / 2) / tile)
        rows = max(1, (height + tile / 2) / tile)
        level = [Double](repeating: 0, count: columns * rows)
        variance = level
    }

    private func range(_ index: Int, of count: Int, _ size: Int) -> Range<Int> {
        index * tile..<(index == count - 1 ? size : (index + 1) * tile)
    }

    /// Takes what is left of the sky out of the residual.
    ///
    /// - Parameter step: reads each step-th row only.
    mutating func update(_ planes: PixelPlanes, step: Int) {
        var change = [Double](repeating: 0, count: level.count)
        var isKnown = [Bool](repeating: false, count: level.count)
        for row in 0..<rows {
            let lines = range(row, of: rows, planes.height)
            for column in 0..<columns {
                let area = range(column, of: columns, planes.width)
                for brightest in [Float(0.25), 1, 4] {
                    let sums = planes.skySums(columns: area, rows: lines, step: step, brightest: brightest)
                    guard sums.count >= 0.2 * Double(area.count * lines.count / step), sums.count > 16 else { continue }
                    let index = row * columns + column
                    change[index] = sums.residual / sums.count
                    variance[index] = sums.variance / (sums.count * sums.count)
                    isKnown[index] = true
                    break
                }
            }
        }
        fill(&change, isKnown)
        for index in level.indices { level[index] += change[index] }
        subtract(change, from: planes)
    }

    /// Tiles without sky keep the map's level, with the error of the worst tile.
    private mutating func fill(_ change: inout [Double], _ isKnown: [Bool]) {
        guard isKnown.contains(false) else { return }
        let worst = zip(variance, isKnown).filter(\.1).map(\.0).max() ?? 0
        for index in change.indices where !isKnown[index] { (change[index], variance[index]) = (0, 4 * worst) }
    }

    /// Neighbouring tiles of a place along one axis, and the share of the second.
    private func neighbours(_ place: Double, _ count: Int) -> (Int, Int, Double) {
        let position = min(max((place - Double(tile - 1) / 2) / Double(tile), 0), Double(count - 1))
        let first = min(Int(position), count - 1)
        return (first, min(first + 1, count - 1), position - Double(first))
    }

    private func value(_ values: [Double], x: Double, y: Double) -> Double {
        let (left, right, u) = neighbours(x, columns)
        let (low, high, v) = neighbours(y, rows)
        let bottom = values[low * columns + left] * (1 - u) + values[low * columns + right] * u
        let top = values[high * columns + left] * (1 - u) + values[high * columns + right] * u
        return bottom * (1 - v) + top * v
    }

    /// Level and its variance at a place.
    func at(x: Double, y: Double) -> (level: Double, variance: Double) {
        (value(level, x: x, y: y), value(variance, x: x, y: y))
    }

    private func subtract(_ change: [Double], from planes: PixelPlanes) {
        let size = Double(tile)
        let middle = Double(tile - 1) / 2
        for row in 0..<planes.height {
            let (low, high, v) = neighbours(Double(row), rows)
            let line = (0..<columns).map { change[low * columns + $0] * (1 - v) + change[high * columns + $0] * v }
            var start = 0
            for segment in 0...columns {
                let end =
                    segment == columns
                    ? planes.width : min(planes.width, Int((middle + size * Double(segment)).rounded(.up)))
                guard end > start else { continue }
                let (left, right) = (max(segment - 1, 0), min(segment, columns - 1))
                let slope = (line[right] - line[left]) / size
                let offset = line[left] + slope * (Double(start) - middle - size * Double(left))
                kernel_psf_subtract_ramp(
                    planes.residual + row * planes.width + start, Float(offset), Float(slope), end - start)
                start = end
            }
        }
    }
}

extension PixelPlanes {
    /// Sums over the pixels of a rectangle that show sky.
    func skySums(
        columns: Range<Int>, rows: Range<Int>, step: Int, brightest: Float
    ) -> (residual: Double, variance: Double, count: Double) {
        var sums = [0.0, 0, 0]
        let start = rows.lowerBound * width + columns.lowerBound
        withData { data, variance in
            kernel_psf_sky(
                data + start, residual + start, variance + start, brightest, 4, columns.count,
                (rows.count + step - 1) / step, step * width, &sums)
        }
        return (sums[0], sums[1], sums[2])
    }
}
