internal import CKernels
internal import Imaging

/// A frame in blocks of 2 x 2 pixels: what the sky is measured on, at a quarter of the cost.
///
/// Excluded pixels do not count; an odd last row or column makes blocks of its own.
struct BinnedFrame {
    let width: Int
    let height: Int
    /// Mean of a block's usable pixels [e-]; NaN where there is none.
    let mean: [Float]
    /// Sum of squared deviations from that mean, scaled to four pixels: 3 sigma^2 is expected; NaN for less than two.
    let scatter: [Float]
    /// Of the mean [e-^2]; 0 where there is no usable pixel.
    let variance: [Float]
    /// 1 where there is no usable pixel.
    let excluded: [UInt8]

    init(_ frame: CalibratedFrame, excluded pixels: [UInt8]) {
        let (frameWidth, frameHeight) = (frame.signal.width, frame.signal.height)
        let (width, height) = ((frameWidth + 1) / 2, (frameHeight + 1) / 2)
        (self.width, self.height) = (width, height)
        var mean = [Float](repeating: 0, count: width * height)
        var scatter = mean
        var variance = mean
        // Stands for the row after an odd last one.
        let nothing = [UInt8](repeating: 1, count: frameWidth)
        frame.withPlanes { signal, noise in
            pixels.withUnsafeBufferPointer { pixels in
                nothing.withUnsafeBufferPointer { nothing in
                    for y in 0..<height {
                        let first = 2 * y * frameWidth
                        let isPair = 2 * y + 1 < frameHeight
                        let second = isPair ? first + frameWidth : first
                        var rows = kernel_row_pair()
                        rows.signal = (signal + first, signal + second)
                        rows.variance = (noise + first, noise + second)
                        let other = isPair ? pixels.baseAddress.map { $0 + second } : nothing.baseAddress
                        rows.excluded = (pixels.baseAddress.map { $0 + first }, other)
                        let start = y * width
                        mean.withUnsafeMutableBufferPointer { mean in
                            scatter.withUnsafeMutableBufferPointer { scatter in
                                variance.withUnsafeMutableBufferPointer { variance in
                                    kernel_bin(
                                        &rows, frameWidth, mean.baseAddress.map { $0 + start },
                                        scatter.baseAddress.map { $0 + start }, variance.baseAddress.map { $0 + start })
                                }
                            }
                        }
                    }
                }
            }
        }
        (self.mean, self.scatter, self.variance) = (mean, scatter, variance)
        excluded = mean.map { $0.isNaN ? 1 : 0 }
    }
}

extension CalibratedFrame {
    /// Lends signal and variance.
    func withPlanes(_ body: (_ signal: UnsafePointer<Float>, _ variance: UnsafePointer<Float>) -> Void) {
        signal.pixels.withUnsafeBufferPointer { signal in
            variance.pixels.withUnsafeBufferPointer { variance in
                guard let signal = signal.baseAddress, let variance = variance.baseAddress else { return }
                body(signal, variance)
            }
        }
    }
}
