internal import Imaging

/// What the sky and the stars leave of a frame, binned, in units of its noise.
///
/// A bin holds  sum(signal - sky) / sqrt(sum variance)  of its good pixels, cut to -3...3 so that no single star
/// counts much, less the mean of all and divided by their scatter. Compact groups of bright bins, stars, weigh nothing.
struct BinnedResidual {
    static let ceiling: Float = 3
    /// Groups of bins above the ceiling that fit into a square of this side [bins] and have a bin as bright as
    /// `starPeak` are stars. A trail bright enough hangs together; the pieces of a fainter one have no such bin.
    private static let starSide = 10
    private static let starPeak: Float = 12

    /// Side of a bin [px].
    let side: Int
    let width: Int
    let height: Int
    var values: [Float]
    /// 1, or 0 where nothing is known.
    var weights: [Float]

    /// - Parameter residual: signal less sky [e-], variance [e-^2], and 1 where a pixel is not to be used.
    init(_ residual: PixelResidual) {
        let longest = max(residual.width, residual.height)
        side = max(2, (longest + 511) / 512)
        width = (residual.width + side - 1) / side
        height = (residual.height + side - 1) / side
        values = [Float](repeating: 0, count: width * height)
        weights = values
        for row in 0..<height { addRow(row, residual) }
        leaveOutStars()
        standardise()
    }

    private mutating func addRow(_ row: Int, _ residual: PixelResidual) {
        var (sums, variances) = ([Float](repeating: 0, count: width), [Float](repeating: 0, count: width))
        var counts = [Int](repeating: 0, count: width)
        let (signal, variance, excluded) = (residual.signal.span, residual.variance.span, residual.excluded.span)
        for y in (row * side)..<min((row + 1) * side, residual.height) {
            for column in 0..<width {
                let first = y * residual.width + column * side
                for place in first..<min(first + side, (y + 1) * residual.width) where excluded[place] == 0 {
                    sums[column] += signal[place]
                    variances[column] += variance[place]
                    counts[column] += 1
                }
            }
        }
        for column in 0..<width where counts[column] * 2 > side * side {
            values[row * width + column] = sums[column] / variances[column].squareRoot()
            weights[row * width + column] = 1
        }
    }

    private mutating func leaveOutStars() {
        var seen = [Bool](repeating: false, count: values.count)
        let bright = values.map { $0 > Self.ceiling }
        for start in values.indices where bright[start] && !seen[start] {
            let group = PixelGroup(from: start, width: width, height: height) {
                guard bright[$0], !seen[$0] else { return false }
                seen[$0] = true
                return true
            }
            guard max(group.columns.count, group.rows.count) <= Self.starSide,
                group.pixels.contains(where: { values[$0] > Self.starPeak })
            else { continue }
            for y in max(group.rows.lowerBound - 1, 0)...min(group.rows.upperBound + 1, height - 1) {
                for x in max(group.columns.lowerBound - 1, 0)...min(group.columns.upperBound + 1, width - 1) {
                    weights[y * width + x] = 0
                }
            }
        }
    }

    private mutating func standardise() {
        var (count, sum, squares) = (0.0, 0.0, 0.0)
        for index in values.indices where weights[index] > 0 {
            values[index] = min(max(values[index], -Self.ceiling), Self.ceiling)
            let value = Double(values[index])
            (count, sum, squares) = (count + 1, sum + value, squares + value * value)
        }
        guard count > 1 else { return }
        let mean = sum / count
        let scatter = max(squares / count - mean * mean, 1e-6).squareRoot()
        for index in values.indices {
            values[index] = weights[index] > 0 ? (values[index] - Float(mean)) / Float(scatter) : 0
        }
    }

    /// Forgets what lies within `reach` of a line [px].
    mutating func forget(_ line: Line, reach: Double) {
        for row in 0..<height {
            for column in 0..<width {
                let x = (Double(column) + 0.5) * Double(side) - 0.5
                let y = (Double(row) + 0.5) * Double(side) - 0.5
                if line.distance(x, y) <= reach + Double(side) {
                    values[row * width + column] = 0
                    weights[row * width + column] = 0
                }
            }
        }
    }
}

/// A frame less its sky, pixel by pixel.
struct PixelResidual {
    let width: Int
    let height: Int
    /// [e-]
    let signal: [Float]
    /// [e-^2]
    let variance: [Float]
    /// 1 where a pixel is not to be used: bad, hit by a cosmic ray, saturated or near it.
    let excluded: [UInt8]

    init(_ frame: CalibratedFrame, _ survey: FrameSurvey, hits: CosmicRayHits?) {
        (width, height) = (frame.signal.width, frame.signal.height)
        var excluded = survey.excluded
        let sky = survey.sky
        SaturatedStars(signal: frame.signal, mask: frame.mask, sky: sky, haloPixels: 6).guardPixels(in: &excluded)
        for pixel in hits?.pixels ?? [] { excluded[pixel] = 1 }
        var signal = frame.signal.pixels
        for y in 0..<height {
            for first in stride(from: 0, to: width, by: 16) {
                let level = sky.level(first, y)
                let slope = (sky.level(first + 16, y) - level) / 16
                for x in first..<min(first + 16, width) { signal[y * width + x] -= level + slope * Float(x - first) }
            }
        }
        self.signal = signal
        self.excluded = excluded
        variance = frame.variance.pixels
    }
}
