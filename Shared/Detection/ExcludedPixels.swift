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

    init(_ frame: CalibratedFrame, threads: Int = 1) {
        self.init(frame, threads: threads, beforeRows: { _ in }, afterRows: { _, _ in })
    }

    /// Pairs of rows whose memory is asked for at once.
    private static let pairsAtOnce = 16

    /// - Parameters:
    ///   - beforeRows: called with stretches of rows, which begin with even rows, before they are looked at; on several
    ///     threads at once.
    ///   - afterRows: called with one or two rows once they are known, of which the first is even and which lie in the
    ///     processor's cache, and the marks of the whole frame; on several threads at once.
    init(
        _ frame: CalibratedFrame, threads: Int, beforeRows: (Range<Int>) -> Void,
        afterRows: (Range<Int>, UnsafePointer<UInt8>) -> Void
    ) {
        let (width, height) = (frame.signal.width, frame.signal.height)
        var countInRow = [Int32](repeating: 0, count: height)
        marks = [UInt8](plane: width * height, byParts: true) { marks in
            countInRow.withUnsafeMutableBufferPointer { countInRow in
                frame.withPlanes { signal, variance, bits in
                    guard let marks = marks.baseAddress else { return }
                    parallelRows((height + 1) / 2, threads: threads) { pairs in
                        for pair in pairs {
                            if (pair - pairs.lowerBound) % Self.pairsAtOnce == 0 {
                                let end = min(pair + Self.pairsAtOnce, pairs.upperBound)
                                let rows = (2 * pair)..<min(2 * end, height)
                                populatePlane(marks + rows.lowerBound * width, count: rows.count * width)
                                beforeRows(rows)
                            }
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
