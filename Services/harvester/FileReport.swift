internal import Foundation

/// What became of a dropped file. Lies beside it as `<name>.reason.json` unless all went well.
struct FileReport: Codable, Equatable {
    enum Outcome: String, Codable {
        case accepted
        /// No usable point.
        case rejected
        /// The same bytes as a file before, and nothing new in them.
        case duplicate
    }

    /// As it was dropped.
    var file: String
    var sha256: String
    var outcome: Outcome
    var reason: String
    var newPoints = 0
    /// Points that had come before, from this or another file.
    var knownPoints = 0
    /// All there were.
    var problemCount = 0
    /// The first thousand, in order of line.
    var problems: [NotedProblem] = []
    /// Ids of the targets it has points of.
    var targets: [String] = []

    static let mostProblems = 1000

    /// The note beside the file; `nil` when there is nothing to say.
    var note: Data? {
        get throws {
            if outcome == .accepted, problemCount == 0 { return nil }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return try encoder.encode(self)
        }
    }
}
