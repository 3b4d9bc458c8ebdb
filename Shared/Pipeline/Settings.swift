public import Foundation

/// Reads settings from the environment and collects every problem, so that all of them are reported together before
/// anything is opened.
///
///     let settings = Settings(ProcessInfo.processInfo.environment)
///     brokers = settings.string("NIGHTJAR_BROKERS", default: "127.0.0.1:9092")
///     workers = settings.integer("NIGHTJAR_WORKERS", default: 2, in: 1...64)
///     try settings.verify()
public final class Settings {
    let environment: [String: String]
    private(set) var problems: [String] = []

    public init(_ environment: [String: String]) {
        self.environment = environment
    }

    /// - Throws: `InvalidSettings` with every problem found so far.
    public func verify() throws(InvalidSettings) {
        if !problems.isEmpty { throw InvalidSettings(problems: problems) }
    }

    /// A problem the caller found, in words that name the setting.
    public func report(_ problem: String) {
        problems.append(problem)
    }

    /// The value, or nil when it is not set. An empty value counts as not set.
    public func optional(_ name: String) -> String? {
        guard let value = environment[name]?.trimmingCharacters(in: .whitespacesAndNewlines), !value.isEmpty else {
            return nil
        }
        return value
    }

    /// - Parameter fallback: nil makes the setting required.
    public func string(_ name: String, default fallback: String? = nil) -> String {
        if let value = optional(name) ?? fallback { return value }
        report("\(name) is not set")
        return ""
    }

    public func integer(_ name: String, default fallback: Int? = nil, in range: ClosedRange<Int>) -> Int {
        guard let text = optional(name) else { return required(name, fallback, else: range.lowerBound) }
        guard let value = Int(text), range.contains(value) else {
            report("\(name) is '\(text)'; it must be a whole number from \(range.lowerBound) to \(range.upperBound)")
            return fallback ?? range.lowerBound
        }
        return value
    }

    /// How many threads to compute on; 1 where nothing is set, all processors for 0.
    public func threads(_ name: String) -> Int {
        let wanted = integer(name, default: 1, in: 0...1024)
        return wanted > 0 ? wanted : ProcessInfo.processInfo.activeProcessorCount
    }

    public func number(
        _ name: String, default fallback: Double? = nil, in range: ClosedRange<Double>, unit: String = ""
    ) -> Double {
        guard let text = optional(name) else { return required(name, fallback, else: range.lowerBound) }
        guard let value = Double(text), range.contains(value) else {
            let suffix = unit.isEmpty ? "" : " [\(unit)]"
            report("\(name) is '\(text)'; it must be a number from \(range.lowerBound) to \(range.upperBound)\(suffix)")
            return fallback ?? range.lowerBound
        }
        return value
    }

    public func seconds(_ name: String, default fallback: Double? = nil, in range: ClosedRange<Double>) -> Double {
        number(name, default: fallback, in: range, unit: "s")
    }

    public func flag(_ name: String, default fallback: Bool) -> Bool {
        guard let text = optional(name) else { return fallback }
        switch text.lowercased() {
        case "1", "true", "yes", "on": return true
        case "0", "false", "no", "off": return false
        default:
            report("\(name) is '\(text)'; it must be true or false")
            return fallback
        }
    }

    /// One of the names of an enumeration.
    public func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, default fallback: Choice
    ) -> Choice where Choice.RawValue == String {
        guard let text = optional(name) else { return fallback }
        guard let value = Choice(rawValue: text) else {
            let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            report("\(name) is '\(text)'; it must be one of \(names)")
            return fallback
        }
        return value
    }

    /// A path on this machine, made absolute.
    public func path(_ name: String, default fallback: String? = nil) -> URL {
        URL(filePath: string(name, default: fallback)).absoluteURL
    }

    /// A frame store's place: an absolute path or `file:///path`, as it was given.
    public func frameStore(_ name: String) -> String {
        let text = string(name)
        if !text.isEmpty, !text.hasPrefix("/"), !text.hasPrefix("file:///") {
            report("\(name) is '\(text)'; it must be an absolute path or file:///path")
        }
        return text
    }

    /// A URL of one of the given schemes.
    public func url(_ name: String, default fallback: String? = nil, schemes: [String]) -> URL {
        let text = string(name, default: fallback)
        let nowhere = URL(filePath: "/")
        if text.isEmpty { return nowhere }
        guard let url = URL(string: text), let scheme = url.scheme, schemes.contains(scheme) else {
            report("\(name) is not a URL that starts with \(schemes.map { "\($0):" }.joined(separator: " or "))")
            return nowhere
        }
        return url
    }

    /// A value that is never printed: passwords, and connection strings that may hold one.
    public func secret(_ name: String, default fallback: String? = nil) -> Secret {
        Secret(string(name, default: fallback))
    }

    /// `key=value,key=value`; a comma inside a value is written `\,`. Values are never printed.
    public func pairs(_ name: String) -> [(key: String, value: Secret)] {
        guard let text = optional(name) else { return [] }
        let parts = text.replacingOccurrences(of: "\\,", with: "\u{0}").split(separator: ",")
        return parts.enumerated().compactMap { index, part in
            guard let equals = part.firstIndex(of: "="), equals > part.startIndex else {
                report("\(name): entry \(index + 1) is not of the form key=value")
                return nil
            }
            let key = part[..<equals].trimmingCharacters(in: .whitespaces)
            let value = part[part.index(after: equals)...].replacingOccurrences(of: "\u{0}", with: ",")
            return (key, Secret(value.trimmingCharacters(in: .whitespaces)))
        }
    }

    private func required<Value>(_ name: String, _ fallback: Value?, else placeholder: Value) -> Value {
        if let fallback { return fallback }
        report("\(name) is not set")
        return placeholder
    }
}

/// A text that does not show itself.
public struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text itself, for the one call that needs it.
    public let revealed: String

    public init(_ text: String) {
        revealed = text
    }

    public var description: String { "(not shown)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The settings, or a document that they name, cannot be used: starting again with the same ones would change nothing.
public protocol SettingsError: Error {
    /// One line each, with the setting, its value and what is allowed.
    var problems: [String] { get }
}

/// Everything that is wrong with the settings.
public struct InvalidSettings: SettingsError, Sendable, Equatable, CustomStringConvertible {
    public let problems: [String]

    public init(problems: [String]) {
        self.problems = problems
    }

    public var description: String {
        "settings cannot be used:\n" + problems.map { "  - \($0)" }.joined(separator: "\n")
    }
}
