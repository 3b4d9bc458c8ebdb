internal import CKernels

/// The planes of L.A.Cosmic over a frame, made block by block where somebody asks, and kept until a pixel changes.
///
///     N  = sqrt(variance + max(0, M5(I) - sky))     noise of the frame without its sharp pixels
///     S  = D / N                                    D: sharpness, see kernel_cosmic_rays.h
///     S' = S - M5(S)                                without what is sharp because a star is undersampled all over
///     F  = M3(I) - M7(M3(I))                        fine structure
///     G  = C - M7(C)                                the same of C, I convolved with the point spread
///
/// Mn is the true median of n x n pixels. A block asked for gives the same bits as a plane made as a whole.
struct SharpnessPlanes: ~Copyable {
    let shape: PaddedShape
    let image: PaddedPlane
    /// +infinity where a pixel carries no measurement: nothing is significant there.
    let variance: PaddedPlane
    let noise: PaddedPlane
    let significance: PaddedPlane
    let excess: PaddedPlane
    private let smooth: PaddedPlane
    let fine: PaddedPlane
    private let convolved: PaddedPlane
    let convolvedFine: PaddedPlane
    private let sky: SkyMesh
    private let pointSpread: SampledPointSpread?
    /// What has been made of each block.
    private let made: UnsafeMutablePointer<UInt8>
    private let scratch: UnsafeMutablePointer<Float>

    private static let madeSignificance: UInt8 = 1
    private static let madeExcess: UInt8 = 2
    private static let madeSmooth: UInt8 = 4
    private static let madeFine: UInt8 = 8
    private static let madeConvolved: UInt8 = 16
    private static let madeConvolvedFine: UInt8 = 32

    /// - Parameters: image, variance: of the same shape, margins filled.
    init(image: consuming PaddedPlane, variance: consuming PaddedPlane, sky: SkyMesh, pointSpread: SampledPointSpread?)
    {
        shape = image.shape
        noise = PaddedPlane(shape)
        significance = PaddedPlane(shape)
        excess = PaddedPlane(shape)
        smooth = PaddedPlane(shape)
        fine = PaddedPlane(shape)
        convolved = PaddedPlane(shape)
        convolvedFine = PaddedPlane(shape)
        self.image = image
        self.variance = variance
        self.sky = sky
        self.pointSpread = pointSpread
        made = .allocate(capacity: shape.blockCount)
        made.initialize(repeating: 0, count: shape.blockCount)
        scratch = .allocate(capacity: PaddedShape.blockWidth)
    }

    deinit {
        made.deallocate()
        scratch.deallocate()
    }

    /// Pixels farther than this from a changed one, along x or y, have the same S', F and G as before.
    var reach: Int { max(4, (pointSpread?.reach ?? 1) + 3) }

    /// Forgets what has been made within `reach` of a pixel of the frame.
    mutating func forget(around x: Int, _ y: Int) {
        for row in (y - reach)...(y + reach) {
            for block in shape.block(x - reach)...shape.block(x + reach) { made[shape.blockIndex(block, row)] = 0 }
        }
    }

    /// Makes S' at a block of a row.
    mutating func needExcess(_ block: Int, _ y: Int) {
        let index = shape.blockIndex(block, y)
        guard made[index] & Self.madeExcess == 0 else { return }
        made[index] |= Self.madeExcess
        for row in (y - 2)...(y + 2) {
            for beside in (block - 1)...(block + 1) { needSignificance(beside, row) }
        }
        let x = shape.column(ofBlock: block)
        kernel_median_5x5(scratch, significance.at(x, y), shape.stride, PaddedShape.blockWidth)
        let (target, source) = (excess.at(x, y), significance.at(x, y))
        for lane in 0..<PaddedShape.blockWidth { target[lane] = source[lane] - scratch[lane] }
    }

    /// Makes N and S at a block of a row.
    mutating func needSignificance(_ block: Int, _ y: Int) {
        let index = shape.blockIndex(block, y)
        guard made[index] & Self.madeSignificance == 0 else { return }
        made[index] |= Self.madeSignificance
        let x = shape.column(ofBlock: block)
        kernel_median_5x5(scratch, image.at(x, y), shape.stride, PaddedShape.blockWidth)
        kernel_sharpness(
            significance.at(x, y), noise.at(x, y), image.at(x, y), shape.stride, variance.at(x, y), scratch,
            sky.level(x + PaddedShape.blockWidth / 2, y), PaddedShape.blockWidth)
    }

    /// Makes F at a block of a row.
    mutating func needFine(_ block: Int, _ y: Int) {
        let index = shape.blockIndex(block, y)
        guard made[index] & Self.madeFine == 0 else { return }
        made[index] |= Self.madeFine
        for row in (y - 3)...(y + 3) {
            for beside in (block - 1)...(block + 1) { needSmooth(beside, row) }
        }
        subtractMedian(smooth, fine, block, y)
    }

    private mutating func needSmooth(_ block: Int, _ y: Int) {
        let index = shape.blockIndex(block, y)
        guard made[index] & Self.madeSmooth == 0 else { return }
        made[index] |= Self.madeSmooth
        let x = shape.column(ofBlock: block)
        kernel_median_3x3(smooth.at(x, y), image.at(x, y), shape.stride, PaddedShape.blockWidth)
    }

    /// Makes G at a block of a row.
    mutating func needConvolvedFine(_ block: Int, _ y: Int) {
        let index = shape.blockIndex(block, y)
        guard made[index] & Self.madeConvolvedFine == 0 else { return }
        made[index] |= Self.madeConvolvedFine
        for row in (y - 3)...(y + 3) {
            for beside in (block - 1)...(block + 1) { needConvolved(beside, row) }
        }
        subtractMedian(convolved, convolvedFine, block, y)
    }

    private mutating func needConvolved(_ block: Int, _ y: Int) {
        let index = shape.blockIndex(block, y)
        guard let pointSpread, made[index] & Self.madeConvolved == 0 else { return }
        made[index] |= Self.madeConvolved
        let x = shape.column(ofBlock: block)
        kernel_convolve_square(
            convolved.at(x, y), image.at(x, y), shape.stride, pointSpread.taps, Int32(pointSpread.reach),
            PaddedShape.blockWidth)
    }

    /// target = source - M7(source)
    private func subtractMedian(
        _ source: borrowing PaddedPlane, _ target: borrowing PaddedPlane, _ block: Int, _ y: Int
    ) {
        let x = shape.column(ofBlock: block)
        kernel_median_7x7(scratch, source.at(x, y), shape.stride, PaddedShape.blockWidth)
        let (to, from) = (target.at(x, y), source.at(x, y))
        for lane in 0..<PaddedShape.blockWidth { to[lane] = from[lane] - scratch[lane] }
    }
}
