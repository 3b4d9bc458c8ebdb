internal import Foundation

/// A frame averaged over square blocks of finite pixels; a block without any is NaN.
struct BlockAverage {
    let side: Int
    let width: Int
    let height: Int
    let values: [Float]

    init(pixels: [Float], width: Int, height: Int, maximumSide: Int) {
        let side = max(1, (max(width, height) + maximumSide - 1) / maximumSide)
        let columns = (width + side - 1) / side
        let rows = (height + side - 1) / side
        var sums = [Double](repeating: 0, count: columns * rows)
        var counts = [Int32](repeating: 0, count: columns * rows)
        pixels.withUnsafeBufferPointer { source in
            for y in 0..<height {
                let row = (y / side) * columns
                for x in 0..<width {
                    let value = source[y * width + x]
                    guard value.isFinite else { continue }
                    sums[row + x / side] += Double(value)
                    counts[row + x / side] += 1
                }
            }
        }
        self.side = side
        self.width = columns
        self.height = rows
        values = zip(sums, counts).map { $1 == 0 ? .nan : Float($0 / Double($1)) }
    }
}

/// From values to grey.
struct Stretch {
    let black: Double
    let white: Double
    /// Where the curve bends, as a fraction of the range.
    let softening: Double

    init(_ values: [Float]) {
        let sample = Self.sample(of: values)
        guard let first = sample.first, let last = sample.last, first < last else {
            black = (sample.first ?? 0) - 0.5
            white = (sample.first ?? 0) + 0.5
            softening = 1
            return
        }
        let (lower, upper) = Self.zscale(sample)
        let bright = sample[min(sample.count - 1, Int(Double(sample.count) * 0.998))]
        black = lower
        white = max(upper, bright)
        softening = white > black ? min(1, max(0.005, (upper - lower) / (white - black))) : 1
    }

    func grey(_ values: [Float], inverted: Bool) -> [UInt8] {
        let range = white - black
        let whole = asinh(1 / softening)
        return values.map { value in
            guard value.isFinite, range > 0 else { return inverted ? 255 : 0 }
            let fraction = min(max((Double(value) - black) / range, 0), 1)
            let level = UInt8((asinh(fraction / softening) / whole * 255).rounded())
            return inverted ? 255 - level : level
        }
    }

    /// Up to ten thousand finite values, evenly taken, in ascending order.
    private static func sample(of values: [Float]) -> [Double] {
        let step = max(1, values.count / 10_000)
        return stride(from: 0, to: values.count, by: step).map { Double(values[$0]) }.filter(\.isFinite).sorted()
    }

    /// IRAF's zscale: a line through the sorted sample, iterated without outliers; its slope over the contrast 0.25 is
    /// the range around the median (display task of the NOAO package).
    private static func zscale(_ sorted: [Double]) -> (Double, Double) {
        let count = sorted.count
        let middle = Double(count - 1) / 2
        let median = sorted[count / 2]
        var kept = [Bool](repeating: true, count: count)
        var slope = 0.0
        var remaining = count
        for _ in 0..<5 {
            let fit = line(sorted, kept)
            slope = fit.slope
            let residuals = sorted.indices.map { sorted[$0] - fit.intercept - fit.slope * Double($0) }
            var sum = 0.0
            for index in sorted.indices where kept[index] { sum += residuals[index] * residuals[index] }
            let threshold = 2.5 * (sum / Double(max(1, remaining))).squareRoot()
            for index in sorted.indices { kept[index] = abs(residuals[index]) <= threshold }
            let left = kept.count { $0 }
            if left == remaining || left < max(5, count / 2) { break }
            remaining = left
        }
        guard remaining >= max(5, count / 2), slope > 0 else { return (sorted[0], sorted[count - 1]) }
        let wide = slope / 0.25
        return (max(sorted[0], median - middle * wide), min(sorted[count - 1], median + middle * wide))
    }

    private static func line(_ values: [Double], _ kept: [Bool]) -> (intercept: Double, slope: Double) {
        var n = 0.0
        var sumX = 0.0
        var sumY = 0.0
        var sumXX = 0.0
        var sumXY = 0.0
        for index in values.indices where kept[index] {
            let x = Double(index)
            n += 1
            sumX += x
            sumY += values[index]
            sumXX += x * x
            sumXY += x * values[index]
        }
        let determinant = n * sumXX - sumX * sumX
        guard determinant > 0 else { return (n > 0 ? sumY / n : 0, 0) }
        let slope = (n * sumXY - sumX * sumY) / determinant
        return ((sumY - slope * sumX) / n, slope)
    }
}
