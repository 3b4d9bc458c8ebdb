internal import CKernels
internal import Detection
internal import Imaging

/// The planes of a frame that fits read, and the residual that they write: data minus all models so far.
final class PixelPlanes {
    let width: Int
    let height: Int
    private let data: [Float]
    private let variance: [Float]
    private let excluded: [UInt8]
    private let maskBits: [UInt16]
    let residual: UnsafeMutablePointer<Float>
    /// 1 when the frame's electrons are electrons, and a star's own photons count as noise.
    let photonNoise: Float

    init(_ detections: Detections, gainKnown: Bool) {
        let frame = detections.frame
        (width, height) = (frame.width, frame.height)
        (data, variance, excluded, maskBits) = (frame.residual, frame.variance, frame.excluded, frame.maskBits)
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
        excluded[index] == 0 && maskBits[index] & PixelFlags.saturated.rawValue == 0 ? variance[index] : 0
    }

    /// Copies a stamp around a pixel; zeros beyond the frame.
    ///
    /// - Returns: whether all pixels can be used.
    @discardableResult
    func gather(
        column: Int, row: Int, _ layout: StampLayout, data stampData: UnsafeMutablePointer<Float>,
        residual stampResidual: UnsafeMutablePointer<Float>, variance stampVariance: UnsafeMutablePointer<Float>
    ) -> Bool {
        let (side, stride) = (layout.side, layout.stride)
        let first = column - layout.half
        let columns = max(0, -first)..<max(max(0, -first), min(side, width - first))
        var isWhole = columns.count == side
        for line in 0..<side {
            let y = row - layout.half + line
            let target = line * stride
            guard y >= 0, y < height, !columns.isEmpty else {
                isWhole = false
                for i in target..<(target + stride) { (stampData[i], stampResidual[i], stampVariance[i]) = (0, 0, 0) }
                continue
            }
            for i in target..<(target + columns.lowerBound) {
                (stampData[i], stampResidual[i], stampVariance[i]) = (0, 0, 0)
            }
            for i in (target + columns.upperBound)..<(target + stride) {
                (stampData[i], stampResidual[i], stampVariance[i]) = (0, 0, 0)
            }
            let source = y * width + first
            data.withUnsafeBufferPointer { data in
                (stampData + target + columns.lowerBound).update(
                    from: data.baseAddress! + source + columns.lowerBound, count: columns.count)
            }
            (stampResidual + target + columns.lowerBound).update(
                from: residual + source + columns.lowerBound, count: columns.count)
            isWhole = fillVariance(source, columns, stampVariance + target) && isWhole
        }
        return isWhole
    }

    private func fillVariance(_ source: Int, _ columns: Range<Int>, _ target: UnsafeMutablePointer<Float>) -> Bool {
        let saturated = PixelFlags.saturated.rawValue
        var faults: UInt16 = 0
        variance.withUnsafeBufferPointer { variance in
            excluded.withUnsafeBufferPointer { excluded in
                maskBits.withUnsafeBufferPointer { maskBits in
                    for i in columns {
                        let bits = UInt16(excluded[source + i]) | (maskBits[source + i] & saturated)
                        faults |= bits
                        target[i] = bits == 0 ? variance[source + i] : 0
                    }
                }
            }
        }
        return faults == 0
    }

    /// residual += scale * stamp, where the stamp lies on the frame.
    func add(_ stamp: UnsafePointer<Float>, scale: Float, column: Int, row: Int, _ layout: StampLayout) {
        let first = column - layout.half
        let low = max(0, -first)
        let high = min(layout.side, width - first)
        guard low < high else { return }
        for line in 0..<layout.side {
            let y = row - layout.half + line
            guard y >= 0, y < height else { continue }
            kernel_row_add(residual + y * width + first + low, stamp + line * layout.stride + low, scale, high - low)
        }
    }
}
