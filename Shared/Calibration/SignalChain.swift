public import Imaging

extension CrosstalkCorrection {
    /// Subtracts from each amplifier what the others have left in it:
    ///
    ///     corrected_v(i, j) = raw_v(i, j) - sum over s != v of c[v][s] raw_s(i, j)
    ///
    /// with (i, j) counted from each amplifier's read-out corner: what was read at the same moment. Raw counts of all
    /// amplifiers are used, so that the result does not depend on their order; terms of order c^2 are left. A
    /// constant level leaves a constant, the same in bias frames and lights. Noise that is carried over is below
    /// c^2 of a pixel's own.
    ///
    /// - Source: Freyhammer et al. 2001, Experimental Astronomy 12, 147.
    func correct(_ image: inout Image<ADU>) {
        let raw = image
        for (victim, target) in amplifiers.enumerated() {
            for (source, origin) in amplifiers.enumerated() where source != victim {
                let coefficient = coefficients[victim][source]
                guard coefficient != 0 else { continue }
                Self.subtract(Float(coefficient), origin, from: target, in: raw, of: &image)
            }
        }
    }

    private static func subtract(
        _ coefficient: Float, _ origin: AmplifierSection, from target: AmplifierSection, in raw: Image<ADU>,
        of image: inout Image<ADU>
    ) {
        let (stride, width) = (raw.width, target.section.width)
        let (step, targetStep) = (origin.flipX ? -1 : 1, target.flipX ? -1 : 1)
        raw.pixels.withUnsafeBufferPointer { raw in
            image.pixels.withUnsafeMutableBufferPointer { pixels in
                for j in 0..<target.section.height {
                    let from = raw.baseAddress! + origin.y(j) * stride + origin.x(0)
                    let line = pixels.baseAddress! + target.y(j) * stride + target.x(0)
                    for i in 0..<width {
                        let value = from[i * step]
                        let place = i * targetStep
                        line[place] = value.isFinite ? line[place] - coefficient * value : line[place]
                    }
                }
            }
        }
    }
}

extension AmplifierSection {
    fileprivate func x(_ i: Int) -> Int { flipX ? section.x1 - 1 - i : section.x0 + i }
    fileprivate func y(_ j: Int) -> Int { flipY ? section.y1 - 1 - j : section.y0 + j }
}

extension LinearityCorrection {
    /// The true counts for measured ones, both above the pedestal.
    ///
    /// Beyond the range the tangent at its end goes on, and below zero the line of slope 1: a polynomial means nothing
    /// where nobody has measured it.
    public func corrected(_ counts: Double) -> Double {
        guard counts > 0 else { return counts }
        let inside = min(counts, validToADU ?? .infinity)
        return polynomial(inside) + (counts - inside) * slope(inside)
    }

    private func polynomial(_ s: Double) -> Double {
        var sum = 0.0
        for index in coefficients.indices.reversed() { sum = sum * s + coefficients[index] }
        return s * (1 + s * sum)
    }

    /// d corrected / d s.
    func slope(_ s: Double) -> Double {
        var power = s
        var sum = 1.0
        for (index, coefficient) in coefficients.enumerated() {
            sum += Double(index + 2) * coefficient * power
            power *= s
        }
        return sum
    }

    func correct(_ frame: inout PreparedFrame) {
        let limit = validToADU ?? .infinity
        let bit = PixelFlags.nonLinear.rawValue
        let pixels = frame.pixels.pixels
        frame.variance?.pixels.withUnsafeMutableBufferPointer { variance in
            for i in variance.indices {
                let counts = Double(pixels[i]) - pedestalADU
                guard counts > 0 else { continue }
                let slope = Float(slope(min(counts, limit)))
                variance[i] *= slope * slope
            }
        }
        frame.mask?.bits.withUnsafeMutableBufferPointer { bits in
            for i in bits.indices where Double(pixels[i]) - pedestalADU > limit { bits[i] |= bit }
        }
        let corrected = [Float](plane: pixels.count) { target in
            for i in target.indices {
                let counts = Double(pixels[i]) - pedestalADU
                (target.baseAddress! + i).initialize(to: Float(pedestalADU + self.corrected(counts)))
            }
        }
        frame.pixels = Image(width: frame.pixels.width, height: frame.pixels.height, pixels: corrected)
    }
}
