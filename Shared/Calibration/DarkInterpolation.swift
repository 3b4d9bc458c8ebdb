internal import Foundation
public import Imaging

/// A dark between two masters.
public enum DarkInterpolation {
    /// The dark at a temperature between those of two masters, by Arrhenius' law.
    ///
    ///     ln D(T) = (1-f) ln D_1 + f ln D_2           f = (1/T_1 - 1/T) / (1/T_1 - 1/T_2), kelvin
    ///
    /// for each pixel by itself where both masters have it at more than 10 sigma. Elsewhere ln D means nothing: there
    /// the median ratio L = ln(D_2/D_1) of the well measured pixels (or of the mean levels) carries either master to
    /// T, and the two are averaged with their weights:
    ///
    ///     A = D_1 exp(f L)      B = D_2 exp((f-1) L)      D = w A + (1-w) B
    ///
    /// with the scatter of ln(D_2/D_1) from pixel to pixel in the error. Where the dark current cannot be seen, or does
    /// not grow with temperature, the two are interpolated linearly. Both are scaled to the exposure time first.
    ///
    /// - Parameters:
    ///   - exposureSeconds: of the frame that needs the dark [s].
    ///   - colder, warmer: free of bias, of one shape.
    /// - Throws: `darksNotInterpolable`.
    /// - Source: Widenhorn et al. 2002, Proc. SPIE 4669, 193.
    public static func dark(
        atCelsius temperature: Double, exposureSeconds: Double, colder: Master<ADU>, warmer: Master<ADU>
    ) throws(CalibrationError) -> Master<ADU> {
        try requireUsable(colder, warmer)
        guard let low = colder.facts.temperatureCelsius, let high = warmer.facts.temperatureCelsius, low < high,
            low <= temperature, temperature <= high
        else { throw failure(colder, warmer, "\(temperature) C is not between their temperatures") }
        let first = scaled(colder, to: exposureSeconds)
        let second = scaled(warmer, to: exposureSeconds)
        let (cold, warm, now) = (1 / (low + 273.15), 1 / (high + 273.15), 1 / (temperature + 273.15))
        let law = Arrhenius(fraction: (cold - now) / (cold - warm), first, second)
        var facts = facts(colder, warmer, exposureSeconds: exposureSeconds)
        facts.temperatureCelsius = temperature
        // The sum is not linear in the two: what remains of a common bias error is not 1 - scale any more.
        facts.biasID = nil
        return combined(facts, first, second, law.value)
    }

    /// The dark of an exposure time from two of other times, for sensors whose amplifiers glow.
    ///
    ///     D(t) = glow + rate t = [ (t_2 - t) D_1 + (t - t_1) D_2 ] / (t_2 - t_1)
    ///
    /// Glow that is emitted while the sensor is read is the same in every exposure; glow and dark current that grow
    /// with time are in the rate. Glow that grows in another way is met at t_1 and t_2 and within
    /// (t_2 - t_1)^2 |D''| / 8 between them; beyond them the line goes on.
    ///
    /// - Parameter shorter, longer: free of bias, of one shape and temperature.
    /// - Throws: `darksNotInterpolable`.
    public static func dark(
        exposureSeconds: Double, shorter: Master<ADU>, longer: Master<ADU>
    ) throws(CalibrationError) -> Master<ADU> {
        try requireUsable(shorter, longer)
        let (short, long) = (shorter.facts.exposureSeconds, longer.facts.exposureSeconds)
        guard long > short else { throw failure(shorter, longer, "they have the same exposure time") }
        let weight = (exposureSeconds - short) / (long - short)
        var facts = facts(shorter, longer, exposureSeconds: exposureSeconds)
        facts.flags.remove(.darkScaled)
        if exposureSeconds < short || exposureSeconds > long { facts.flags.insert(.darkScaled) }
        return combined(facts, shorter, longer) { a, b in
            let value = (1 - weight) * a.value + weight * b.value
            let (first, second) = ((1 - weight) * a.error, weight * b.error)
            return Measured(value: value, error: (first * first + second * second).squareRoot())
        }
    }

    struct Measured {
        var value: Double
        var error: Double
    }

    private static func combined(
        _ facts: MasterFacts, _ first: Master<ADU>, _ second: Master<ADU>,
        _ combine: (Measured, Measured) -> Measured
    ) -> Master<ADU> {
        var image = first.image
        var error = first.error
        for i in image.pixels.indices {
            let result = combine(
                Measured(value: Double(first.image.pixels[i]), error: Double(first.error.pixels[i])),
                Measured(value: Double(second.image.pixels[i]), error: Double(second.error.pixels[i])))
            image.pixels[i] = Float(result.value)
            error.pixels[i] = Float(result.error)
        }
        return Master(facts: facts, image: image, error: error)
    }

    private static func scaled(_ dark: Master<ADU>, to seconds: Double) -> Master<ADU> {
        let scale = Float(seconds / dark.facts.exposureSeconds)
        guard scale != 1 else { return dark }
        var result = dark
        for i in result.image.pixels.indices {
            result.image.pixels[i] *= scale
            result.error.pixels[i] *= scale
        }
        return result
    }

    private static func facts(_ a: Master<ADU>, _ b: Master<ADU>, exposureSeconds: Double) -> MasterFacts {
        var facts = a.facts
        facts.id = "\(a.facts.id)+\(b.facts.id)"
        facts.exposureSeconds = exposureSeconds
        facts.midpointMJD = (a.facts.midpointMJD + b.facts.midpointMJD) / 2
        facts.count = min(a.facts.count, b.facts.count)
        facts.inputIDs = a.facts.inputIDs + b.facts.inputIDs
        facts.biasID = a.facts.biasID == b.facts.biasID ? a.facts.biasID : nil
        facts.frameNoise = max(a.facts.frameNoise, b.facts.frameNoise)
        facts.flags = a.facts.flags.union(b.facts.flags).union(.darkInterpolated)
        let isScaled = [a, b].contains { abs($0.facts.exposureSeconds - exposureSeconds) > 1e-9 }
        if isScaled { facts.flags.insert(.darkScaled) }
        return facts
    }

    private static func requireUsable(_ a: Master<ADU>, _ b: Master<ADU>) throws(CalibrationError) {
        guard a.image.hasShape(of: b.image) else {
            throw .shapeMismatch(
                master: b.facts.id, expected: "\(a.image.width) x \(a.image.height)",
                found: "\(b.image.width) x \(b.image.height)")
        }
        for dark in [a, b] {
            if dark.facts.flags.contains(.containsBias) { throw failure(a, b, "\(dark.facts.id) contains the bias") }
            guard dark.facts.exposureSeconds > 0 else { throw failure(a, b, "\(dark.facts.id) has no exposure time") }
        }
    }

    private static func failure(_ a: Master<ADU>, _ b: Master<ADU>, _ reason: String) -> CalibrationError {
        .darksNotInterpolable(first: a.facts.id, second: b.facts.id, reason: reason)
    }
}

/// ln D linear in 1/T; see `DarkInterpolation`.
private struct Arrhenius {
    let fraction: Double
    /// Median of ln(D_2/D_1); nil where it cannot be measured.
    private let logRatio: Double?
    /// Its scatter from pixel to pixel.
    private let scatter: Double

    init(fraction: Double, _ first: Master<ADU>, _ second: Master<ADU>) {
        self.fraction = fraction
        var logs: [Float] = []
        for i in first.image.pixels.indices {
            let (a, b) = (first.image.pixels[i], second.image.pixels[i])
            let isSeen = a > 10 * first.error.pixels[i] && b > 10 * second.error.pixels[i]
            if isSeen, a.isFinite, b.isFinite { logs.append(Float(log(Double(b / a)))) }
        }
        if logs.count >= 100, let moments = Robust.clippedMoments(logs) {
            logRatio = moments.mean > 0 ? moments.mean : nil
            scatter = moments.sigma
            return
        }
        scatter = 0
        let levels = [first, second].map { Robust.clippedMoments($0.image.pixels) }
        let isSeen = levels.allSatisfy { level in
            level.map { $0.mean > 5 * $0.sigma / Double(first.image.pixels.count).squareRoot() } ?? false
        }
        let ratio = isSeen ? (levels[1]?.mean ?? 0) / (levels[0]?.mean ?? 1) : 0
        logRatio = ratio > 1 ? log(ratio) : nil
    }

    func value(_ a: DarkInterpolation.Measured, _ b: DarkInterpolation.Measured) -> DarkInterpolation.Measured {
        let f = fraction
        guard let logRatio else {
            let (first, second) = ((1 - f) * a.error, f * b.error)
            return .init(
                value: (1 - f) * a.value + f * b.value, error: (first * first + second * second).squareRoot())
        }
        if a.value > 10 * a.error, b.value > 10 * b.error {
            let value = exp((1 - f) * log(a.value) + f * log(b.value))
            let (first, second) = ((1 - f) * a.error / a.value, f * b.error / b.value)
            return .init(value: value, error: value * (first * first + second * second).squareRoot())
        }
        let (up, down) = (exp(f * logRatio), exp((f - 1) * logRatio))
        let (first, firstError) = (a.value * up, a.error * up)
        let (second, secondError) = (b.value * down, b.error * down)
        guard firstError.isFinite else { return .init(value: second, error: secondError) }
        guard secondError.isFinite else { return .init(value: first, error: firstError) }
        let sum = firstError * firstError + secondError * secondError
        let weight = sum > 0 ? secondError * secondError / sum : 0.5
        let value = weight * first + (1 - weight) * second
        let noise = weight * weight * firstError * firstError + (1 - weight) * (1 - weight) * secondError * secondError
        let law = scatter * (weight * f * first - (1 - weight) * (1 - f) * second)
        return .init(value: value, error: (noise + law * law).squareRoot())
    }
}
