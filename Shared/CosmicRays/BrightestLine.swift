internal import Statistics

/// A line of bins that stands out.
struct LineCandidate {
    /// In pixels of the frame.
    let line: Line
    /// Scatters of the sums of all lines above their median.
    let significance: Double
}

extension BinnedResidual {
    /// The most significant line in any direction, of an eighth of the frame's longer side at least.
    ///
    /// A line's S/N is its sum over the root of its number of bins; its significance how far that lies above the
    /// median of all lines of the kind (lay and rows of a block), in units of their scatter by the median absolute
    /// deviation and of at least 1: noise that is correlated, or a sky that is not flat, raises the bar.
    func brightestLine() -> LineCandidate? {
        var best: LineCandidate?
        for lay in Lay.allCases {
            let image = lay.image(values, width: width, height: height)
            let weight = lay.image(weights, width: width, height: height)
            var sums = LineSums(image.values, width: image.width, height: image.height)
            var counts = LineSums(weight.values, width: image.width, height: image.height)
            let least = max(16, sums.rows / 8)
            while !sums.isComplete {
                sums.join()
                counts.join()
                guard sums.blockRows >= least else { continue }
                if let found = greatest(sums, counts, lay), found.significance > best?.significance ?? 0 {
                    best = found
                }
            }
        }
        return best
    }

    private func greatest(_ sums: LineSums, _ counts: LineSums, _ lay: Lay) -> LineCandidate? {
        let enough = Float(sums.blockRows) / 2
        var greatest: Float = -.infinity
        var place = 0
        var sample: [Float] = []
        var visited = 0
        sums.sums.withUnsafeBufferPointer { sums in
            counts.sums.withUnsafeBufferPointer { counts in
                // The square of the greatest ratio so far, with its sign.
                var best = -Float.infinity
                for index in sums.indices where counts[index] >= enough {
                    let (sum, count) = (sums[index], counts[index])
                    if sum * abs(sum) > best * count {
                        (greatest, place) = (sum / count.squareRoot(), index)
                        best = sum * abs(sum) / count
                    }
                    if visited == 0 { sample.append(sum / count.squareRoot()) }
                    visited = visited == 60 ? 0 : visited + 1
                }
            }
        }
        guard sample.count > 20, let median = RobustStatistics.upperMedian(sample),
            let deviation = RobustStatistics.upperMedian(sample.map { abs($0 - median) })
        else { return nil }
        let scatter = max(1.4826 * deviation, 1)
        let row = place / sums.stride
        let (block, shift) = (row / sums.blockRows, row % sums.blockRows)
        let x = Double(place % sums.stride - sums.margin)
        let first = Double(block * sums.blockRows)
        let start = pixel(lay.place(x, first, width: width, height: height))
        let end = pixel(lay.place(x + Double(shift), first + Double(sums.blockRows - 1), width: width, height: height))
        return LineCandidate(
            line: Line(start.x, start.y, end.x, end.y), significance: Double((greatest - median) / scatter))
    }

    /// The middle of a bin in pixels of the frame.
    private func pixel(_ bin: (x: Double, y: Double)) -> (x: Double, y: Double) {
        ((bin.x + 0.5) * Double(side) - 0.5, (bin.y + 0.5) * Double(side) - 0.5)
    }
}
