import Foundation
import Pipeline

/// What a part has written into its log since it was last started: why it ended.
struct LogTail {
    /// So much of the end is looked at [bytes].
    private static let limit = 64 << 10

    /// Lines without their ends; control characters are made harmless where they are shown.
    let lines: [String]

    /// - Parameter start: how long the log was when the part was started [bytes].
    init(_ log: URL, from start: Int) {
        let file = open(log.path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            lines = []
            return
        }
        defer { close(file) }
        let end = Int(lseek(file, 0, SEEK_END))
        let first = max(min(start, end), end - Self.limit)
        var bytes = [UInt8](repeating: 0, count: max(0, end - first))
        let count = pread(file, &bytes, bytes.count, off_t(first))
        lines = String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    static func size(of log: URL) -> Int {
        var status = stat()
        return stat(log.path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// What the service says is wrong with its settings, one line each; the last lines where it does not say it as
    /// services do.
    var refusals: [String] {
        let said = lines.compactMap { line -> String? in
            line.range(of: " error " + ServiceEnding.refusalMark).map { String(line[$0.upperBound...]) }
        }
        return said.isEmpty ? Array(lines.suffix(3)) : said
    }
}

/// What services that refuse their settings say, each thing once with the names of those that say it.
struct SettingsRefusal: Sendable {
    /// What such a service ends with, and nightjar then too.
    static let status = ServiceEnding.settingsRefused

    private var said: [(problem: String, parts: [String])] = []

    var isEmpty: Bool { said.isEmpty }

    mutating func add(_ part: Part, _ problems: [String]) {
        for problem in problems.isEmpty ? ["it does not say why; see its log"] : problems {
            if let known = said.firstIndex(where: { $0.problem == problem }) {
                said[known].parts.append(part.description)
            } else {
                said.append((problem, [part.description]))
            }
        }
    }

    /// For people: what is wrong and who says it.
    var text: String {
        let lines = said.map { "  \($0.parts.sorted().joined(separator: ", ")): \($0.problem.printable)" }
        return "the settings cannot be used, so everything was stopped:\n" + lines.joined(separator: "\n")
    }
}
