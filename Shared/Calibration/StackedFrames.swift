public import Imaging

/// Frames that are in memory already, combined pixel by pixel as the frames of a master are (see `CombineMethod`).
public struct StackedFrames<Unit: PixelUnit>: Sendable, Equatable {
    public let image: Image<Unit>
    /// Standard error of each pixel.
    public let error: Image<Unit>
    /// Noise of one frame's pixel, from the differences between frames.
    public let frameNoise: Double

    /// - Parameters:
    ///   - frames: at least one, all of the same shape; what is not finite does not count.
    ///   - poissonPerUnit: variance per unit of signal above the first frame's median that is not in `frameNoise`.
    ///   - threads: rows are split over them; the bits do not depend on it.
    /// - Throws: `StackError.wrongRowCount` for a frame of another shape than the first.
    public init(_ frames: [Image<Unit>], method: CombineMethod, poissonPerUnit: Double = 0, threads: Int = 1) throws {
        precondition(!frames.isEmpty, "a stack has frames")
        let (width, height) = (frames[0].width, frames[0].height)
        for (index, frame) in frames.enumerated() where !frame.hasShape(of: frames[0]) {
            throw StackError.wrongRowCount(
                index: index, rows: 0..<height, expected: width * height, found: frame.pixels.count)
        }
        let stack = Stack(
            width: width, height: height, count: frames.count, method: method, poissonPerUnit: poissonPerUnit,
            bandBytes: .max
        ) { index, rows in Array(frames[index].pixels[rows.lowerBound * width..<rows.upperBound * width]) }
        let (combiner, noise) = try stack.combiner()
        var values: [Float] = []
        let errors = [Float](plane: width * height) { errors in
            values = [Float](plane: width * height) { values in
                Stack.withPointers(to: frames.map(\.pixels)) { pointers in
                    parallelRows(height, threads: threads) { rows in
                        let first = rows.lowerBound * width
                        combiner.combine(
                            pointers, from: first, count: rows.count * width, into: values.baseAddress! + first,
                            errors: errors.baseAddress! + first)
                    }
                }
            }
        }
        image = Image(width: width, height: height, pixels: values)
        error = Image(width: width, height: height, pixels: errors)
        frameNoise = noise
    }
}
