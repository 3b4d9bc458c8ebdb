internal import Foundation
internal import Synchronization

/// One command of `nightjar`.
struct Command: Sendable {
    let name: String
    let usage: String
    let summary: String
    let options: [Option]
    /// Started by nightjar itself, not by people.
    var isInternal = false
    /// Returns the exit status: 0 means that it did what was asked.
    let run: @Sendable (Arguments) throws -> Int32

    var help: String {
        var lines = ["nightjar \(usage)", "", summary]
        if !options.isEmpty { lines += ["", "Options:"] }
        let names = options.map { "--\($0.name)" + ($0.value.map { " \($0)" } ?? "") }
        let width = names.map(\.count).max() ?? 0
        for (option, name) in zip(options, names) {
            lines.append("  " + name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + option.text)
        }
        return lines.joined(separator: "\n")
    }
}

/// Writes to the people's side: results to standard output, progress and errors to standard error.
enum Terminal {
    static func say(_ text: String) {
        write(text + "\n", to: STDOUT_FILENO)
    }

    /// As it is, without a line end added: tables.
    static func write(_ text: String) {
        write(text, to: STDOUT_FILENO)
    }

    static func complain(_ text: String) {
        write(text + "\n", to: STDERR_FILENO)
    }

    /// Without a line end: the progress bar.
    static func draw(_ text: String) {
        write(text, to: STDERR_FILENO)
    }

    private static func write(_ text: String, to file: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR || errno == EAGAIN { continue }
                if file == STDOUT_FILENO { lostOutput.withLock { $0 = errno } }
                return
            }
            bytes = bytes.dropFirst(count)
        }
    }

    /// errno of a result that could not be written to standard output; 0 for none.
    private static let lostOutput = Mutex<Int32>(0)

    /// - Throws: `SystemError` when a part of the results is lost.
    static func requireWritten() throws(SystemError) {
        let code = lostOutput.withLock { $0 }
        guard code != 0 else { return }
        throw SystemError("standard output: \(String(cString: strerror(code))): what was written there is not complete")
    }

    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }
}

/// A progress bar on a terminal, a plain line every so often elsewhere. Written to standard error.
struct Progress {
    private let title: String
    private var lastFraction = -1.0
    private var lastText = ""

    init(_ title: String) {
        self.title = title
    }

    mutating func show(done: Int, of total: Int, note: String = "") {
        let fraction = total > 0 ? min(1, Double(done) / Double(total)) : 1
        let text = "\(title) \(done)/\(total)" + (note.isEmpty ? "" : "  \(note)")
        if Terminal.errorIsTerminal {
            let filled = Int((fraction * 24).rounded())
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 24 - filled)
            Terminal.draw("\r\u{1B}[K[\(bar)] \(text)")
        } else if text != lastText && (fraction - lastFraction >= 0.1 || fraction == 1) {
            Terminal.complain(text)
            lastFraction = fraction
        }
        lastText = text
    }

    func end() {
        if Terminal.errorIsTerminal { Terminal.draw("\n") }
    }
}
