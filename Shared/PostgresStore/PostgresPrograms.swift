internal import Foundation

/// What stands in the way of a private PostgreSQL, and what to do about it.
public struct PrivatePostgresError: Error, Sendable, Equatable, CustomStringConvertible {
    public let reason: String
    public var description: String { "private PostgreSQL: \(reason)" }
}

/// PostgreSQL's server programs, of one major version.
struct PostgresPrograms: Equatable {
    let folder: URL
    var initdb: String { folder.appending(path: "initdb").path }
    var postgres: String { folder.appending(path: "postgres").path }

    private static let debianRoot = "/usr/lib/postgresql"

    /// Finds the programs: those of `version` when a cluster was made by it, else the newest.
    ///
    /// - Throws: `PrivatePostgresError` that names the package to install.
    static func find(version: String?) throws -> PostgresPrograms {
        let found = candidates().filter { $0.isComplete }
        guard let version else {
            if let first = found.first { return first }
            throw PrivatePostgresError(
                reason: "no initdb and postgres in \(debianRoot)/*/bin or PATH; install the package postgresql")
        }
        for programs in found where try programs.majorVersion() == version { return programs }
        throw PrivatePostgresError(
            reason: "the database was made by PostgreSQL \(version), which is not installed; "
                + "install the package postgresql-\(version)")
    }

    /// Debian's folders, newest first, then those of PATH and the usual places of other systems.
    private static func candidates() -> [PostgresPrograms] {
        let versions = names(in: debianRoot).compactMap { Double($0) }.sorted(by: >)
        let debian = versions.map { version in
            "\(debianRoot)/\(version == version.rounded() ? String(Int(version)) : String(version))/bin"
        }
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let others = path.split(separator: ":").map(String.init) + ["/usr/local/pgsql/bin", "/usr/local/bin"]
        return (debian + others).map { PostgresPrograms(folder: URL(filePath: $0)) }
    }

    private static func names(in folder: String) -> [String] {
        guard let open = opendir(folder) else { return [] }
        defer { closedir(open) }
        var names: [String] = []
        while let entry = readdir(open) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }

    private var isComplete: Bool {
        [initdb, postgres].allSatisfy { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// "15" of "postgres (PostgreSQL) 15.4 (Debian 15.4-1)".
    private func majorVersion() throws -> String? {
        let scratch = FileManager.default.temporaryDirectory.appending(path: "nightjar-version-\(UUID().uuidString)")
        defer { unlink(scratch.path) }
        let program = Program(postgres, ["--version"], environment: ["LC_ALL": "C"], log: scratch)
        guard try ChildProcess(program).wait(seconds: 10) == .exited(0) else { return nil }
        let words = try String(contentsOf: scratch, encoding: .utf8).split(separator: " ")
        return words.compactMap { Double($0) }.first.map { String(Int($0)) }
    }
}
