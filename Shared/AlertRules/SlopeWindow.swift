/// Straight-line fit to the newest points in a window.
///
///     m(t) = a + s t,  weights 1 / error^2;  error of s times max(1, sqrt(chi^2 / (n - 2)))
struct SlopeWindow {
    /// Of a denser window only the newest points count, so that a step has a bounded cost.
    static let maximumPoints = 200

    struct Slope: Equatable {
        /// Towards brighter [mag/day].
        var magnitudesPerDay: Double
        var error: Double
        var count: Int
    }

    private struct Entry {
        var mjd: Double
        var magnitude: Double
        var weight: Double
    }

    private let rise: Rise
    private var entries: [Entry] = []

    init(rise: Rise) { self.rise = rise }

    mutating func insert(mjd: Double, magnitude: Double, error: Double) {
        entries.append(Entry(mjd: mjd, magnitude: magnitude, weight: 1 / (error * error)))
        entries.removeAll { $0.mjd < mjd - rise.windowHours / 24 }
        if entries.count > Self.maximumPoints { entries.removeFirst(entries.count - Self.maximumPoints) }
    }

    /// `nil` with too few points or no spread in time.
    func slope() -> Slope? {
        guard entries.count >= rise.minimumPoints else { return nil }
        let total = entries.reduce(0) { $0 + $1.weight }
        let meanTime = entries.reduce(0) { $0 + $1.weight * ($1.mjd - entries[0].mjd) } / total + entries[0].mjd
        let mean = entries.reduce(0) { $0 + $1.weight * $1.magnitude } / total
        var spread = 0.0
        var product = 0.0
        for entry in entries {
            spread += entry.weight * (entry.mjd - meanTime) * (entry.mjd - meanTime)
            product += entry.weight * (entry.mjd - meanTime) * (entry.magnitude - mean)
        }
        guard spread > 0, (product / spread).isFinite else { return nil }
        let slope = product / spread
        let chiSquared = entries.reduce(0) { sum, entry in
            let residual = entry.magnitude - mean - slope * (entry.mjd - meanTime)
            return sum + entry.weight * residual * residual
        }
        let inflation = max(1, (chiSquared / Double(entries.count - 2)).squareRoot())
        return Slope(magnitudesPerDay: -slope, error: inflation / spread.squareRoot(), count: entries.count)
    }
}
