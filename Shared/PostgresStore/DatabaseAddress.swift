internal import CLibPQ

/// Where a database is: a URL (`postgresql://user@host:5432/name?sslmode=require`) or key=value pairs
/// (`host=/run/postgresql dbname=nightjar`), as libpq reads them. Its description holds no password.
public struct DatabaseAddress: Sendable, Equatable, CustomStringConvertible {
    /// As given, password and all. Not for logs.
    public let conninfo: String
    /// "nightjar at db.example:5432"
    public let description: String
    private let password: String?

    /// - Throws: `DatabaseAddressError` when libpq cannot read it. Nothing is connected to.
    public init(_ conninfo: String) throws(DatabaseAddressError) {
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(conninfo, &message) else {
            let text = message.map { String(cString: $0) } ?? "out of memory"
            PQfreemem(message)
            throw DatabaseAddressError(reason: Failure.blankingQuoted(Self.oneLine(text)))
        }
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            if let value = option.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option += 1
        }
        self.conninfo = conninfo
        password = values["password"]
        let host = values["host"] ?? values["hostaddr"] ?? "the default socket"
        let name = values["dbname"] ?? values["service"].map { "service \($0)" } ?? values["user"] ?? "the default"
        let port = host.hasPrefix("/") ? "" : ":\(values["port"] ?? "5432")"
        description = "\(name) at \(host)\(port)"
    }

    /// libpq's text on one line, without the password should it ever repeat it.
    func clean(_ message: String) -> String {
        let line = Self.oneLine(message)
        guard let password, password.count >= 3 else { return line }
        return line.split(separator: password, omittingEmptySubsequences: false).joined(separator: "***")
    }

    private static func oneLine(_ message: String) -> String {
        message.split(whereSeparator: \.isNewline).map { $0.drop { $0 == "\t" || $0 == " " } }.joined(separator: "; ")
    }
}
