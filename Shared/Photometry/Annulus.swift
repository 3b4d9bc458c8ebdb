internal import Detection
internal import Foundation

/// The sky around a source, from the pixels of an annulus that belong to no source.
struct Annulus {
    /// Background left after the mesh is subtracted [e-/px].
    let level: Double
    /// Variance of `level` [e-^2].
    let levelVariance: Double

    /// Variance of a median of Gaussian numbers over that of their mean.
    private static let medianPenalty = Double.pi / 2

    /// Clips at 4 sigma around the median until nothing changes: 3 sigma would cut into the tail of a dark Poisson sky.
    ///
    /// - Parameters:
    ///   - inner, outer: radii [px].
    ///   - owner: number of the source itself in `segments`, whose wings may fill the annulus; 0 for none.
    /// - Returns: nil when fewer than 20 clean pixels remain.
    static func measure(
        _ detections: Detections, x: Double, y: Double, inner: Double, outer: Double, owner: Int32,
        estimator: BackgroundEstimator
    ) -> Annulus? {
        let frame = detections.frame
        var values: [Float] = []
        frame.forEachPixel(x: x, y: y, radius: outer) { index, squaredDistance in
            let segment = detections.segments[index]
            guard squaredDistance >= inner * inner, frame.excluded[index] == 0, segment == 0 || segment == owner,
                frame.maskBits[index] == 0
            else { return }
            values.append(frame.residual[index])
        }
        values.sort()
        return clipped(values, estimator: estimator)
    }

    private static func clipped(_ sorted: [Float], estimator: BackgroundEstimator) -> Annulus? {
        var kept = sorted[...]
        for _ in 0..<10 {
            guard kept.count >= 20 else { return nil }
            let centre = middle(kept)
            let reach = 4 * scatter(kept, around: centre)
            let inside = kept.drop { Double($0) < centre - reach }
            let next = inside.prefix(
                upTo: inside.lastIndex { Double($0) <= centre + reach }.map { $0 + 1 } ?? inside.startIndex)
            if next.count == kept.count { break }
            kept = next
        }
        guard kept.count >= 20 else { return nil }
        let mean = kept.reduce(0) { $0 + Double($1) } / Double(kept.count)
        let median = middle(kept)
        let meanVariance = pow(scatter(kept, around: mean), 2) / Double(kept.count)
        switch estimator {
        case .mean: return Annulus(level: mean, levelVariance: meanVariance)
        case .median: return Annulus(level: median, levelVariance: medianPenalty * meanVariance)
        case .mode:
            return Annulus(
                level: 2.5 * median - 1.5 * mean,
                levelVariance: 6.25 * (medianPenalty - 1) * meanVariance + meanVariance)
        }
    }

    private static func middle(_ sorted: ArraySlice<Float>) -> Double {
        let (low, high) = (sorted.startIndex + (sorted.count - 1) / 2, sorted.startIndex + sorted.count / 2)
        return (Double(sorted[low]) + Double(sorted[high])) / 2
    }

    private static func scatter(_ values: ArraySlice<Float>, around centre: Double) -> Double {
        (values.reduce(0) { $0 + (Double($1) - centre) * (Double($1) - centre) } / Double(values.count)).squareRoot()
    }
}

extension MeasurableFrame {
    /// Calls `body` with the index and the squared distance of each pixel whose centre lies within a radius.
    func forEachPixel(x: Double, y: Double, radius: Double, _ body: (Int, Double) -> Void) {
        guard x.isFinite, y.isFinite, radius > 0, x > -radius, y > -radius,
            x < Double(width) + radius, y < Double(height) + radius
        else { return }
        let (left, right) = (max(0, Int((x - radius).rounded(.up))), min(width - 1, Int((x + radius).rounded(.down))))
        let (low, high) = (max(0, Int((y - radius).rounded(.up))), min(height - 1, Int((y + radius).rounded(.down))))
        guard left <= right, low <= high else { return }
        for row in low...high {
            for column in left...right {
                let (dx, dy) = (Double(column) - x, Double(row) - y)
                let squaredDistance = dx * dx + dy * dy
                if squaredDistance <= radius * radius { body(row * width + column, squaredDistance) }
            }
        }
    }
}
