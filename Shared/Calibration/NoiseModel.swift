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

    let pedestal: Pedestal
    let flat: Master<Relative>?
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

    func variance(of sky: Mesh, width: Int, height: Int, mask: Mask) -> Image<ElectronSquared> {
        let rows = VarianceRows(pedestal: pedestal, flat: flat, width: width)
        let bits = Plane(mask.bits, width: width, absent: 0)
        let missing = PixelFlags.noData.rawValue | PixelFlags.lowFlat.rawValue
        var rule = rule
        let pixels = [Float](plane: width * height, threads: threads) { variance in
            withUnsafePointer(to: &rule) { rule in
                parallelRows(height, threads: threads) { range in
                    withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { line in
                        let line = line.baseAddress!
                        for y in range {
                            let out = variance.baseAddress! + y * width
                            if parts.hasModel {
                                sky.fillLevels(row: y, into: line)
                                rows.row(y, sky: line) { kernel_variance($0, rule, out, width) }
                            } else {
                                out.initialize(repeating: 0, count: width)
                            }
                            if parts.hasScatter {
                                sky.fillNoises(row: y, into: line)
                                kernel_variance_scatter(line, out, width)
                            }
                            bits.row(y) { kernel_variance_hide($0, missing, out, width) }
                        }
                    }
                }
            }
        }
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

    private var darkLevel: Double {
        guard let dark = pedestal.dark else { return 0 }
        let pixels = dark.image.pixels
        let step = max(1, pixels.count / 100_003)
        let level = Robust.median(stride(from: 0, to: pixels.count, by: step).map { pixels[$0] }) ?? 0
        return Double(level)
    }

    /// Scalars of the model in single precision.
    private var rule: kernel_variance_rule {
        let g = gain
        let k = pedestal.darkScale
        let level = Float(darkLevel)
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

/// The rows that the variance is made of.
private struct VarianceRows {
    private let flat: Plane<Float>
    private let flatErrors: Plane<Float>
    private let biasErrors: Plane<Float>
    private let dark: Plane<Float>
    private let darkErrors: Plane<Float>

    init(pedestal: Pedestal, flat: Master<Relative>?, width: Int) {
        self.flat = Plane(flat?.image.pixels, width: width, absent: 1)
        flatErrors = Plane(flat?.error.pixels, width: width, absent: 0)
        biasErrors = Plane(pedestal.bias?.error.pixels, width: width, absent: 0)
        dark = Plane(pedestal.dark?.image.pixels, width: width, absent: 0)
        darkErrors = Plane(pedestal.dark?.error.pixels, width: width, absent: 0)
    }

    func row(_ y: Int, sky: UnsafePointer<Float>, _ body: (UnsafePointer<kernel_variance_row>) -> Void) {
        flat.row(y) { flat in
            flatErrors.row(y) { flatErrors in
                biasErrors.row(y) { biasErrors in
                    dark.row(y) { dark in
                        darkErrors.row(y) { darkErrors in
                            let row = kernel_variance_row(
                                sky: sky, flat: flat, flat_error: flatErrors, bias_error: biasErrors, dark: dark,
                                dark_error: darkErrors)
                            withUnsafePointer(to: row, body)
                        }
                    }
                }
            }
        }
    }
}
