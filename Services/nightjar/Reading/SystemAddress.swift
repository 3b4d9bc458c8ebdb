internal import Foundation
internal import KafkaBus
internal import Pipeline
internal import PostgresStore

/// Parts of a system that are somebody else's, as `nightjar up` was told: kept in the data folder for other commands.
struct ExternalParts: Codable, Equatable {
    var database: String?
    var brokers: String?
    var frameStore: String?

    static func file(in data: DataFolder) -> URL { data.root.appending(path: "external.json") }

    init(database: String? = nil, brokers: String? = nil, frameStore: String? = nil) {
        self.database = database
        self.brokers = brokers
        self.frameStore = frameStore
    }

    /// Those of the last `nightjar up` on this folder.
    init(of data: DataFolder) throws {
        let file = Self.file(in: data)
        guard FileManager.default.fileExists(atPath: file.path) else {
            self.init()
            return
        }
        do {
            self = try JSONDecoder().decode(ExternalParts.self, from: Data(contentsOf: file))
        } catch {
            throw SystemError("\(file.path) cannot be read (\(systemWords(error))); nightjar up writes it anew")
        }
    }

    /// Only for its owner to read: an address may hold a password.
    func write(to data: DataFolder) throws {
        let file = Self.file(in: data)
        let partial = file.path + ".partial"
        unlink(partial)
        guard
            FileManager.default.createFile(
                atPath: partial, contents: try prettyJSON(self), attributes: [.posixPermissions: 0o600]),
            rename(partial, file.path) == 0
        else { throw SystemError("\(file.path) cannot be written: \(String(cString: strerror(errno)))") }
    }
}

/// Where a running system is: by option, else by `--data`, else by environment, else in `./nightjar-data`.
struct SystemAddress {
    /// An address and where it was found: `--database`, `NIGHTJAR_DATABASE`, or a file.
    struct Found: Equatable {
        let value: String
        let origin: String
        /// Whether it is a broker or database of our own on this machine.
        let isEmbedded: Bool
    }

    static let dataOption = Option("data", "DIR", "the system's folder (default: $NIGHTJAR_DATA, ./nightjar-data)")
    static let databaseOption = Option("database", "URL", "its database instead (default: $NIGHTJAR_DATABASE)")
    static let brokersOption = Option("brokers", "A", "its brokers, host:port,... (default: $NIGHTJAR_BROKERS)")
    static let jsonOption = Option("json", nil, "print JSON")

    let data: DataFolder
    private let isDataGiven: Bool
    private let options: (database: String?, brokers: String?, frameStore: String?)
    private let environment: [String: String]

    /// Of a command that reads the record and nothing else.
    ///
    /// - Throws: `UsageError` for `--data` beside `--database`, which would do nothing.
    static func record(_ arguments: Arguments) throws -> Record {
        guard arguments.text("data") == nil || arguments.text("database") == nil else {
            throw UsageError("give --data or --database, not both: only the database is read")
        }
        return try SystemAddress(arguments).record()
    }

    init(_ arguments: Arguments, environment: [String: String] = ProcessInfo.processInfo.environment) throws {
        let settings = Settings(environment)
        isDataGiven = arguments.text("data") != nil
        let path = arguments.text("data") ?? settings.optional("NIGHTJAR_DATA") ?? "nightjar-data"
        guard !path.isEmpty else { throw UsageError("--data is empty: give a folder") }
        data = DataFolder(path)
        options = (arguments.text("database"), arguments.text("brokers"), arguments.text("frame-store"))
        self.environment = environment
    }

    /// How to start it, for messages.
    var startCommand: String { "`nightjar up --data \(data.root.path.shellWord)`" }

    private func find(
        option: (name: String, value: String?), variable: String, external: String?, own: () throws -> String?
    ) throws -> Found? {
        if let value = option.value { return Found(value: value, origin: "--\(option.name)", isEmbedded: false) }
        if !isDataGiven, let value = Settings(environment).optional(variable) {
            return Found(value: value, origin: variable, isEmbedded: false)
        }
        if let external {
            return Found(value: external, origin: ExternalParts.file(in: data).path, isEmbedded: false)
        }
        return try own().map { Found(value: $0, origin: data.root.path, isEmbedded: true) }
    }

    func database() throws -> Found? {
        try find(
            option: ("database", options.database), variable: "NIGHTJAR_DATABASE",
            external: try ExternalParts(of: data).database
        ) { try PrivatePostgres(directory: data.postgres).address }
    }

    func brokers() throws -> Found? {
        try find(
            option: ("brokers", options.brokers), variable: "NIGHTJAR_BROKERS",
            external: try ExternalParts(of: data).brokers
        ) {
            guard FileManager.default.fileExists(atPath: data.brokerAddress.path) else { return nil }
            return SupervisorLoop.address(try String(contentsOf: data.brokerAddress, encoding: .utf8))
        }
    }

    func frameStore() throws -> Found? {
        try find(
            option: ("frame-store", options.frameStore), variable: "NIGHTJAR_FRAME_STORE",
            external: try ExternalParts(of: data).frameStore
        ) { FileManager.default.fileExists(atPath: data.frames.path) ? data.frames.path : nil }
    }

    /// The nightjar that holds the data folder; nil when none does.
    func holder() -> Int32? {
        let lock = data.root.appending(path: "nightjar.lock").path
        guard let text = FileManager.default.contents(atPath: lock).map({ String(decoding: $0, as: UTF8.self) }),
            let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)), pid > 1,
            let name = FileManager.default.contents(atPath: "/proc/\(pid)/comm")
        else { return nil }
        return String(decoding: name, as: UTF8.self).hasPrefix("nightjar") ? pid : nil
    }

    // MARK: Connecting

    /// The record, connected and with its tables.
    ///
    /// - Throws: `SystemError` that says how to start the system or where to look for it.
    func record() throws -> Record {
        guard let found = try database() else { throw SystemError(notRunning) }
        let database: Database
        do {
            database = try Database(found.value, applicationName: "nightjar command line")
            try database.connect()
            let row = try database.execute(
                """
                select to_regclass('archive.outbox') is not null and to_regclass('alerts.outbox') is not null as ready
                """)[0]
            guard try row.bool("ready") else {
                throw SystemError(
                    "the database has no tables of Nightjar yet: archiver and alerter make them when they start; "
                        + startHint(found))
            }
        } catch let wrong as DatabaseAddressError {
            throw SystemError("\(found.origin): \(wrong)")
        } catch let away as Unavailable {
            throw SystemError(found.isEmbedded && holder() == nil ? notRunning : "\(away); \(startHint(found))")
        }
        return Record(database)
    }

    /// - Throws: `SystemError` when nobody says where the brokers are.
    func connection() throws -> (KafkaConnection, Found) {
        guard let found = try brokers() else { throw SystemError(notRunning) }
        guard !found.isEmbedded || holder() != nil else { throw SystemError(notRunning) }
        return (try Self.connection(found, environment: environment), found)
    }

    static func connection(
        _ found: Found, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> KafkaConnection {
        try checkBrokers(found.value, origin: found.origin)
        let settings = Settings(environment)
        let properties = settings.pairs("NIGHTJAR_KAFKA_OPTIONS")
        try settings.verify()
        return KafkaConnection(
            brokers: found.value, options: properties,
            log: Log(service: "nightjar", level: .error))
    }

    static func checkBrokers(_ brokers: String, origin: String) throws(UsageError) {
        for entry in brokers.split(separator: ",", omittingEmptySubsequences: false) {
            guard let colon = entry.lastIndex(of: ":"), colon > entry.startIndex,
                UInt16(entry[entry.index(after: colon)...]) != nil
            else {
                throw UsageError("\(origin): '\(String(entry).printable)' is not of the form host:port")
            }
        }
    }

    private func startHint(_ found: Found) -> String {
        found.isEmbedded
            ? "does the system run? \(startCommand) starts it; its logs are in \(data.root.path)/logs"
            : "the address is from \(found.origin)"
    }

    private var notRunning: String {
        let folder = data.root.path
        let state =
            FileManager.default.fileExists(atPath: folder)
            ? "no system runs on \(folder)" : "there is no folder \(folder)"
        return "\(state): \(startCommand) starts one; "
            + "or say where it is: --data DIR (NIGHTJAR_DATA), --database URL (NIGHTJAR_DATABASE), "
            + "--brokers A (NIGHTJAR_BROKERS)"
    }
}
