internal import Imaging

extension FootprintBand {
    /// Bands that lie below each other, in order, as one.
    ///
    /// - Parameter threads: bands are copied at once; the result does not depend on it.
    init(joining bands: [FootprintBand], threads: Int) {
        self.init(rows: 0..<0)
        let firstRuns = Self.starts(bands.map(\.runs.count))
        let firstValues = Self.starts(bands.map(\.values.count))
        let firstPeaks = Self.starts(bands.map(\.peaks.count))
        values = Self.joined(bands.map(\.values), at: firstValues, threads) { value, _ in value }
        residuals = Self.joined(bands.map(\.residuals), at: firstValues, threads) { value, _ in value }
        runs = Self.joined(bands.map(\.runs), at: firstRuns, threads) { run, band in
            Footprints.Run(y: run.y, start: run.start, end: run.end, value: run.value + Int32(firstValues[band]))
        }
        peaks = Self.joined(bands.map(\.peaks), at: firstPeaks, threads) { peak, band in
            Peak(
                pixel: peak.pixel, run: peak.run + Int32(firstRuns[band]), value: peak.value,
                height: peak.height, surroundings: peak.surroundings)
        }
        forest = RunForest(
            parents: Self.joined(bands.map(\.forest.parents), at: firstRuns, threads) { parent, band in
                parent + Int32(firstRuns[band])
            })
        for index in bands.indices.dropFirst() {
            let (before, band) = (bands[index - 1], bands[index])
            let last = before.runs(ofRow: before.rows.upperBound - 1)
            let first = band.runs(ofRow: band.rows.lowerBound)
            let (offset, own) = (firstRuns[index - 1], firstRuns[index])
            forest.join(
                runs, row: (first.lowerBound + own)..<(first.upperBound + own),
                before: (last.lowerBound + offset)..<(last.upperBound + offset))
        }
    }

    /// Where each part begins, and the end of the last.
    private static func starts(_ counts: [Int]) -> [Int] {
        var starts = [0]
        for count in counts { starts.append(starts[starts.count - 1] + count) }
        return starts
    }

    /// All elements of the parts, changed by `element`, which gets the number of the part too.
    private static func joined<Element: BitwiseCopyable>(
        _ parts: [[Element]], at starts: [Int], _ threads: Int, _ element: (Element, Int) -> Element
    ) -> [Element] {
        [Element](plane: starts[parts.count], threads: threads) { target in
            guard let target = target.baseAddress else { return }
            parallelRows(parts.count, threads: threads) { range in
                for part in range {
                    var place = target + starts[part]
                    for value in parts[part] {
                        place.initialize(to: element(value, part))
                        place += 1
                    }
                }
            }
        }
    }
}
