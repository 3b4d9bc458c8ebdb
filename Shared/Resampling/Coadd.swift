public import Imaging

/// How frames on one grid become one.
public enum CoaddMethod: String, Sendable, CaseIterable {
    /// Mean weighted by 1 / variance: the least noise, when no frame has an outlier.
    case mean
    /// Median: outliers in fewer than half of the frames do not count; noise larger by 1.25 for many frames.
    case median
}

/// A stack of frames.
public struct Coadd: Sendable, Equatable {
    /// Signal and variance on the scale of one frame; pixels without a value as in `ResampledFrame`.
    public var frame: CalibratedFrame
    /// Number of frames with a value, for each pixel.
    public var counts: [UInt16]
    /// What was added to each frame's signal, to bring its sky to that of the first [e-].
    public var offsets: [Float]
}

/// Combines frames on one grid, pixel by pixel.
///
///     mean:    signal = sum s / v / sum 1 / v      variance = 1 / sum 1 / v
///     median:  signal = median s                   variance = f(n) * sum v / n^2
///
/// over the n frames with a value whose flags are not in `excluded`; f(n) is the variance of the median of n normal
/// deviates over that of their mean (`medianVarianceRatio`). The weights come from the variance plane, which does not
/// follow a pixel's own counts, so that bright stars keep their flux. Before, the difference of the medians of the
/// common pixels is added to each frame, to bring its sky to that of the first one. A pixel without any such value
/// has none, and all flags of the frames there; else it has the flags of the frames that count.
/// - Parameter frames: of one shape, at least one.
/// - Returns: `nil` for no frames or frames of different shapes.
public func coadd(
    _ frames: [CalibratedFrame], method: CoaddMethod = .mean,
    excluded: PixelFlags = PixelFlags(rawValue: ~PixelFlags.saturated.rawValue)
) -> Coadd? {
    guard let first = frames.first else { return nil }
    guard frames.count <= Int(UInt16.max), frames.allSatisfy({ $0.signal.hasShape(of: first.signal) }) else {
        return nil
    }
    let offsets = frames.map { skyOffset(of: $0, to: first) }
    let (width, height) = (first.signal.width, first.signal.height)
    var output = CalibratedFrame(
        signal: Image(width: width, height: height), variance: Image(width: width, height: height),
        mask: Mask(width: width, height: height))
    var counts = [UInt16](repeating: 0, count: width * height)
    var columns = PixelColumns(width: width, frames: frames.count, excluded: excluded.rawValue)
    for y in 0..<height {
        columns.removeAll()
        for (frame, offset) in zip(frames, offsets) { columns.add(frame, row: y, offset: offset) }
        for x in 0..<width {
            let (index, pixel) = (y * width + x, columns.combined(x, method))
            output.signal.pixels[index] = pixel.signal
            output.variance.pixels[index] = pixel.variance
            output.mask.bits[index] = pixel.flags
            counts[index] = UInt16(pixel.count)
        }
    }
    return Coadd(frame: output, counts: counts, offsets: offsets)
}

/// The values of one row of pixels in all frames, those of a pixel beside one another.
private struct PixelColumns {
    private let width: Int
    private let frames: Int
    private let excluded: UInt16
    private var signal: [Float]
    private var variance: [Float]
    private var count: [Int]
    /// Of the frames that count, and of the others.
    private var flags: [(kept: UInt16, dropped: UInt16)]

    init(width: Int, frames: Int, excluded: UInt16) {
        (self.width, self.frames, self.excluded) = (width, frames, excluded)
        signal = [Float](repeating: 0, count: width * frames)
        variance = signal
        count = [Int](repeating: 0, count: width)
        flags = [(kept: UInt16, dropped: UInt16)](repeating: (0, 0), count: width)
    }

    mutating func removeAll() {
        for x in 0..<width { (count[x], flags[x]) = (0, (0, 0)) }
    }

    mutating func add(_ frame: CalibratedFrame, row: Int, offset: Float) {
        for x in 0..<width {
            let index = row * width + x
            let (value, square, bits) = (
                frame.signal.pixels[index], frame.variance.pixels[index], frame.mask.bits[index]
            )
            guard bits & excluded == 0, value.isFinite, square > 0, square < .infinity else {
                flags[x].dropped |= bits
                continue
            }
            signal[x * frames + count[x]] = value + offset
            variance[x * frames + count[x]] = square
            count[x] += 1
            flags[x].kept |= bits
        }
    }

    mutating func combined(
        _ x: Int, _ method: CoaddMethod
    ) -> (signal: Float, variance: Float, flags: UInt16, count: Int) {
        let (n, first) = (count[x], x * frames)
        guard n > 0 else { return (.nan, .infinity, flags[x].dropped | PixelFlags.noData.rawValue, 0) }
        switch method {
        case .mean:
            var (sum, weights) = (0.0, 0.0)
            for slot in first..<(first + n) {
                let weight = 1 / Double(variance[slot])
                sum += weight * Double(signal[slot])
                weights += weight
            }
            return (Float(sum / weights), Float(1 / weights), flags[x].kept, n)
        case .median:
            signal[first..<(first + n)].sort()
            let middle = (signal[first + (n - 1) / 2] + signal[first + n / 2]) / 2
            let total = variance[first..<(first + n)].reduce(0.0) { $0 + Double($1) }
            return (middle, Float(medianVarianceRatio(n) * total / Double(n * n)), flags[x].kept, n)
        }
    }
}

/// Difference of the medians of two frames over pixels in which both have a value and no flag, from 40,000
/// pixels or more where there are so many. 0 when there are fewer than 16.
private func skyOffset(of frame: CalibratedFrame, to reference: CalibratedFrame) -> Float {
    let (width, height) = (reference.signal.width, reference.signal.height)
    let step = max(1, Int((Double(width * height) / 40_000).squareRoot()))
    var (own, other): ([Float], [Float]) = ([], [])
    for y in stride(from: 0, to: height, by: step) {
        for index in stride(from: y * width, to: (y + 1) * width, by: step)
        where frame.mask.bits[index] | reference.mask.bits[index] == 0 {
            let (a, b) = (frame.signal.pixels[index], reference.signal.pixels[index])
            guard a.isFinite, b.isFinite else { continue }
            own.append(a)
            other.append(b)
        }
    }
    guard own.count >= 16 else { return 0 }
    own.sort()
    other.sort()
    return other[other.count / 2] - own[own.count / 2]
}

/// Variance of the median of n normal deviates over that of their mean, by integrating the order statistics: to 1e-4 up
/// to ten, to 2e-3 beyond. It tends to pi / 2.
public func medianVarianceRatio(_ count: Int) -> Double {
    let exact = [1, 1, 1.3460, 1.1928, 1.4342, 1.2884, 1.4731, 1.3454, 1.4949, 1.3833]
    guard count > exact.count else { return exact[max(1, count) - 1] }
    let n = Double(count)
    return count % 2 == 1 ? .pi / 2 * (1 - 0.432 / n) : .pi / 2 * (1 - 1.43 / n + 2.5 / (n * n))
}
