internal import Foundation

/// What can be seen on this machine without a running system.
struct LocalChecks {
    /// Less free space than this is worth a warning, and than a tenth of it is wrong [bytes].
    static let comfortableBytes = 10e9

    let data: DataFolder
    let usesOwnDatabase: Bool

    /// Without these nothing can be started.
    func needed() throws -> [Check] {
        try executables() + (usesOwnDatabase ? postgresPrograms() : []) + dataFolder()
    }

    // MARK: Programs

    func executables() throws -> [Check] {
        let folder = try ServiceSpec.folderOfThisExecutable
        let names = ServiceSpec.six(in: folder, photometers: 1, environment: [:]).map(\.executable)
        let missing = names.filter { !FileManager.default.isExecutableFile(atPath: $0.path) }
        guard missing.isEmpty else {
            let list = missing.map(\.lastPathComponent).joined(separator: ", ")
            return [
                .wrong(
                    "executables", "\(folder.path) lacks \(list)",
                    fix: "build all services (make build); they belong beside nightjar")
            ]
        }
        return [.ok("executables", "the six services are in \(folder.path)")]
    }

    /// The same places in which the private server is looked for.
    func postgresPrograms() -> [Check] {
        let folders = Self.postgresFolders()
        guard let first = folders.first else {
            return [
                .wrong(
                    "postgresql", "no initdb and postgres in /usr/lib/postgresql/*/bin or PATH",
                    fix: "install the package postgresql, or give --database")
            ]
        }
        var checks: [Check] = []
        let versionFile = data.postgres.appending(path: "cluster/PG_VERSION").path
        let version = FileManager.default.contents(atPath: versionFile)
            .map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines) }
        if let version, !folders.contains(where: { $0.contains("/\(version)/") }),
            folders.allSatisfy({ $0.hasPrefix("/usr/lib/postgresql/") })
        {
            checks.append(
                .wrong(
                    "postgresql",
                    "the database in \(data.postgres.path) was made by PostgreSQL \(version), which is not installed",
                    fix: "install the package postgresql-\(version)"))
        } else {
            checks.append(
                .ok(
                    "postgresql",
                    "programs in \(version.flatMap { v in folders.first { $0.contains("/\(v)/") } } ?? first)"))
        }
        return checks + postgresSurroundings()
    }

    private func postgresSurroundings() -> [Check] {
        var checks: [Check] = []
        if !Self.isInPath("setpriv") {
            checks.append(
                .wrong(
                    "setpriv", "not in PATH; the database is started through it", fix: "install the package util-linux")
            )
        }
        if geteuid() == 0, getpwnam("postgres") == nil, getpwnam("nobody") == nil {
            checks.append(
                .wrong(
                    "account", "PostgreSQL does not run as root, and there is neither a user postgres nor nobody",
                    fix: "run nightjar as another user"))
        }
        return checks
    }

    private static func postgresFolders() -> [String] {
        let root = "/usr/lib/postgresql"
        var versions: [String] = []
        if let stream = opendir(root) {
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                versions.append(
                    withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
                )
            }
        }
        let sorted = versions.filter { Double($0) != nil }.sorted { (Double($0) ?? 0) > (Double($1) ?? 0) }
        let folders = sorted.map { "\(root)/\($0)/bin" } + path + ["/usr/local/pgsql/bin", "/usr/local/bin"]
        return folders.filter { folder in
            ["initdb", "postgres"].allSatisfy { FileManager.default.isExecutableFile(atPath: "\(folder)/\($0)") }
        }
    }

    private static var path: [String] {
        (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":").map(String.init)
    }

    private static func isInPath(_ program: String) -> Bool {
        path.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
    }

    // MARK: The data folder

    func dataFolder() -> [Check] {
        var folder = data.root
        while !FileManager.default.fileExists(atPath: folder.path), folder.path != "/" {
            folder = folder.deletingLastPathComponent()
        }
        var status = stat()
        guard stat(folder.path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            return [.wrong("data folder", "\(folder.path) is not a folder", fix: "give another --data")]
        }
        if let refusal = Self.refusalToWrite(in: folder) {
            return [
                .wrong(
                    "data folder", "\(folder.path) cannot be written: \(refusal)",
                    fix: "give its owner the right to write, or give another --data")
            ]
        }
        let note = folder == data.root ? "" : " (\(data.root.path) will be made)"
        return [.ok("data folder", "\(folder.path) can be written\(note)"), Self.space(in: folder, name: "free space")]
    }

    /// Nil when a file can be made there; it is removed again.
    static func refusalToWrite(in folder: URL) -> String? {
        let file = folder.appending(path: ".nightjar-doctor-\(getpid())").path
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        defer {
            close(descriptor)
            unlink(file)
        }
        guard write(descriptor, "nightjar", 8) == 8, fsync(descriptor) == 0 else {
            return String(cString: strerror(errno))
        }
        return nil
    }

    static func space(in folder: URL, name: String) -> Check {
        var status = statvfs()
        guard statvfs(folder.path, &status) == 0 else {
            return .warning(name, "not known: \(String(cString: strerror(errno)))", fix: "look with df \(folder.path)")
        }
        let free = Double(status.f_bavail) * Double(status.f_frsize)
        let text = String(format: "%.1f GB in %@", free / 1e9, folder.path)
        let fix = "make room, or give another place"
        if free < comfortableBytes / 10 { return .wrong(name, text, fix: fix) }
        return free < comfortableBytes ? .warning(name, text, fix: fix) : .ok(name, text)
    }

    // MARK: Documents, clock

    func instruments() -> Check {
        let entries = InstrumentFolder(data).entries()
        let problems = entries.compactMap(\.problem)
        let ids = entries.compactMap { $0.document?.id }
        let twice = Set(ids.filter { id in ids.count { $0 == id } > 1 }).sorted()
        if !problems.isEmpty || !twice.isEmpty {
            let text = problems + twice.map { "instrument '\($0)' is in two files of \(data.instruments.path)" }
            return .wrong("instruments", text.joined(separator: "\n"), fix: "mend these documents; ingest waits for it")
        }
        guard !ids.isEmpty else {
            return .warning("instruments", "none in \(data.instruments.path)", fix: "nightjar instrument add FILE")
        }
        return .ok("instruments", ids.joined(separator: ", "))
    }

    /// The clock tells an alert of tonight from one of the past.
    func clock() -> Check {
        let now = Date().timeIntervalSince1970
        // 2026-01-01 and 2100-01-01.
        guard (1_767_225_600...4_102_444_800).contains(now) else {
            return .wrong(
                "clock", "this machine's clock says \(Date())", fix: "set it, and run a time service (chrony, ntpd)")
        }
        guard Libraries.clockIsKeptRight else {
            return .warning(
                "clock", "the kernel does not know of a time service that keeps it right",
                fix: "run one (chrony, ntpd, systemd-timesyncd), unless the host of this container does")
        }
        return .ok("clock", "kept right by a time service")
    }
}
