internal import Events
internal import PostgresStore

/// A colour camera's file of which the ledger has some frames and not all: ingest was killed between them.
struct IncompleteFile: Codable, Equatable {
    /// What to do about it.
    static let remedy = "restart ingest, which completes such files from the frame store, or hand the file in again"

    let originalName: String
    let instrument: String
    /// TR, TG or TB, in the order of `FrameName.channels`.
    let missing: [String]
    /// SHA-256 of the file's bytes.
    let file: String

    /// "m31.fits of osc has no frame TG, TB"
    var finding: String { "\(originalName) of \(instrument) has no frame \(missing.joined(separator: ", "))" }

    var text: String { "\(finding): \(Self.remedy)" }

    /// - Parameter rows: all frames that are channels, with their `file`, `channel` and whether they came some time ago
    ///   (`is_settled`): the other frames of a file may be on their way.
    static func all(_ rows: [Row]) throws -> [IncompleteFile] {
        try Dictionary(grouping: rows, by: { try $0.text("file") }).sorted { $0.key < $1.key }.compactMap {
            file, rows in
            let present = Set(try rows.map { try $0.text("channel") })
            let missing = FrameName.channels.filter { !present.contains($0) }
            guard !missing.isEmpty, try rows.allSatisfy({ try $0.bool("is_settled") }) else { return nil }
            return IncompleteFile(
                originalName: try rows[0].text("original_name"), instrument: try rows[0].text("instrument"),
                missing: missing, file: file)
        }
    }
}
