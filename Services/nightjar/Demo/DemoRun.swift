internal import Events
internal import Foundation
internal import Simulation

/// A simulated night through all services of this machine.
struct DemoRun {
    /// Lights of each camera.
    static let lightCount = 36

    let seed: Int
    let withNova: Bool
    let out: URL
    let workers: Int

    func run() throws -> DemoResult {
        let started = Date()
        let (night, targets) = try SimulatedNight.demo(
            seed: UInt64(seed), withNova: withNova, lightCount: Self.lightCount)
        let setup = out.appending(path: "setup")
        try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
        try DemoDocuments(night: night, targets: targets).write(to: setup)
        let frames = try DemoFrames(rendering: night, targets: targets, to: out.appending(path: "frames"))
        try Data(frames.truthCSV.utf8).write(to: out.appending(path: "truth.csv"))
        Terminal.complain("simulated \(frames.files.count) frames of 2 cameras (seed \(seed)) in \(out.path)/frames")
        var runner = NightRun(setup: try SetupFolder(setup.path), out: out, workers: workers, shuffleSeed: nil)
        var pace = DemoPace(lights: Self.lightCount * night.cameras.count)
        runner.beforeLight = { record, handedIn in try pace.wait(record, handedIn: handedIn) }
        var curves: [LightCurve] = []
        var alerts: [AlertRaised] = []
        let ledger = try runner.run(frames.files) { record in
            pace.end()
            curves = try [DemoDocuments.nova, DemoDocuments.variable].map { try LightCurve(record, target: $0) }
            alerts = try AlertHistory(record).alerts
        }
        let verdict = DemoVerdict(
            ledger: ledger, files: frames.files.count, alerts: alerts, eruptionMJD: targets.eruptionMJD)
        return DemoResult(
            seed: seed, passed: verdict.passed, problems: verdict.problems, eruptionMJDUTC: targets.eruptionMJD,
            alertDelayMinutes: delay(alerts, since: targets.eruptionMJD),
            seconds: Date().timeIntervalSince(started).rounded(digits: 1), out: out.path,
            agreement: curves.flatMap { DemoResult.agreement($0.points, frames.truth) }, alerts: alerts,
            nova: curves[0].points, ledger: ledger)
    }

    private func delay(_ alerts: [AlertRaised], since eruptionMJD: Double?) -> Double? {
        let first = DemoVerdict.standing(alerts).compactMap(\.midpointMJDUTC).min()
        guard let first, let eruptionMJD else { return nil }
        return ((first - eruptionMJD) * 1440).rounded(digits: 2)
    }
}
