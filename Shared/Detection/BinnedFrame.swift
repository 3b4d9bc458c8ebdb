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
        let (width, height) = ((frame.signal.width + 1) / 2, (frame.signal.height + 1) / 2)
        (self.width, self.height) = (width, height)
        var storage = (scatter: [Float](), variance: [Float]())
        mean = [Float](planeOf: width * height) { mean in
            storage.scatter = [Float](planeOf: width * height) { scatter in
                storage.variance = [Float](planeOf: width * height) { variance in
                    frame.binRows(pixels) { y, rows in
                        var rows = rows
                        let start = y * width
                        kernel_bin(&rows, frame.signal.width, mean + start, scatter + start, variance + start)
                    }
                }
            }
        }
        (scatter, variance) = storage
        excluded = mean.map { $0.isNaN ? 1 : 0 }
    }
}

extension CalibratedFrame {
    /// Calls `body` for each pair of rows. After an odd last row comes one of excluded pixels.
    fileprivate func binRows(_ excluded: [UInt8], _ body: (Int, kernel_row_pair) -> Void) {
        let (width, height) = (signal.width, signal.height)
        let nothing = [UInt8](repeating: 1, count: width)
        signal.pixels.withUnsafeBufferPointer { signal in
            variance.pixels.withUnsafeBufferPointer { variance in
                excluded.withUnsafeBufferPointer { excluded in
                    nothing.withUnsafeBufferPointer { nothing in
                        guard let signal = signal.baseAddress, let variance = variance.baseAddress,
                            let excluded = excluded.baseAddress, let nothing = nothing.baseAddress
                        else { return }
                        for y in 0..<((height + 1) / 2) {
                            let first = 2 * y * width
                            let isPair = 2 * y + 1 < height
                            let second = isPair ? first + width : first
                            body(
                                y,
                                kernel_row_pair(
                                    signal: (signal + first, signal + second),
                                    variance: (variance + first, variance + second),
                                    excluded: (excluded + first, isPair ? excluded + second : nothing)))
                        }
                    }
                }
            }
        }
    }
}
