internal import CKernels
internal import Foundation

/// Level and scatter of the sky in one tile, from its blocks of 2 x 2 pixels.
struct TileStatistics {
    /// [e-/px]
    var level: Float
    /// Scatter of single pixels, and of the means of blocks [e-].
    var pixelScatter: Float
    var blockScatter: Float

    /// The least number of blocks that tell anything.
    static let fewest = 8

    /// The clipped mode, 2.5 median - 1.5 mean, of all blocks within 3 sigma of their median; the median where the rest
    /// is skewed by more than 0.3 sigma.
    ///
    /// - Source: Bertin & Arnouts 1996, A&AS 117, 393, section 3.
    static func mode(_ blocks: TileBlocks, near guess: TileStatistics?) -> TileStatistics? {
        guard let (start, sigma) = blocks.start(near: guess) else { return nil }
        var sums = kernel_mesh_clipped()
        var (centre, scatter, mean) = (start, sigma, start)
        for _ in 0..<4 {
            let (low, high) = (centre - 3 * scatter, centre + 3 * scatter)
            blocks.clip(low, high, centre: centre, &sums)
            guard sums.count >= fewest else { return nil }
            mean = centre + Float(sums.sum / Double(sums.count))
            let next = blocks.median(from: low, to: high, inside: sums.count)
            // Of a Gaussian cut at 3 sigma 0.9733 of the variance are left.
            let spread = Float((max(0, variance(sums)) / 0.9733).squareRoot())
            let isSettled = abs(next - centre) < 0.01 * scatter && abs(spread - scatter) < 0.02 * scatter
            (centre, scatter) = (next, spread)
            if isSettled { break }
        }
        let level = abs(mean - centre) <= 0.3 * scatter ? 2.5 * centre - 1.5 * mean : centre
        return TileStatistics(level: level, sums, scatter, blocks.tilt)
    }

    /// The mean of the blocks within 4 sigma of their median: unbiased for Poisson noise where no source is.
    static func clippedMean(_ blocks: TileBlocks, near guess: TileStatistics?) -> TileStatistics? {
        guard let (centre, sigma) = blocks.start(near: guess) else { return nil }
        var sums = kernel_mesh_clipped()
        var scatter = sigma
        for _ in 0..<3 {
            blocks.clip(centre - 4 * scatter, centre + 4 * scatter, centre: centre, &sums)
            guard sums.count >= fewest else { return nil }
            let spread = Float(max(0, variance(sums)).squareRoot())
            let isSettled = abs(spread - scatter) < 0.02 * scatter
            scatter = spread
            if isSettled { break }
        }
        return TileStatistics(level: centre + Float(sums.sum / Double(sums.count)), sums, scatter, blocks.tilt)
    }

    private init(level: Float, _ sums: kernel_mesh_clipped, _ scatter: Float, _ tilt: SkyTilt) {
        self.level = level
        blockScatter = scatter
        // Scatter within blocks, which is 3 sigma^2 and what a slope adds, and of blocks.
        let within = sums.otherCount > 0 ? sums.other / Double(sums.otherCount) / 4 : 0
        let slope = Double(tilt.across * tilt.across + tilt.along * tilt.along) / 16
        pixelScatter = Float((max(0, within - slope) + Double(scatter) * Double(scatter)).squareRoot())
    }

    private static func variance(_ sums: kernel_mesh_clipped) -> Double {
        let mean = sums.sum / Double(sums.count)
        return sums.square / Double(sums.count) - mean * mean
    }
}

/// The blocks of one tile, less the slope of the sky about the tile's middle: NaN where a block does not count.
final class TileBlocks {
    private let means: UnsafeMutablePointer<Float>
    private let scatters: UnsafeMutablePointer<Float>
    /// A multiple of 16.
    private var count = 0
    /// Blocks that count.
    private(set) var used = 0
    /// What has been taken off.
    private(set) var tilt = SkyTilt.none

    init(capacity: Int) {
        means = .allocate(capacity: capacity + 16)
        scatters = .allocate(capacity: capacity + 16)
    }

    deinit {
        means.deallocate()
        scatters.deallocate()
    }

    /// Takes the blocks of a rectangle whose entry in `mask` is at most `rank`.
    func take(
        _ frame: BinnedFrame, _ columns: Range<Int>, _ rows: Range<Int>, mask: [UInt8], rank: UInt8,
        tilt: SkyTilt = .none
    ) {
        self.tilt = tilt
        let plane = TiltedPlane(tilt, columns, rows)
        var filled = 0
        mask.withUnsafeBufferPointer { mask in
            guard let mean = frame.mean.baseAddress, let scatter = frame.scatter.baseAddress,
                let mask = mask.baseAddress
            else { return }
            let start = rows.lowerBound * frame.width + columns.lowerBound
            var tile = kernel_mesh_tile(
                values: mean + start, scatters: scatter + start, mask: mask + start, stride: frame.width,
                columns: columns.count, rows: rows.count)
            kernel_mesh_pick(means, scatters, &tile, rank)
            filled = columns.count * rows.count
            guard !tilt.isNone else { return }
            for (index, row) in rows.enumerated() {
                let start = row * frame.width + columns.lowerBound
                kernel_mesh_pick_tilted(
                    means + index * columns.count, mean + start, mask + start, rank,
                    plane.level(columns.lowerBound, row), tilt.across, columns.count)
            }
        }
        while filled % 16 != 0 {
            (means[filled], scatters[filled]) = (.nan, .nan)
            filled += 1
        }
        count = filled
        used = kernel_count_below(means, .infinity, count)
    }

    /// The median, and the distance from it to the 15.87th percentile, below which sources are not.
    ///
    /// - Parameter guess: where to look first.
    func start(near guess: TileStatistics?) -> (median: Float, sigma: Float)? {
        guard used >= TileStatistics.fewest else { return nil }
        let (middle, lower) = ((used - 1) / 2, Int(0.1587 * Double(used - 1)))
        if let guess, guess.blockScatter > 0, guess.blockScatter.isFinite {
            let (low, high) = (guess.level - 4 * guess.blockScatter, guess.level + 4 * guess.blockScatter)
            if kernel_count_below(means, low, count) <= lower, kernel_count_below(means, high, count) > middle {
                let median = smallest(number: middle, from: low, to: high)
                return (median, median - smallest(number: lower, from: low, to: median))
            }
        }
        let median = smallest(number: middle)
        return (median, median - smallest(number: lower))
    }

    func clip(_ low: Float, _ high: Float, centre: Float, _ sums: inout kernel_mesh_clipped) {
        kernel_clip(means, scatters, low, high, centre, count, &sums)
    }

    /// The median of the `inside` values within [low, high], to 1/1000 of their distance.
    func median(from low: Float, to high: Float, inside: Int) -> Float {
        let below = kernel_count_below(means, low.nextDown, count)
        return smallest(number: below + (inside - 1) / 2, from: low, to: high)
    }

    /// The value with this many smaller ones, to 1/1000 of the distance of two bounds around it.
    private func smallest(number: Int, from low: Float, to high: Float) -> Float {
        var (lower, upper) = (low, high)
        for _ in 0..<9 {
            let middle = (lower + upper) / 2
            if kernel_count_below(means, middle, count) > number { upper = middle } else { lower = middle }
        }
        return (lower + upper) / 2
    }

    /// The value with this many smaller ones, exactly: bisection over the numbers that a Float can hold.
    private func smallest(number: Int) -> Float {
        var (low, high) = (Self.rank(-Float.greatestFiniteMagnitude), Self.rank(Float.greatestFiniteMagnitude))
        while low < high {
            let middle = low + (high - low) / 2
            if kernel_count_below(means, Self.value(middle), count) > number { high = middle } else { low = middle + 1 }
        }
        return Self.value(low)
    }

    /// Whole numbers in the order of the Floats, and back.
    private static func rank(_ value: Float) -> UInt32 {
        let bits = value.bitPattern
        return bits >> 31 == 1 ? ~bits : bits | 0x8000_0000
    }

    private static func value(_ rank: UInt32) -> Float {
        Float(bitPattern: rank >> 31 == 1 ? rank & 0x7FFF_FFFF : ~rank)
    }
}
