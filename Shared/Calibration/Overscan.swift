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
    func subtract(from frame: inout PreparedFrame) {
        let raw = frame.pixels
        for region in regions {
            let levels = levels(of: region.bias, in: raw)
            let lines = along == .rows ? region.bias.y0 : region.bias.x0
            let typical = Self.typical(levels)
            let places = along == .rows ? region.data.rows : region.data.columns
            let known = places.map { place -> LineLevel in
                let index = place - lines
                return levels.indices.contains(index) && levels[index].level.isFinite ? levels[index] : typical
            }
            frame.subtract(known, along: along, in: region.data)
        }
    }

    /// One level for each line of an overscan section, with its variance.
    func levels(of bias: FrameSection, in raw: Image<ADU>) -> [LineLevel] {
        let lines = along == .rows ? Array(bias.rows) : Array(bias.columns)
        let values = lines.map { line -> [Float] in
            let pixels = along == .rows ? bias.columns.map { raw[$0, line] } : bias.rows.map { raw[line, $0] }
            return pixels.filter(\.isFinite)
        }
        let medians = values.map { Robust.median($0).map(Double.init) ?? .nan }
        let scatter = zip(values, medians).flatMap { line, median in line.map { $0 - Float(median) } }
        let perLine = values.map(\.count).max() ?? 0
        // About its own median of n values a Gaussian scatters by a little less than sigma.
        let loss = perLine > 1 ? (Double(perLine) / (Double(perLine) - 1)).squareRoot() : 1
        let sigma = (Robust.clippedMoments(scatter)?.sigma ?? 0) * loss
        let plain = zip(values, medians).map { line, median in
            LineLevel(level: median, variance: Self.medianVariance(sigma: sigma, count: line.count))
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
        var pixels = Image<ADU>(width: columns.count, height: rows.count)
        var mask = Mask(width: columns.count, height: rows.count)
        var variance = frame.variance.map { _ in Image<ADUSquared>(width: columns.count, height: rows.count) }
        let width = frame.pixels.width
        for (newY, y) in rows.enumerated() {
            for (newX, x) in columns.enumerated() {
                let (to, from) = (newY * columns.count + newX, y * width + x)
                pixels.pixels[to] = frame.pixels.pixels[from]
                if let bits = frame.mask?.bits[from] { mask.bits[to] = bits }
                if let value = frame.variance?.pixels[from] { variance?.pixels[to] = value }
            }
        }
        maskGaps(&mask, columns: columns, rows: rows)
        return PreparedFrame(pixels: pixels, mask: mask, variance: variance, flags: frame.flags)
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
