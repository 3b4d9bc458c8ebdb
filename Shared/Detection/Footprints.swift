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
        /// Of the highest peak between pixels.
        let peakHeight: Float
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
    /// The same between pixels.
    let peakHeights: [Float]
    let peakSurroundings: [Surroundings]
    /// In the order of their first pixels.
    let groups: [Group]

    func runs(of group: Group) -> ArraySlice<Run> { runs[group.runs] }

    /// First and last row of a group.
    func rows(of group: Group) -> (first: Int, last: Int) {
        (Int(runs[group.runs.lowerBound].y), Int(runs[group.runs.upperBound - 1].y))
    }

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
        let rows = rows(of: group)
        return (x / weight, y / weight, left...right, rows.first...rows.last)
    }
}

extension Footprints {
    /// The groups of a frame from its bands, in order: the same however the frame was cut.
    ///
    /// - Parameter threads: bands are put together at once; the result does not depend on it.
    init(joining bands: consuming [FootprintBand], width: Int, height: Int, threads: Int = 1) {
        let whole = bands.count == 1 ? bands.removeLast() : FootprintBand(joining: bands, threads: threads)
        self.init(consume whole, width: width, height: height)
    }

    private init(_ band: consuming FootprintBand, width: Int, height: Int) {
        var (groupOfRun, runCounts) = ([Int](repeating: -1, count: band.runs.count), [Int]())
        for run in band.runs.indices {
            let root = band.forest.root(run)
            if root == run {
                groupOfRun[run] = runCounts.count
                runCounts.append(0)
            } else {
                groupOfRun[run] = groupOfRun[root]
            }
            runCounts[groupOfRun[run]] += 1
        }
        var peakCounts = [Int](repeating: 0, count: runCounts.count)
        for peak in band.peaks { peakCounts[groupOfRun[Int(peak.run)]] += 1 }
        let orderedRuns = Self.sorted(band.runs, counts: runCounts) { groupOfRun[$0] }
        let peaks = band.peaks
        let orderedPeaks = Self.sorted(peaks, counts: peakCounts) { groupOfRun[Int(peaks[$0].run)] }
        var (runStart, peakStart) = (0, 0)
        let groups = runCounts.indices.map { group -> Footprints.Group in
            let (ofRuns, ofPeaks) = (
                runStart..<(runStart + runCounts[group]), peakStart..<(peakStart + peakCounts[group])
            )
            (runStart, peakStart) = (ofRuns.upperBound, ofPeaks.upperBound)
            return Footprints.Group(
                runs: ofRuns, peaks: ofPeaks, area: orderedRuns[ofRuns].reduce(0) { $0 + Int($1.end - $1.start) },
                peakValue: orderedPeaks[ofPeaks].reduce(0) { max($0, $1.value) },
                peakHeight: orderedPeaks[ofPeaks].reduce(0) { max($0, $1.height) })
        }
        self.init(
            width: width, height: height, runs: orderedRuns, values: band.values, residuals: band.residuals,
            peakPixels: orderedPeaks.map(\.pixel),
            peakValues: orderedPeaks.map(\.value), peakHeights: orderedPeaks.map(\.height),
            peakSurroundings: orderedPeaks.map(\.surroundings), groups: groups)
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
