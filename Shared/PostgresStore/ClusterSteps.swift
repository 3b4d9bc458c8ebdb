internal import Foundation

/// The steps of starting a server on a cluster.
struct ClusterSteps {
    let place: ClusterPlace
    let programs: PostgresPrograms
    let log: URL
    let isDurable: Bool

    /// Runs initdb beside the final place and renames: what is at the final place is complete. With data checksums,
    /// UTF-8, order by code point, a superuser `nightjar`, and no password: only PostgreSQL's user and root reach the
    /// socket.
    func createIfMissing() throws {
        let cluster = place.cluster
        if access(cluster.appending(path: "PG_VERSION").path, F_OK) == 0 { return }
        let new = cluster.deletingLastPathComponent().appending(path: "cluster.new")
        if access(new.path, F_OK) == 0 { try FileManager.default.removeItem(at: new) }
        guard mkdir(new.path, 0o700) == 0 else {
            throw PrivatePostgresError(reason: "cannot create \(new.path): \(String(cString: strerror(errno)))")
        }
        try place.giveAway(new)
        var options = [
            "-D", new.path, "-U", "nightjar", "--auth-local=trust", "--auth-host=reject", "--data-checksums",
            "--encoding=UTF8", "--locale=C",
        ]
        if !isDurable { options.append("--no-sync") }
        let process = try ChildProcess(unprivileged(programs.initdb, options))
        let ending = process.wait(seconds: 300)
        guard ending == .exited(0) else {
            process.send(SIGKILL, toGroup: true)
            let what = ending.map { "\($0)" } ?? "not done in 300 s"
            throw PrivatePostgresError(reason: "initdb failed (\(what)); see \(log.path)")
        }
        guard rename(new.path, cluster.path) == 0 else {
            throw PrivatePostgresError(
                reason: "cannot rename \(new.path) to \(cluster.path): \(String(cString: strerror(errno)))")
        }
    }

    func server(socket: URL, maximumConnections: Int) -> Program {
        var options = [
            "-D", place.cluster.path, "-c", "listen_addresses=", "-c", "unix_socket_directories=\(socket.path)",
            "-c", "port=5432", "-c", "max_connections=\(maximumConnections)", "-c", "logging_collector=off",
            "-c", "log_destination=stderr", "-c", "log_min_error_statement=panic", "-c", "max_wal_size=1GB",
        ]
        if !isDurable {
            // Commits still reach the kernel before they are answered: only a crash of the machine can lose them.
            options += ["-c", "fsync=off", "-c", "full_page_writes=off"]
        }
        return unprivileged(programs.postgres, options)
    }

    /// `env --chdir=/ setpriv ... program`: each replaces the one before, so the child is the program itself.
    private func unprivileged(_ program: String, _ options: [String]) -> Program {
        var words = ["--chdir=/", "setpriv"]
        if let account = place.account {
            words += ["--reuid=\(account.user)", "--regid=\(account.group)", "--init-groups"]
        }
        words += ["--pdeathsig=INT", "--", program] + options
        let environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC"]
        return Program("/usr/bin/env", words, environment: environment, log: log)
    }

    /// Deals with a `postmaster.pid` of an earlier server, and says whether there was one.
    ///
    /// A server still alive is stopped. A number that by now belongs to another program is replaced by one that belongs
    /// to none, as PostgreSQL would otherwise refuse to start; the file itself stays, because its last lines let
    /// PostgreSQL see whether processes of the dead server still use the cluster.
    func clearLeftovers() throws -> Bool {
        let file = place.cluster.appending(path: "postmaster.pid")
        guard access(file.path, F_OK) == 0 else { return false }
        let text = try String(contentsOf: file, encoding: .utf8)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let number = Int32(lines[0].trimmingCharacters(in: .whitespaces)), number > 1 else { return true }
        guard kill(number, 0) == 0 || errno == EPERM else { return true }
        if isOurServer(number) {
            for (signal, seconds) in [(SIGINT, 20), (SIGQUIT, 10)] where kill(number, signal) == 0 {
                for _ in 0..<(seconds * 20) where kill(number, 0) == 0 { usleep(50_000) }
            }
            guard kill(number, 0) != 0 else {
                throw PrivatePostgresError(
                    reason: "an earlier server (pid \(number)) on \(place.cluster.path) does not stop")
            }
        } else {
            lines[0] = "\(Int32.max)"
            let handle = try FileHandle(forWritingTo: file)
            defer { handle.closeFile() }
            try handle.truncate(atOffset: 0)
            try handle.write(contentsOf: Data(lines.joined(separator: "\n").utf8))
        }
        return true
    }

    /// Whether the process is a postgres on our cluster, by its command line.
    private func isOurServer(_ number: Int32) -> Bool {
        guard let bytes = FileManager.default.contents(atPath: "/proc/\(number)/cmdline") else { return false }
        let words = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return words.first.map { $0.hasSuffix("postgres") } ?? false && words.contains(place.cluster.path)
    }
}
