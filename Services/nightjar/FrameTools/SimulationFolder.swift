internal import Foundation
internal import Pipeline

/// Where a simulation goes: a folder of its own, so that its frames are not mixed with older ones.
///
/// `simulation.txt` says what made the folder. The same words may be given again: they give the same bytes.
struct SimulationFolder {
    private static let fileName = "simulation.txt"

    private let folder: URL
    private let isForced: Bool
    private let recipe: String

    init(_ folder: URL, _ arguments: Arguments) {
        self.folder = folder
        isForced = arguments.has("force")
        let options = arguments.spelled(except: ["out", "json", "force"])
        recipe = "nightjar \(Release.version) simulate \(options)\n"
    }

    /// Makes the folder and says in it what it is for.
    ///
    /// - Throws: `UsageError` when it holds something else, `FrameError` when it cannot be made.
    func prepare() throws {
        let path = folder.path
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue {
            throw UsageError("--out \(path): this is a file; a simulation needs a folder")
        }
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw FrameError(path, "this folder cannot be made: \(systemWords(error))")
        }
        if !isForced { try requireOwn() }
        do {
            try Data(recipe.utf8).write(to: folder.appending(path: Self.fileName), options: .atomic)
        } catch {
            throw FrameError(path, "nothing can be written into this folder: \(systemWords(error))")
        }
    }

    private func requireOwn() throws {
        let entries: [String]
        do {
            entries = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        } catch {
            throw FrameError(folder.path, "this folder cannot be read: \(systemWords(error))")
        }
        guard !entries.isEmpty else { return }
        var found = ""
        if entries.contains(Self.fileName) {
            found = String(decoding: try Data(contentsOf: folder.appending(path: Self.fileName)), as: UTF8.self)
        }
        guard found != recipe else { return }
        let what = found.isEmpty ? "something else" : "what '\(found.prefix(200).dropLast())' made"
        throw UsageError(
            "--out \(folder.path): the folder holds \(what); give another one, or --force to write into it")
    }
}
