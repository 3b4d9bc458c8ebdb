internal import Foundation

public enum LogLevel: String, Sendable, CaseIterable, Comparable {
    case debug, info, warning, error

    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .debug: 0
        case .info: 1
        case .warning: 2
        case .error: 3
        }
    }
}

/// Lines for people and programs, one per event, on standard error:
/// `2026-11-21T10:00:00.123Z calibrator[812] warning waiting reason="broker away"`.
public struct Log: Sendable {
    public let service: String
    public let level: LogLevel
    private let clock: Clock
    private let write: @Sendable (String) -> Void

    /// - Parameter write: gets each line without its newline; standard error by default.
    public init(
        service: String, level: LogLevel = .info, clock: Clock = .system,
        write: @escaping @Sendable (String) -> Void = Log.toStandardError
    ) {
        self.service = service
        self.level = level
        self.clock = clock
        self.write = write
    }

    public func debug(_ message: String, _ fields: KeyValuePairs<String, String> = [:]) {
        line(.debug, message, fields)
    }

    public func info(_ message: String, _ fields: KeyValuePairs<String, String> = [:]) {
        line(.info, message, fields)
    }

    public func warning(_ message: String, _ fields: KeyValuePairs<String, String> = [:]) {
        line(.warning, message, fields)
    }

    public func error(_ message: String, _ fields: KeyValuePairs<String, String> = [:]) {
        line(.error, message, fields)
    }

    private func line(_ level: LogLevel, _ message: String, _ fields: KeyValuePairs<String, String>) {
        guard level >= self.level else { return }
        var text = "\(iso8601(clock.now())) \(service)[\(getpid())] \(level.rawValue) \(Log.escaped(message))"
        for (name, value) in fields { text += " \(name)=\(Log.quoted(value))" }
        write(text)
    }

    /// Control characters as `\n` or `\u{1b}`: one event stays one line, and no terminal is steered.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.properties.generalCategory == .control || scalar == "\u{2028}" || scalar == "\u{2029}":
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func quoted(_ value: String) -> String {
        let plain =
            !value.isEmpty && value.unicodeScalars.allSatisfy { $0.value > 32 && $0 != "\"" && $0 != "=" && $0 != "\\" }
        if plain { return escaped(value) }
        let inner = value.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
        return "\"\(escaped(inner))\""
    }

    public static let toStandardError: @Sendable (String) -> Void = { line in
        // One call per line, so that lines of several processes on one terminal do not mix.
        var bytes = Array((line + "\n").utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Foundation.write(2, $0.baseAddress, $0.count) }
            if written > 0 { bytes = bytes.dropFirst(written) } else if errno != EINTR { return }
        }
    }
}
