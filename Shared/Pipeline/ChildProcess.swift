internal import Foundation

/// Where and with which limits the third attempt at a message is made: this same program, alone with the message.
public struct ChildProcess: Sendable {
    public let executable: String
    public let arguments: [String]
    public let timeLimitSeconds: Double
    /// Limit of the child's private memory [MiB].
    public let memoryLimitMegabytes: Int

    public init(
        executable: String = "/proc/self/exe", arguments: [String] = Array(CommandLine.arguments.dropFirst()),
        timeLimitSeconds: Double = 300, memoryLimitMegabytes: Int = 4096
    ) {
        self.executable = executable
        self.arguments = arguments
        self.timeLimitSeconds = timeLimitSeconds
        self.memoryLimitMegabytes = memoryLimitMegabytes
    }

    /// Handles one message in a child.
    ///
    /// - Parameter whileWaiting: called again and again for some tens of milliseconds each; returns false to give up.
    /// - Returns: the child's outcome; a child that died is `failed` with what killed it.
    func handle(
        _ delivery: Delivery, environment: [String: String], clock: Clock, whileWaiting: () -> Bool
    ) -> Outcome {
        let folder = FileManager.default.temporaryDirectory.appending(path: "nightjar-\(UUID().uuidString)")
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            let file = folder.appending(path: "message.json").path
            try SingleMessage.write(delivery, to: file)
            let outcome = run(file, environment, clock, whileWaiting)
            try FileManager.default.removeItem(at: folder)
            return outcome
        } catch {
            return .unavailable(reason: "temporary folder \(folder.path) for a child process: \(error)")
        }
    }

    private func run(
        _ file: String, _ environment: [String: String], _ clock: Clock, _ whileWaiting: () -> Bool
    ) -> Outcome {
        var environment = environment
        environment[SingleMessage.environmentName] = file
        environment[SingleMessage.memoryName] = String(memoryLimitMegabytes)
        environment[SingleMessage.secondsName] = String(Int(timeLimitSeconds.rounded(.up)))
        let pid: pid_t
        switch spawn(environment) {
        case .success(let child): pid = child
        case .failure(let reason): return .unavailable(reason: reason.description)
        }
        let start = clock.elapsed()
        while true {
            var status: Int32 = 0
            var usage = rusage()
            let ended = wait4(pid, &status, WNOHANG, &usage)
            if ended == pid { return read(file, status: status, peakMegabytes: usage.ru_maxrss / 1024) }
            if ended < 0 && errno != EINTR {
                return .failed(error: "the child process was lost: \(String(cString: strerror(errno)))")
            }
            if clock.elapsed() - start > timeLimitSeconds {
                end(pid)
                return .failed(error: "the child process took longer than the limit of \(timeLimitSeconds) s")
            }
            guard whileWaiting() else {
                end(pid)
                return .unavailable(reason: "stopped while a child process was at work")
            }
        }
    }

    private func end(_ pid: pid_t) {
        kill(pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    }

    private func read(_ file: String, status: Int32, peakMegabytes: Int) -> Outcome {
        let path = SingleMessage.outcomePath(of: file)
        let memory = "peak memory \(peakMegabytes) MiB, limit \(memoryLimitMegabytes) MiB"
        let signal = status & 0x7F
        if signal == SIGALRM { return .failed(error: "the child process ran out of time (\(timeLimitSeconds) s)") }
        if signal != 0 {
            let name = String(cString: strsignal(signal))
            return .failed(error: "the child process was killed by signal \(signal) (\(name)); \(memory)")
        }
        let code = (status >> 8) & 0xFF
        guard FileManager.default.fileExists(atPath: path) else {
            return .failed(error: "the child process ended with status \(code) and without an outcome; \(memory)")
        }
        do {
            return try SingleMessage.outcome(at: path)
        } catch {
            return .failed(error: "the child process's outcome cannot be read: \(error)")
        }
    }

    private struct SpawnError: Error, CustomStringConvertible {
        let description: String
    }

    private func spawn(_ environment: [String: String]) -> Result<pid_t, SpawnError> {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Its own group: a terminal's Ctrl-C is for the worker, which decides about the child.
        posix_spawnattr_setpgroup(&attributes, 0)
        // No signal blocked or ignored, whatever thread this is: the child's alarm must end it.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var every = sigset_t()
        sigfillset(&every)
        posix_spawnattr_setsigdefault(&attributes, &every)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flags))
        var argv: [UnsafeMutablePointer<CChar>?] = ([executable] + arguments).map { strdup($0) } + [nil]
        let variables = environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        var envp: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
        defer { for text in argv + envp { free(text) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, executable, nil, &attributes, &argv, &envp)
        guard status == 0 else {
            return .failure(SpawnError(description: "cannot start \(executable): \(String(cString: strerror(status)))"))
        }
        return .success(pid)
    }
}
