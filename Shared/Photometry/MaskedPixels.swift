/// Light of a star in pixels of its aperture that carry no measurement.
///
/// Such a pixel p is filled from the pixel p' opposite to it across the star's centre, where that is good, and from the
/// frame's star image m scaled to this star elsewhere:
///
///     D_p = D_p' + S (m_p - m_p')      or      D_p = S m_p,      S = sum (m D / V) / sum (m^2 / V), good pixels
///
/// The error grows by the noise of the pixels that now count twice, by that of S, and by how badly the image fits the
/// star: e S m, where e^2 is the excess of (D - S m)^2 over the noise, in units of (S m)^2, over the good pixels.
struct MaskedPixels {
    /// What to add to the sum above the sky [e-], and to its variance [e-^2].
    var light = 0.0
    var variance = 0.0
    /// Area that was filled [px].
    var area = 0.0
    /// Part of the star's light in the aperture that was filled, by the star image.
    var share = 0.0

    /// Smallest relative error of a star image.
    private static let smallestMisfit = 0.005

    /// - Parameters:
    ///   - level: sky under the star [e-/px].
    ///   - stamp: holds the star image around the aperture.
    ///   - sourceNoise: whether the star's own photons are noise.
    /// - Returns: nil when the aperture has no good pixel.
    static func fill(
        _ planes: FramePlanes, _ aperture: EllipseOverlap, level: Double, stamp: StarStamp, sourceNoise: Bool
    ) -> MaskedPixels? {
        let fit = Fit(planes, aperture, level: level, stamp: stamp, sourceNoise: sourceNoise)
        guard fit.count > 0 else { return nil }
        var filled = MaskedPixels()
        var (modelLight, filledModel) = (0.0, 0.0)
        func take(_ column: Int, _ row: Int, _ weight: Double) {
            let model = stamp.share(column: column, row: row)
            modelLight += weight * model
            guard planes.isExcluded(row * planes.width + column), weight > 0 else { return }
            filled.area += weight
            filledModel += weight * model
            guard let other = planes.opposite(column: column, row: row, x: aperture.x, y: aperture.y),
                !planes.isExcluded(other.row * planes.width + other.column)
            else {
                filled.light += weight * fit.scale * model
                // The scale is made of the same pixels as the sum: var(sum + L S) = var(sum) + (2 L M + L^2) var(S).
                filled.variance +=
                    (2 * weight * model * fit.modelLight + weight * weight * model * model)
                    * fit.scaleVariance
                return
            }
            let index = other.row * planes.width + other.column
            let opposite = stamp.share(column: other.column, row: other.row)
            let value = Double(planes.residual[index]) - level
            filled.light += weight * (value + fit.scale * (model - opposite))
            // The opposite pixel now counts with its own weight, near 1, and once more.
            let own = sourceNoise ? max(0, fit.scale * opposite) : 0
            filled.variance += (2 * weight + weight * weight) * (Double(planes.variance[index]) + own)
        }
        aperture.forEachPart(
            width: planes.width, height: planes.height, rim: take,
            span: { columns, row in for column in columns { take(column, row, 1) } })
        let misfit = max(fit.misfit, smallestMisfit) * fit.scale * filledModel
        filled.variance += misfit * misfit
        filled.share = modelLight > 0 ? filledModel / modelLight : 0
        return filled
    }

    /// The star image scaled to the good pixels whose centres lie in an aperture.
    private struct Fit {
        var scale = 0.0
        var scaleVariance = 0.0
        /// sum m over the good pixels.
        var modelLight = 0.0
        /// Relative error of the image.
        var misfit = 0.0
        var count = 0

        init(_ planes: FramePlanes, _ aperture: EllipseOverlap, level: Double, stamp: StarStamp, sourceNoise: Bool) {
            // The noise of the star needs its scale: a few rounds are enough.
            for _ in 0..<3 {
                var (product, square, model) = (0.0, 0.0, 0.0)
                count = 0
                each(planes, aperture, level, stamp) { value, share, variance in
                    let noise = variance + (sourceNoise ? max(0, scale * share) : 0)
                    product += share * value / noise
                    square += share * share / noise
                    model += share
                    count += 1
                }
                guard square > 0 else { return }
                (scale, scaleVariance, modelLight) = (product / square, 1 / square, model)
            }
            var (excess, light) = (0.0, 0.0)
            each(planes, aperture, level, stamp) { value, share, variance in
                let expected = scale * share
                let noise = variance + (sourceNoise ? max(0, expected) : 0)
                excess += (value - expected) * (value - expected) - noise
                light += expected * expected
            }
            misfit = light > 0 ? (max(0, excess) / light).squareRoot() : 0
        }

        private func each(
            _ planes: FramePlanes, _ aperture: EllipseOverlap, _ level: Double, _ stamp: StarStamp,
            _ body: (Double, Double, Double) -> Void
        ) {
            aperture.forEachCentreSpan(width: planes.width, height: planes.height) { columns, row in
                for column in columns {
                    let index = row * planes.width + column
                    guard !planes.isExcluded(index), planes.variance[index] > 0 else { continue }
                    body(
                        Double(planes.residual[index]) - level, stamp.share(column: column, row: row),
                        Double(planes.variance[index]))
                }
            }
        }
    }
}
