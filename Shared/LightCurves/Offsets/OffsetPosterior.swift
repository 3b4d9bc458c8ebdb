internal import Glibc

/// Offsets with the floor of the stars' scatter taken as what it is, not quite known: fits with floors from none to
/// 0.05 mag, each as likely beforehand by the width that it stands for, weighted by their likelihoods.
struct OffsetPosterior {
    let parameters: [Double]
    /// Row after row: the fits' covariances and how far they differ.
    let covariance: [Double]
    /// The fit with the likeliest floor.
    let best: OffsetFit

    /// [mag]
    private static let negligible = 20.0
    private static let floors = [0, 0.001, 0.002, 0.003, 0.0045, 0.0065, 0.009, 0.0125, 0.0175, 0.025, 0.035, 0.05]

    /// - Returns: `nil` where the stars do not determine the parameters.
    init?(_ stars: [OffsetStar], places: [Int?], start: [Double], hasColours: Bool) {
        var parameters = hasColours ? start + [Double](repeating: 0, count: start.count) : start
        var fits: [(fit: OffsetFit, covariance: [Double], logWeight: Double)] = []
        for (index, floor) in Self.floors.enumerated() {
            var fit = OffsetFit(stars, places: places, start: parameters, floor: floor, hasColours: hasColours)
            guard let (covariance, logLikelihood) = fit.solve() else { continue }
            parameters = fit.parameters
            let next = Self.floors[min(index + 1, Self.floors.count - 1)]
            let width = 0.5 * (next - Self.floors[max(index - 1, 0)])
            fits.append((fit, covariance, logLikelihood + log(width)))
            // From here on the floors only become less likely.
            if let highest = fits.map(\.logWeight).max(), logLikelihood + log(width) < highest - Self.negligible {
                break
            }
        }
        guard let likeliest = fits.max(by: { $0.logWeight < $1.logWeight }) else { return nil }
        let raw = fits.map { exp($0.logWeight - likeliest.logWeight) }
        let weights = raw.map { $0 / raw.reduce(0, +) }
        let size = parameters.count
        var mean = [Double](repeating: 0, count: size)
        for (weight, entry) in zip(weights, fits) {
            for index in 0..<size { mean[index] += weight * entry.fit.parameters[index] }
        }
        var covariance = [Double](repeating: 0, count: size * size)
        for (weight, entry) in zip(weights, fits) {
            let away = zip(entry.fit.parameters, mean).map { $0 - $1 }
            for row in 0..<size {
                for column in 0..<size {
                    let place = row * size + column
                    covariance[place] += weight * (entry.covariance[place] + away[row] * away[column])
                }
            }
        }
        self.parameters = mean
        self.covariance = covariance
        best = likeliest.fit
    }
}
