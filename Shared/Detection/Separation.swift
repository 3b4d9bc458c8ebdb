internal import Imaging

/// Which source each pixel of a frame belongs to.
struct Separation {
    /// 1 + index of the source that owns a pixel; any value where the frame's marks say that none does.
    var labels: [Int32] = []
    /// For each source, whether its group holds others.
    var isBlended: [Bool] = []
    /// For each source, the height of its highest peak between pixels.
    var significances: [Float] = []
    /// Groups that hold sources: the index of the first and their number.
    var parts: [(group: Int, first: Int, count: Int)] = []

    /// Room for the labels of a frame, which serves as scratch memory for the first look as well: memory that has been
    /// used is faster than fresh one.
    static func plane(_ frame: CalibratedFrame, threads: Int) -> [Int32] {
        let bytes = BinnedFrame.scratchBytes(frame)
        return [Int32](plane: max(frame.signal.pixels.count, (bytes + 3) / 4), threads: threads) { _ in }
    }

    /// - Parameters:
    ///   - frame: its pixels that sources own are marked.
    ///   - labels: made by `plane`.
    init(
        _ footprints: Footprints, _ frame: inout MeasurableFrame, _ parameters: DetectionParameters, smoothing: Double,
        labels room: consuming [Int32]
    ) {
        let threshold = Float(parameters.threshold)
        let chosen = footprints.groups.indices.filter {
            footprints.groups[$0].peakHeight >= threshold && footprints.groups[$0].area >= parameters.minimumArea
        }
        let threads = parameters.threads
        let width = footprints.width
        room.removeLast(room.count - width * footprints.height)
        room.withUnsafeMutableBufferPointer { labels in
            guard let labels = labels.baseAddress else { return }
            let counts = Self.separate(chosen, footprints, &frame, parameters, smoothing: smoothing, labels)
            for (group, count) in zip(chosen, counts) {
                parts.append((group, isBlended.count, count))
                isBlended.append(contentsOf: repeatElement(count > 1, count: count))
            }
            significances = Self.number(
                parts, isBlended.count, footprints, labels, &frame.marks, threads: threads)
        }
        labels = room
    }

    /// Gives the pixels of all parts their sources' numbers and marks them; the highest peak of each source.
    private static func number(
        _ parts: [(group: Int, first: Int, count: Int)], _ sources: Int, _ footprints: Footprints,
        _ labels: UnsafeMutablePointer<Int32>, _ marks: inout [UInt8], threads: Int
    ) -> [Float] {
        var significances = [Float](repeating: 0, count: sources)
        marks.withUnsafeMutableBufferPointer { marks in
            guard let marks = marks.baseAddress else { return }
            significances.withUnsafeMutableBufferPointer { significances in
                parallelRows(parts.count, threads: threads) { range in
                    for part in parts[range] {
                        number(part, footprints, labels, marks)
                        for peak in footprints.groups[part.group].peaks {
                            let source = Int(labels[Int(footprints.peakPixels[peak])]) - 1
                            significances[source] = max(significances[source], footprints.peakHeights[peak])
                        }
                    }
                }
            }
        }
        return significances
    }

    /// How many sources each group holds. Pixels of groups with several peaks get the numbers 1, 2 and so on within
    /// their group, all others none.
    private static func separate(
        _ chosen: [Int], _ footprints: Footprints, _ frame: inout MeasurableFrame,
        _ parameters: DetectionParameters, smoothing: Double, _ labels: UnsafeMutablePointer<Int32>
    ) -> [Int] {
        var counts = [Int](repeating: 1, count: chosen.count)
        let variance = frame.variance
        frame.marks.withUnsafeMutableBufferPointer { marks in
            guard let marks = marks.baseAddress else { return }
            let owned = PeakTree.Pixels(labels: labels, marks: marks)
            counts.withUnsafeMutableBufferPointer { counts in
                parallelRows(chosen.count, threads: parameters.threads) { range in
                    for index in range {
                        let group = footprints.groups[chosen[index]]
                        guard group.peaks.count > 1 else { continue }
                        let peak = Int(footprints.peakPixels[group.peaks.lowerBound])
                        let noise = parameters.gainKnown ? variance[peak].squareRoot() * Float(smoothing) : 0
                        let rules = PeakTree.Rules(
                            threshold: Float(parameters.threshold), contrast: Float(parameters.deblendContrast),
                            noisePerRatio: noise > 0 ? 1 / noise : 0)
                        counts[index] = PeakTree.separate(group, of: footprints, rules, owned, first: 1)
                    }
                }
            }
        }
        return counts
    }

    /// Makes numbers within a group into those of the frame, and marks their pixels as owned.
    private static func number(
        _ part: (group: Int, first: Int, count: Int), _ footprints: Footprints, _ labels: UnsafeMutablePointer<Int32>,
        _ marks: UnsafeMutablePointer<UInt8>
    ) {
        let group = footprints.groups[part.group]
        let isSingle = group.peaks.count == 1
        for run in footprints.runs(of: group) {
            let row = labels + Int(run.y) * footprints.width
            let ofRow = marks + Int(run.y) * footprints.width
            for x in run.pixels { ofRow[x] |= PixelMarks.owned }
            for x in run.pixels { row[x] = isSingle ? Int32(part.first + 1) : row[x] + Int32(part.first) }
        }
    }
}
