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
        (width, height) = (frame.signal.width, frame.signal.height)
        self.background = background
        let excluded = frame.excludedPixels()
        var residual = frame.signal.pixels
        var variance = frame.variance.pixels
        let level = background.level.pixels
        for index in residual.indices {
            let isGood = excluded[index] == 0
            residual[index] = isGood ? residual[index] - level[index] : 0
            variance[index] = isGood ? variance[index] : 0
        }
        self.residual = residual
        self.variance = variance
        self.excluded = excluded
        maskBits = frame.mask.bits
    }
}
