internal import Foundation

/// A linear axis with round ticks.
struct Axis: Equatable {
    /// The values at the axis' ends; always apart and finite.
    let lower: Double
    let upper: Double
    /// 1, 2 or 5 times a power of ten.
    let step: Double

    /// - Parameters:
    ///   - values: finite values to be shown; none gives 0 to 1.
    ///   - minimumSpan: the axis never shows less than this.
    ///   - padding: free space at each end, as a fraction of the span.
    ///   - ticks: about how many labelled ticks to make.
    init(values: [Double], minimumSpan: Double, padding: Double, ticks: Int) {
        let low = values.min() ?? 0
        let high = values.max() ?? 1
        let missing = max(0, minimumSpan - (high - low)) / 2
        let margin = (high - low + 2 * missing) * padding
        lower = low - missing - margin
        upper = high + missing + margin
        step = Self.roundStep((upper - lower) / Double(ticks))
    }

    var majorTicks: [Double] { multiples(of: step) }

    /// Fifths of a step, halves where the step is 2.
    var minorTicks: [Double] {
        let leading = step / pow(10, floor(log10(step) + 1e-9))
        return multiples(of: step / (abs(leading - 2) < 0.1 ? 4 : 5))
    }

    /// 0 at `lower`, 1 at `upper`.
    func fraction(_ value: Double) -> Double { (value - lower) / (upper - lower) }

    func contains(_ value: Double) -> Bool { value >= lower && value <= upper }

    func label(_ value: Double) -> String {
        let decimals = min(9, max(0, Int(-floor(log10(step) + 1e-9))))
        let text = String(format: "%.\(decimals)f", abs(value) < step / 1000 ? 0 : value)
        return text.replacingOccurrences(of: "-", with: "\u{2212}")
    }

    private func multiples(of step: Double) -> [Double] {
        let first = (lower / step).rounded(.up)
        let last = (upper / step).rounded(.down)
        guard first <= last, last - first < 1000 else { return [] }
        return stride(from: first, through: last, by: 1).map { $0 * step }
    }

    private static func roundStep(_ rough: Double) -> Double {
        let power = pow(10, floor(log10(rough)))
        let leading = rough / power
        return power * (leading <= 1.4 ? 1 : leading <= 3.2 ? 2 : leading <= 7 ? 5 : 10)
    }
}
