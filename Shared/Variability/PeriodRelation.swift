/// What one frequency is to another that explains why both have power.
public enum PeriodRelation: Sendable, Equatable {
    /// n times the frequency: the shape is not a sinusoid.
    case harmonic(Int)
    /// 1/n of the frequency: the light curve may repeat only every n-th time, as an eclipsing binary with two equal
    /// minima.
    case subharmonic(Int)
    /// Differs by n cycles in `days`, which is how the points come.
    case alias(cycles: Int, days: Double, of: Int)

    /// Days after which observations tend to repeat: the Sun's, the sky's and the year.
    static let rhythms = [1.0, 0.997_269_57, 365.25]

    /// - Parameters:
    ///   - resolution: 1 / T [1/d]; frequencies nearer than half of that are the same.
    /// - Returns: nil for no relation, or where the light curve is too short to tell.
    public init?(of frequency: Double, to best: Double, resolution: Double) {
        func isSame(_ other: Double) -> Bool { abs(frequency - other) < 0.5 * resolution }
        for n in 2...4 {
            if isSame(Double(n) * best), 0.5 * resolution < 0.2 * best {
                self = .harmonic(n)
                return
            }
            if isSame(best / Double(n)), 0.5 * resolution < 0.2 * best / Double(n) {
                self = .subharmonic(n)
                return
            }
        }
        for order in 1...2 {
            for days in Self.rhythms where resolution < 0.4 / days {
                for cycles in 1...3 {
                    for sign in [1.0, -1.0] where isSame(abs(Double(order) * best + sign * Double(cycles) / days)) {
                        self = .alias(cycles: Int(sign) * cycles, days: days, of: order)
                        return
                    }
                }
            }
        }
        return nil
    }
}

extension PeriodRelation: CustomStringConvertible {
    public var description: String {
        switch self {
        case .harmonic(let n): return "1/\(n) of the period"
        case .subharmonic(let n): return "\(n) times the period"
        case .alias(let cycles, let days, let order):
            let rhythm = days == 1 ? "day" : days < 1 ? "sidereal day" : "year"
            let times = cycles.magnitude == 1 ? "one cycle" : "\(cycles.magnitude) cycles"
            let what = order == 1 ? "alias" : "alias of 1/\(order) of the period"
            return "\(what), \(times) per \(rhythm) \(cycles > 0 ? "more" : "less")"
        }
    }
}
