internal import Calibration
internal import Imaging

/// How near the passes of a calibration come to the bandwidth of the memory, in this process and this minute.
struct CalibrationTiming: Encodable {
    struct Pass: Encodable {
        let step: String
        let bytes: Int
        /// Median of the runs.
        let cpuSeconds: Double
        let gigabytesPerSecond: Double
    }

    /// signal, background, variance and triad.
    let passes: [Pass]
    /// Bytes over time of signal and variance, over that of the triad.
    let shareOfTriad: Double

    /// - Throws: `CalibrationError`.
    init(_ light: LightCalibration, raw: Image<ADU>, exposureSeconds: Double, runs: Int) throws {
        reusePlaneStorage()
        var passes = try CalibrationPasses(light, raw: raw, exposureSeconds: exposureSeconds)
        var triad = Triad(count: raw.pixels.count)
        var seconds: [String: [Double]] = [:]
        func time(_ step: String, _ body: () throws -> Void) rethrows {
            var times = StepTimes()
            try times.time(step, body)
            seconds[step, default: []].append(times.steps[0].cpuSeconds)
        }
        // In turn, so that all of them see the same neighbours on the machine.
        for _ in 0..<max(runs, 1) {
            try time("signal") { try passes.measureSignal() }
            time("background") { passes.measureBackground() }
            try time("variance") { try passes.measureVariance() }
            time("triad") { triad.run() }
        }
        let all = [
            ("signal", passes.signalBytes), ("background", passes.backgroundBytes), ("variance", passes.varianceBytes),
            ("triad", triad.bytes),
        ].map { step, bytes in
            let median = seconds[step, default: []].sorted()[max(runs, 1) / 2]
            return Pass(step: step, bytes: bytes, cpuSeconds: median, gigabytesPerSecond: 1e-9 * Double(bytes) / median)
        }
        self.passes = all
        let time = all[0].cpuSeconds + all[2].cpuSeconds
        shareOfTriad = 1e-9 * Double(all[0].bytes + all[2].bytes) / time / all[3].gigabytesPerSecond
    }
}
