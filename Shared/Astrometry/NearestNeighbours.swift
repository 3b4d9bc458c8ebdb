public import Sky

/// Points sorted into square cells, for finding the nearest one in constant time.
public struct PointGrid: Sendable {
    private let points: [(x: Double, y: Double)]
    private let cell: Double
    private let origin: (x: Double, y: Double)
    private let columns: Int
    private let rows: Int
    /// `order[start[c] ..< start[c + 1]]` are the points of cell c.
    private let start: [Int]
    private let order: [Int]

    /// - Parameters:
    ///   - points: finite ones are indexed; others are never found.
    ///   - radius: the radius that most searches will use [same unit], > 0.
    public init(_ points: [(x: Double, y: Double)], radius: Double) {
        let usable = points.indices.filter { points[$0].x.isFinite && points[$0].y.isFinite }
        let left = usable.map { points[$0].x }.min() ?? 0
        let right = usable.map { points[$0].x }.max() ?? 0
        let bottom = usable.map { points[$0].y }.min() ?? 0
        let top = usable.map { points[$0].y }.max() ?? 0
        let typical = ((right - left) * (top - bottom) / Double(max(1, usable.count))).squareRoot()
        let side = max(radius, typical, (right - left) / 1000, (top - bottom) / 1000, 1e-12)
        let width = Int((right - left) / side) + 1
        let height = Int((top - bottom) / side) + 1
        let cells = usable.map { Int((points[$0].y - bottom) / side) * width + Int((points[$0].x - left) / side) }
        var start = [Int](repeating: 0, count: width * height + 1)
        for cell in cells { start[cell + 1] += 1 }
        for index in 1..<start.count { start[index] += start[index - 1] }
        var next = start
        var order = [Int](repeating: 0, count: usable.count)
        for (index, cell) in zip(usable, cells) {
            order[next[cell]] = index
            next[cell] += 1
        }
        (self.points, cell, origin, columns, rows) = (points, side, (left, bottom), width, height)
        (self.start, self.order) = (start, order)
    }

    /// Calls `body` with the index and squared distance of every point within `radius`, in order of cell, then index.
    func forEach(x: Double, y: Double, within radius: Double, _ body: (Int, Double) -> Void) {
        guard x.isFinite, y.isFinite, radius >= 0, !order.isEmpty else { return }
        let column = range((x - origin.x - radius) / cell, (x - origin.x + radius) / cell, columns)
        let row = range((y - origin.y - radius) / cell, (y - origin.y + radius) / cell, rows)
        guard let column, let row else { return }
        for line in row {
            for slot in start[line * columns + column.lowerBound]..<start[line * columns + column.upperBound + 1] {
                let point = points[order[slot]]
                let square = (point.x - x) * (point.x - x) + (point.y - y) * (point.y - y)
                if square <= radius * radius { body(order[slot], square) }
            }
        }
    }

    private func range(_ low: Double, _ high: Double, _ count: Int) -> ClosedRange<Int>? {
        guard high >= 0, low < Double(count) else { return nil }
        return Int(max(0, low))...Int(min(Double(count - 1), high))
    }

    /// Index of the nearest point within `radius`; of equally near ones the first.
    public func nearest(x: Double, y: Double, within radius: Double) -> Int? {
        var best: (index: Int, square: Double)?
        forEach(x: x, y: y, within: radius) { index, square in
            if best.map({ square < $0.square || (square == $0.square && index < $0.index) }) ?? true {
                best = (index, square)
            }
        }
        return best?.index
    }
}

/// Matches positions to a catalogue, each entry at most once, the closest pairs first.
///
/// - Parameters:
///   - positions: x and y, in the unit of `radius`.
///   - catalogue: the points to be found.
///   - radius: the largest distance of a pair.
/// - Returns: for each position the index of its catalogue entry, or `nil`.
public func match(
    _ positions: [(x: Double, y: Double)], to catalogue: [(x: Double, y: Double)], radius: Double
) -> [Int?] {
    let grid = PointGrid(catalogue, radius: radius)
    var candidates: [Candidate] = []
    for (index, position) in positions.enumerated() {
        grid.forEach(x: position.x, y: position.y, within: radius) { entry, square in
            candidates.append(Candidate(distance: square, position: index, entry: entry))
        }
    }
    return oneToOne(candidates, positions: positions.count, entries: catalogue.count)
}

/// Matches sky positions to a catalogue, each entry at most once, the closest pairs first.
///
/// - Parameter radiusArcsec: the largest separation of a pair [arcsec].
/// - Returns: for each position the index of its catalogue entry, or `nil`.
public func match(_ positions: [SkyPosition], to catalogue: [SkyPosition], radiusArcsec: Double) -> [Int?] {
    let order = catalogue.indices.sorted { (catalogue[$0].decDegrees, $0) < (catalogue[$1].decDegrees, $1) }
    let declinations = order.map { catalogue[$0].decDegrees }
    let radius = radiusArcsec / 3600
    var candidates: [Candidate] = []
    for (index, position) in positions.enumerated() {
        var slot = lowerBound(declinations, position.decDegrees - radius)
        while slot < order.count, declinations[slot] <= position.decDegrees + radius {
            let separation = position.separationDegrees(from: catalogue[order[slot]])
            if separation <= radius {
                candidates.append(Candidate(distance: separation, position: index, entry: order[slot]))
            }
            slot += 1
        }
    }
    return oneToOne(candidates, positions: positions.count, entries: catalogue.count)
}

private struct Candidate {
    let distance: Double
    let position: Int
    let entry: Int
}

private func oneToOne(_ candidates: [Candidate], positions: Int, entries: Int) -> [Int?] {
    var result = [Int?](repeating: nil, count: positions)
    var isTaken = [Bool](repeating: false, count: entries)
    let sorted = candidates.sorted {
        ($0.distance, $0.position, $0.entry) < ($1.distance, $1.position, $1.entry)
    }
    for candidate in sorted where result[candidate.position] == nil && !isTaken[candidate.entry] {
        result[candidate.position] = candidate.entry
        isTaken[candidate.entry] = true
    }
    return result
}

private func lowerBound(_ sorted: [Double], _ value: Double) -> Int {
    var (low, high) = (0, sorted.count)
    while low < high {
        let middle = (low + high) / 2
        if sorted[middle] < value { low = middle + 1 } else { high = middle }
    }
    return low
}
