internal import Foundation

/// Ends this process when the one that started it is gone, so that nothing outlives a supervisor that was killed with
/// -9.
///
/// The supervisor names itself in `NIGHTJAR_PARENT_PID`; without that setting nothing is watched. A process started by
/// a service in its turn (with the setting inherited) ends when either is gone.
public enum ParentWatch {
    public struct InvalidSetting: Error, Equatable, CustomStringConvertible {
        public let value: String
        public var description: String { "NIGHTJAR_PARENT_PID: '\(value)' is not a process id" }
    }

    /// Watches from a thread of its own, four times a second. When the parent is gone the process sends itself SIGTERM,
    /// as an orderly stop; if it is still there after the grace it exits at once with status 143 (128 + SIGTERM).
    ///
    /// - Parameters:
    ///   - environment: of this process.
    ///   - graceSeconds: time for the orderly stop [s].
    /// - Throws: `InvalidSetting`.
    public static func start(environment: [String: String], graceSeconds: Double = 5) throws(InvalidSetting) {
        guard let value = environment["NIGHTJAR_PARENT_PID"], !value.isEmpty else { return }
        guard let supervisor = Int32(value), supervisor > 1 else { throw InvalidSetting(value: value) }
        let parent = getppid()
        Thread.detachNewThread {
            while getppid() == parent, exists(supervisor) { usleep(250_000) }
            kill(getpid(), SIGTERM)
            usleep(UInt32(max(graceSeconds, 0) * 1_000_000))
            _exit(128 + SIGTERM)
        }
    }

    private static func exists(_ process: Int32) -> Bool {
        kill(process, 0) == 0 || errno == EPERM
    }
}
