internal import Glibc

/// Complex values as two arrays of equal length.
struct ComplexValues {
    var real: [Double]
    var imaginary: [Double]

    init(zeros count: Int) {
        real = [Double](repeating: 0, count: count)
        imaginary = real
    }

    var count: Int { real.count }
}

/// F[k] = sum over i of f[i] e^(+2 pi i k i / n) for n a power of two: Stockham's fast Fourier transform, which needs
/// no bit reversal and reads memory in order.
struct FourierTransform {
    private let count: Int
    private let cosines: [Double]
    private let sines: [Double]

    /// - Parameter count: a power of two.
    init(count: Int) {
        precondition(count > 1 && count & (count - 1) == 0, "the length is a power of two")
        self.count = count
        cosines = (0..<count / 2).map { cos(2 * .pi * Double($0) / Double(count)) }
        sines = (0..<count / 2).map { sin(2 * .pi * Double($0) / Double(count)) }
    }

    func callAsFunction(_ values: ComplexValues) -> ComplexValues {
        precondition(values.count == count, "the values have the transform's length")
        var from = values
        var to = ComplexValues(zeros: count)
        var (half, stride) = (count / 2, 1)
        while half >= 1 {
            pass(from, into: &to.real, &to.imaginary, half: half, stride: stride)
            swap(&from, &to)
            half /= 2
            stride *= 2
        }
        return from
    }

    private func pass(
        _ from: ComplexValues, into real: inout [Double], _ imaginary: inout [Double], half: Int, stride: Int
    ) {
        let (re, im) = (from.real.span, from.imaginary.span)
        var outRe = real.mutableSpan
        var outIm = imaginary.mutableSpan
        let distance = half * stride
        for group in 0..<half {
            let (c, s) = (cosines[group * stride], sines[group * stride])
            let (start, target) = (group * stride, 2 * group * stride)
            for k in 0..<stride {
                let (aRe, aIm) = (re[start + k], im[start + k])
                let (bRe, bIm) = (re[start + k + distance], im[start + k + distance])
                outRe[target + k] = aRe + bRe
                outIm[target + k] = aIm + bIm
                let (dRe, dIm) = (aRe - bRe, aIm - bIm)
                outRe[target + k + stride] = c * dRe - s * dIm
                outIm[target + k + stride] = c * dIm + s * dRe
            }
        }
    }
}
