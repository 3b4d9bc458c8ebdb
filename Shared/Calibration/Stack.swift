internal import CKernels
internal import Imaging

/// How the values of one pixel become one.
public enum CombineMethod: Sendable, Equatable {
    /// Mean of what lies within `sigma` of the median (MAD first, then standard deviation).
    case clippedMean(sigma: Float)
    /// Median of all; its error from the clipped scatter.
    case median
}

/// Gives rows `range` of frame `index` as `range.count * width` pixels.
public typealias RowProvider = (_ index: Int, _ range: Range<Int>) throws -> [Float]

/// Combines frames of one shape pixel by pixel, in bands of rows so that memory stays bounded.
///
/// Values that are not numbers do not count. The noise of a pixel is its own scatter drawn towards the noise of the
/// whole stack (weight of 10 frames), so that the error of a master of three frames is usable:
///
///     floor^2    = frameNoise^2 + max(value - level, 0) * poissonPerUnit
///     variance   = ((n-1) * s^2 + 10 * floor^2) / (n - 1 + 10) / n     median: times its loss of efficiency
///
/// The floor also keeps clipping sane where MAD is zero. Of two values that differ by more than `sigma * sqrt(2)`
/// floors the lower one is taken: cosmic rays and stars only add.
///
/// Single precision, on deviations from the pixel's median: those of values within a factor of two of it are exact, and
/// sums of n of them are wrong by n^2 * 6e-8 of the scatter at most, far below the rounding of the result itself.
struct Stack {
    let width: Int
    let height: Int
    let count: Int
    let method: CombineMethod
    /// Variance per unit of signal above the level: 1/gain for ADU, 0 where photon noise is in the floor already.
    let poissonPerUnit: Double
    let bandBytes: Int
    var threads = 1
    let rows: RowProvider

    struct Combined {
        var values: [Float]
        var errors: [Float]
        /// Noise of one frame's pixel.
        var frameNoise: Double
    }

    func combined() throws -> Combined {
        let (combiner, noise) = try combiner()
        var values: [Float] = []
        let errors = try [Float](plane: width * height) { errors in
            values = try [Float](plane: width * height) { values in
                for start in stride(from: 0, to: height, by: bandHeight) {
                    let range = start..<min(start + bandHeight, height)
                    let bands = try (0..<count).map { try checkedRows($0, range) }
                    combine(
                        bands, range, combiner, values.baseAddress! + start * width, errors.baseAddress! + start * width
                    )
                }
            }
        }
        return Combined(values: values, errors: errors, frameNoise: noise)
    }

    /// What combines pixels, by the noise of a frame, which comes with it.
    func combiner() throws -> (combiner: PixelCombiner, noise: Double) {
        let sample = try noiseSample()
        let combiner = PixelCombiner(
            count: count, method: method, noise: sample.noise, level: sample.level, poisson: poissonPerUnit)
        return (combiner, sample.noise)
    }

    /// Rows that are asked for at once: as many as stay in the cache, and never more than `bandBytes` of all frames.
    var bandHeight: Int {
        let cached = 2 << 20
        return max(1, min(height, min(bandBytes, cached * max(threads, 1)) / (4 * width * count)))
    }

    private func combine(
        _ bands: [[Float]], _ range: Range<Int>, _ combiner: PixelCombiner, _ values: UnsafeMutablePointer<Float>,
        _ errors: UnsafeMutablePointer<Float>
    ) {
        Self.withPointers(to: bands) { pointers in
            parallelRows(range.count, threads: threads) { rows in
                let first = rows.lowerBound * width
                combiner.combine(
                    pointers, from: first, count: rows.count * width, into: values + first, errors: errors + first)
            }
        }
    }

    private func checkedRows(_ index: Int, _ range: Range<Int>) throws -> [Float] {
        let band = try rows(index, range)
        guard band.count == range.count * width else {
            throw StackError.wrongRowCount(index: index, rows: range, expected: range.count * width, found: band.count)
        }
        return band
    }

    /// Noise of one frame from the differences of successive frames over up to 64 rows; of a single frame from
    /// neighbours.
    private func noiseSample() throws -> (noise: Double, level: Double) {
        let step = max(1, height / 64)
        let picked = Array(stride(from: step / 2, to: height, by: step))
        var previous: [Float] = []
        var level = 0.0
        var noises: [Double] = []
        for index in 0..<count {
            var current: [Float] = []
            current.reserveCapacity(picked.count * width)
            for y in picked { current += try checkedRows(index, y..<(y + 1)) }
            if index == 0 { level = Robust.median(current).map(Double.init) ?? 0 }
            if index > 0, let moments = Robust.clippedMoments(zip(current, previous).map { $0 - $1 }) {
                noises.append(moments.sigma / 2.0.squareRoot())
            }
            previous = current
        }
        if count == 1 { return (Self.neighbourNoise(previous, width: width), level) }
        return (noises.isEmpty ? 0 : noises.reduce(0, +) / Double(noises.count), level)
    }

    /// Noise of a pixel from the differences between horizontal neighbours, so that slow structure does not count.
    static func neighbourNoise(_ pixels: [Float], width: Int) -> Double {
        guard width > 1 else { return 0 }
        let step = max(1, pixels.count / 500_000)
        var differences: [Float] = []
        for i in stride(from: 0, to: pixels.count - 1, by: step) where (i + 1) % width != 0 {
            differences.append(pixels[i + 1] - pixels[i])
        }
        return (Robust.clippedMoments(differences)?.sigma ?? 0) / 2.0.squareRoot()
    }

    static func withPointers(to bands: [[Float]], _ body: ([UnsafePointer<Float>]) -> Void) {
        func open(_ index: Int, _ pointers: [UnsafePointer<Float>]) {
            if index == bands.count { return body(pointers) }
            bands[index].withUnsafeBufferPointer { open(index + 1, pointers + [$0.baseAddress!]) }
        }
        open(0, [])
    }
}

/// A fault of whoever provides the rows.
public enum StackError: Error, Equatable, CustomStringConvertible {
    case wrongRowCount(index: Int, rows: Range<Int>, expected: Int, found: Int)

    public var description: String {
        switch self {
        case .wrongRowCount(let index, let rows, let expected, let found):
            "frame \(index) of the stack: rows \(rows.lowerBound) to \(rows.upperBound - 1) "
                + "hold \(found) pixels, not \(expected)"
        }
    }
}
