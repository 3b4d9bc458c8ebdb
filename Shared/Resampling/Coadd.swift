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
    /// Frames of the stack's scale that have as many photons of a star: its photon noise in the stack is
    /// flux / effectiveFrames [e-^2], where all frames count. Times this, the stack is in electrons again.
    ///
    ///     mean:    (sum w)^2 / sum (w^2 / scale),  w = scale^2 / typical variance
    ///     median:  n^2 / (f(n) sum 1 / scale)
    public var effectiveFrames: Double
}

/// Combines frames on one grid, pixel by pixel.
///
///     mean:    signal = sum s / v / sum 1 / v      variance = 1 / sum 1 / v
///     median:  signal = median s                   variance = f(n) * sum v / n^2
///     s = signal_i / scale_i, v = variance_i / scale_i^2: weights are scale_i^2 / variance_i
///
/// over the n frames with a value whose flags are not in `excluded`; f(n) is the variance of the median of n normal
/// deviates over that of their mean (`medianVarianceRatio`). The weights come from the variance plane, which does not
/// follow a pixel's own counts, so that bright stars keep their flux. Before, the difference of the medians of the
/// common pixels is added to each frame, to bring its sky to that of the first one. A pixel without any such value
/// has none, and all flags of the frames there; else it has the flags of the frames that count.
/// - Parameters:
///   - frames: of one shape, at least one.
///   - scales: light of a star on each frame over that of the stack, > 0; nil: 1 for all.
/// - Returns: `nil` for no frames, frames of different shapes, or scales that are not one positive number for each.
public func coadd(
    _ frames: [CalibratedFrame], method: CoaddMethod = .mean, scales: [Double]? = nil,
    excluded: PixelFlags = PixelFlags(rawValue: ~PixelFlags.saturated.rawValue)
) -> Coadd? {
    let scales = scales ?? frames.map { _ in 1 }
    guard let first = frames.first, scales.count == frames.count else { return nil }
    guard frames.count <= Int(UInt16.max), frames.allSatisfy({ $0.signal.hasShape(of: first.signal) }),
        scales.allSatisfy({ $0 > 0 && $0 < .infinity })
    else { return nil }
    let factors = scales.map { Float(1 / $0) }
    let offsets = zip(frames, factors).map { skyOffset(of: $0, times: $1, to: first, times: factors[0]) }
    let (width, height) = (first.signal.width, first.signal.height)
    var output = CalibratedFrame(
        signal: Image(width: width, height: height), variance: Image(width: width, height: height),
        mask: Mask(width: width, height: height))
    var counts = [UInt16](repeating: 0, count: width * height)
    var columns = PixelColumns(width: width, frames: frames.count, excluded: excluded.rawValue)
    for y in 0..<height {
        columns.removeAll()
        for (index, frame) in frames.enumerated() {
            columns.add(frame, row: y, factor: factors[index], offset: offsets[index])
        }
        for x in 0..<width {
            let (index, pixel) = (y * width + x, columns.combined(x, method))
            output.signal.pixels[index] = pixel.signal
            output.variance.pixels[index] = pixel.variance
            output.mask.bits[index] = pixel.flags
            counts[index] = UInt16(pixel.count)
        }
    }
    return Coadd(
        frame: output, counts: counts, offsets: offsets, effectiveFrames: effectiveFrames(frames, method, scales))
}

private func effectiveFrames(_ frames: [CalibratedFrame], _ method: CoaddMethod, _ scales: [Double]) -> Double {
    if method == .median {
        let inverse = scales.reduce(0) { $0 + 1 / $1 }
        return Double(frames.count * frames.count) / (medianVarianceRatio(frames.count) * inverse)
    }
    var (weights, photons) = (0.0, 0.0)
    for (frame, scale) in zip(frames, scales) {
        guard let variance = typicalVariance(of: frame) else { continue }
        let weight = scale * scale / variance
        weights += weight
        photons += weight * weight / scale
    }
    return weights > 0 ? weights * weights / photons : scales.reduce(0, +)
}

/// Median over the usable ones of at most 10,000 pixels; nil where there is none.
private func typicalVariance(of frame: CalibratedFrame) -> Double? {
    let step = max(1, frame.signal.pixels.count / 10_000) | 1
    let values = stride(from: 0, to: frame.signal.pixels.count, by: step).compactMap { index -> Float? in
        let variance = frame.variance.pixels[index]
        return frame.mask.bits[index] == 0 && variance > 0 && variance < .infinity ? variance : nil
    }.sorted()
    return values.isEmpty ? nil : Double(values[values.count / 2])
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

    mutating func add(_ frame: CalibratedFrame, row: Int, factor: Float, offset: Float) {
        for x in 0..<width {
            let index = row * width + x
            let (value, square, bits) = (
                frame.signal.pixels[index], frame.variance.pixels[index], frame.mask.bits[index]
            )
            guard bits & excluded == 0, value.isFinite, square > 0, square < .infinity else {
                flags[x].dropped |= bits
                continue
            }
            signal[x * frames + count[x]] = value * factor + offset
            variance[x * frames + count[x]] = square * factor * factor
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

/// Difference of the medians of two scaled frames over pixels in which both have a value and no flag, from 40,000
/// pixels or more where there are so many. 0 when there are fewer than 16.
private func skyOffset(
    of frame: CalibratedFrame, times factor: Float, to reference: CalibratedFrame, times other: Float
) -> Float {
    let (width, height) = (reference.signal.width, reference.signal.height)
    let step = max(1, Int((Double(width * height) / 40_000).squareRoot()))
    var (ours, theirs): ([Float], [Float]) = ([], [])
    for y in stride(from: 0, to: height, by: step) {
        for index in stride(from: y * width, to: (y + 1) * width, by: step)
        where frame.mask.bits[index] | reference.mask.bits[index] == 0 {
            let (a, b) = (frame.signal.pixels[index], reference.signal.pixels[index])
            guard a.isFinite, b.isFinite else { continue }
            ours.append(a * factor)
            theirs.append(b * other)
        }
    }
    guard ours.count >= 16 else { return 0 }
    ours.sort()
    theirs.sort()
    return theirs[theirs.count / 2] - ours[ours.count / 2]
}

/// Variance of the median of n normal deviates over that of their mean, by integrating the order statistics: to 1e-4 up
/// to ten, to 2e-3 beyond. It tends to pi / 2.
public func medianVarianceRatio(_ count: Int) -> Double {
    let exact = [1, 1, 1.3460, 1.1928, 1.4342, 1.2884, 1.4731, 1.3454, 1.4949, 1.3833]
    guard count > exact.count else { return exact[max(1, count) - 1] }
    let n = Double(count)
    return count % 2 == 1 ? .pi / 2 * (1 - 0.432 / n) : .pi / 2 * (1 - 1.43 / n + 2.5 / (n * n))
}
