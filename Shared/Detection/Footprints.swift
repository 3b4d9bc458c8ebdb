internal import Imaging

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
    /// What the filter worked on at the same pixels [e-]; empty where it took the sky off itself.
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
    /// - Parameter threads: that share the work; the result does not depend on it.
    init(joining bands: [FootprintBand], width: Int, height: Int, threads: Int = 1) {
        let joined = JoinedBands(bands, threads: threads)
        let (runs, peaks) = joined.ordered(threads: threads)
        let groups = parallelValues(joined.groupCount, threads: threads) { group -> Footprints.Group in
            let (ofRuns, ofPeaks) = (runs.range(group), peaks.range(group))
            var (area, value, height) = (0, Float(0), Float(0))
            for run in runs.elements[ofRuns] { area += Int(run.end - run.start) }
            for peak in peaks.elements[ofPeaks] { (value, height) = (max(value, peak.value), max(height, peak.height)) }
            return Footprints.Group(runs: ofRuns, peaks: ofPeaks, area: area, peakValue: value, peakHeight: height)
        }
        func map<Value>(_ value: (FootprintBand.Peak) -> Value) -> [Value] {
            parallelValues(peaks.elements.count, threads: threads) { value(peaks.elements[$0]) }
        }
        self.init(
            width: width, height: height, runs: runs.elements, values: joined.values(\.values, threads: threads),
            residuals: joined.values(\.residuals, threads: threads), peakPixels: map { $0.pixel },
            peakValues: map { $0.value }, peakHeights: map { $0.height }, peakSurroundings: map { $0.surroundings },
            groups: groups)
    }
}
