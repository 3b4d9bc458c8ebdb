internal import CLibPQ
internal import Pipeline

/// What a transaction sees of others.
public enum Isolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}

extension Database {
    /// Runs `body` in a transaction: commits when it returns, rolls back when it throws.
    ///
    /// A connection that was lost earlier is noticed and replaced here, before anything is done. A deadlock or
    /// serialization failure ends in `Unavailable`, as does a commit whose answer was lost: whether it took place is
    /// then not known, so `body` must be safe to repeat (inbox, upsert).
    ///
    /// - Precondition: no transaction of this connection is open.
    @discardableResult
    public func transaction<Value>(
        isolation: Isolation = .readCommitted, _ body: () throws -> Value
    ) throws -> Value {
        precondition(!transactionIsOpen, "a transaction inside a transaction")
        try begin(isolation)
        transactionIsOpen = true
        defer { transactionIsOpen = false }
        let value: Value
        do {
            value = try body()
        } catch {
            rollBack()
            throw error
        }
        try commit()
        return value
    }

    private func begin(_ isolation: Isolation) throws {
        let statement = "BEGIN ISOLATION LEVEL \(isolation.rawValue)"
        do {
            try execute(statement)
        } catch is Unavailable {
            try execute(statement)  // a server restart since the last use shows here; nothing was done yet
        }
    }

    /// The server answers ROLLBACK to the COMMIT of a transaction in which a statement failed.
    private func commit() throws {
        let result: OpaquePointer
        do {
            result = try checked(PQexec(try connected(), "COMMIT"), "COMMIT")
        } catch {
            rollBack()
            throw error
        }
        defer { PQclear(result) }
        guard String(cString: PQcmdStatus(result)) == "COMMIT" else {
            throw DatabaseError(
                sqlState: "25P02",
                message: "rolled back, because an error inside the transaction was caught and ignored",
                statement: "COMMIT")
        }
    }

    /// Never throws: a connection that cannot roll back is closed, which makes the server roll back.
    private func rollBack() {
        do {
            try execute("ROLLBACK")
        } catch {
            disconnect()
        }
    }
}
