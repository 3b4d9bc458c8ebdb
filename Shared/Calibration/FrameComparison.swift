public import Imaging

/// How one calibration frame differs from the others of its group.
public enum FrameDeviation: Sendable, Equatable, CustomStringConvertible {
    /// Median of a bias or dark, and that of the others [ADU].
    case level(ADU: Double, others: Double)
    /// Of a pixel, over that of the others; of flats, at the same level.
    case noise(ratio: Double)
    /// Share of the pixels that are more than `sigmas` away from the median of the others.
    case pixels(fraction: Double, sigmas: Double)
    /// Share of the parts of the frame, and by how much they differ: [ADU], of flats relative.
    case structure(fraction: Double, size: Double, isRelative: Bool)

    public var description: String {
        switch self {
        case .level(let level, let others):
            return "its level is \(rounded(level)) ADU, that of the other frames \(rounded(others)) ADU"
        case .noise(let ratio): return "its noise is \(rounded(ratio, 100)) times that of the other frames"
        case .pixels(let fraction, let sigmas):
            return "\(rounded(100 * fraction)) % of its pixels are more than \(rounded(sigmas)) sigma away from the "
                + "median of the other frames"
        case .structure(let fraction, let size, let isRelative):
            let difference = isRelative ? "\(rounded(100 * size)) %" : "\(rounded(size, 100)) ADU"
            return "its structure is not that of the other frames: \(rounded(100 * fraction)) % of its area differ by "
                + difference
        }
    }

    private func rounded(_ value: Double, _ steps: Double = 10) -> Double { (value * steps).rounded() / steps }
}

/// Compares the calibration frames of one group with one another: one that was taken otherwise (a light among biases, a
/// flat of another lamp, a dark with a light leak) would not be seen in their master.
///
/// Each frame against the median of the others, s their noise of a pixel, after division by its own median for flats,
/// whose level says nothing:
///
///     level       beyond max(2 s, 6 times the scatter of the others), for bias and dark
///     noise       beyond a factor max(1.3, 6 times the scatter); for flats times the root of the level, beyond 1.5
///     pixels      more than 5 % beyond 6 sigma
///     structure   more than 5 % of 16 x 16 parts beyond max(s / 2, for flats 1 %, 6 times the scatter of the others)
///
/// The worst is taken out and the rest compared again, as long as three are left and most of all remain.
public struct FrameComparison: Sendable {
    public struct Deviating: Sendable, Equatable {
        public let id: String
        public let deviation: FrameDeviation
    }

    public struct Outcome: Sendable, Equatable {
        /// Frames that do not go with the others, worst first.
        public let deviating: [Deviating]
        /// False when so many deviate that nobody can say which are right.
        public let restAgrees: Bool
    }

    private let kind: FrameKind
    private let bias: Master<ADU>?
    private let dark: Master<ADU>?
    private let builder: MasterBuilder
    private var ids: [String] = []
    private var sketches: [FrameSketch] = []

    /// - Parameters:
    ///   - kind: bias, dark or flat.
    ///   - bias: subtracted from flats before they are divided by their median; so is `dark`.
    ///   - builder: of the master; frames that it would refuse by themselves are not compared.
    public init(kind: FrameKind, bias: Master<ADU>?, dark: Master<ADU>?, for builder: MasterBuilder) {
        (self.kind, self.bias, self.dark, self.builder) = (kind, bias, dark, builder)
    }

    /// - Parameter pixels: of the whole frame, as they go into the master [ADU].
    public mutating func add(_ frame: CalibrationFrameFacts, pixels: [Float]) {
        let (width, height) = (frame.mode.width, frame.mode.height)
        let refusal = builder.limits.refusal(
            of: pixels, expectedPixels: width * height, saturationADU: builder.detector.saturationADU)
        guard refusal == nil else { return }
        var pixels = pixels
        if kind == .flat { subtractPedestal(of: frame, from: &pixels) }
        guard let sketch = FrameSketch(pixels, width: width, height: height, isFlat: kind == .flat) else { return }
        ids.append(frame.id)
        sketches.append(sketch)
    }

    /// What cannot be subtracted is the builder's to refuse.
    private func subtractPedestal(of frame: CalibrationFrameFacts, from pixels: inout [Float]) {
        let fitting = [bias, dark].map { master in master.flatMap { $0.image.pixels.count == pixels.count ? $0 : nil } }
        let pedestal: Pedestal
        do {
            pedestal = try Pedestal(
                bias: fitting[0], dark: fitting[1], exposureSeconds: frame.exposureSeconds,
                tolerance: builder.tolerance)
        } catch {
            return
        }
        pedestal.subtract(from: &pixels, startRow: 0, width: frame.mode.width)
    }

    public func outcome() -> Outcome {
        var remaining = Array(sketches.indices)
        var found: [Deviating] = []
        while remaining.count >= 3 {
            let jury = FrameJury(remaining.map { sketches[$0] }, isFlat: kind == .flat, limits: builder.limits)
            guard let worst = jury.worst() else { break }
            if 2 * (found.count + 1) >= sketches.count { return Outcome(deviating: found, restAgrees: false) }
            found.append(Deviating(id: ids[remaining[worst.place]], deviation: worst.deviation))
            remaining.remove(at: worst.place)
        }
        return Outcome(deviating: found, restAgrees: true)
    }
}

/// A frame in few numbers; those of flats in units of their median.
struct FrameSketch: Sendable {
    /// Median [ADU].
    let level: Double
    /// Of a pixel, not below that of rounding to whole ADU.
    let noise: Double
    /// At the same places of all frames.
    let samples: [Float]
    /// Medians of parts of the frame, less the median of the whole.
    let parts: [Float]
    /// Standard error of the median of a part.
    let partError: Double

    private static let partsPerSide = 16
    private static let samplesPerPart = 400

    /// - Returns: nil for a flat without light, and for a frame of less than 8 x 8 pixels.
    init?(_ pixels: [Float], width: Int, height: Int, isFlat: Bool) {
        guard width >= 8, height >= 8, let median = Robust.median(pixels), !isFlat || median > 0 else { return nil }
        level = Double(median)
        let unit: Float = isFlat ? 1 / median : 1
        noise = Double(unit) * max(Stack.neighbourNoise(pixels, width: width), 0.29)
        let step = max(1, pixels.count / 100_000) | 1
        samples = stride(from: 0, to: pixels.count, by: step).map { pixels[$0] * unit }
        let (columns, rows) = (min(Self.partsPerSide, width / 8), min(Self.partsPerSide, height / 8))
        var parts: [Float] = []
        var fewest = Int.max
        for row in 0..<rows {
            for column in 0..<columns {
                let part = Self.part(
                    pixels, width, x: column * width / columns..<(column + 1) * width / columns,
                    y: row * height / rows..<(row + 1) * height / rows)
                fewest = min(fewest, part.count)
                parts.append((Robust.median(part) ?? median) * unit - median * unit)
            }
        }
        self.parts = parts
        partError = 1.2533 * noise / Double(max(fewest, 1)).squareRoot()
    }

    private static func part(_ pixels: [Float], _ width: Int, x: Range<Int>, y: Range<Int>) -> [Float] {
        let count = x.count * y.count
        let step = max(1, count / samplesPerPart) | 1
        return stride(from: 0, to: count, by: step).map { index in
            pixels[(y.lowerBound + index / x.count) * width + x.lowerBound + index % x.count]
        }
    }
}
