internal import Foundation

/// How long each step of a command took, in the order in which the steps were first taken.
struct StepTimes: Encodable {
    struct Step: Encodable {
        let step: String
        var wallSeconds: Double
        /// Of all threads of this process.
        var cpuSeconds: Double
    }

    private(set) var steps: [Step] = []

    mutating func time<Result: ~Copyable>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
        let (wall, cpu) = (Self.seconds(CLOCK_MONOTONIC), Self.seconds(CLOCK_PROCESS_CPUTIME_ID))
        defer {
            add(name, wall: Self.seconds(CLOCK_MONOTONIC) - wall, cpu: Self.seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu)
        }
        return try body()
    }

    /// Part of the time of a step becomes that of another.
    mutating func move(_ part: (wallSeconds: Double, cpuSeconds: Double), from step: String, to other: String) {
        guard part.wallSeconds > 0 else { return }
        add(step, wall: -part.wallSeconds, cpu: -part.cpuSeconds)
        add(other, wall: part.wallSeconds, cpu: part.cpuSeconds)
    }

    private mutating func add(_ name: String, wall: Double, cpu: Double) {
        if let index = steps.firstIndex(where: { $0.step == name }) {
            steps[index].wallSeconds += wall
            steps[index].cpuSeconds += cpu
        } else {
            steps.append(Step(step: name, wallSeconds: wall, cpuSeconds: cpu))
        }
    }

    static func seconds(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    func encode(to encoder: any Encoder) throws {
        try steps.encode(to: encoder)
    }
}
