internal import Statistics

/// Judges each of three or more frames by the others.
struct FrameJury {
    private let frames: [FrameSketch]
    private let isFlat: Bool
    private let limits: CalibrationFrameLimits

    init(_ frames: [FrameSketch], isFlat: Bool, limits: CalibrationFrameLimits) {
        (self.frames, self.isFlat, self.limits) = (frames, isFlat, limits)
    }

    private struct Verdict {
        let deviation: FrameDeviation
        /// Over what is allowed.
        let excess: Double
    }

    /// The frame that is farthest beyond what is allowed; nil when none is.
    func worst() -> (place: Int, deviation: FrameDeviation)? {
        let fractions = fractionsAway()
        var found: (place: Int, verdict: Verdict)?
        for place in frames.indices {
            let away = Verdict(
                deviation: .pixels(fraction: fractions[place], sigmas: limits.previousSigmas),
                excess: fractions[place] / limits.previousFraction)
            for verdict in [level(place), noise(place), away, structure(place)].compactMap({ $0 })
            where verdict.excess > max(1, found?.verdict.excess ?? 0) {
                found = (place, verdict)
            }
        }
        return found.map { ($0.place, $0.verdict.deviation) }
    }

    private func others(_ place: Int, _ value: (FrameSketch) -> Double) -> (median: Double, scatter: Double) {
        let values = frames.indices.filter { $0 != place }.map { value(frames[$0]) }
        let median = RobustStatistics.median(values) ?? .nan
        return (median, RobustStatistics.sigma(values, about: median) ?? .nan)
    }

    private func level(_ place: Int) -> Verdict? {
        if isFlat { return nil }
        let (own, others) = (frames[place].level, others(place, \.level))
        let allowed = max(2 * self.others(place, \.noise).median, 6 * others.scatter)
        return Verdict(
            deviation: .level(ADU: own, others: others.median), excess: abs(own - others.median) / allowed)
    }

    /// Photon noise over the level is 1 / sqrt(gain level).
    private func noise(_ place: Int) -> Verdict {
        func noise(_ frame: FrameSketch) -> Double { isFlat ? frame.noise * frame.level.squareRoot() : frame.noise }
        let others = others(place, noise)
        let ratio = noise(frames[place]) / others.median
        let allowed = max(isFlat ? 0.5 : 0.3, 6 * others.scatter / others.median)
        return Verdict(deviation: .noise(ratio: ratio), excess: (max(ratio, 1 / ratio) - 1) / allowed)
    }

    /// Share of the samples of each frame that are too far from the median of the others.
    private func fractionsAway() -> [Double] {
        let count = frames.count
        let reaches = frames.indices.map { place -> Float in
            let typical = others(place, \.noise).median
            let own = isFlat ? frames[place].noise : typical
            let error = 1.2533 * typical / Double(count - 1).squareRoot()
            return Float(limits.previousSigmas * (own * own + error * error).squareRoot())
        }
        var (away, numbers) = ([Int](repeating: 0, count: count), [Int](repeating: 0, count: count))
        var values: [(value: Float, place: Int)] = []
        for sample in frames[0].samples.indices {
            values.removeAll(keepingCapacity: true)
            for place in 0..<count where frames[place].samples[sample].isFinite {
                values.append((frames[place].samples[sample], place))
            }
            guard values.count >= 3 else { continue }
            values.sort { $0.value < $1.value }
            let last = values.count - 2
            for (rank, entry) in values.enumerated() {
                func other(_ index: Int) -> Float { values[index < rank ? index : index + 1].value }
                // Of two middle ones the nearer: the frames of a pair may each have a hot pixel.
                let (low, high) = (other(last / 2), other((last + 1) / 2))
                numbers[entry.place] += 1
                if max(low - entry.value, entry.value - high) > reaches[entry.place] { away[entry.place] += 1 }
            }
        }
        return zip(away, numbers).map { $1 > 0 ? Double($0) / Double($1) : 0 }
    }

    private func structure(_ place: Int) -> Verdict {
        let own = frames[place]
        var (differences, scatters): ([Double], [Double]) = ([], [])
        for part in own.parts.indices {
            let others = others(place) { Double($0.parts[part]) }
            differences.append(abs(Double(own.parts[part]) - others.median))
            scatters.append(others.scatter)
        }
        let floor = isFlat ? 0.01 : others(place, \.noise).median / 2
        let allowed = max(floor, 6 * (RobustStatistics.median(scatters) ?? .nan), 6 * own.partError)
        let fraction = Double(differences.count { $0 > allowed }) / Double(differences.count)
        let size = RobustStatistics.median(differences.filter { $0 > allowed }) ?? 0
        return Verdict(
            deviation: .structure(fraction: fraction, size: size, isRelative: isFlat),
            excess: fraction / limits.previousFraction)
    }
}
