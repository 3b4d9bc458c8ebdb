internal import Imaging

/// Bands that lie below each other, in order, whose groups are joined across their borders.
struct JoinedBands {
    private let bands: [FootprintBand]
    /// Number of each band's first run and first value among all, and how many there are.
    private let firstRuns: [Int]
    private let firstValues: [Int]
    /// Of each run; groups are numbered in the order of their first runs.
    private let groupOfRun: [Int32]
    let groupCount: Int

    /// - Parameter threads: that share the work; the result does not depend on it.
    init(_ bands: [FootprintBand], threads: Int) {
        self.bands = bands
        firstRuns = Self.starts(bands.map(\.runs.count))
        firstValues = Self.starts(bands.map(\.values.count))
        var forest = RunForest(
            parents: Self.joined(bands.map(\.forest.parents), at: firstRuns, threads) { $0 + Int32($1) })
        for index in bands.indices.dropFirst() {
            let (before, band) = (bands[index - 1], bands[index])
            let last = Array(before.runs[before.runs(ofRow: before.rows.upperBound - 1)])
            let first = band.runs[band.runs(ofRow: band.rows.lowerBound)]
            forest.join(
                last + first, row: last.count..<(last.count + first.count), before: 0..<last.count,
                shift: firstRuns[index] - last.count)
        }
        (groupOfRun, groupCount) = forest.groups()
    }

    /// Elements by group, without changing their order within one.
    struct Ordered<Element> {
        fileprivate(set) var elements: [Element] = []
        fileprivate(set) var starts: [Int] = [0]

        func range(_ group: Int) -> Range<Int> { starts[group]..<starts[group + 1] }
    }

    /// All runs, and all peaks; the two at the same time.
    func ordered(threads: Int) -> (runs: Ordered<Footprints.Run>, peaks: Ordered<FootprintBand.Peak>) {
        parallelBoth(threads: threads, orderedRuns, orderedPeaks)
    }

    private func orderedRuns() -> Ordered<Footprints.Run> {
        order(
            bands.map(\.runs), group: { index, _, band in firstRuns[band] + index },
            element: { run, band in
                Footprints.Run(y: run.y, start: run.start, end: run.end, value: run.value + Int32(firstValues[band]))
            })
    }

    private func orderedPeaks() -> Ordered<FootprintBand.Peak> {
        order(
            bands.map(\.peaks), group: { _, peak, band in firstRuns[band] + Int(peak.run) },
            element: { peak, _ in peak })
    }

    /// - Parameters:
    ///   - group: the number among all of the run to whose group an element belongs, by the element's index in its
    ///     part, the element, and the part.
    ///   - element: what becomes of an element.
    @inline(__always)
    private func order<Element: BitwiseCopyable>(
        _ parts: [[Element]], group run: (Int, Element, Int) -> Int,
        element: (Element, Int) -> Element
    ) -> Ordered<Element> {
        var ordered = Ordered<Element>()
        var next = [Int](repeating: 0, count: groupCount + 1)
        for (part, elements) in parts.enumerated() {
            for index in elements.indices { next[Int(groupOfRun[run(index, elements[index], part)]) + 1] += 1 }
        }
        for group in 0..<groupCount { next[group + 1] += next[group] }
        ordered.starts = next
        ordered.elements = [Element](unsafeUninitializedCapacity: next[groupCount]) { target, used in
            for (part, elements) in parts.enumerated() {
                for index in elements.indices {
                    let group = Int(groupOfRun[run(index, elements[index], part)])
                    target.initializeElement(at: next[group], to: element(elements[index], part))
                    next[group] += 1
                }
            }
            used = ordered.starts[groupCount]
        }
        return ordered
    }

    /// Of all bands; none where they have none.
    func values(_ ofBand: KeyPath<FootprintBand, [Float]>, threads: Int) -> [Float] {
        let parts = bands.map { $0[keyPath: ofBand] }
        guard parts.contains(where: { !$0.isEmpty }) else { return [] }
        return Self.joined(parts, at: firstValues, threads) { value, _ in value }
    }

    /// Where each part begins, and the end of the last.
    private static func starts(_ counts: [Int]) -> [Int] {
        var starts = [0]
        for count in counts { starts.append(starts[starts.count - 1] + count) }
        return starts
    }

    /// All elements of the parts, changed by `element`, which gets the number of the part's first element too.
    private static func joined<Element: BitwiseCopyable>(
        _ parts: [[Element]], at starts: [Int], _ threads: Int, _ element: (Element, Int) -> Element
    ) -> [Element] {
        if parts.count == 1 { return parts[0] }
        return [Element](plane: starts[parts.count], threads: threads) { target in
            guard let target = target.baseAddress else { return }
            parallelRows(parts.count, threads: threads) { range in
                for part in range {
                    let place = target + starts[part]
                    for (index, value) in parts[part].enumerated() {
                        (place + index).initialize(to: element(value, starts[part]))
                    }
                }
            }
        }
    }
}

extension RunForest {
    /// The group of each run, numbered in the order of their first runs, and how many there are.
    consuming func groups() -> (ofRun: [Int32], count: Int) {
        var (groups, count) = (parents, Int32(0))
        // A parent comes before its children.
        for run in groups.indices {
            let parent = Int(groups[run])
            if parent == run {
                groups[run] = count
                count += 1
            } else {
                groups[run] = groups[parent]
            }
        }
        return (groups, Int(count))
    }
}

/// `parallelMap` for many small values: made anew for each kind of them, so that no call is left in the loop.
@inline(__always)
func parallelValues<Value>(_ count: Int, threads: Int, _ value: (Int) -> Value) -> [Value] {
    [Value](unsafeUninitializedCapacity: count) { values, used in
        parallelRows(count, threads: threads) { range in
            for index in range { values.initializeElement(at: index, to: value(index)) }
        }
        used = count
    }
}
