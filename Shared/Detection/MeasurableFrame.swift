internal import CKernels
package import Imaging

/// A calibrated frame made ready for detection and photometry: sky subtracted, unusable pixels zeroed and marked.
package struct MeasurableFrame: Sendable {
    package let width: Int
    package let height: Int
    package let background: Background
    /// Signal minus background level [e-]; 0 where excluded.
    package var residual: [Float]
    /// [e-^2]; 0 where excluded.
    package let variance: [Float]
    /// 1 where a pixel carries no measurement.
    package let excluded: [UInt8]
    package let maskBits: [UInt16]

    package init(_ frame: CalibratedFrame, background: Background) {
        let (excluded, count) = frame.excludedPixelsAndCount()
        self.init(frame, background: background, excluded: excluded, excludedCount: count)
    }

    /// - Parameter excluded: the frame's own.
    init(_ frame: CalibratedFrame, background: Background, excluded: [UInt8], excludedCount: Int) {
        (width, height) = (frame.signal.width, frame.signal.height)
        self.background = background
        self.excluded = excluded
        maskBits = frame.mask.bits
        residual = SkySubtraction.residual(
            frame.signal.pixels, background.level, excluded: excluded, width: width, height: height)
        var variance = frame.variance.pixels
        if excludedCount > 0 {
            variance.withUnsafeMutableBufferPointer { variance in
                for index in excluded.indices where excluded[index] != 0 { variance[index] = 0 }
            }
        }
        self.variance = variance
    }

    /// A part of the frame, to be searched for itself: what lies beyond is as beyond a frame's edge.
    package func window(columns: Range<Int>, rows: Range<Int>) -> MeasurableFrame {
        MeasurableFrame(self, columns: columns, rows: rows)
    }

    private init(_ frame: MeasurableFrame, columns: Range<Int>, rows: Range<Int>) {
        precondition(
            columns.lowerBound >= 0 && columns.upperBound <= frame.width && rows.lowerBound >= 0
                && rows.upperBound <= frame.height && !columns.isEmpty && !rows.isEmpty, "a window lies on its frame")
        func cut<Value>(_ plane: [Value]) -> [Value] {
            var part: [Value] = []
            part.reserveCapacity(columns.count * rows.count)
            for row in rows {
                let start = row * frame.width
                part.append(contentsOf: plane[(start + columns.lowerBound)..<(start + columns.upperBound)])
            }
            return part
        }
        (width, height) = (columns.count, rows.count)
        background = frame.background.window(columns: columns, rows: rows)
        (residual, variance) = (cut(frame.residual), cut(frame.variance))
        (excluded, maskBits) = (cut(frame.excluded), cut(frame.maskBits))
    }

    var filterPlanes: FilterPlanes {
        FilterPlanes(
            width: width, height: height, residual: residual, variance: variance, excluded: excluded,
            rms: background.rms)
    }
}

enum SkySubtraction {
    /// Signal minus level; 0 where excluded.
    static func residual(
        _ signal: [Float], _ level: MeshSurface, excluded: [UInt8], width: Int, height: Int
    ) -> [Float] {
        let filler = MeshSurface.Filler(level)
        return [Float](planeOf: signal.count) { residual in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { row in
                signal.withUnsafeBufferPointer { signal in
                    excluded.withUnsafeBufferPointer { excluded in
                        guard let row = row.baseAddress, let signal = signal.baseAddress,
                            let excluded = excluded.baseAddress
                        else { return }
                        for y in 0..<height {
                            filler.fill(y, into: row)
                            let start = y * width
                            kernel_subtract(residual + start, signal + start, row, excluded + start, width)
                        }
                    }
                }
            }
        }
    }
}
