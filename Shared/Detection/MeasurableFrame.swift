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
    /// `PixelMarks` of each pixel; those that sources own are marked once these are found.
    package var marks: [UInt8]
    /// Whether there is any such pixel.
    package let hasExcluded: Bool
    package let maskBits: [UInt16]

    package init(_ frame: consuming CalibratedFrame, background: Background) {
        let excluded = ExcludedPixels(copy frame)
        self.init(frame, background: background, excluded: excluded, threads: 1)
    }

    /// The planes of the frame are changed in place where nobody else holds them.
    ///
    /// - Parameter excluded: the frame's own.
    init(_ frame: consuming CalibratedFrame, background: Background, excluded: ExcludedPixels, threads: Int) {
        let (width, height) = (frame.signal.width, frame.signal.height)
        (self.width, self.height) = (width, height)
        self.background = background
        marks = excluded.marks
        hasExcluded = excluded.countInRow.contains { $0 > 0 }
        maskBits = frame.mask.bits
        // Taken out of the frame, which holds them no longer.
        var (residual, variance) = ([Float](), [Float]())
        swap(&residual, &frame.signal.pixels)
        swap(&variance, &frame.variance.pixels)
        let filler = MeshSurface.Filler(background.level)
        residual.withUnsafeMutableBufferPointer { residual in
            excluded.marks.withUnsafeBufferPointer { marks in
                guard let residual = residual.baseAddress, let marks = marks.baseAddress else { return }
                parallelRows(height, threads: threads) { rows in
                    withUnsafeTemporaryAllocation(of: Float.self, capacity: width) { level in
                        guard let level = level.baseAddress else { return }
                        for y in rows {
                            filler.fill(y, into: level)
                            kernel_subtract_level(residual + y * width, level, marks + y * width, width)
                        }
                    }
                }
            }
        }
        if hasExcluded {
            variance.withUnsafeMutableBufferPointer { variance in
                parallelRows(height, threads: threads) { rows in
                    for y in rows where excluded.countInRow[y] > 0 {
                        for index in (y * width)..<((y + 1) * width)
                        where excluded.marks[index] & PixelMarks.excluded != 0 {
                            variance[index] = 0
                        }
                    }
                }
            }
        }
        (self.residual, self.variance) = (residual, variance)
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
        marks = cut(frame.marks).map { $0 & ~PixelMarks.owned }
        maskBits = cut(frame.maskBits)
        hasExcluded = frame.hasExcluded && marks.contains { $0 & PixelMarks.excluded != 0 }
    }

    /// Whether a pixel carries no measurement.
    package func isExcluded(_ index: Int) -> Bool { marks[index] & PixelMarks.excluded != 0 }

    /// Whether a source owns a pixel.
    func isOwned(_ index: Int) -> Bool { marks[index] & PixelMarks.owned != 0 }

    /// Brings the pixels around a position near the processor before they are needed.
    func prefetch(x: Double, y: Double, reach: Double) {
        guard reach < 64, x >= 0, y >= 0, x < Double(width), y < Double(height) else { return }
        let (left, top) = (max(0, Int(x - reach)), max(0, Int(y - reach)))
        let (right, bottom) = (min(width, Int(x + reach) + 2), min(height, Int(y + reach) + 2))
        let start = top * width + left
        residual.withUnsafeBufferPointer { residual in
            variance.withUnsafeBufferPointer { variance in
                guard let residual = residual.baseAddress, let variance = variance.baseAddress else { return }
                kernel_sky_prefetch(residual + start, 4 * (right - left), 4 * width, bottom - top)
                kernel_sky_prefetch(variance + start, 4 * (right - left), 4 * width, bottom - top)
            }
        }
    }

    /// Lends the planes to a matched filter.
    func withFilterPlanes<Result>(_ body: (FilterPlanes) -> Result) -> Result {
        residual.withUnsafeBufferPointer { residual in
            variance.withUnsafeBufferPointer { variance in
                marks.withUnsafeBufferPointer { marks in
                    body(
                        FilterPlanes(
                            width: width, height: height, light: residual, level: nil, variance: variance,
                            marks: marks, rms: background.rms))
                }
            }
        }
    }
}
