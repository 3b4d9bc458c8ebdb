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
    func subtract(from frame: inout PreparedFrame, within sections: [FrameSection]?, threads: Int) {
        let whole = FrameSection(x0: 0, x1: frame.pixels.width, y0: 0, y1: frame.pixels.height)
        for section in sections ?? [whole] {
            switch from {
            case .sky: Self.level(&frame, in: section, along: .rows, threads)
            case .darkColumns: levelByDarkColumns(&frame, in: section, threads)
            }
            if columnsToo { Self.level(&frame, in: section, along: .columns, threads) }
        }
    }

    private func levelByDarkColumns(_ frame: inout PreparedFrame, in section: FrameSection, _ threads: Int) {
        guard let dark = darkColumns else { return }
        let reading = OverscanCorrection(regions: [], along: .rows, fit: .median)
        let levels = reading.levels(of: dark, in: frame.pixels)
        let typical = Robust.median(levels.map { Float($0.level) }).map(Double.init) ?? 0
        let offsets = levels.map { LineLevel(level: $0.level - typical, variance: $0.variance) }
        Self.subtract(offsets, firstLine: dark.y0, from: &frame, in: section, along: .rows, threads)
    }

    private static func level(
        _ frame: inout PreparedFrame, in section: FrameSection, along: DetectorAxis, _ threads: Int
    ) {
        let levels = LineResiduals(of: frame.pixels, mask: frame.mask, in: section, along: along, threads: threads)
            .levels()
        let first = along == .rows ? section.y0 : section.x0
        subtract(levels, firstLine: first, from: &frame, in: section, along: along, threads)
    }

    private static func subtract(
        _ offsets: [LineLevel], firstLine: Int, from frame: inout PreparedFrame, in section: FrameSection,
        along: DetectorAxis, _ threads: Int
    ) {
        let places = along == .rows ? section.rows : section.columns
        let known = places.map { place -> LineLevel in
            let index = place - firstLine
            let isKnown = offsets.indices.contains(index) && offsets[index].level.isFinite
            return isKnown ? offsets[index] : LineLevel(level: 0, variance: 0)
        }
        frame.subtract(known, along: along, in: section, threads: threads)
    }
}
