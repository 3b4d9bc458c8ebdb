internal import CKernels
internal import Imaging

/// A frame with a border, and what the kernel must know of each pixel.
///
/// A pixel counts when none of its flags excludes it and signal and variance are finite. Pixels that do not count are
/// zero everywhere, so that sums need no test.
struct BorderedFrame {
    static let border = Int(KERNEL_RESAMPLE_BORDER)
    private let width: Int
    private let height: Int
    private let stride: Int
    private var signal: [Float]
    private var variance: [Float]
    private var counts: [UInt8]
    private var flags: [UInt16]
    private var touched: [UInt8]

    init(_ frame: CalibratedFrame, excluded: PixelFlags) {
        (width, height) = (frame.signal.width, frame.signal.height)
        stride = width + 2 * Self.border
        let count = stride * (height + 2 * Self.border)
        signal = [Float](repeating: 0, count: count)
        variance = signal
        counts = [UInt8](repeating: 0, count: count)
        flags = [UInt16](repeating: PixelFlags.noData.rawValue, count: count)
        touched = [UInt8](repeating: 1, count: count)
        for y in 0..<height { copyRow(y, of: frame, excluded: excluded.rawValue) }
        spreadTouched()
    }

    /// Row `y`; `touched` is that of single pixels still.
    private mutating func copyRow(_ y: Int, of frame: CalibratedFrame, excluded: UInt16) {
        let (row, width, start) = (y * width, width, (y + Self.border) * stride + Self.border)
        withPlanes { signal, variance, counts, flags, touched in
            frame.signal.pixels.withUnsafeBufferPointer { values in
                frame.variance.pixels.withUnsafeBufferPointer { squares in
                    frame.mask.bits.withUnsafeBufferPointer { bits in
                        for x in 0..<width {
                            let (value, square, flag) = (values[row + x], squares[row + x], bits[row + x])
                            let isFinite = (abs(value) < .infinity) && (abs(square) < .infinity)
                            let isGood = isFinite && (square >= 0) && (flag & excluded == 0)
                            signal[start + x] = isGood ? value : 0
                            variance[start + x] = isGood ? square : 0
                            counts[start + x] = isGood ? 1 : 0
                            flags[start + x] = flag
                            touched[start + x] = isGood && flag == 0 ? 0 : 1
                        }
                    }
                }
            }
        }
    }

    /// From single pixels to all places whose taps -2 ... +3 reach them.
    private mutating func spreadTouched() {
        let (count, stride) = (touched.count, stride)
        var along = [UInt8](repeating: 1, count: count)
        touched.withUnsafeMutableBufferPointer { touched in
            along.withUnsafeMutableBufferPointer { along in
                for i in 2..<(count - 3) {
                    let (left, right) = (touched[i - 2] | touched[i - 1], touched[i + 2] | touched[i + 3])
                    along[i] = left | touched[i] | touched[i + 1] | right
                }
                for i in (2 * stride)..<(count - 3 * stride) {
                    let (below, above) = (along[i - 2 * stride] | along[i - stride], along[i + 2 * stride])
                    touched[i] = below | along[i] | along[i + stride] | above | along[i + 3 * stride]
                }
            }
        }
    }

    private mutating func withPlanes(
        _ body: (
            UnsafeMutableBufferPointer<Float>, UnsafeMutableBufferPointer<Float>, UnsafeMutableBufferPointer<UInt8>,
            UnsafeMutableBufferPointer<UInt16>, UnsafeMutableBufferPointer<UInt8>
        ) -> Void
    ) {
        signal.withUnsafeMutableBufferPointer { signal in
            variance.withUnsafeMutableBufferPointer { variance in
                counts.withUnsafeMutableBufferPointer { counts in
                    flags.withUnsafeMutableBufferPointer { flags in
                        touched.withUnsafeMutableBufferPointer { body(signal, variance, counts, flags, $0) }
                    }
                }
            }
        }
    }

    func withKernelFrame<Result>(_ body: (UnsafePointer<kernel_resample_frame>) -> Result) -> Result {
        signal.withUnsafeBufferPointer { signal in
            variance.withUnsafeBufferPointer { variance in
                counts.withUnsafeBufferPointer { counts in
                    flags.withUnsafeBufferPointer { flags in
                        touched.withUnsafeBufferPointer { touched in
                            var frame = kernel_resample_frame(
                                signal: signal.baseAddress, variance: variance.baseAddress,
                                counts: counts.baseAddress, flags: flags.baseAddress, touched: touched.baseAddress,
                                stride: stride, width: Int64(width), height: Int64(height))
                            return body(&frame)
                        }
                    }
                }
            }
        }
    }
}
