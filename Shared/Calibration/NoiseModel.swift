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

    var isModelOnly: Bool { parts.hasModel && !parts.hasScatter }

    func variance(of sky: Mesh, width: Int, height: Int, mask: Mask) -> Image<ElectronSquared> {
        let flatPlane = Plane(flat?.image.pixels, width: width, absent: 1)
        let flatErrors = Plane(flat?.error.pixels, width: width, absent: 0)
        let biasErrors = Plane(pedestal.bias?.error.pixels, width: width, absent: 0)
        let darkPlane = Plane(pedestal.dark?.image.pixels, width: width, absent: 0)
        let darkErrors = Plane(pedestal.dark?.error.pixels, width: width, absent: 0)
        let row = RowKernel(self, darkLevel: darkLevel)
        let lines = UnsafeMutablePointer<Float>.allocate(capacity: 2 * width)
        defer { lines.deallocate() }
        let (levels, noises) = (lines, lines + width)
        let pixels = [Float](unsafeUninitializedCapacity: width * height) { variance, used in
            for y in 0..<height {
                let out = variance.baseAddress! + y * width
                sky.fillLevels(row: y, into: levels)
                if parts.hasModel {
                    flatPlane.row(y) { flat in
                        flatErrors.row(y) { flatError in
                            biasErrors.row(y) { biasError in
                                darkPlane.row(y) { dark in
                                    darkErrors.row(y) { darkError in
                                        row.model(levels, flat, flatError, biasError, dark, darkError, width, out)
                                    }
                                }
                            }
                        }
                    }
                }
                if parts.hasScatter {
                    sky.fillNoises(row: y, into: noises)
                    row.scatter(noises, isAlone: !parts.hasModel, width, out)
                }
                row.hideMissing(mask, y, out)
            }
            used = width * height
        }
        return Image(width: width, height: height, pixels: pixels)
    }

    /// Gives pixels without data the local background.
    func fillMissing(in signal: inout Image<Electron>, mask: Mask, from sky: Mesh) {
        let missing = PixelFlags.noData.rawValue | PixelFlags.lowFlat.rawValue
        let width = signal.width
        let levels = UnsafeMutablePointer<Float>.allocate(capacity: width)
        defer { levels.deallocate() }
        mask.bits.withUnsafeBufferPointer { bits in
            signal.pixels.withUnsafeMutableBufferPointer { pixels in
                for y in 0..<(pixels.count / width) {
                    var any: UInt16 = 0
                    for x in 0..<width { any |= bits[y * width + x] }
                    if any & missing == 0 { continue }
                    sky.fillLevels(row: y, into: levels)
                    for x in 0..<width where bits[y * width + x] & missing != 0 {
                        pixels[y * width + x] = levels[x].isFinite ? levels[x] : 0
                    }
                }
            }
        }
    }

    /// Median over the boxes of scatter / sqrt(mean variance); nil where there is nothing to compare.
    func ratio(of sky: Mesh, to variance: Image<ElectronSquared>, mask: Mask) -> Double? {
        let ratios = sky.noises.indices.compactMap { box -> Float? in
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
        return Robust.median(ratios).map(Double.init)
    }

    private var darkLevel: Double {
        guard let dark = pedestal.dark else { return 0 }
        let pixels = dark.image.pixels
        let step = max(1, pixels.count / 100_003)
        let level = Robust.median(stride(from: 0, to: pixels.count, by: step).map { pixels[$0] }) ?? 0
        return Double(level)
    }

    /// Scalars of the model in single precision, and the loops over one row.
    private struct RowKernel {
        let constant: Float
        let gain: Float
        let darkLevel: Float
        /// Electrons of variance per ADU of dark.
        let darkGain: Float
        let darkFloor: Float
        let biasWeight: Float
        let darkWeight: Float
        let hasSky: Float

        init(_ model: NoiseModel, darkLevel: Double) {
            let g = model.gain
            let k = model.pedestal.darkScale
            let containsBias = model.pedestal.dark?.facts.flags.contains(.containsBias) ?? false
            constant = Float(model.readNoise * model.readNoise + g * g / 12)
            gain = Float(g)
            self.darkLevel = Float(darkLevel)
            darkGain = Float(g * k)
            // With the bias inside only the excess of a hot pixel is known to be dark current.
            darkFloor = containsBias ? Float(darkLevel) : 0
            let coefficient = model.pedestal.biasCoefficient
            biasWeight = Float(g * g * coefficient * coefficient)
            darkWeight = Float(g * g * k * k)
            hasSky = model.parts.hasSky ? 1 : 0
        }

        @inline(__always)
        func model(
            _ sky: UnsafePointer<Float>, _ flat: UnsafePointer<Float>, _ flatError: UnsafePointer<Float>,
            _ biasError: UnsafePointer<Float>, _ dark: UnsafePointer<Float>, _ darkError: UnsafePointer<Float>,
            _ width: Int, _ out: UnsafeMutablePointer<Float>
        ) {
            for x in 0..<width {
                let level = sky[x] > 0 ? sky[x] * hasSky : 0
                let isHot = dark[x] > darkLevel + 5 * darkError[x]
                let current = (isHot ? dark[x] : darkLevel) - darkFloor
                var sum = constant + level * flat[x]
                sum += darkGain * (current > 0 ? current : 0)
                sum += biasWeight * biasError[x] * biasError[x]
                sum += darkWeight * darkError[x] * darkError[x]
                sum += level * level * flatError[x] * flatError[x]
                out[x] = sum / (flat[x] * flat[x])
            }
        }

        @inline(__always)
        func scatter(
            _ noises: UnsafePointer<Float>, isAlone: Bool, _ width: Int, _ out: UnsafeMutablePointer<Float>
        ) {
            for x in 0..<width {
                let squared = noises[x] * noises[x]
                out[x] = isAlone ? squared : (squared > out[x] ? squared : out[x])
            }
        }

        /// Infinite where nothing is known, and where a number came out that cannot be a variance.
        @inline(__always)
        func hideMissing(_ mask: Mask, _ y: Int, _ out: UnsafeMutablePointer<Float>) {
            let missing = PixelFlags.noData.rawValue | PixelFlags.lowFlat.rawValue
            mask.bits.withUnsafeBufferPointer { bits in
                let row = bits.baseAddress! + y * mask.width
                for x in 0..<mask.width {
                    let isKnown = row[x] & missing == 0 && out[x] > 0
                    out[x] = isKnown ? out[x] : .infinity
                }
            }
        }
    }
}
