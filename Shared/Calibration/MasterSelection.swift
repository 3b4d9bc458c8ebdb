/// A master that fits a frame, how well, and why.
public struct MasterChoice: Sendable, Equatable {
    public let master: MasterFacts
    /// Higher is better; see `MasterSelection`.
    public let rank: Int
    /// "same mode, 60 s dark scaled to 30 s, 0.4 C warmer, 2 nights older"
    public let reason: String
}

/// What was chosen, or nil with the reason why nothing was.
public struct MasterSelection: Sendable, Equatable {
    public let choice: MasterChoice?
    public let reason: String

    private init(_ kind: FrameKind, best: MasterChoice?, rejections: [String: Int], light: CalibrationFrameFacts) {
        choice = best
        if let best {
            reason = best.reason
        } else if rejections.isEmpty {
            reason = "no master \(kind.rawValue) of \(light.mode.instrument)"
        } else {
            let causes = rejections.sorted { $0.key < $1.key }.map { "\($0.value) with \($0.key)" }
            reason = "no master \(kind.rawValue) fits: " + causes.joined(separator: ", ")
        }
    }
}

extension MasterSelection {
    /// The best master of one kind for a frame (a light, or a flat in need of a dark).
    ///
    /// A candidate must have the frame's mode. A dark must have its temperature within the tolerance (unknown fits
    /// unknown only), and its exposure time, or be free of bias so that it can be scaled. A flat or a fringe must have
    /// its filter.
    ///
    ///     rank = tier * 10^11 + (99 - warmth) * 10^9 + (99,999 - nights apart) * 10^4 + min(frames combined, 9,999)
    ///     tier   4 bias, flat, dark of equal exposure; 3 dark scaled down; 2 scaled up; 1 bias-free, and no bias
    ///     warmth difference of a dark's temperature in steps of 0.5 C, rounded; 0 for bias and flat
    ///
    /// so that mode (required) comes before temperature, that before age, and that before the number of frames. Of
    /// equal rank the nearer in time wins, then the nearer in temperature, then the lower id: never the first to
    /// arrive. Fringes, which hold for months, all have one rank and no temperature: the nearest in time, whatever it
    /// is made of. The reason says how many others would have fitted.
    ///
    /// - Parameter hasBias: a master bias will be subtracted; a bias-free dark is of little use without.
    public static func best(
        _ kind: FrameKind, for light: CalibrationFrameFacts, among candidates: [MasterFacts], hasBias: Bool = true,
        tolerance: MatchTolerance = MatchTolerance()
    ) -> MasterSelection {
        var best: MasterChoice?
        var rejections: [String: Int] = [:]
        var fitting = 0
        for master in candidates where master.kind == kind && master.mode.instrument == light.mode.instrument {
            switch fit(of: master, to: light, hasBias: hasBias, tolerance: tolerance) {
            case .failure(let misfit): rejections[misfit.cause, default: 0] += 1
            case .success(let fit):
                fitting += 1
                let choice = MasterChoice(master: master, rank: fit.rank, reason: fit.reason)
                if best.map({ isBetter(choice, $0, for: light) }) ?? true { best = choice }
            }
        }
        if let winner = best, fitting > 1 {
            let reason = "\(winner.reason); best of \(fitting) that fit"
            best = MasterChoice(master: winner.master, rank: winner.rank, reason: reason)
        }
        return MasterSelection(kind, best: best, rejections: rejections, light: light)
    }

    /// Ranks of a whole set: their sum, so that a better master of any kind makes a higher rank. 0 without masters.
    public static func rank(_ selections: [MasterSelection]) -> Int {
        selections.reduce(0) { $0 + ($1.choice?.rank ?? 0) }
    }

    private struct Misfit: Error {
        let cause: String
    }

    private static func fit(
        of master: MasterFacts, to light: CalibrationFrameFacts, hasBias: Bool, tolerance: MatchTolerance
    ) -> Result<(rank: Int, reason: String), Misfit> {
        guard master.mode == light.mode else { return .failure(Misfit(cause: "another mode")) }
        var parts = ["same mode"]
        var tier = 4
        if master.kind.isOfOneFilter {
            guard master.filter == light.filter else { return .failure(Misfit(cause: "another filter")) }
            parts.append(master.filter.map { "filter \($0)" } ?? "no filter")
        }
        if master.kind == .dark {
            switch darkFit(of: master, to: light, hasBias: hasBias, tolerance: tolerance) {
            case .failure(let misfit): return .failure(misfit)
            case .success(let fit):
                tier = fit.tier
                parts += fit.parts
            }
        }
        let nights = nightsApart(master, light)
        parts.append(nightsText(nights, isOlder: master.midpointMJD < light.midpointMJD))
        parts.append(master.count == 1 ? "1 frame" : "\(master.count) frames")
        let age = master.kind == .fringe ? 0 : (99_999 - min(nights, 99_999)) * 10_000 + min(master.count, 9_999)
        let rank = tier * 100_000_000_000 + (99 - warmthSteps(master, light)) * 1_000_000_000 + age
        return .success((rank, parts.joined(separator: ", ")))
    }

    private static func darkFit(
        of dark: MasterFacts, to light: CalibrationFrameFacts, hasBias: Bool, tolerance: MatchTolerance
    ) -> Result<(tier: Int, parts: [String]), Misfit> {
        let temperature: String
        switch (dark.temperatureCelsius, light.temperatureCelsius) {
        case (nil, nil): temperature = "temperature unknown"
        case (let ours?, let theirs?) where abs(ours - theirs) <= tolerance.temperatureCelsius + 1e-9:
            let tenths = ((ours - theirs) * 10).rounded() / 10
            temperature = tenths == 0 ? "same temperature" : "\(abs(tenths)) C \(tenths > 0 ? "warmer" : "colder")"
        case (_?, _?): return .failure(Misfit(cause: "another temperature"))
        default: return .failure(Misfit(cause: "temperature known of one side only"))
        }
        let seconds = number(dark.exposureSeconds)
        if tolerance.sameExposure(dark.exposureSeconds, light.exposureSeconds) {
            let containsBias = dark.flags.contains(.containsBias)
            let tier = containsBias || hasBias ? 4 : 1
            return .success((tier, ["\(seconds) s dark\(containsBias ? " with its bias" : "")", temperature]))
        }
        if dark.flags.contains(.containsBias) {
            return .failure(Misfit(cause: "another exposure time and the bias inside"))
        }
        guard dark.exposureSeconds > 0 else { return .failure(Misfit(cause: "no exposure time")) }
        let scale = light.exposureSeconds / dark.exposureSeconds
        if scale > tolerance.largestDarkScale { return .failure(Misfit(cause: "too short an exposure to scale")) }
        let tier = hasBias ? (scale <= 1 ? 3 : 2) : 1
        return .success((tier, ["\(seconds) s dark scaled to \(number(light.exposureSeconds)) s", temperature]))
    }

    /// Difference of a dark's temperature in steps of 0.5 C, at most 99.
    private static func warmthSteps(_ master: MasterFacts, _ light: CalibrationFrameFacts) -> Int {
        guard master.kind == .dark, let ours = master.temperatureCelsius, let theirs = light.temperatureCelsius else {
            return 0
        }
        return Int(min((abs(ours - theirs) / 0.5).rounded(), 99))
    }

    private static func isBetter(
        _ a: MasterChoice, _ b: MasterChoice, for light: CalibrationFrameFacts
    ) -> Bool {
        func order(_ choice: MasterChoice) -> (Int, Double, Double) {
            let isWarmthAsked = choice.master.kind != .fringe
            let warmth =
                isWarmthAsked ? (choice.master.temperatureCelsius ?? 0) - (light.temperatureCelsius ?? 0) : 0
            return (-choice.rank, abs(choice.master.midpointMJD - light.midpointMJD), abs(warmth))
        }
        if order(a) != order(b) { return order(a) < order(b) }
        return a.master.id < b.master.id
    }

    private static func nightsApart(_ master: MasterFacts, _ light: CalibrationFrameFacts) -> Int {
        if master.night == light.night { return 0 }
        let days = abs(master.midpointMJD - light.midpointMJD)
        return days.isFinite ? max(1, Int(min(days, 99_999).rounded())) : 99_999
    }

    private static func nightsText(_ nights: Int, isOlder: Bool) -> String {
        nights == 0 ? "same night" : "\(nights) night\(nights == 1 ? "" : "s") \(isOlder ? "older" : "newer")"
    }

    static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e9 ? "\(Int(value))" : "\(value)"
    }
}
