internal import CKernels

/// Pixels of three rows that may be sharp enough, by the variance alone: 2 for a hit of its own, 1 for a piece of a
/// track, else 0.
///
/// N is at least the square root of the variance: where D is too small for that, with a margin for rounding, S' is not
/// looked at.
struct SharpRows: ~Copyable {
    private let shape: PaddedShape
    private let lower: Float
    private let limit: Float
    private let storage: UnsafeMutablePointer<UInt8>
    /// Whole blocks. What lies beside them is made too.
    private(set) var columns = 0..<0
    /// The last row made, if rows followed each other.
    private var last: Int?

    init(_ shape: PaddedShape, _ parameters: CosmicRayParameters) {
        self.shape = shape
        limit = parameters.sigmaLimit * 0.9999
        lower = min(limit, limit * parameters.trackFraction)
        storage = .allocate(capacity: 3 * shape.stride)
    }

    deinit { storage.deallocate() }

    mutating func begin(columns: Range<Int>) {
        self.columns = columns
        last = nil
    }

    /// Of the first of the columns.
    func row(_ y: Int) -> UnsafeMutablePointer<UInt8> {
        storage + (y + 3) % 3 * shape.stride + PaddedShape.blockWidth
    }

    /// Makes a row and the ones on either side; of rows that follow each other each is made once.
    mutating func make(_ y: Int, _ planes: borrowing SharpnessPlanes) {
        let beside = PaddedShape.blockWidth
        for next in (last == y - 1 ? y + 1 : y - 1)...(y + 1) {
            let x = columns.lowerBound - 1
            kernel_sharp_pixels(
                row(next) - 1, planes.image.at(x, next), shape.stride, planes.variance.at(x, next), lower, limit,
                min(columns.count + 2, shape.stride - beside))
        }
        last = y
    }

    /// Whether two pixels beside one may belong to its track.
    func mayBeTrack(_ offset: Int, _ y: Int) -> Bool {
        var count = 0
        for near in (y - 1)...(y + 1) {
            for column in (offset - 1)...(offset + 1) where row(near)[column] != 0 { count += 1 }
        }
        return count > 2
    }
}
