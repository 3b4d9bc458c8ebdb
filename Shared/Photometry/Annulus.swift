internal import CKernels
internal import Detection
internal import Imaging

/// The sky around a source, from the pixels of an annulus that belong to no source.
struct Annulus {
    /// Background left after the mesh is subtracted [e-/px].
    let level: Double
    /// Variance of `level` [e-^2].
    let levelVariance: Double

    /// Fewest clean pixels that make a sky.
    static let fewestPixels = 20
    /// Variance of a median of Gaussian numbers over that of their mean.
    private static let medianPenalty = Double.pi / 2

    /// Clips at 4 sigma around the median until nothing changes: 3 sigma would cut into the tail of a dark Poisson sky.
    ///
    /// - Parameters:
    ///   - inner, outer: radii [px].
    ///   - owner: number of the source itself, whose wings may fill the annulus; 0 for none.
    ///   - scratch: room to work in.
    /// - Returns: nil when fewer than 20 clean pixels remain.
    static func measure(
        _ planes: FramePlanes, x: Double, y: Double, inner: Double, outer: Double, owner: Int32,
        estimator: BackgroundEstimator, scratch: inout OrderStatistics
    ) -> Annulus? {
        guard planes.isNear(x: x, y: y, reach: outer) else { return nil }
        let capacity = min(planes.width * planes.height, Int((2 * outer + 3) * (2 * outer + 3)))
        scratch.load(capacity: capacity) { target in
            gather(planes, x: x, y: y, inner: inner, outer: outer, owner: owner, into: target)
        }
        return clipped(&scratch, estimator: estimator)
    }

    private static func gather(
        _ planes: FramePlanes, x: Double, y: Double, inner: Double, outer: Double, owner: Int32,
        into target: UnsafeMutablePointer<Float>
    ) -> Int {
        let circle = EllipseOverlap(x: x, y: y, radius: outer)
        let rows = circle.centreRows(height: planes.height)
        var (frame, ring) = (planes.skyFrame, circle.kernelOutline)
        var hole = EllipseOverlap(x: x, y: y, radius: inner).kernelOutline
        return kernel_sky_gather(target, &frame, &ring, &hole, rows.lowerBound, rows.count, owner)
    }

    /// Clips what `numbers` holds.
    static func clipped(_ numbers: inout OrderStatistics, estimator: BackgroundEstimator) -> Annulus? {
        guard numbers.count >= fewestPixels else { return nil }
        // Sums are taken about a number near their middle, so that squares of large numbers are not subtracted.
        let near = numbers.values[numbers.count / 2]
        let reference = Double(near)
        var (low, high) = (-Double.infinity, Double.infinity)
        var kept = numbers.sums(low, high, reference: near)
        var median = reference + kept.sum / Double(kept.count)
        for _ in 0..<10 {
            guard kept.count >= fewestPixels else { return nil }
            let mean = reference + kept.sum / Double(kept.count)
            let deviation = variance(kept).squareRoot()
            median = Self.median(&numbers, kept, guess: median, scale: deviation)
            let reach = 4 * (variance(kept) + (mean - median) * (mean - median)).squareRoot()
            // Limits only ever tighten: what was clipped stays so.
            (low, high) = (max(low, median - reach), min(high, median + reach))
            let next = numbers.sums(low, high, reference: near)
            if next.count == kept.count { break }
            kept = next
        }
        guard kept.count >= fewestPixels else { return nil }
        let mean = reference + kept.sum / Double(kept.count)
        median = Self.median(&numbers, kept, guess: median, scale: variance(kept).squareRoot())
        return Annulus(
            mean: mean, median: median, meanVariance: variance(kept) / Double(kept.count), estimator: estimator)
    }

    private static func median(
        _ numbers: inout OrderStatistics, _ kept: kernel_sky_sums, guess: Double, scale: Double
    ) -> Double {
        let (below, count) = (Int(kept.below), Int(kept.count))
        let low = numbers.value(rank: below + (count - 1) / 2, guess: guess, scale: scale)
        if count % 2 == 1 { return Double(low) }
        return (Double(low) + Double(numbers.value(rank: below + count / 2, guess: guess, scale: scale))) / 2
    }

    private static func variance(_ sums: kernel_sky_sums) -> Double {
        let count = Double(sums.count)
        return max(0, sums.square / count - (sums.sum / count) * (sums.sum / count))
    }

    private init(mean: Double, median: Double, meanVariance: Double, estimator: BackgroundEstimator) {
        switch estimator {
        case .mean: (level, levelVariance) = (mean, meanVariance)
        case .median: (level, levelVariance) = (median, Self.medianPenalty * meanVariance)
        case .mode:
            // var(2.5 median - 1.5 mean) with cov(median, mean) = var(mean), as for Gaussian numbers.
            level = 2.5 * median - 1.5 * mean
            levelVariance = 6.25 * (Self.medianPenalty - 1) * meanVariance + meanVariance
        }
    }
}

/// The sky under one source.
struct LocalSky {
    /// Mesh and annulus together [e-/px].
    var level: Double
    /// What the annulus adds to the mesh [e-/px].
    var residualLevel: Double
    /// Variance of the level [e-^2].
    var levelVariance: Double
    /// The same of the mesh alone [e-^2].
    let meshVariance: Double
    var isPoor: Bool

    init(
        _ detections: Detections, _ planes: FramePlanes, x: Double, y: Double, owner: Int32, radius: Double,
        _ parameters: MeasurementParameters, scratch: inout OrderStatistics
    ) {
        let background = detections.background
        let column = x.isFinite ? Int(min(max(x.rounded(), 0), Double(planes.width - 1))) : 0
        let row = y.isFinite ? Int(min(max(y.rounded(), 0), Double(planes.height - 1))) : 0
        let mesh = Double(background.level[column, row])
        // A tile's mode, median-filtered with its neighbours, is about as exact as the mean of one whole tile.
        let rms = Double(background.rms[column, row])
        meshVariance = rms * rms / Double(background.tileSize * background.tileSize)
        level = background.globalLevel.isFinite ? mesh : .nan
        (residualLevel, levelVariance, isPoor) = (0, meshVariance, false)
        guard let annulus = parameters.annulusPixels(radius: radius) else { return }
        let measured = Annulus.measure(
            planes, x: x, y: y, inner: annulus.inner, outer: annulus.outer, owner: owner,
            estimator: parameters.estimator, scratch: &scratch)
        guard let measured else {
            isPoor = true
            return
        }
        level += measured.level
        (residualLevel, levelVariance) = (measured.level, measured.levelVariance)
    }
}
