internal import Dispatch
public import Foundation
internal import Synchronization

/// A program to be run: no shell, no path search.
public struct Program: Sendable {
    public var executable: String
    public var arguments: [String]
    public var environment: [String: String]
    /// Standard output and error are appended to this file.
    public var log: URL

    public init(_ executable: String, _ arguments: [String], environment: [String: String], log: URL) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.log = log
    }
}

public struct SpawnError: Error, Sendable, Equatable, CustomStringConvertible {
    public let executable: String
    public let reason: String
    public var description: String { "cannot start \(executable): \(reason)" }
}

/// A child process in a session of its own, so that a Ctrl-C in the terminal does not reach it.
///
/// One thread starts it and lives as long as it does: a parent-death signal the child has asked for (prctl(2)) is sent
/// when the *thread* that started it ends. When the child ends, what is left of its process group is killed with it.
public final class ChildProcess: Sendable {
    public enum Ending: Sendable, Equatable, CustomStringConvertible {
        case exited(Int32)
        case signalled(Int32)

        public var description: String {
            switch self {
            case .exited(let status): "exit status \(status)"
            case .signalled(let signal): "killed by signal \(signal)"
            }
        }
    }

    public let processIdentifier: Int32
    private let life: Life

    /// Starts the program.
    ///
    /// - Parameter whenEnded: called once, on another thread, after the child has been waited for.
    /// - Throws: `SpawnError` when the program or its log file cannot be opened.
    public init(
        _ program: Program, whenEnded: @escaping @Sendable (Ending) -> Void = { _ in }
    ) throws(SpawnError) {
        let life = Life()
        let spawned = DispatchSemaphore(value: 0)
        let outcome = Outcome()
        Thread.detachNewThread {
            let result = Spawn.start(program)
            outcome.result.withLock { $0 = result }
            if case .success(let identifier) = result { life.begin(identifier) }
            spawned.signal()
            if case .success(let identifier) = result { whenEnded(life.waitUntilEnd(identifier)) }
        }
        spawned.wait()
        processIdentifier = try outcome.result.withLock { $0 }.get()
        self.life = life
    }

    /// Sends a signal, to the whole process group if asked; nothing when the child has ended.
    public func send(_ signal: Int32, toGroup: Bool = false) {
        life.send(signal, to: toGroup ? -processIdentifier : processIdentifier)
    }

    /// How it ended; nil while it runs.
    public var ending: Ending? { life.ending }

    /// Waits for the end; nil when it still runs after that time.
    @discardableResult
    public func wait(seconds: Double) -> Ending? { life.wait(seconds: seconds) }

    private final class Outcome: Sendable {
        let result = Mutex<Result<Int32, SpawnError>>(.failure(SpawnError(executable: "", reason: "not started")))
    }
}

/// The state of one child, and the only place where it is waited for: no signal goes to a number that is no longer its
/// own.
private final class Life: Sendable {
    private let state = Mutex<ChildProcess.Ending?>(nil)
    private let ended = DispatchGroup()

    var ending: ChildProcess.Ending? { state.withLock { $0 } }

    func begin(_ identifier: Int32) { ended.enter() }

    func send(_ signal: Int32, to target: Int32) {
        state.withLock { if $0 == nil { kill(target, signal) } }
    }

    func wait(seconds: Double) -> ChildProcess.Ending? {
        _ = ended.wait(timeout: .now() + seconds)
        return ending
    }

    /// Waits without reaping first, so that the process group can be killed while its number cannot belong to another.
    func waitUntilEnd(_ identifier: Int32) -> ChildProcess.Ending {
        var information = siginfo_t()
        while waitid(P_PID, UInt32(identifier), &information, WEXITED | WNOWAIT) == -1, errno == EINTR {}
        let ending = state.withLock { state in
            kill(-identifier, SIGKILL)
            var status: Int32 = 0
            while waitpid(identifier, &status, 0) == -1, errno == EINTR {}
            let signal = status & 0x7f
            let ending: ChildProcess.Ending = signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
            state = ending
            return ending
        }
        ended.leave()
        return ending
    }
}

private enum Spawn {
    /// POSIX_SPAWN_SETSID, spawn.h: a macro for GNU sources only, which Swift does not see.
    private static let setSession: Int16 = 0x80

    static func start(_ program: Program) -> Result<Int32, SpawnError> {
        func failure(_ code: Int32, _ what: String) -> Result<Int32, SpawnError> {
            .failure(SpawnError(executable: program.executable, reason: "\(what)\(String(cString: strerror(code)))"))
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }

        let log = open(program.log.path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
        guard log >= 0 else { return failure(errno, "log file \(program.log.path): ") }
        defer { close(log) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, log, 1)
        posix_spawn_file_actions_adddup2(&actions, log, 2)
        for descriptor in openDescriptors() { posix_spawn_file_actions_addclose(&actions, descriptor) }

        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            &attributes, setSession | Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))

        let arguments = ([program.executable] + program.arguments).map { strdup($0) } + [nil]
        let environment = program.environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var identifier: Int32 = 0
        let code = posix_spawn(&identifier, program.executable, &actions, &attributes, arguments, environment)
        return code == 0 ? .success(identifier) : failure(code, "")
    }

    /// Every descriptor above standard error: a child inherits none of them.
    private static func openDescriptors() -> [Int32] {
        guard let folder = opendir("/proc/self/fd") else { return [] }
        defer { closedir(folder) }
        var descriptors: [Int32] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let descriptor = Int32(name), descriptor > 2 { descriptors.append(descriptor) }
        }
        return descriptors
    }
}
