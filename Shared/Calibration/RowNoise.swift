internal import Imaging

extension RowNoiseCorrection {
    /// Brings every row to the level of its surroundings.
    ///
    /// From the sky: a smooth background (medians of boxes of 32 px, 3 x 3 median of them, bilinear) is taken off; the
    /// median of what remains in a row, without pixels that are 3 sigma from the first such median and without their
    /// neighbours, is the row's level. Rows with less than a quarter of usable pixels are left as they are. From dark
    /// columns: their median in the row, above the median of all rows.
    ///
    /// A level's variance, (pi/2) sigma^2 / n, is added to its pixels. Structure along a whole row that is not noise is
    /// removed as well.
    func subtract(from frame: inout PreparedFrame, within sections: [FrameSection]?) {
        let whole = FrameSection(x0: 0, x1: frame.pixels.width, y0: 0, y1: frame.pixels.height)
        for section in sections ?? [whole] {
            switch from {
            case .sky: Self.level(&frame, in: section, along: .rows)
            case .darkColumns: levelByDarkColumns(&frame, in: section)
            }
            if columnsToo { Self.level(&frame, in: section, along: .columns) }
        }
    }

    private func levelByDarkColumns(_ frame: inout PreparedFrame, in section: FrameSection) {
        guard let dark = darkColumns else { return }
        let reading = OverscanCorrection(regions: [], along: .rows, fit: .median)
        let levels = reading.levels(of: dark, in: frame.pixels)
        let typical = Robust.median(levels.map { Float($0.level) }).map(Double.init) ?? 0
        let offsets = levels.map { LineLevel(level: $0.level - typical, variance: $0.variance) }
        Self.subtract(offsets, firstLine: dark.y0, from: &frame, in: section, along: .rows)
    }

    private static func level(_ frame: inout PreparedFrame, in section: FrameSection, along: DetectorAxis) {
        let residuals = Residuals(of: frame.pixels, mask: frame.mask, in: section, along: along)
        let first = along == .rows ? section.y0 : section.x0
        subtract(residuals.levels(), firstLine: first, from: &frame, in: section, along: along)
    }

    private static func subtract(
        _ offsets: [LineLevel], firstLine: Int, from frame: inout PreparedFrame, in section: FrameSection,
        along: DetectorAxis
    ) {
        let places = along == .rows ? section.rows : section.columns
        let known = places.map { place -> LineLevel in
            let index = place - firstLine
            let isKnown = offsets.indices.contains(index) && offsets[index].level.isFinite
            return isKnown ? offsets[index] : LineLevel(level: 0, variance: 0)
        }
        frame.subtract(known, along: along, in: section)
    }
}

/// What remains of a section above a smooth background, one list for each line.
private struct Residuals {
    /// `values[line * length + place]`, NaN where a pixel does not count.
    private var values: [Float]
    private let lines: Int
    private let length: Int

    init(of image: Image<ADU>, mask: Mask?, in section: FrameSection, along: DetectorAxis) {
        let background = BoxMedians(of: image, in: section, boxSize: 32)
        lines = along == .rows ? section.height : section.width
        length = along == .rows ? section.width : section.height
        values = [Float](repeating: .nan, count: lines * length)
        for j in 0..<section.height {
            for i in 0..<section.width {
                let (x, y) = (section.x0 + i, section.y0 + j)
                let isUsable = mask.map { $0[x, y].isEmpty } ?? true
                let place = along == .rows ? j * length + i : i * length + j
                values[place] = isUsable ? image[x, y] - background.level(i, j) : .nan
            }
        }
    }

    func levels() -> [LineLevel] {
        let kept = withoutSources()
        let medians = kept.map { $0.count * 4 >= length ? Robust.median($0) ?? .nan : .nan }
        let sigma = scatter(about: medians, of: kept)
        return zip(medians, kept).map { median, numbers in
            LineLevel(
                level: Double(median),
                variance: median.isNaN ? 0 : OverscanCorrection.medianVariance(sigma: sigma, count: numbers.count))
        }
    }

    /// The numbers of each line, without pixels that are 3 sigma from its median and without their neighbours.
    private func withoutSources() -> [[Float]] {
        let all = (0..<lines).map { Array(line($0)) }
        let first = all.map { Robust.median($0) ?? .nan }
        let reach = Float(3 * scatter(about: first, of: all))
        let isSource = (0..<(lines * length)).map { abs(values[$0] - first[$0 / length]) > reach }
        return (0..<lines).map { index in
            let near = max(index - 1, 0)...min(index + 1, lines - 1)
            return (0..<length).filter { place in
                !near.contains { other in
                    (max(place - 1, 0)...min(place + 1, length - 1)).contains { isSource[other * length + $0] }
                }
            }.map { values[index * length + $0] }.filter(\.isFinite)
        }
    }

    /// Clipped scatter of up to 64 lines about their medians.
    private func scatter(about medians: [Float], of numbers: [[Float]]) -> Double {
        var residuals: [Float] = []
        for index in stride(from: 0, to: lines, by: max(1, lines / 64)) {
            residuals += numbers[index].map { $0 - medians[index] }
        }
        return Robust.clippedMoments(residuals)?.sigma ?? 0
    }

    private func line(_ index: Int) -> ArraySlice<Float> { values[(index * length)..<((index + 1) * length)] }
}
