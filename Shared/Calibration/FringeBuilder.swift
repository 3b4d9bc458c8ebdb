public import Imaging

/// Makes a master fringe from dithered lights or sky flats of one filter.
///
///     F = median over the frames of (signal / sky - 1)      error = 1.2533 x scatter / sqrt(n)
///
/// `sky` is a smooth background (medians of boxes of 64 px). Sources are masked before the median: pixels more than
/// 3 sigma above the sky after a 3 x 3 mean, and those within 4 px of them. Fringes finer than the boxes stay. The
/// scatter is that of the frames in the pixel, drawn towards the frame-wide one with the weight of ten frames. Pixels
/// that fewer than three frames show are not numbers.
///
/// Frames are asked for once per band of rows, so that memory stays within `bandBytes` and one frame.
public struct FringeBuilder: Sendable {
    public var bandBytes = 512 << 20

    public init() {}

    /// - Parameters:
    ///   - group: the lights, in the order that `light` counts.
    ///   - light: frame `index`, calibrated without a fringe.
    /// - Throws: `fringeNotUsable` with fewer than three lights or no pixel that shows the sky; `shapeMismatch`; what
    ///   `light` throws.
    public func fringe(
        _ group: MasterGroup, id: String, light: (_ index: Int) throws -> CalibratedFrame
    ) throws -> Master<Relative> {
        let count = group.frames.count
        guard count >= 3 else {
            throw CalibrationError.fringeNotUsable(master: id, reason: "made of \(count) lights; three are needed")
        }
        let (width, height) = (group.mode.width, group.mode.height)
        var values = [Float](repeating: .nan, count: width * height)
        var scatters = values
        let band = max(1, min(height, bandBytes / (4 * width * count)))
        var typical: [Float] = []
        for start in stride(from: 0, to: height, by: band) {
            let rows = start..<min(start + band, height)
            var stack: [[Float]] = []
            for index in 0..<count {
                let frame = try light(index)
                guard frame.signal.width == width, frame.signal.height == height else {
                    throw CalibrationError.shapeMismatch(
                        master: id, expected: "\(width) x \(height)",
                        found: "\(frame.signal.width) x \(frame.signal.height)")
                }
                stack.append(Self.relative(frame, rows: rows))
            }
            for i in 0..<(rows.count * width) {
                let numbers = stack.compactMap { $0[i].isFinite ? $0[i] : nil }
                guard numbers.count >= 3, let median = Robust.median(numbers) else { continue }
                values[start * width + i] = median
                let spread = numbers.reduce(0) { $0 + ($1 - median) * ($1 - median) } / Float(numbers.count - 1)
                scatters[start * width + i] = spread
                if i % 7 == 0 { typical.append(spread) }
            }
        }
        let fringe = master(group, id: id, values: values, scatters: scatters, typical: typical)
        guard fringe.hasUsablePixel else {
            throw CalibrationError.fringeNotUsable(master: id, reason: "no pixel shows the sky in three lights")
        }
        return fringe
    }

    private func master(
        _ group: MasterGroup, id: String, values: [Float], scatters: [Float], typical: [Float]
    ) -> Master<Relative> {
        let n = Float(group.frames.count)
        let usual = Float(Robust.clippedMoments(typical)?.mean ?? 0)
        let errors = scatters.map { spread -> Float in
            guard spread.isFinite else { return .infinity }
            let pooled = ((n - 1) * spread + 10 * usual) / (n + 9)
            return 1.2533 * (pooled / n).squareRoot()
        }
        let facts = MasterFacts(
            id: id, kind: .fringe, mode: group.mode, filter: group.filter, exposureSeconds: group.exposureSeconds,
            temperatureCelsius: group.temperatureCelsius, midpointMJD: group.midpointMJD, night: group.night,
            count: group.frames.count, inputIDs: group.frames.map(\.id), frameNoise: Double(usual).squareRoot())
        let (width, height) = (group.mode.width, group.mode.height)
        return Master(
            facts: facts, image: Image(width: width, height: height, pixels: values),
            error: Image(width: width, height: height, pixels: errors))
    }

    /// signal / sky - 1 in some rows, NaN on sources and masked pixels.
    private static func relative(_ frame: CalibratedFrame, rows: Range<Int>) -> [Float] {
        let signal = frame.signal
        let whole = FrameSection(x0: 0, x1: signal.width, y0: 0, y1: signal.height)
        let sky = BoxMedians(of: signal, in: whole, boxSize: 64, mask: frame.mask)
        let isSource = sources(in: frame, sky: sky)
        var values: [Float] = []
        values.reserveCapacity(rows.count * signal.width)
        var levels = [Float](repeating: 0, count: signal.width)
        for y in rows {
            sky.write(row: y, into: &levels)
            for x in 0..<signal.width {
                let level = levels[x]
                let isUsable = frame.mask[x, y].isEmpty && !isSource[y * signal.width + x] && level > 0
                values.append(isUsable ? signal[x, y] / level - 1 : .nan)
            }
        }
        return values
    }

    private static func sources(in frame: CalibratedFrame, sky: BoxMedians) -> [Bool] {
        let (width, height) = (frame.signal.width, frame.signal.height)
        var smooth = Image<Electron>(width: width, height: height)
        var levels = [Float](repeating: 0, count: width)
        for y in 0..<height {
            sky.write(row: y, into: &levels)
            for x in 0..<width {
                var (sum, count): (Float, Float) = (0, 0)
                for j in max(y - 1, 0)...min(y + 1, height - 1) {
                    for i in max(x - 1, 0)...min(x + 1, width - 1) where frame.mask[i, j].isEmpty {
                        sum += frame.signal[i, j]
                        count += 1
                    }
                }
                smooth[x, y] = count > 0 ? sum / count - levels[x] : 0
            }
        }
        let reach = Float(3 * (Robust.clippedMoments(smooth.pixels)?.sigma ?? 0))
        var isSource = [Bool](repeating: false, count: width * height)
        for y in 0..<height {
            for x in 0..<width where smooth[x, y] > reach {
                for j in max(y - 4, 0)...min(y + 4, height - 1) {
                    for i in max(x - 4, 0)...min(x + 4, width - 1) { isSource[j * width + i] = true }
                }
            }
        }
        return isSource
    }
}
