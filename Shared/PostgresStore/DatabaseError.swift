public import Pipeline

/// What the database refused: a broken constraint, a wrong statement, a value that does not fit. Not for what is merely
/// away or busy: that is `Unavailable`.
///
/// Holds no row data and no secret: the server's DETAIL and CONTEXT are dropped, values quoted in data errors are
/// blanked, and string literals in the statement are blanked.
public struct DatabaseError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Five characters, PostgreSQL manual appendix A; "22021" also for a text that holds a NUL, found before sending.
    public let sqlState: String
    public let message: String
    /// The first 120 characters of the statement.
    public let statement: String
    public let constraint: String?
    public let table: String?
    public let column: String?

    public init(
        sqlState: String, message: String, statement: String,
        constraint: String? = nil, table: String? = nil, column: String? = nil
    ) {
        self.sqlState = sqlState
        self.message = message
        self.statement = statement
        self.constraint = constraint
        self.table = table
        self.column = column
    }

    /// A row with this key is there already.
    public var isUniqueViolation: Bool { sqlState == "23505" }
    /// Any broken constraint: not null, unique, foreign key, check, exclusion.
    public var isConstraintViolation: Bool { sqlState.hasPrefix("23") }
    /// The statement ran longer than its timeout, or somebody cancelled it.
    public var isTimeout: Bool { sqlState == "57014" }

    public var description: String {
        var text = "database error \(sqlState): \(message)"
        if let constraint, !message.contains("\"\(constraint)\"") { text += " (constraint \(constraint))" }
        if let table, !message.contains("\"\(table)\"") { text += " (table \(table))" }
        return text + " in: \(statement)"
    }
}

/// A column that cannot be read as what was asked for. Names the column and both types, never the value.
public struct ColumnError: Error, Sendable, Equatable, CustomStringConvertible {
    public let column: String
    /// "Int", "Double", ...
    public let wanted: String
    /// The type in PostgreSQL, or what else was wrong: "null", "not in the result".
    public let found: String

    public init(column: String, wanted: String, found: String) {
        self.column = column
        self.wanted = wanted
        self.found = found
    }

    public var description: String { "column '\(column)' cannot be read as \(wanted): it is \(found)" }
}

/// An address that libpq cannot read. Quoted parts of libpq's text are blanked, since one may be a password.
public struct DatabaseAddressError: SettingsError, Sendable, Equatable, CustomStringConvertible {
    public let reason: String
    public var problems: [String] { ["NIGHTJAR_DATABASE: \(reason)"] }
    public var description: String { "database address: \(reason)" }
}

/// What a failed statement means for the caller.
enum Failure {
    /// Busy, full, starting, stopping, in conflict with another transaction: the same again later may work.
    static func isTemporary(sqlState: String) -> Bool {
        switch sqlState {
        case "08P01": return false  // protocol violation: something we sent
        case _ where sqlState.hasPrefix("08"): return true  // connection
        case _ where sqlState.hasPrefix("53"): return true  // insufficient resources: disk, memory, connections
        case "57P01", "57P02", "57P03", "57P05": return true  // shutdown, crash, starting up, idle session ended
        case "58030": return true  // input/output error
        case "40001", "40P01", "55P03": return true  // serialization failure, deadlock, lock not available
        default: return false
        }
    }

    /// The statement on one line, string literals blanked, at most 120 characters.
    static func summary(of statement: String) -> String {
        var text = ""
        var inLiteral = false
        var lastWasSpace = true
        for character in statement.prefix(1000) {
            if character == "'" {
                text += inLiteral ? "..'" : "'"
                inLiteral.toggle()
                lastWasSpace = false
            } else if !inLiteral {
                if character.isWhitespace {
                    if !lastWasSpace { text.append(" ") }
                } else {
                    text.append(character)
                }
                lastWasSpace = character.isWhitespace
            }
        }
        return text.count > 120 ? text.prefix(117) + "..." : text
    }

    /// Blanks what stands between double quotes.
    static func blankingQuoted(_ message: String) -> String {
        guard let first = message.firstIndex(of: "\""), let last = message.lastIndex(of: "\""), first < last else {
            return message
        }
        return message[...first] + ".." + message[last...]
    }
}
