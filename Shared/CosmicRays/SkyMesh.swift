internal import Imaging
internal import Statistics

/// The level of the sky, for the noise model alone: medians of cells of 64 x 64 px, between them linear.
///
/// The variance plane holds the sky's photon noise; what a filtered frame has above this level adds its own.
struct SkyMesh: Sendable {
    private static let cell = 64
    /// Every so many pixels and rows are looked at.
    private static let step = 4

    private let columns: Int
    private let rows: Int
    private let levels: [Float]

    /// - Parameter excluded: 1 where a pixel carries no measurement.
    init(_ signal: Image<Electron>, excluded: [UInt8]) {
        columns = (signal.width + Self.cell - 1) / Self.cell
        rows = (signal.height + Self.cell - 1) / Self.cell
        var medians: [Float?] = []
        var sample: [Float] = []
        for row in 0..<rows {
            for column in 0..<columns {
                sample.removeAll(keepingCapacity: true)
                for y in stride(from: row * Self.cell, to: min((row + 1) * Self.cell, signal.height), by: Self.step) {
                    let line = y * signal.width
                    let end = min((column + 1) * Self.cell, signal.width)
                    for x in stride(from: column * Self.cell + y / Self.step % Self.step, to: end, by: Self.step)
                    where excluded[line + x] == 0 { sample.append(signal.pixels[line + x]) }
                }
                medians.append(RobustStatistics.upperMedian(sample))
            }
        }
        let typical = RobustStatistics.upperMedian(medians.compactMap { $0 }) ?? 0
        levels = medians.map { $0 ?? typical }
    }

    /// The level at a place, which may lie outside the frame.
    func level(_ x: Int, _ y: Int) -> Float {
        let (left, right, across) = Self.neighbours(x, columns)
        let (below, above, along) = Self.neighbours(y, rows)
        let low = levels[below * columns + left] * (1 - across) + levels[below * columns + right] * across
        let high = levels[above * columns + left] * (1 - across) + levels[above * columns + right] * across
        return low * (1 - along) + high * along
    }

    /// Beyond the middle of the outermost cells the slope between the last two goes on.
    private static func neighbours(_ place: Int, _ count: Int) -> (first: Int, second: Int, share: Float) {
        let position = (Float(place) + 0.5) / Float(cell) - 0.5
        let first = min(max(Int(position.rounded(.down)), 0), max(count - 2, 0))
        return (first, min(first + 1, count - 1), count > 1 ? position - Float(first) : 0)
    }
}
