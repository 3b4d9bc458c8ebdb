internal import CKernels
internal import Detection
internal import Foundation
internal import Imaging
internal import LinearAlgebra
internal import Statistics

/// Flat pixel buffers of a stamp: rows padded to a multiple of 16 values, pixels beyond the frame without weight.
struct StampLayout: Equatable {
    /// Pixels from the central one to the edge: 7, 15, 23 ..., so that rows fill whole vectors.
    let half: Int
    var side: Int { 2 * half + 1 }
    var stride: Int { (side + 15) / 16 * 16 }
    var count: Int { side * stride }

    /// The smallest layout that reaches `radius`, within a table.
    init(radius: Double, table: SplineTable) {
        let wanted = radius.isFinite ? min(max(radius, 1), 1000) : 1000
        let steps = Int(((wanted - 7) / 8).rounded(.up))
        half = min(7 + 8 * max(steps, 0), table.radius)
    }
}

/// A star from which the model is made, and what its fit found last.
struct ModelStar {
    /// Index among the sources.
    let source: Int
    var x: Double
    var y: Double
    var flux: Double
    /// Constant below the star [e-/px].
    var sky = 0.0
    /// The pixel in the middle of its stamp.
    let column: Int
    let row: Int
    /// The star's own second-order view of the shape: chi^2(d) = chi^2 - 2 g d + d H d, d the shape's change.
    var gradient = [Double](repeating: 0, count: MoffatShape.count)
    var curvature = [Double](repeating: 0, count: MoffatShape.count * MoffatShape.count)
    /// What the flux, place and sky do for a step of the shape.
    var pending: (matrix: CholeskyFactor, right: [Double], mixed: [Double])?
    var chiSquared = 0.0
    var degrees = 0.0
    var isUsed = true
    /// Its number in the fit that took all stars out of the planes.
    var fitted: Int?

    init(source: Int, x: Double, y: Double, flux: Double) {
        (self.source, self.x, self.y, self.flux) = (source, x, y, flux)
        (column, row) = (Int(x.rounded()), Int(y.rounded()))
    }

    /// How much chi^2 would fall if the star had a shape of its own.
    var misfit: Double {
        guard let solver = CholeskyFactor(curvature, order: MoffatShape.count) else { return .infinity }
        return zip(solver.solve(gradient), gradient).reduce(0) { $0 + $1.0 * $1.1 }
    }
}

extension Detections {
    /// Sources that may serve for the model, brightest first, spread over the frame: whole, single, neither saturated
    /// nor masked, significant, as wide and as round as most, and without a neighbour of a tenth of their light
    /// within 3 FWHM.
    func modelStars(fwhmPixels: Double, limit: Int) -> [Int] {
        let spoiled: SourceFlags = [.saturated, .edge, .masked, .sharp, .centroidFailed, .shapeFailed, .blended]
        for smallest in [40.0, 20, 10] {
            let clean = sources.indices.filter { index in
                let source = sources[index]
                return source.flags.isDisjoint(with: spoiled) && source.significance >= smallest
                    && source.fwhmPixels.isFinite && source.isophotalFlux > 0
            }
            let widths = clean.map { sources[$0].fwhmPixels }
            let typical = RobustStatistics.median(widths) ?? fwhmPixels
            let scatter = RobustStatistics.sigma(widths, about: typical) ?? 0
            let width = max(5 * scatter, 0.1 * typical)
            let neighbours = NeighbourGrid(sources.map { ($0.x, $0.y) }, cell: 3 * fwhmPixels)
            let chosen = clean.filter { index in
                abs(sources[index].fwhmPixels - typical) <= min(width, 0.4 * typical)
                    && !neighbours.near(index, within: 3 * fwhmPixels).contains {
                        !(sources[$0].isophotalFlux < 0.1 * sources[index].isophotalFlux)
                    }
            }
            if chosen.count >= 30 || smallest == 10 { return spread(chosen, limit: limit) }
        }
        return []
    }

    /// The brightest of each of 8 x 8 parts of the frame in turn.
    private func spread(_ indices: [Int], limit: Int) -> [Int] {
        let ranked = indices.sorted {
            (sources[$1].significance, $0) < (sources[$0].significance, $1)
        }
        var taken = [Int](repeating: 0, count: 64)
        let rounds = ranked.enumerated().map { rank, index -> (round: Int, rank: Int) in
            let column = min(max(Int(sources[index].x) * 8 / frame.width, 0), 7)
            let row = min(max(Int(sources[index].y) * 8 / frame.height, 0), 7)
            taken[row * 8 + column] += 1
            return (taken[row * 8 + column], rank)
        }
        return rounds.sorted { $0 < $1 }.prefix(limit).map { ranked[$0.rank] }
    }
}

/// Points in square cells, to find neighbours.
package struct NeighbourGrid {
    private let points: [(x: Double, y: Double)]
    private let cell: Double
    private let columns: Int
    private let rows: Int
    /// Where the points of each cell begin in `order`.
    private let starts: [Int]
    private let order: [Int]

    package init(_ points: [(x: Double, y: Double)], cell: Double) {
        self.points = points
        let finite = points.filter { $0.x.isFinite && $0.y.isFinite }
        let extent = finite.reduce(1.0) { max($0, $1.x, $1.y) }
        let cell = max(cell, extent / 2000)
        self.cell = cell
        let size = Int(extent / cell) + 1
        (columns, rows) = (size, size)
        let homes = points.map { point -> Int in
            guard point.x.isFinite, point.y.isFinite else { return 0 }
            func place(_ value: Double) -> Int { Int(min(max(value / cell, 0), Double(size - 1))) }
            return place(point.y) * size + place(point.x)
        }
        var starts = [Int](repeating: 0, count: size * size + 1)
        for home in homes { starts[home + 1] += 1 }
        for home in 0..<(size * size) { starts[home + 1] += starts[home] }
        var next = starts
        var order = [Int](repeating: 0, count: points.count)
        for (index, home) in homes.enumerated() {
            order[next[home]] = index
            next[home] += 1
        }
        (self.starts, self.order) = (starts, order)
    }

    /// Other points nearer than a distance, by cell and index.
    func near(_ index: Int, within distance: Double) -> [Int] {
        near(x: points[index].x, y: points[index].y, within: distance).filter { $0 != index }
    }

    package func near(x: Double, y: Double, within distance: Double) -> [Int] {
        guard x.isFinite, y.isFinite, abs(x) < 1e9, abs(y) < 1e9 else { return [] }
        func cells(_ place: Double, _ size: Int) -> ClosedRange<Int> {
            let low = min(max(Int((place - distance) / cell), 0), size - 1)
            return low...max(low, min(max(Int((place + distance) / cell), 0), size - 1))
        }
        var found: [Int] = []
        for row in cells(y, rows) {
            for column in cells(x, columns) {
                for slot in starts[row * columns + column]..<starts[row * columns + column + 1] {
                    let (dx, dy) = (points[order[slot]].x - x, points[order[slot]].y - y)
                    if dx * dx + dy * dy < distance * distance { found.append(order[slot]) }
                }
            }
        }
        return found
    }
}
