internal import Foundation

/// The user PostgreSQL runs as: it refuses to run as root.
struct Account: Equatable {
    let name: String
    let user: uid_t
    let group: gid_t

    static func named(_ name: String) -> Account? {
        getpwnam(name).map { Account(name: name, user: $0.pointee.pw_uid, group: $0.pointee.pw_gid) }
    }

    static func numbered(_ user: uid_t) -> Account? {
        getpwuid(user).map {
            Account(name: String(cString: $0.pointee.pw_name), user: user, group: $0.pointee.pw_gid)
        }
    }

    /// Whether this user can enter a folder and every one above it, by their owners and modes.
    func canEnter(_ folder: URL) -> Bool {
        var place = folder.standardizedFileURL
        while true {
            var status = stat()
            guard stat(place.path, &status) == 0 else { return false }
            let bit = status.st_uid == user ? S_IXUSR : status.st_gid == group ? S_IXGRP : S_IXOTH
            guard status.st_mode & bit != 0 else { return false }
            if place.path == "/" { return true }
            place = place.deletingLastPathComponent()
        }
    }
}

/// Where a cluster lives and whose it is.
///
/// `<directory>/cluster` is the data folder, or a link to it: when we are root, PostgreSQL runs as an unprivileged
/// user, and that user may not be able to enter `directory` (somewhere below /root, say). Then the data are kept in
/// `fallbackRoot`.
struct ClusterPlace {
    let directory: URL
    /// Nil when we are not root: PostgreSQL then runs as ourselves.
    let account: Account?
    /// PGDATA, without links; may not exist yet.
    let cluster: URL
    /// What the operator should know.
    let note: String?

    static let fallbackRoot = URL(filePath: "/var/lib/nightjar")

    init(_ directory: URL) throws {
        self.directory = directory.standardizedFileURL
        do {
            try FileManager.default.createDirectory(at: self.directory, withIntermediateDirectories: true)
        } catch {
            throw PrivatePostgresError(reason: "cannot create \(self.directory.path): \(error.localizedDescription)")
        }
        let link = self.directory.appending(path: "cluster")
        let existing = try Self.resolve(link)
        let account = try Self.account(for: existing)
        self.account = account
        if let existing {
            if let account, !account.canEnter(existing.deletingLastPathComponent()) {
                throw PrivatePostgresError(
                    reason: "user \(account.name) cannot enter \(existing.deletingLastPathComponent().path); "
                        + "allow it (chmod o+x on that folder and those above) or use another data directory")
            }
            cluster = existing
            note = existing.path == link.path ? nil : "the database is in \(existing.path)"
        } else if let account, !account.canEnter(self.directory) {
            cluster = try Self.fallback(linkedFrom: link)
            note = "user \(account.name) cannot enter \(self.directory.path); the database is in \(cluster.path)"
        } else {
            cluster = link
            note = nil
        }
    }

    /// The folder `link` leads to, or nil when there is nothing.
    private static func resolve(_ link: URL) throws -> URL? {
        var status = stat()
        guard lstat(link.path, &status) == 0 else { return nil }
        guard let real = realpath(link.path, nil) else {
            if status.st_mode & S_IFMT == S_IFLNK, try isPending(link) { return nil }
            throw PrivatePostgresError(reason: "\(link.path) leads nowhere: \(String(cString: strerror(errno)))")
        }
        defer { free(real) }
        return URL(filePath: String(cString: real))
    }

    /// A link whose parent is there was made by a start that did not get as far as creating the cluster.
    private static func isPending(_ link: URL) throws -> Bool {
        let target = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: link.path))
        guard access(target.deletingLastPathComponent().path, F_OK) == 0 else { return false }
        return unlink(link.path) == 0
    }

    /// Root: the owner of the cluster, else postgres, else nobody. Anyone else: themselves, if the cluster is theirs.
    private static func account(for existing: URL?) throws -> Account? {
        var status = stat()
        let owner = existing.flatMap { stat($0.path, &status) == 0 ? status.st_uid : nil }
        guard geteuid() == 0 else {
            guard let owner, owner != geteuid() else { return nil }
            let name = Account.numbered(owner)?.name ?? "number \(owner)"
            throw PrivatePostgresError(
                reason: "\(existing?.path ?? "") belongs to user \(name); run as that user or as root")
        }
        if let owner, owner != 0, let account = Account.numbered(owner) { return account }
        guard let account = Account.named("postgres") ?? Account.named("nobody") else {
            throw PrivatePostgresError(
                reason: "PostgreSQL does not run as root, and there is neither a user postgres nor nobody; "
                    + "run as another user or install the package postgresql")
        }
        return account
    }

    private static func fallback(linkedFrom link: URL) throws -> URL {
        mkdir(fallbackRoot.path, 0o711)
        let home = try temporaryFolder(fallbackRoot.appending(path: "postgres-XXXXXX"))
        chmod(home.path, 0o711)
        let cluster = home.appending(path: "cluster")
        guard symlink(cluster.path, link.path) == 0 else {
            throw PrivatePostgresError(reason: "cannot create \(link.path): \(String(cString: strerror(errno)))")
        }
        return cluster
    }

    /// A folder for the socket: beside the cluster if that path is plain and short enough for a socket (sun_path holds
    /// 107 bytes), else in /tmp. Only PostgreSQL's user and root may enter it.
    func makeSocketFolder() throws -> URL {
        let beside = cluster.deletingLastPathComponent().appending(path: "socket")
        let plain = beside.path.utf8.allSatisfy { byte in
            byte < 128
                && (Character(UnicodeScalar(byte)).isLetter || Character(UnicodeScalar(byte)).isNumber
                    || "/._-".utf8.contains(byte))
        }
        let folder: URL
        if plain, beside.path.utf8.count + "/.s.PGSQL.5432.lock".utf8.count <= 107 {
            guard mkdir(beside.path, 0o700) == 0 || errno == EEXIST else {
                throw PrivatePostgresError(reason: "cannot create \(beside.path): \(String(cString: strerror(errno)))")
            }
            folder = beside
        } else {
            folder = try Self.temporaryFolder(URL(filePath: "/tmp/nightjar-XXXXXX"))
        }
        try giveAway(folder)
        return folder
    }

    /// Makes a folder PostgreSQL's own.
    func giveAway(_ folder: URL) throws {
        guard chmod(folder.path, 0o700) == 0, account.map({ chown(folder.path, $0.user, $0.group) }) ?? 0 == 0 else {
            throw PrivatePostgresError(
                reason:
                    "cannot give \(folder.path) to user \(account?.name ?? "self"): \(String(cString: strerror(errno)))"
            )
        }
    }

    private static func temporaryFolder(_ template: URL) throws -> URL {
        let path = strdup(template.path)
        defer { free(path) }
        guard let path, mkdtemp(path) != nil else {
            throw PrivatePostgresError(reason: "cannot create \(template.path): \(String(cString: strerror(errno)))")
        }
        return URL(filePath: String(cString: path))
    }
}
