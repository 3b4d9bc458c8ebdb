internal import CLibPQ
internal import Foundation
internal import Pipeline

/// One connection to PostgreSQL, used by one thread.
///
/// Connects on first use, and again on the next use after the connection was lost. Whatever may work later (server
/// away, starting, stopping, full, out of connections, deadlock, serialization failure) is thrown as `Unavailable`;
/// what the server refused for good is a `DatabaseError`.
public final class Database {
    public let address: DatabaseAddress
    private let applicationName: String
    private var handle: OpaquePointer?
    private var statementTimeoutSeconds: Double?
    var transactionIsOpen = false

    /// Reads the address; connects on first use.
    ///
    /// - Parameters:
    ///   - conninfo: URL or key=value pairs.
    ///   - applicationName: what the server shows for this connection.
    ///   - statementTimeoutSeconds: longer statements end in a `DatabaseError` with `isTimeout`; nil: no limit.
    /// - Throws: `DatabaseAddressError`.
    public init(
        _ conninfo: String, applicationName: String = "nightjar", statementTimeoutSeconds: Double? = nil
    ) throws(DatabaseAddressError) {
        address = try DatabaseAddress(conninfo)
        self.applicationName = applicationName
        self.statementTimeoutSeconds = statementTimeoutSeconds
    }

    deinit {
        if let handle { PQfinish(handle) }
    }

    /// Connects now rather than on first use.
    public func connect() throws {
        _ = try connected()
    }

    /// Closes the connection; the next use connects again.
    public func disconnect() {
        if let handle { PQfinish(handle) }
        handle = nil
    }

    /// Runs one statement.
    ///
    /// - Parameters:
    ///   - statement: SQL with `$1`, `$2`, ... for the parameters; one statement only.
    /// - Throws: `Unavailable`, `DatabaseError`.
    @discardableResult
    public func execute(_ statement: String, _ parameters: [SQLValue] = []) throws -> Rows {
        let encoded = try EncodedParameters(parameters, statement: statement)
        let connection = try connected()
        let result = encoded.withPointers { values in
            PQexecParams(
                connection, statement, Int32(values.count), encoded.types, values, encoded.lengths, encoded.formats, 0)
        }
        return try rows(checked(result, statement))
    }

    /// Runs several statements separated by semicolons, without parameters, as one transaction unless one is open.
    public func executeScript(_ script: String) throws {
        PQclear(try checked(PQexec(try connected(), script), script))
    }

    /// Statements that run longer end in a `DatabaseError` with `isTimeout`; nil: no limit. Holds for reconnections
    /// too.
    public func setStatementTimeout(seconds: Double?) throws {
        statementTimeoutSeconds = seconds
        if handle != nil { try execute(timeoutStatement) }
    }

    // MARK: - The connection

    /// The open connection, opened if need be; never in the middle of a transaction.
    func connected() throws(Unavailable) -> OpaquePointer {
        if let handle, PQstatus(handle) == CONNECTION_OK { return handle }
        disconnect()
        guard !transactionIsOpen else { throw unavailable("the connection was lost in the middle of a transaction") }
        return try open()
    }

    /// Whether `connection` is still ours: an error may have closed it.
    func isOpen(_ connection: OpaquePointer) -> Bool { handle == connection }

    /// Whether the server is inside a transaction in which nothing has failed.
    var serverIsInTransaction: Bool { handle.map { PQtransactionStatus($0) == PQTRANS_INTRANS } ?? false }

    func unavailable(_ reason: String) -> Unavailable {
        Unavailable("database \(address): \(address.clean(reason))")
    }

    /// Passes a good result on, which the caller must clear; turns any other into an error.
    func checked(_ result: OpaquePointer?, _ statement: String) throws -> OpaquePointer {
        guard let result else {
            let message = lastMessage
            dropIfLost()
            throw unavailable(message)
        }
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY, PGRES_COPY_IN: return result
        default: break
        }
        defer { PQclear(result) }
        throw failure(result, statement)
    }

    private var lastMessage: String { handle.map { String(cString: PQerrorMessage($0)) } ?? "not connected" }

    private func rows(_ result: OpaquePointer) -> Rows {
        let affected = Int(String(cString: PQcmdTuples(result))) ?? 0
        return Rows(table: ResultTable(owning: result), affected: affected)
    }

    private func failure(_ result: OpaquePointer, _ statement: String) -> any Error {
        func field(_ letter: Character) -> String? {
            guard let code = letter.asciiValue, let text = PQresultErrorField(result, Int32(code)) else { return nil }
            return String(cString: text)
        }
        let message = field("M") ?? String(cString: PQresultErrorMessage(result))
        let state = field("C")
        let lost = dropIfLost()
        if let state, state.hasPrefix("57P") { disconnect() }
        guard let state, !lost || Failure.isTemporary(sqlState: state) else { return unavailable(message) }
        if Failure.isTemporary(sqlState: state) { return unavailable("\(message) (\(state))") }
        return DatabaseError(
            sqlState: state, message: state.hasPrefix("22") ? Failure.blankingQuoted(message) : message,
            statement: Failure.summary(of: statement),
            constraint: field("n"), table: field("t"), column: field("c"))
    }

    @discardableResult
    private func dropIfLost() -> Bool {
        guard let handle, PQstatus(handle) != CONNECTION_OK else { return false }
        disconnect()
        return true
    }

    /// Opens the connection with limits, so that a dead network is noticed, and with settings on which reading depends.
    private func open() throws(Unavailable) -> OpaquePointer {
        let settings: KeyValuePairs = [
            "connect_timeout": "5", "keepalives_idle": "30", "keepalives_interval": "10", "tcp_user_timeout": "30000",
            "client_encoding": "UTF8", "fallback_application_name": applicationName, "dbname": address.conninfo,
        ]
        let keywords = settings.map { strdup($0.key) } + [nil]
        let values = settings.map { strdup($0.value) } + [nil]
        defer { for text in keywords + values { free(text) } }
        guard let opened = PQconnectdbParams(keywords.map { UnsafePointer($0) }, values.map { UnsafePointer($0) }, 1)
        else { throw unavailable("out of memory") }
        guard PQstatus(opened) == CONNECTION_OK else {
            defer { PQfinish(opened) }
            throw unavailable(String(cString: PQerrorMessage(opened)))
        }
        _ = PQsetNoticeProcessor(opened, { _, _ in }, nil)
        let result = PQexec(opened, Self.sessionSettings + timeoutStatement)
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COMMAND_OK else {
            defer { PQfinish(opened) }
            throw unavailable(String(cString: PQerrorMessage(opened)))
        }
        handle = opened
        return opened
    }

    private var timeoutStatement: String {
        "SET statement_timeout = \(Int(((statementTimeoutSeconds ?? 0) * 1000).rounded(.up)))"
    }

    /// `extra_float_digits` of 1 or more: the shortest text that reads back as the same number.
    private static let sessionSettings = """
        SET extra_float_digits = 1; SET bytea_output = 'hex'; SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD';
        SET standard_conforming_strings = on;
        """
}
