internal import CKernels
package import Imaging

extension CalibratedFrame {
    /// 1 for each pixel that carries no measurement: `PixelFlags.withoutMeasurement`, NaN or beyond 10^12 electrons, or
    /// without a finite positive variance.
    package func excludedPixels() -> [UInt8] { ExcludedPixels(self).marks.map { $0 & PixelMarks.excluded } }
}

/// Which pixels of a frame carry no measurement.
struct ExcludedPixels {
    /// `PixelMarks` of each pixel: excluded, masked.
    let marks: [UInt8]
    /// Number of excluded ones in each row.
    let countInRow: [Int32]

    init(_ frame: CalibratedFrame, threads: Int = 1) { self.init(frame, threads: threads) { _, _ in } }

    /// - Parameter afterRows: called with stretches of rows once they are known, which begin with even rows and lie in
    ///   the processor's cache, and the marks of the whole frame; on several threads at once.
    init(
        _ frame: CalibratedFrame, threads: Int, afterRows: (Range<Int>, UnsafePointer<UInt8>) -> Void
    ) {
        let (width, height) = (frame.signal.width, frame.signal.height)
        var countInRow = [Int32](repeating: 0, count: height)
        marks = [UInt8](plane: width * height, threads: threads) { marks in
            countInRow.withUnsafeMutableBufferPointer { countInRow in
                frame.withPlanes { signal, variance, bits in
                    guard let marks = marks.baseAddress else { return }
                    parallelRows((height + 1) / 2, threads: threads) { pairs in
                        for pair in pairs {
                            let rows = (2 * pair)..<min(2 * pair + 2, height)
                            for y in rows {
                                let start = y * width
                                let found = kernel_exclude(
                                    marks + start, bits + start, signal + start, variance + start,
                                    PixelFlags.withoutMeasurement.rawValue, width)
                                countInRow[y] = Int32(found)
                            }
                            afterRows(rows, marks)
                        }
                    }
                }
            }
        }
        self.countInRow = countInRow
    }
}

extension CalibratedFrame {
    /// Lends the first pixels of signal, variance and mask.
    func withPlanes(
        _ body: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<UInt16>) -> Void
    ) {
        signal.pixels.withUnsafeBufferPointer { signal in
            variance.pixels.withUnsafeBufferPointer { variance in
                mask.bits.withUnsafeBufferPointer { bits in
                    guard let signal = signal.baseAddress, let variance = variance.baseAddress,
                        let bits = bits.baseAddress
                    else { return }
                    body(signal, variance, bits)
                }
            }
        }
    }
}
