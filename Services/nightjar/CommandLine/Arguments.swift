internal import Documents
internal import Foundation

/// What is wrong with the words of a command, said so that the next try works.
struct UsageError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// One option a command understands.
struct Option: Sendable {
    let name: String
    /// What its value is called in the help; nil for a switch.
    let value: String?
    let text: String

    init(_ name: String, _ value: String? = nil, _ text: String) {
        self.name = name
        self.value = value
        self.text = text
    }
}

/// The words of one command, taken apart: `--name value`, `--name=value`, `--switch`, and the rest in order.
struct Arguments {
    private(set) var positional: [String] = []
    private var values: [String: String] = [:]
    private var switches: Set<String> = []

    init(_ words: [String], options: [Option]) throws(UsageError) {
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                positional += rest
                return
            }
            guard word.hasPrefix("--") else {
                positional.append(word)
                continue
            }
            let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            guard let option = options.first(where: { $0.name == name }) else {
                throw UsageError(
                    "there is no option --\(name)" + Self.suggestion(for: name, among: options.map(\.name)))
            }
            if option.value == nil {
                guard parts.count == 1 else { throw UsageError("--\(name) takes no value") }
                switches.insert(name)
            } else if parts.count == 2 {
                values[name] = String(parts[1])
            } else if let value = rest.popFirst() {
                values[name] = value
            } else {
                throw UsageError("--\(name) needs a value: --\(name) \(option.value!)")
            }
        }
    }

    /// All options in the order of their names, but those that do not change the result.
    func spelled(except names: Set<String>) -> String {
        let words = values.map { ($0.key, "--\($0.key) \($0.value)") } + switches.map { ($0, "--\($0)") }
        return words.filter { !names.contains($0.0) }.map(\.1).sorted().joined(separator: " ")
    }

    func has(_ name: String) -> Bool { switches.contains(name) }

    func text(_ name: String) -> String? { values[name] }

    func required(_ name: String) throws(UsageError) -> String {
        guard let value = values[name] else { throw UsageError("--\(name) is needed") }
        return value
    }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
        guard let text = values[name] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw UsageError("--\(name) \(text): give a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func number(_ name: String, in range: ClosedRange<Double>) throws(UsageError) -> Double? {
        guard let text = values[name] else { return nil }
        guard let value = Double(text), range.contains(value) else {
            throw UsageError("--\(name) \(text): give a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// "; did you mean --x?" for the nearest name, when one is near.
    static func suggestion(for word: String, among names: [String], prefix: String = "--") -> String {
        let near = names.map { ($0, editDistance(word, $0)) }.filter { $0.1 <= 2 }.min { $0.1 < $1.1 }
        return near.map { "; did you mean \(prefix)\($0.0)?" } ?? ""
    }

    /// Levenshtein's distance.
    static func editDistance(_ a: String, _ b: String) -> Int {
        let a = Array(a)
        let b = Array(b)
        var row = Array(0...b.count)
        for i in 0..<a.count {
            var diagonal = row[0]
            row[0] = i + 1
            for j in 0..<b.count {
                let cost = diagonal + (a[i] == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(cost, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
