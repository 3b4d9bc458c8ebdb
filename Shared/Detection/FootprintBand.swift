internal import CKernels

/// Runs of pixels that stand out in a band of rows, and the peaks among them, joined to groups within the band.
struct FootprintBand {
    /// A local maximum.
    struct Peak {
        /// y * width + x
        let pixel: Int32
        var run: Int32
        let value: Float
        /// Of the parabolas through the pixel and its neighbours along x and y.
        let height: Float
        let surroundings: Footprints.Surroundings
    }

    let rows: Range<Int>
    /// By row, then by column; so are `values` and `residuals`, of which there are none without residuals.
    var runs: [Footprints.Run] = []
    var values: [Float] = []
    var residuals: [Float] = []
    var forest = RunForest()
    var peaks: [Peak] = []
    /// Where the runs of each row begin, and the end.
    var rowStarts: [Int] = [0]

    init(rows: Range<Int>) { self.rows = rows }

    func runs(ofRow y: Int) -> Range<Int> {
        rows.contains(y) ? rowStarts[y - rows.lowerBound]..<rowStarts[y - rows.lowerBound + 1] : 0..<0
    }
}

/// Which runs touch each other, by union-find: the root of a group is its first run.
struct RunForest {
    private(set) var parents: [Int32]

    /// - Parameter parents: of runs that are joined already.
    init(parents: [Int32] = []) { self.parents = parents }

    mutating func append() { parents.append(Int32(parents.count)) }

    mutating func root(_ run: Int) -> Int {
        var run = run
        while Int(parents[run]) != run {
            parents[run] = parents[Int(parents[run])]
            run = Int(parents[run])
        }
        return run
    }

    private mutating func unite(_ first: Int, _ second: Int) {
        let (a, b) = (root(first), root(second))
        if a < b { parents[b] = Int32(a) } else { parents[a] = Int32(b) }
    }

    /// Joins the runs of a row with those of the row before that they touch by sides or corners.
    ///
    /// - Parameter shift: of a run's number in the forest against its place in `runs`.
    mutating func join(_ runs: [Footprints.Run], row: Range<Int>, before: Range<Int>, shift: Int = 0) {
        var upper = before.lowerBound
        for lower in row {
            while upper < before.upperBound, runs[upper].end < runs[lower].start { upper += 1 }
            var touching = upper
            while touching < before.upperBound, runs[touching].start <= runs[lower].end {
                unite(touching + shift, lower + shift)
                touching += 1
            }
        }
    }
}

/// Makes a band of rows that come one after the other: those of the band itself, and as many around them as the
/// surroundings of a peak reach.
struct FootprintBandBuilder: ~Copyable {
    private let width: Int
    private var band: FootprintBand
    /// Of the circle around a peak on which its surroundings are taken [px].
    private let radius: Int
    /// Pixels below it are not known.
    private let threshold: Float
    /// The last rows, as many as that circle is high, between zeros.
    private let recent: UnsafeMutablePointer<Float>
    /// Room for the maxima of a run, and for the pixels of all runs of a row.
    private let places: UnsafeMutablePointer<Int32>
    private let packed: UnsafeMutablePointer<Float>
    private let slots: Int
    private let stride: Int

    /// - Parameter expected: number of pixels that room is made for.
    init(width: Int, rows: Range<Int>, radius: Int, threshold: Double, expected: Int) {
        (self.width, self.radius, self.threshold) = (width, radius, Float(threshold))
        band = FootprintBand(rows: rows)
        band.values.reserveCapacity(expected)
        (slots, stride) = (2 * radius + 1, width + 2 * radius)
        // Kernels read beyond the last row's end.
        recent = .allocate(capacity: slots * stride + 16)
        recent.initialize(repeating: 0, count: slots * stride + 16)
        places = .allocate(capacity: width / 2 + 1)
        packed = .allocate(capacity: width + 8)
    }

    deinit {
        recent.deallocate()
        places.deallocate()
        packed.deallocate()
    }

    private func row(_ y: Int) -> UnsafeMutablePointer<Float> { recent + (y + slots) % slots * stride + radius }

    /// - Parameters:
    ///   - count: of stretches in `found`.
    ///   - residual: of the row; nil keeps none.
    mutating func add(_ y: Int, _ found: borrowing RowThreshold, count: Int, residual: UnsafePointer<Float>?) {
        let target = row(y)
        target.update(repeating: 0, count: width)
        kernel_place_runs(target, found.ratio, found.starts, found.ends, count)
        if band.rows.contains(y) {
            var value = Int32(band.values.count)
            for index in 0..<count {
                let (start, end) = (found.starts[index], found.ends[index])
                band.runs.append(Footprints.Run(y: Int32(y), start: start, end: end, value: value))
                band.forest.append()
                value += end - start
            }
            band.values.append(contentsOf: pack(found.ratio, found, count))
            if let residual { band.residuals.append(contentsOf: pack(residual, found, count)) }
            band.rowStarts.append(band.runs.count)
            band.forest.join(band.runs, row: band.runs(ofRow: y), before: band.runs(ofRow: y - 1))
        }
        findPeaks(y - radius)
    }

    /// The pixels of a row's stretches, one after the other; good until the next row's.
    private func pack(
        _ row: UnsafePointer<Float>, _ found: borrowing RowThreshold, _ count: Int
    ) -> UnsafeBufferPointer<Float> {
        let used = kernel_pack_runs(packed, row, found.starts, found.ends, count, width)
        return UnsafeBufferPointer(start: packed, count: used)
    }

    /// Pixels of row y that are larger than their neighbours; of equal ones the first.
    private mutating func findPeaks(_ y: Int) {
        let (above, here, below) = (row(y - 1), row(y), row(y + 1))
        for run in band.runs(ofRow: y) {
            let pixels = band.runs[run].pixels
            let start = pixels.lowerBound
            let count = kernel_peaks(places, above + start, here + start, below + start, pixels.count)
            for index in 0..<count {
                let x = start + Int(places[index])
                let value = here[x]
                band.peaks.append(
                    FootprintBand.Peak(
                        pixel: Int32(y * width + x), run: Int32(run), value: value,
                        height: value + rise(here[x - 1], value, here[x + 1]) + rise(above[x], value, below[x]),
                        surroundings: surroundings(x, y)))
            }
        }
    }

    /// How far the parabola through a peak p and its neighbours l, r along one axis rises above the peak:
    ///
    ///     (r - l)^2 / (8 (2 p - l - r))
    ///
    /// In white noise the greatest ratio over all places, between pixels too, is the generalised likelihood ratio of a
    /// star whose place is not known (docs/decisions/0031-detection.md). A neighbour that is not known counts as what
    /// it is at most, which makes the rise smaller.
    private func rise(_ before: Float, _ peak: Float, _ after: Float) -> Float {
        let (left, right) = (max(before, threshold), max(after, threshold))
        let fall = (peak - left) + (peak - right)
        return fall > 0 ? (right - left) * (right - left) / (8 * fall) : 0
    }

    private func surroundings(_ x: Int, _ y: Int) -> Footprints.Surroundings {
        let diagonal = (radius * 5 + 3) / 7
        let (top, upper, here) = (row(y - radius), row(y - diagonal), row(y))
        let (lower, bottom) = (row(y + diagonal), row(y + radius))
        let ahead = max(min(top[x], bottom[x]), min(here[x - radius], here[x + radius]))
        let aslant = max(
            min(upper[x - diagonal], lower[x + diagonal]), min(upper[x + diagonal], lower[x - diagonal]))
        let ridge = max(ahead, aslant)
        let level = Self.fourthSmallest(
            top[x], bottom[x], here[x - radius], here[x + radius], upper[x - diagonal], upper[x + diagonal],
            lower[x - diagonal], lower[x + diagonal])
        return Footprints.Surroundings(level: level, ridge: ridge)
    }

    /// Of eight: two sorted fours are merged as far as the fourth.
    @inline(__always)
    private static func fourthSmallest(
        _ a: Float, _ b: Float, _ c: Float, _ d: Float, _ e: Float, _ f: Float, _ g: Float, _ h: Float
    ) -> Float {
        let (p, q) = (sorted(a, b, c, d), sorted(e, f, g, h))
        // The larger of the smaller four: of each pair that a merge compares, the smaller one is among them.
        return max(max(min(p.0, q.3), min(p.1, q.2)), max(min(p.2, q.1), min(p.3, q.0)))
    }

    /// In ascending order.
    @inline(__always)
    private static func sorted(
        _ a: Float, _ b: Float, _ c: Float, _ d: Float
    ) -> (Float, Float, Float, Float) {
        let (low, lower, high, higher) = (min(a, b), min(c, d), max(a, b), max(c, d))
        let (second, third) = (max(low, lower), min(high, higher))
        return (min(low, lower), min(second, third), max(second, third), max(high, higher))
    }

    /// - Parameter added: one past the last row that was added: what the band's last peaks need beyond it is outside
    ///   the frame.
    consuming func finish(after added: Int) -> FootprintBand {
        for y in added..<max(added, band.rows.upperBound + radius) {
            row(y).update(repeating: 0, count: width)
            findPeaks(y - radius)
        }
        return band
    }
}
