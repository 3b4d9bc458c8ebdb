public import Imaging

/// Two master darks that a frame's dark is made of, and why.
public struct DarkPair: Sendable, Equatable {
    /// What they differ by.
    public enum Kind: Sendable, Equatable {
        case temperature, exposure
    }

    public let kind: Kind
    /// The colder, or the shorter.
    public let first: MasterFacts
    /// The warmer, or the longer.
    public let second: MasterFacts
    /// "dark interpolated to -12.5 C between 60 s at -15 C and 60 s at -10 C"
    public let reason: String

    /// The dark for a frame of this exposure time and temperature.
    ///
    /// - Throws: `darksNotInterpolable`, `shapeMismatch`.
    public func dark(
        for frame: CalibrationFrameFacts, first: Master<ADU>, second: Master<ADU>
    ) throws(CalibrationError) -> Master<ADU> {
        switch kind {
        case .exposure:
            return try DarkInterpolation.dark(
                exposureSeconds: frame.exposureSeconds, shorter: first, longer: second)
        case .temperature:
            return try DarkInterpolation.dark(
                atCelsius: frame.temperatureCelsius ?? .nan, exposureSeconds: frame.exposureSeconds, colder: first,
                warmer: second)
        }
    }
}

extension MasterSelection {
    /// Two darks for a frame that no single one fits, or none fits as well; nil where one is better, or there is no
    /// such pair. They must be free of bias and of the frame's mode.
    ///
    /// - By exposure, for `affine` darks only, where no dark has the frame's exposure time: both within the temperature
    ///   tolerance; the nearest on both sides, else the nearest two.
    /// - By temperature, where no dark is within the tolerance: the nearest colder and the nearest warmer one, each at
    ///   most 15 C away and scaled by no more than the tolerance allows.
    ///
    /// Of equal distance the dark of the frame's exposure time comes first, then the nearer in time, then the lower id.
    public static func darkPair(
        for light: CalibrationFrameFacts, among candidates: [MasterFacts], hasBias: Bool,
        model: DarkExposureModel = .proportional, tolerance: MatchTolerance = MatchTolerance()
    ) -> DarkPair? {
        guard hasBias else { return nil }
        let darks = candidates.filter {
            $0.kind == .dark && $0.mode == light.mode && !$0.flags.contains(.containsBias) && $0.exposureSeconds > 0
        }
        let isWarm = { (dark: MasterFacts) in isNear(dark, light, tolerance) }
        let fitting = darks.filter(isWarm)
        if fitting.contains(where: { tolerance.sameExposure($0.exposureSeconds, light.exposureSeconds) }) { return nil }
        if model == .affine, let pair = exposurePair(light, fitting, tolerance) { return pair }
        let single = best(.dark, for: light, among: candidates, hasBias: hasBias, tolerance: tolerance)
        return single.choice == nil ? temperaturePair(light, darks, tolerance) : nil
    }

    private static func isNear(
        _ dark: MasterFacts, _ light: CalibrationFrameFacts, _ tolerance: MatchTolerance
    ) -> Bool {
        switch (dark.temperatureCelsius, light.temperatureCelsius) {
        case (nil, nil): return true
        case (let a?, let b?): return abs(a - b) <= tolerance.temperatureCelsius + 1e-9
        default: return false
        }
    }

    private static func exposurePair(
        _ light: CalibrationFrameFacts, _ darks: [MasterFacts], _ tolerance: MatchTolerance
    ) -> DarkPair? {
        let ordered = darks.sorted { order($0, light, by: \.exposureSeconds) < order($1, light, by: \.exposureSeconds) }
        guard let nearest = ordered.first else { return nil }
        let isBelow = nearest.exposureSeconds < light.exposureSeconds
        let others = ordered.filter { !tolerance.sameExposure($0.exposureSeconds, nearest.exposureSeconds) }
        let opposite = others.first { ($0.exposureSeconds < light.exposureSeconds) != isBelow }
        guard let other = opposite ?? others.first else { return nil }
        let (first, second) = nearest.exposureSeconds < other.exposureSeconds ? (nearest, other) : (other, nearest)
        guard light.exposureSeconds <= tolerance.largestDarkScale * second.exposureSeconds else { return nil }
        let reason =
            "dark of \(number(light.exposureSeconds)) s from those of \(number(first.exposureSeconds)) s and "
            + "\(number(second.exposureSeconds)) s: glow + rate x t"
        return DarkPair(kind: .exposure, first: first, second: second, reason: reason)
    }

    private static func temperaturePair(
        _ light: CalibrationFrameFacts, _ darks: [MasterFacts], _ tolerance: MatchTolerance
    ) -> DarkPair? {
        guard let now = light.temperatureCelsius else { return nil }
        let usable = darks.filter { dark in
            guard let temperature = dark.temperatureCelsius else { return false }
            return abs(temperature - now) <= 15
                && light.exposureSeconds <= tolerance.largestDarkScale * dark.exposureSeconds
        }.sorted { order($0, light, by: \.celsius) < order($1, light, by: \.celsius) }
        guard let cold = usable.first(where: { ($0.temperatureCelsius ?? now) < now }),
            let warm = usable.first(where: { ($0.temperatureCelsius ?? now) > now })
        else { return nil }
        func text(_ dark: MasterFacts) -> String {
            "\(number(dark.exposureSeconds)) s at \(tenths(dark.temperatureCelsius ?? 0)) C"
        }
        let reason = "dark interpolated to \(tenths(now)) C between \(text(cold)) and \(text(warm))"
        return DarkPair(kind: .temperature, first: cold, second: warm, reason: reason)
    }

    private static func order(
        _ dark: MasterFacts, _ light: CalibrationFrameFacts, by quantity: (Quantities) -> Double
    ) -> (Double, Double, Double, String) {
        let ours = quantity(Quantities(dark.exposureSeconds, dark.temperatureCelsius))
        let theirs = quantity(Quantities(light.exposureSeconds, light.temperatureCelsius))
        return (
            abs(ours - theirs), abs(dark.exposureSeconds - light.exposureSeconds),
            abs(dark.midpointMJD - light.midpointMJD), dark.id
        )
    }

    private struct Quantities {
        let exposureSeconds: Double
        let celsius: Double

        init(_ exposureSeconds: Double, _ temperatureCelsius: Double?) {
            self.exposureSeconds = exposureSeconds
            celsius = temperatureCelsius ?? 0
        }
    }

    private static func tenths(_ value: Double) -> String { number((value * 10).rounded() / 10) }
}
