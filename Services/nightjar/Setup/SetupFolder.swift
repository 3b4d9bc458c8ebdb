internal import AlertRules
internal import Documents
internal import Foundation
internal import Instruments
internal import PhotometricCalibration

/// The documents of a `--setup` folder: `instruments/`, `targets/`, `sequences/`, `rules/`, and `photometry/` of
/// others.
struct SetupFolder {
    let instruments: [(file: URL, document: InstrumentDocument)]
    let targets: [TargetDocument]
    let sequences: [ComparisonSequence]
    let rules: [RuleDocument]
    let photometry: [URL]
    let targetFiles: [URL]
    let sequenceFiles: [URL]
    let ruleFiles: [URL]

    /// Reads all of it; every problem of every document is named.
    init(_ path: String) throws {
        let root = URL(fileURLWithPath: path)
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
            throw UsageError("--setup \(path): there is no such folder")
        }
        instruments = try Self.files(root.appending(path: "instruments"), endings: ["json"]).map {
            ($0, try decodeDocument(InstrumentDocument.self, from: Data(contentsOf: $0), name: $0.path))
        }
        targetFiles = try Self.files(root.appending(path: "targets"), endings: ["json"])
        sequenceFiles = try Self.files(root.appending(path: "sequences"), endings: ["json"])
        ruleFiles = try Self.files(root.appending(path: "rules"), endings: ["json"])
        targets = try targetFiles.map {
            try decodeDocument(TargetDocument.self, from: Data(contentsOf: $0), name: $0.path)
        }
        sequences = try sequenceFiles.map {
            try decodeDocument(ComparisonSequence.self, from: Data(contentsOf: $0), name: $0.path)
        }
        let claims = SequenceClaims(
            targets: targets, sequences: zip(sequenceFiles, sequences).map { ($0.path, $1) }, knowsAllTargets: true)
        guard claims.problems.isEmpty else { throw SystemError(claims.problems.joined(separator: "\n")) }
        rules = try ruleFiles.map {
            try RuleDocument(json: Data(contentsOf: $0), file: $0.path)
        }
        photometry = try Self.files(root.appending(path: "photometry"), endings: Self.photometryEndings)
        guard !instruments.isEmpty else {
            throw UsageError("--setup \(path): there is no instrument document (\(path)/instruments/<id>.json)")
        }
    }

    /// What the harvester takes.
    private static let photometryEndings = ["txt", "csv", "tsv", "vot", "votable", "xml", "fits", "fit"]

    private static func files(_ folder: URL, endings: [String]) throws -> [URL] {
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            .filter { name in !name.hasPrefix(".") && endings.contains((name as NSString).pathExtension.lowercased()) }
            .map { folder.appending(path: $0) }
    }
}
