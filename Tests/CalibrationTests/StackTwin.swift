import CKernels

/// What `kernel_stack` does to one pixel, in plain Swift.
struct StackTwin {
    let rule: kernel_stack_rule

    private struct Sums: Equatable {
        var count: Float = 0
        var sum: Float = 0
        var squares: Float = 0

        var mean: Float { sum * (1 / count) }
        var variance: Float {
            let spread = squares - sum * mean
            return (spread > 0 ? spread : 0) * (count > 1 ? 1 / (count - 1) : 0)
        }
    }

    func combine(_ values: [Float]) -> (value: Float, error: Float) {
        let sorted = values.filter(\.isFinite).map { $0 + 0 }.sorted()
        switch sorted.count {
        case 0: return (.nan, .infinity)
        case 2: return pair(sorted[0], sorted[1])
        default: break
        }
        let median = middle(sorted)
        let floor = floor(median)
        let deviations = sorted.map { $0 - median }
        let kept = survivors(deviations, floor: floor)
        let pooled =
            ((kept.count - 1) * kept.variance + 10 * floor) * (1 / (kept.count + 9))
        let mean = kept.mean + median
        if rule.is_median != 0 {
            let loss = Float(1.57079632679) / (kept.count + (Float(1.57079632679) - 1))
            return (median, finite((pooled * loss).squareRoot()))
        }
        return (mean.isFinite ? mean : median, finite((pooled * (1 / kept.count)).squareRoot()))
    }

    private func survivors(_ deviations: [Float], floor: Float) -> Sums {
        let spread = 1.4826 * middle(deviations.map(abs).sorted())
        let reach = rule.sigma * rule.sigma
        var kept = sums(deviations, centre: 0, reach: reach * max(spread * spread, floor))
        if kept.count == 0 { return sums(deviations, centre: 0, reach: .infinity) }
        for _ in 0..<3 {
            let next = sums(deviations, centre: kept.mean, reach: reach * max(kept.variance, floor))
            if next == kept || next.count == 0 { break }
            kept = next
        }
        return kept
    }

    private func sums(_ deviations: [Float], centre: Float, reach: Float) -> Sums {
        var sums = Sums()
        for deviation in deviations where (deviation - centre) * (deviation - centre) <= reach {
            sums.count += 1
            sums.sum += deviation
            sums.squares += deviation * deviation
        }
        return sums
    }

    private func pair(_ low: Float, _ high: Float) -> (value: Float, error: Float) {
        let floor = floor(low)
        let square = (high - low) * (high - low)
        if square > 2 * rule.sigma * rule.sigma * floor, floor > 0 { return (low, finite(floor.squareRoot())) }
        let pooled = (0.5 * square + 10 * floor) * (1 / Float(11))
        return (0.5 * low + 0.5 * high, finite((0.5 * pooled).squareRoot()))
    }

    private func floor(_ value: Float) -> Float {
        rule.noise * rule.noise + max(value - rule.level, 0) * rule.poisson
    }

    private func middle(_ sorted: [Float]) -> Float {
        0.5 * sorted[(sorted.count - 1) / 2] + 0.5 * sorted[sorted.count / 2]
    }

    private func finite(_ error: Float) -> Float { error.isFinite ? error : .infinity }
}
