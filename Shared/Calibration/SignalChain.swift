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
                for j in 0..<target.section.height {
                    for i in 0..<target.section.width {
                        let value = raw[origin.x(i), origin.y(j)]
                        if value.isFinite { image[target.x(i), target.y(j)] -= Float(coefficient) * value }
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
        s * (1 + s * coefficients.reversed().reduce(0) { $0 * s + $1 })
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
        for i in frame.pixels.pixels.indices {
            let counts = Double(frame.pixels.pixels[i]) - pedestalADU
            frame.pixels.pixels[i] = Float(pedestalADU + corrected(counts))
            if counts > limit { frame.mask?.bits[i] |= bit }
            if frame.variance != nil, counts > 0 {
                let slope = Float(slope(min(counts, limit)))
                frame.variance?.pixels[i] *= slope * slope
            }
        }
    }
}
