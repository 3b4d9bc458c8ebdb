internal import CKernels
internal import Imaging

/// Which source each pixel of a frame belongs to.
struct Separation {
    let owners: PixelOwners
    /// For each source, whether its group holds others.
    var isBlended: [Bool] = []
    /// For each source, the height of its highest peak between pixels.
    var significances: [Float] = []
    /// Groups that hold sources: the index of the first and their number.
    var parts: [Part] = []

    struct Part {
        let group: Int
        let first: Int
        let count: Int
    }

    /// - Parameter frame: its pixels that sources own are marked.
    init(
        _ footprints: Footprints, _ frame: inout MeasurableFrame, _ parameters: DetectionParameters, smoothing: Double
    ) {
        let threshold = Float(parameters.threshold)
        let chosen = footprints.groups.indices.filter {
            footprints.groups[$0].peakHeight >= threshold && footprints.groups[$0].area >= parameters.minimumArea
        }
        var owners = PixelOwners(footprints.runs, width: footprints.width, height: footprints.height)
        let counts = owners.withMutableNumbers { numbers in
            Self.separate(chosen, footprints, frame, parameters, smoothing: smoothing, numbers)
        }
        for (group, count) in zip(chosen, counts) {
            parts.append(Part(group: group, first: isBlended.count, count: count))
            isBlended.append(contentsOf: repeatElement(count > 1, count: count))
        }
        let parts = parts
        owners.withMutableNumbers { numbers in
            Self.number(parts, footprints, numbers, &frame.marks, threads: parameters.threads)
        }
        self.owners = owners
        significances = highestPeaks(footprints)
    }

    /// How many sources each group holds. Pixels of groups with several peaks get the numbers 1, 2 and so on within
    /// their group, all others none.
    private static func separate(
        _ chosen: [Int], _ footprints: Footprints, _ frame: MeasurableFrame, _ parameters: DetectionParameters,
        smoothing: Double, _ numbers: UnsafeMutablePointer<Int32>
    ) -> [Int] {
        var counts = [Int](repeating: 1, count: chosen.count)
        counts.withUnsafeMutableBufferPointer { counts in
            parallelRows(chosen.count, threads: parameters.threads) { range in
                var room = PeakTree.Room()
                for index in range {
                    let group = footprints.groups[chosen[index]]
                    guard group.peaks.count > 1 else { continue }
                    let peak = Int(footprints.peakPixels[group.peaks.lowerBound])
                    let noise = parameters.gainKnown ? frame.variance[peak].squareRoot() * Float(smoothing) : 0
                    let rules = PeakTree.Rules(
                        threshold: Float(parameters.threshold), contrast: Float(parameters.deblendContrast),
                        noisePerRatio: noise > 0 ? 1 / noise : 0)
                    counts[index] = PeakTree.separate(group, of: footprints, rules, numbers, in: &room)
                }
            }
        }
        return counts
    }

    /// Makes numbers within the groups into those of the frame, and marks their pixels as owned.
    private static func number(
        _ parts: [Part], _ footprints: Footprints, _ numbers: UnsafeMutablePointer<Int32>, _ marks: inout [UInt8],
        threads: Int
    ) {
        marks.withUnsafeMutableBufferPointer { marks in
            guard let marks = marks.baseAddress else { return }
            parallelRows(parts.count, threads: threads) { range in
                for index in range {
                    let part = parts[index]
                    // Its rows lie far apart in memory.
                    if index + 1 < range.upperBound {
                        for run in footprints.runs(of: footprints.groups[parts[index + 1].group]).prefix(32) {
                            kernel_prefetch(marks + Int(run.y) * footprints.width + Int(run.start))
                        }
                    }
                    for run in footprints.runs(of: footprints.groups[part.group]) {
                        let (own, before) = (numbers + Int(run.value), Int32(part.first))
                        for place in 0..<run.pixels.count {
                            own[place] = part.count == 1 ? before + 1 : own[place] + before
                        }
                        let row = marks + Int(run.y) * footprints.width
                        for x in run.pixels { row[x] |= PixelMarks.owned }
                    }
                }
            }
        }
    }

    private func highestPeaks(_ footprints: Footprints) -> [Float] {
        var heights = [Float](repeating: 0, count: isBlended.count)
        for part in parts {
            for peak in footprints.groups[part.group].peaks {
                let pixel = Int(footprints.peakPixels[peak])
                let (row, column) = pixel.quotientAndRemainder(dividingBy: footprints.width)
                let source = part.count == 1 ? part.first : Int(owners.number(column: column, row: row)) - 1
                heights[source] = max(heights[source], footprints.peakHeights[peak])
            }
        }
        return heights
    }
}
