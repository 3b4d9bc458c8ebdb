internal import CKernels
internal import Imaging

/// The level of one line of an overscan, or of a whole line of row noise.
struct LineLevel {
    /// NaN where the line has no number [ADU].
    var level: Double
    /// Variance of the level [ADU^2].
    var variance: Double
}

extension OverscanCorrection {
    /// Subtracts from each data section the level of its own overscan.
    ///
    ///     level(y) = median of the overscan's pixels in row y              variance = (pi/2) sigma^2 / n
    ///     level(y) = sum_k a_k P_k(y)      Legendre, clipped least squares variance = sigma_fit^2 p^T (P^T P)^-1 p
    ///
    /// `sigma` is the clipped scatter of the overscan about its lines' medians; lines of the data without an overscan
    /// line of their own (it may be shorter) get the median level of all. The level's variance is added to every pixel
    /// it was subtracted from: along a row it is one error, not many.
    func subtract(from frame: inout PreparedFrame, threads: Int) {
        // Before any is subtracted: sections may hold each other's pixels.
        let raw = regions.map { levels(of: $0.bias, in: frame.pixels) }
        for (region, levels) in zip(regions, raw) {
            let lines = along == .rows ? region.bias.y0 : region.bias.x0
            let typical = Self.typical(levels)
            let places = along == .rows ? region.data.rows : region.data.columns
            let known = places.map { place -> LineLevel in
                let index = place - lines
                return levels.indices.contains(index) && levels[index].level.isFinite ? levels[index] : typical
            }
            frame.subtract(known, along: along, in: region.data, threads: threads)
        }
    }

    /// One level for each line of an overscan section, with its variance.
    func levels(of bias: FrameSection, in raw: Image<ADU>) -> [LineLevel] {
        let lines = along == .rows ? bias.height : bias.width
        let length = along == .rows ? bias.width : bias.height
        var medians: [Double] = []
        var counts: [Int] = []
        var scatter: [Float] = []
        scatter.reserveCapacity(lines * length)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: length) { numbers in
            let numbers = numbers.baseAddress!
            raw.pixels.withUnsafeBufferPointer { pixels in
                let start = pixels.baseAddress! + bias.y0 * raw.width + bias.x0
                for line in 0..<lines {
                    let first = start + (along == .rows ? line * raw.width : line)
                    let count = kernel_pick(first, nil, along == .rows ? 1 : raw.width, length, numbers)
                    let median = Robust.median(withNaN: numbers, count: count)
                    medians.append(median.map(Double.init) ?? .nan)
                    counts.append(count)
                    if let median { for i in 0..<count { scatter.append(numbers[i] - median) } }
                }
            }
        }
        let perLine = counts.max() ?? 0
        // About its own median of n values a Gaussian scatters by a little less than sigma.
        let loss = perLine > 1 ? (Double(perLine) / (Double(perLine) - 1)).squareRoot() : 1
        let sigma = (Robust.clippedMoments(scatter)?.sigma ?? 0) * loss
        let plain = zip(medians, counts).map { median, count in
            LineLevel(level: median, variance: Self.medianVariance(sigma: sigma, count: count))
        }
        return fit == .median ? plain : LegendreFit(plain.map(\.level), order: order)?.levels() ?? plain
    }

    /// (pi/2) sigma^2 / n for many pixels, sigma^2 for one.
    static func medianVariance(sigma: Double, count: Int) -> Double {
        guard count > 0 else { return 0 }
        let n = Double(count)
        return sigma * sigma / n * (Double.pi / 2) * n / (n + Double.pi / 2 - 1)
    }

    private static func typical(_ levels: [LineLevel]) -> LineLevel {
        let known = levels.filter { $0.level.isFinite }
        let level = Robust.median(known.map { Float($0.level) }).map(Double.init) ?? .nan
        let spread = Robust.clippedMoments(known.map { Float($0.level) })?.sigma ?? 0
        return LineLevel(level: level, variance: spread * spread)
    }

    /// Puts the data sections together: rows and columns that no data section covers are left out, so that amplifiers
    /// with overscan between them meet. Pixels that only other sections cover are `noData`.
    func trimmed(_ frame: PreparedFrame) -> PreparedFrame {
        let columns = Self.covered(regions.map { $0.data.columns })
        let rows = Self.covered(regions.map { $0.data.rows })
        guard !columns.isEmpty, !rows.isEmpty else { return frame }
        let stretches = Self.stretches(columns)
        let width = frame.pixels.width
        func kept<Element: BitwiseCopyable>(_ elements: [Element]) -> [Element] {
            [Element](plane: columns.count * rows.count) { target in
                elements.withUnsafeBufferPointer { elements in
                    for (newY, y) in rows.enumerated() {
                        for stretch in stretches {
                            let line = target.baseAddress! + newY * columns.count + stretch.place
                            line.initialize(
                                from: elements.baseAddress! + y * width + stretch.columns.lowerBound,
                                count: stretch.columns.count)
                        }
                    }
                }
            }
        }
        func trimmed<Unit>(_ image: Image<Unit>) -> Image<Unit> {
            Image(width: columns.count, height: rows.count, pixels: kept(image.pixels))
        }
        var mask =
            frame.mask.map { Mask(width: columns.count, height: rows.count, bits: kept($0.bits)) }
            ?? Mask(width: columns.count, height: rows.count)
        maskGaps(&mask, columns: columns, rows: rows)
        return PreparedFrame(
            pixels: trimmed(frame.pixels), mask: mask, variance: frame.variance.map { trimmed($0) }, flags: frame.flags)
    }

    /// Columns that lie side by side, and where the first of them goes.
    private static func stretches(_ columns: [Int]) -> [(columns: Range<Int>, place: Int)] {
        var stretches: [(columns: Range<Int>, place: Int)] = []
        for (place, column) in columns.enumerated() {
            if let last = stretches.last, last.columns.upperBound == column {
                stretches[stretches.count - 1].columns = last.columns.lowerBound..<(column + 1)
            } else {
                stretches.append((column..<(column + 1), place))
            }
        }
        return stretches
    }

    private func maskGaps(_ mask: inout Mask, columns: [Int], rows: [Int]) {
        let area = regions.reduce(0) { $0 + $1.data.width * $1.data.height }
        guard area < columns.count * rows.count else { return }
        for (newY, y) in rows.enumerated() {
            for (newX, x) in columns.enumerated()
            where !regions.contains(where: { $0.data.columns.contains(x) && $0.data.rows.contains(y) }) {
                mask[newX, newY].insert(.noData)
            }
        }
    }

    private static func covered(_ ranges: [Range<Int>]) -> [Int] { Set(ranges.flatMap { $0 }).sorted() }
}
