internal import Documents
internal import DropFolder
internal import Foundation
internal import Instruments
internal import Pipeline

/// Ingest's settings.
///
/// | variable | default | meaning |
/// |---|---|---|
/// | `NIGHTJAR_FRAME_STORE` | required | `file:///frames` |
/// | `NIGHTJAR_INSTRUMENTS` | required | folder of instrument documents, `<id>.json` |
/// | `NIGHTJAR_INBOX` | required | each instrument's folder is `<inbox>/<id>`; made when it is not there |
/// | `NIGHTJAR_WATCH` | none | further folders: `id=/path,id=/path` |
/// | `NIGHTJAR_SETTLE_SECONDS` | 2 | a file must be unchanged for so long |
/// | `NIGHTJAR_PATIENCE_SECONDS` | 60 | an incomplete file that is unchanged for so long is refused |
/// | `NIGHTJAR_SCAN_SECONDS` | 1 | between two looks at the folders |
/// | `NIGHTJAR_FRAMES_AHEAD` | 500 | ingest waits while so many frames have no fate yet |
struct Config {
    let bus: BusSettings
    let frameStore: String
    let instruments: URL
    let inbox: URL
    let watch: [(key: String, value: Secret)]
    let settleSeconds: Double
    let patienceSeconds: Double
    let scanSeconds: Double
    let framesAhead: Int

    init(environment: [String: String]) throws {
        let settings = Settings(environment)
        bus = BusSettings(settings)
        frameStore = settings.frameStore("NIGHTJAR_FRAME_STORE")
        instruments = settings.path("NIGHTJAR_INSTRUMENTS")
        inbox = settings.path("NIGHTJAR_INBOX")
        watch = settings.pairs("NIGHTJAR_WATCH")
        settleSeconds = settings.seconds("NIGHTJAR_SETTLE_SECONDS", default: 2, in: 0...3600)
        patienceSeconds = settings.seconds("NIGHTJAR_PATIENCE_SECONDS", default: 60, in: 0...86_400)
        scanSeconds = settings.seconds("NIGHTJAR_SCAN_SECONDS", default: 1, in: 0.05...60)
        framesAhead = settings.integer("NIGHTJAR_FRAMES_AHEAD", default: 500, in: 1...100_000)
        try settings.verify()
    }

    /// The folder's documents by instrument; every problem of every document is named.
    func documents() throws -> [String: InstrumentDocument] {
        let files = try FileManager.default.contentsOfDirectory(atPath: instruments.path)
            .filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }.sorted()
        var documents: [String: InstrumentDocument] = [:]
        for file in files {
            let data = try Data(contentsOf: instruments.appending(path: file))
            let document = try decodeDocument(InstrumentDocument.self, from: data, name: file)
            if documents[document.id] != nil {
                throw DocumentError(
                    name: file,
                    problems: [DocumentProblem(field: "id", text: "'\(document.id)' is in another file too")])
            }
            documents[document.id] = document
        }
        return documents
    }

    /// The same at the start, when there are no earlier ones to go on with: what cannot be used is a setting that is
    /// wrong.
    func documentsAtStart() throws(InvalidSettings) -> [String: InstrumentDocument] {
        do {
            return try documents()
        } catch let wrong as DocumentError {
            throw InvalidSettings(
                problems: wrong.problems.map { "NIGHTJAR_INSTRUMENTS: \(instruments.path)/\(wrong.name): \($0)" })
        } catch {
            throw InvalidSettings(
                problems: ["NIGHTJAR_INSTRUMENTS: \(instruments.path) cannot be read: \(Self.reason(error))"])
        }
    }

    private static func reason(_ error: any Error) -> String {
        let path = ((error as NSError).userInfo[NSFilePathErrorKey] as? String).map { "\($0): " } ?? ""
        return path + error.localizedDescription
    }

    /// The folders to watch: one per instrument below the inbox, and those of `NIGHTJAR_WATCH`.
    func folders(of documents: [String: InstrumentDocument]) throws -> [WatchedFolder] {
        let own = documents.keys.sorted().map { WatchedFolder(path: inbox.appending(path: $0).path, label: $0) }
        let more = try watch.map { entry in
            guard documents[entry.key] != nil else {
                throw InvalidSettings(problems: ["NIGHTJAR_WATCH: there is no document for instrument '\(entry.key)'"])
            }
            return WatchedFolder(path: entry.value.revealed, label: entry.key)
        }
        return own + more
    }
}
