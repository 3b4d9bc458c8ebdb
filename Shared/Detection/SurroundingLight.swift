internal import Foundation

extension Detections {
    /// How much light per pixel around a source, above the sky mesh, would keep its peak from standing above these
    /// surroundings by the threshold, as a peak on another source's flank must (`PeakTree`):
    ///
    ///     p - q < T sqrt(1 + q / (c sqrt V)),   light = q sigma / c
    ///
    /// p: significance, T: threshold, q: what the light alone adds to it, c: `MatchedFilter.smoothing`, sigma: scatter
    /// of single pixels [e-].
    ///
    /// - Returns: the least such light [e-/px], 0 or above; nil where the noise at the source is not known.
    package func lightThatHides(_ source: Source) -> Double? {
        guard source.x.isFinite, source.y.isFinite, source.significance.isFinite else { return nil }
        let column = min(max(0, Int(source.x.rounded())), frame.width - 1)
        let row = min(max(0, Int(source.y.rounded())), frame.height - 1)
        let variance = Double(frame.variance[row * frame.width + column])
        let scatter = max(variance.squareRoot(), Double(background.rms[column, row]))
        guard scatter.isFinite, scatter > 0 else { return nil }
        let (peak, threshold) = (source.significance, search.parameters.threshold)
        guard peak > threshold else { return 0 }
        // (p - q)^2 = T^2 (1 + k q), the root below p.
        let noise = search.parameters.gainKnown ? 1 / (search.filter.smoothing * scatter) : 0
        let half = peak + 0.5 * threshold * threshold * noise
        let level = half - (half * half - (peak * peak - threshold * threshold)).squareRoot()
        return level * scatter / search.filter.smoothing
    }

    /// Whether a source owns more pixels than a star of its significance would: three times those of a Gaussian star
    /// above the footprint's threshold, which leaves room for a star's wings.
    ///
    /// - Parameter fwhm: of star images [px].
    package func isWide(_ number: Int32, fwhm: Double) -> Bool {
        guard sources.indices.contains(Int(number) - 1) else { return false }
        let source = sources[Int(number) - 1]
        let sigma = fwhm / 2.3548
        let least = search.parameters.threshold * DetectionParameters.footprintShare
        let area = 4 * Double.pi * sigma * sigma * log(max(source.significance / least, 1))
        return Double(source.area) > 3 * area + 20
    }
}
