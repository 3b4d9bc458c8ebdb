/// Groups of pixels above a threshold that touch by sides or corners, with their signal-to-noise ratios.
struct Footprints {
    /// Neighbouring pixels of one row.
    struct Run {
        let y: Int32
        let start: Int32
        /// One past the last.
        let end: Int32
        /// Index of its first pixel in `values`.
        let value: Int32

        var pixels: Range<Int> { Int(start)..<Int(end) }
    }

    /// Ratios at eight places on a circle around a peak.
    struct Surroundings {
        /// The fourth in ascending order.
        let level: Float
        /// The highest that two opposite places reach.
        let ridge: Float
    }

    struct Group {
        let runs: Range<Int>
        /// Local maxima, the first row's first.
        let peaks: Range<Int>
        /// Number of pixels.
        let area: Int
        let peakValue: Float
    }

    let width: Int
    let height: Int
    /// By group, then by row.
    let runs: [Run]
    let values: [Float]
    /// What the filter worked on at the same pixels [e-].
    let residuals: [Float]
    /// y * width + x and the ratio of each local maximum, by group.
    let peakPixels: [Int32]
    let peakValues: [Float]
    let peakSurroundings: [Surroundings]
    /// In the order of their first pixels.
    let groups: [Group]

    func runs(of group: Group) -> ArraySlice<Run> { runs[group.runs] }

    /// Barycentre of a group, weighted by the ratio, and the rectangle around it.
    func sums(of group: Group) -> (x: Double, y: Double, columns: ClosedRange<Int>, rows: ClosedRange<Int>) {
        var (weight, x, y) = (0.0, 0.0, 0.0)
        var (left, right) = (width, 0)
        for run in runs(of: group) {
            left = min(left, Int(run.start))
            right = max(right, Int(run.end) - 1)
            for column in run.pixels {
                let value = Double(values[Int(run.value) + column - Int(run.start)])
                weight += value
                x += value * Double(column)
                y += value * Double(run.y)
            }
        }
        let (top, bottom) = (runs[group.runs.lowerBound].y, runs[group.runs.upperBound - 1].y)
        return (x / weight, y / weight, left...right, Int(top)...Int(bottom))
    }
}

/// Joins runs of pixels to groups, row by row, by union-find.
struct FootprintBuilder: ~Copyable {
    private let width: Int
    private let height: Int
    private var runs: [Footprints.Run] = []
    private var values: [Float] = []
    private var residuals: [Float] = []
    private var parents: [Int32] = []
    private var peaks: [(pixel: Int32, run: Int32, value: Float, surroundings: Footprints.Surroundings)] = []
    /// Of the circle around a peak on which its surroundings are taken [px].
    private let radius: Int
    /// The last rows, as many as that circle is high, between zeros.
    private let recent: UnsafeMutablePointer<Float>
    private let slots: Int
    private let stride: Int
    /// Where the runs of each row begin.
    private var rowStarts: [Int] = [0]

    init(width: Int, height: Int, radius: Int) {
        (self.width, self.height, self.radius) = (width, height, max(1, radius))
        (slots, stride) = (2 * self.radius + 1, width + 2 * self.radius)
        recent = .allocate(capacity: slots * stride)
        recent.initialize(repeating: 0, count: slots * stride)
    }

    deinit { recent.deallocate() }

    private func row(_ y: Int) -> UnsafeMutablePointer<Float> { recent + (y + slots) % slots * stride + radius }

    /// - Parameter count: of stretches in `found`.
    mutating func add(_ y: Int, _ found: borrowing RowThreshold, count: Int, residual: UnsafePointer<Float>) {
        let target = row(y)
        target.update(repeating: 0, count: width)
        for index in 0..<count {
            let (start, end) = (found.starts[index], found.ends[index])
            runs.append(Footprints.Run(y: Int32(y), start: start, end: end, value: Int32(values.count)))
            parents.append(Int32(parents.count))
            let ratios = UnsafeBufferPointer(start: found.ratio + Int(start), count: Int(end - start))
            (target + Int(start)).update(from: found.ratio + Int(start), count: ratios.count)
            values.append(contentsOf: ratios)
            residuals.append(contentsOf: UnsafeBufferPointer(start: residual + Int(start), count: ratios.count))
        }
        rowStarts.append(runs.count)
        join(y)
        if y >= radius { findPeaks(y - radius) }
    }

    private func runs(ofRow y: Int) -> Range<Int> { y < 0 ? 0..<0 : rowStarts[y]..<rowStarts[y + 1] }

    private mutating func join(_ y: Int) {
        let (before, last) = (runs(ofRow: y - 1), runs(ofRow: y))
        var upper = before.lowerBound
        for lower in last {
            while upper < before.upperBound, runs[upper].end < runs[lower].start { upper += 1 }
            var touching = upper
            while touching < before.upperBound, runs[touching].start <= runs[lower].end {
                unite(touching, lower)
                touching += 1
            }
        }
    }

    private mutating func root(_ run: Int) -> Int {
        var run = run
        while Int(parents[run]) != run {
            parents[run] = parents[Int(parents[run])]
            run = Int(parents[run])
        }
        return run
    }

    /// The earlier root stays.
    private mutating func unite(_ first: Int, _ second: Int) {
        let (a, b) = (root(first), root(second))
        if a < b { parents[b] = Int32(a) } else { parents[a] = Int32(b) }
    }

    /// Pixels of row y that are larger than their neighbours; of equal ones the first.
    private mutating func findPeaks(_ y: Int) {
        let (above, here, below) = (row(y - 1), row(y), row(y + 1))
        for run in runs(ofRow: y) {
            for x in runs[run].pixels {
                let value = here[x]
                guard value > here[x - 1], value >= here[x + 1], value > above[x], value >= below[x],
                    value > above[x - 1], value > above[x + 1], value >= below[x - 1], value >= below[x + 1]
                else { continue }
                peaks.append((Int32(y * width + x), Int32(run), value, surroundings(x, y)))
            }
        }
    }

    private func surroundings(_ x: Int, _ y: Int) -> Footprints.Surroundings {
        let diagonal = (radius * 5 + 3) / 7
        let (top, upper, here) = (row(y - radius), row(y - diagonal), row(y))
        let (lower, bottom) = (row(y + diagonal), row(y + radius))
        let ahead = max(min(top[x], bottom[x]), min(here[x - radius], here[x + radius]))
        let aslant = max(
            min(upper[x - diagonal], lower[x + diagonal]), min(upper[x + diagonal], lower[x - diagonal]))
        let ridge = max(ahead, aslant)
        let values: InlineArray<8, Float> = [
            top[x], bottom[x], here[x - radius], here[x + radius], upper[x - diagonal], upper[x + diagonal],
            lower[x - diagonal], lower[x + diagonal],
        ]
        for i in values.indices {
            var (smaller, equal) = (0, 0)
            for j in values.indices {
                smaller += values[j] < values[i] ? 1 : 0
                equal += values[j] == values[i] ? 1 : 0
            }
            if smaller <= 3, smaller + equal > 3 {
                return Footprints.Surroundings(level: values[i], ridge: ridge)
            }
        }
        return Footprints.Surroundings(level: ridge, ridge: ridge)
    }

    consuming func finish() -> Footprints {
        for y in height..<(height + radius) {
            row(y).update(repeating: 0, count: width)
            if y >= radius { findPeaks(y - radius) }
        }
        var groupOfRun = [Int](repeating: -1, count: runs.count)
        var runCounts: [Int] = []
        for run in runs.indices {
            let root = root(run)
            if root == run {
                groupOfRun[run] = runCounts.count
                runCounts.append(0)
            } else {
                groupOfRun[run] = groupOfRun[root]
            }
            runCounts[groupOfRun[run]] += 1
        }
        var peakCounts = [Int](repeating: 0, count: runCounts.count)
        for peak in peaks { peakCounts[groupOfRun[Int(peak.run)]] += 1 }
        let orderedRuns = Self.sorted(runs, counts: runCounts) { groupOfRun[$0] }
        let orderedPeaks = Self.sorted(peaks, counts: peakCounts) { groupOfRun[Int(peaks[$0].run)] }
        var (runStart, peakStart) = (0, 0)
        let groups = runCounts.indices.map { group -> Footprints.Group in
            let (ofRuns, ofPeaks) = (
                runStart..<(runStart + runCounts[group]), peakStart..<(peakStart + peakCounts[group])
            )
            (runStart, peakStart) = (ofRuns.upperBound, ofPeaks.upperBound)
            return Footprints.Group(
                runs: ofRuns, peaks: ofPeaks, area: orderedRuns[ofRuns].reduce(0) { $0 + Int($1.end - $1.start) },
                peakValue: orderedPeaks[ofPeaks].reduce(0) { max($0, $1.value) })
        }
        return Footprints(
            width: width, height: height, runs: orderedRuns, values: values, residuals: residuals,
            peakPixels: orderedPeaks.map(\.pixel),
            peakValues: orderedPeaks.map(\.value), peakSurroundings: orderedPeaks.map(\.surroundings), groups: groups)
    }

    /// By group, without changing the order within one.
    private static func sorted<Element>(
        _ elements: [Element], counts: [Int], group: (Int) -> Int
    ) -> [Element] {
        guard let first = elements.first else { return [] }
        var next: [Int] = []
        next.reserveCapacity(counts.count)
        var start = 0
        for count in counts {
            next.append(start)
            start += count
        }
        var ordered = [Element](repeating: first, count: elements.count)
        for index in elements.indices {
            let place = group(index)
            ordered[next[place]] = elements[index]
            next[place] += 1
        }
        return ordered
    }
}
