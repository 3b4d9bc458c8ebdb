package import Imaging

/// A calibrated frame made ready for detection and photometry: sky subtracted, unusable pixels zeroed and marked.
package struct MeasurableFrame: Sendable {
    package let width: Int
    package let height: Int
    package let background: Background
    /// Signal minus background level [e-]; 0 where excluded.
    package let residual: [Float]
    /// [e-^2]; 0 where excluded.
    package let variance: [Float]
    /// 1 where a pixel carries no measurement.
    package let excluded: [UInt8]
    package let maskBits: [UInt16]

    package init(_ frame: CalibratedFrame, background: Background) {
        self.init(frame, background: background, excluded: frame.excludedPixels())
    }

    /// - Parameter excluded: the frame's own.
    init(_ frame: CalibratedFrame, background: Background, excluded: [UInt8]) {
        (width, height) = (frame.signal.width, frame.signal.height)
        self.background = background
        self.excluded = excluded
        maskBits = frame.mask.bits
        let count = excluded.count
        residual = [Float](unsafeUninitializedCapacity: count) { residual, used in
            used = count
            frame.signal.pixels.withUnsafeBufferPointer { signal in
                background.level.pixels.withUnsafeBufferPointer { level in
                    excluded.withUnsafeBufferPointer { excluded in
                        for index in 0..<count {
                            residual[index] = excluded[index] == 0 ? signal[index] - level[index] : 0
                        }
                    }
                }
            }
        }
        guard excluded.contains(1) else {
            variance = frame.variance.pixels
            return
        }
        variance = [Float](unsafeUninitializedCapacity: count) { variance, used in
            used = count
            frame.variance.pixels.withUnsafeBufferPointer { given in
                excluded.withUnsafeBufferPointer { excluded in
                    for index in 0..<count { variance[index] = excluded[index] == 0 ? given[index] : 0 }
                }
            }
        }
    }
}
