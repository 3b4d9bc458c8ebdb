internal import CKernels
internal import Imaging

/// The variance of a calibrated frame; formulas at `LightCalibration`.
struct NoiseModel {
    struct Parts {
        /// Gain and read noise are known.
        var hasModel = false
        /// The sky level is free of the pedestal.
        var hasSky = false
        /// The local scatter counts, alone or as a lower limit.
        var hasScatter = true
    }

    let pedestal: LightPedestal
    let flat: MasterPlanes<Relative>?
    let gain: Double
    let readNoise: Double
    let parts: Parts
    /// Of the rounding of a raw pixel [ADU^2].
    var roundingVariance = 1.0 / 12
    var threads = 1

    var isModelOnly: Bool { parts.hasModel && !parts.hasScatter }

    /// What the variance reads and writes for each pixel, where the model is all of it [bytes].
    var bytesPerPixel: Int {
        let dark = pedestal.dark == nil ? 0 : 8
        return (flat == nil ? 0 : 8) + (pedestal.bias == nil ? 0 : 4) + dark + 2 + 4
    }

    /// - Throws: `masterNotReadable`.
    func variance(
        of sky: Mesh, width: Int, height: Int, mask: Mask
    ) throws(CalibrationError) -> Image<ElectronSquared> {
        let fault = FirstFault()
        let pixels = [Float](plane: width * height, threads: threads) { variance in
            mask.bits.withUnsafeBufferPointer { bits in
                PinnedMaster.with(pedestal.bias, width: width, absent: 0) { bias in
                    PinnedMaster.with(pedestal.dark, width: width, absent: 0) { dark in
                        PinnedMaster.with(flat, width: width, absent: 1) { flat in
                            let rows = VarianceRows(
                                model: self, rule: rule, sky: sky, bias: bias, dark: dark, flat: flat, width: width,
                                bits: bits.baseAddress!)
                            parallelRows(height, threads: threads) {
                                rows.fill($0, of: variance.baseAddress!, fault)
                            }
                        }
                    }
                }
            }
        }
        try fault.rethrow()
        return Image(width: width, height: height, pixels: pixels)
    }

    /// Gives pixels without data the local background.
    func fillMissing(in signal: inout Image<Electron>, mask: Mask, from sky: Mesh) {
        let missing = PixelFlags.noData.rawValue | PixelFlags.lowFlat.rawValue
        let (width, height) = (signal.width, signal.height)
        mask.bits.withUnsafeBufferPointer { bits in
            signal.pixels.withUnsafeMutableBufferPointer { pixels in
                parallelRows(height, threads: threads) { range in
                    withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { levels in
                        for y in range {
                            var any: UInt16 = 0
                            for x in 0..<width { any |= bits[y * width + x] }
                            if any & missing == 0 { continue }
                            sky.fillLevels(row: y, into: levels.baseAddress!)
                            for x in 0..<width where bits[y * width + x] & missing != 0 {
                                pixels[y * width + x] = levels[x].isFinite ? levels[x] : 0
                            }
                        }
                    }
                }
            }
        }
    }

    /// Median over the boxes of scatter / sqrt(mean variance); nil where there is nothing to compare.
    func ratio(of sky: Mesh, to variance: Image<ElectronSquared>, mask: Mask) -> Double? {
        let ratios = parallelMap(sky.noises.count, threads: threads) { box -> Float? in
            let (xs, ys) = sky.area(ofBox: box)
            var sum = 0.0
            var count = 0.0
            for y in stride(from: ys.lowerBound, to: ys.upperBound, by: max(ys.count / 8, 1)) {
                for x in stride(from: xs.lowerBound, to: xs.upperBound, by: max(xs.count / 8, 1)) {
                    let i = y * variance.width + x
                    // Pixels that the sky did not count do not count here either.
                    guard mask.bits[i] == 0, variance.pixels[i].isFinite else { continue }
                    sum += Double(variance.pixels[i])
                    count += 1
                }
            }
            let ratio = sky.noises[box] / Float((sum / count).squareRoot())
            return ratio.isFinite ? ratio : nil
        }
        return Robust.median(ratios.compactMap { $0 }).map(Double.init)
    }

    /// Scalars of the model in single precision.
    private var rule: kernel_variance_rule {
        let g = gain
        let k = pedestal.darkScale
        let level = pedestal.dark?.level ?? 0
        let coefficient = pedestal.biasCoefficient
        let containsBias = pedestal.dark?.facts.flags.contains(.containsBias) ?? false
        return kernel_variance_rule(
            constant: Float(readNoise * readNoise + g * g * roundingVariance), dark_level: level,
            dark_gain: Float(g * k),
            // With the bias inside only the excess of a hot pixel is known to be dark current.
            dark_floor: containsBias ? level : 0, bias_weight: Float(g * g * coefficient * coefficient),
            dark_weight: Float(g * g * k * k), has_sky: parts.hasSky ? 1 : 0)
    }
}

/// What the variance is made of, row by row.
private struct VarianceRows {
    let model: NoiseModel
    let rule: kernel_variance_rule
    let sky: Mesh
    let bias: PinnedMaster
    let dark: PinnedMaster
    let flat: PinnedMaster
    let width: Int
    /// Of the frame.
    let bits: UnsafePointer<UInt16>

    func fill(_ range: Range<Int>, of variance: UnsafeMutablePointer<Float>, _ fault: FirstFault) {
        let parts: MasterParts = model.parts.hasModel ? [.image, .error] : []
        var (bias, dark) = (MasterCursor(bias, parts.subtracting(.image)), MasterCursor(dark, parts))
        var flat = MasterCursor(flat, parts)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { line in
            for rows in MasterCursor.bands(of: range, width: width) {
                do throws(CalibrationError) {
                    try bias.move(to: rows)
                    try dark.move(to: rows)
                    try flat.move(to: rows)
                } catch {
                    return fault.note(error, row: rows.lowerBound)
                }
                for y in rows {
                    var row = kernel_variance_row(
                        sky: line.baseAddress!, flat: flat.image(y), flat_error: flat.error(y),
                        bias_error: bias.error(y), dark: dark.image(y), dark_error: dark.error(y))
                    fill(y, &row, line.baseAddress!, variance + y * width)
                }
            }
        }
    }

    private func fill(
        _ y: Int, _ row: inout kernel_variance_row, _ line: UnsafeMutablePointer<Float>,
        _ out: UnsafeMutablePointer<Float>
    ) {
        if model.parts.hasModel {
            sky.fillLevels(row: y, into: line)
            withUnsafePointer(to: rule) { kernel_variance(&row, $0, out, width) }
        } else {
            out.initialize(repeating: 0, count: width)
        }
        if model.parts.hasScatter {
            sky.fillNoises(row: y, into: line)
            kernel_variance_scatter(line, out, width)
        }
        let missing = PixelFlags.noData.rawValue | PixelFlags.lowFlat.rawValue
        kernel_variance_hide(bits + y * width, missing, out, width)
    }
}
