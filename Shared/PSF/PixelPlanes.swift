internal import CKernels
internal import Detection
internal import Imaging

/// The planes of a frame that fits read, and the residual that they write: data minus all models so far.
final class PixelPlanes {
    let width: Int
    let height: Int
    private let data: [Float]
    private let variance: [Float]
    private let marks: [UInt8]
    private let maskBits: [UInt16]
    let residual: UnsafeMutablePointer<Float>
    /// 1 when the frame's electrons are electrons, and a star's own photons count as noise.
    let photonNoise: Float

    init(_ detections: Detections, gainKnown: Bool) {
        let frame = detections.frame
        (width, height) = (frame.width, frame.height)
        (data, variance, marks, maskBits) = (frame.residual, frame.variance, frame.marks, frame.maskBits)
        photonNoise = gainKnown ? 1 : 0
        residual = .allocate(capacity: data.count)
        residual.initialize(from: data, count: data.count)
    }

    deinit { residual.deallocate() }

    func data(_ index: Int) -> Float { data[index] }

    func withData(_ body: (UnsafePointer<Float>, UnsafePointer<Float>) -> Void) {
        data.withUnsafeBufferPointer { data in
            variance.withUnsafeBufferPointer { variance in
                guard let data = data.baseAddress, let variance = variance.baseAddress else { return }
                body(data, variance)
            }
        }
    }

    /// Variance of a pixel without starlight [e-^2]; 0 where it cannot be used.
    @inline(__always)
    func usableVariance(_ index: Int) -> Float {
        marks[index] & PixelMarks.excluded == 0 && maskBits[index] & PixelFlags.saturated.rawValue == 0
            ? variance[index] : 0
    }

    /// Copies a stamp around a pixel; zeros beyond the frame and in the padding.
    ///
    /// - Returns: whether all pixels can be used.
    @discardableResult
    func gather(
        column: Int, row: Int, _ layout: StampLayout, data stampData: UnsafeMutablePointer<Float>,
        residual stampResidual: UnsafeMutablePointer<Float>, variance stampVariance: UnsafeMutablePointer<Float>
    ) -> Bool {
        data.withUnsafeBufferPointer { data in
            variance.withUnsafeBufferPointer { variance in
                marks.withUnsafeBufferPointer { marks in
                    maskBits.withUnsafeBufferPointer { maskBits in
                        var planes = kernel_psf_planes(
                            data: data.baseAddress, residual: residual, variance: variance.baseAddress,
                            marks: marks.baseAddress, mask: maskBits.baseAddress,
                            unusable: PixelFlags.saturated.rawValue, width: width, height: height)
                        return kernel_psf_gather(
                            &planes, column - layout.half, row - layout.half, layout.side, layout.stride, stampData,
                            stampResidual, stampVariance) != 0
                    }
                }
            }
        }
    }

    /// residual += scale * stamp, where the stamp lies on the frame.
    func add(_ stamp: UnsafePointer<Float>, scale: Float, column: Int, row: Int, _ layout: StampLayout) {
        kernel_psf_add(
            residual, width, height, stamp, scale, column - layout.half, row - layout.half, layout.side, layout.stride)
    }
}
