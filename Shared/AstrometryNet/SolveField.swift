internal import Foundation
public import FrameSolving
internal import PlateSolving
internal import Sky

/// `solve-field` of astrometry.net, an engine with index files of its own: for fields of which nothing is known and
/// that are too narrow for the bright stars of our own index.
///
/// It gets the list of stars, never the frame, and its answer is believed only after our own odds over all stars have
/// confirmed it (`SolvingLadder.engine`). Each search is a process of its own in a folder of its own, with limits of
/// CPU and wall time; whatever it starts is ended with it.
/// - Source: Lang et al. 2010, AJ 139, 1782.
public struct SolveField: Sendable {
    /// Absolute path.
    public let program: String
    /// `astrometry.cfg`, which names the index files; nil for the program's own.
    public let configuration: String?
    /// Of one search [s].
    public var cpuSeconds = 60
    /// When a search is ended, whatever it does [s].
    public var wallSeconds = 140.0

    /// Most stars that it gets; it is done long before with what it can do.
    private static let mostStars = 1000

    /// - Parameters:
    ///   - configuration: path of an `astrometry.cfg`; nil for the program's own.
    ///   - environment: its `PATH` has the program.
    /// - Throws: `EngineError` where there is no such program or no such configuration.
    public init(configuration: String?, environment: [String: String]) throws {
        let folders = (environment["PATH"] ?? "").split(separator: ":").filter { $0.hasPrefix("/") }
        let places = folders.map { "\($0)/solve-field" }
        guard let program = places.first(where: { access($0, X_OK) == 0 }) else {
            throw EngineError("there is no solve-field on the PATH; install astrometry.net and index files for it")
        }
        if let configuration, access(configuration, R_OK) != 0 {
            throw EngineError("\(configuration) cannot be read: give the astrometry.cfg that names the index files")
        }
        self.program = program
        self.configuration = configuration.map { URL(fileURLWithPath: $0).standardizedFileURL.path }
    }

    /// Where the stars fit. A run that dies, takes too long or writes what cannot be read has found nothing, in words.
    ///
    /// - Throws: `EngineError` where it cannot be run.
    public func search(_ question: EngineQuestion) throws -> EngineOutcome {
        let folder = FileManager.default.temporaryDirectory.appending(path: "nightjar-engine-\(UUID().uuidString)")
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw EngineError("no folder \(folder.path) for solve-field: \(error.localizedDescription)")
        }
        defer { removeTree(folder.path) }
        try StarExchange.write(question.stars.prefix(Self.mostStars), to: folder.path + "/stars.xyls")
        let run = EngineProcess(
            program: program, arguments: arguments(question, folder.path), folder: folder.path,
            wallSeconds: wallSeconds)
        let end = try run.finish()
        guard access(folder.path + "/stars.solved", F_OK) == 0 else {
            return .notFound(end.isGood ? "solve-field found no place where the stars fit" : "solve-field \(end.words)")
        }
        do {
            return .found(try StarExchange.answer(in: folder.path))
        } catch let error as EngineError {
            return .notFound(error.description)
        }
    }

    private func arguments(_ question: EngineQuestion, _ folder: String) -> [String] {
        let range = question.arcsecPerPixel
        var words = [
            folder + "/stars.xyls", "--dir", folder, "--temp-dir", folder, "--overwrite", "--no-plots",
            "--no-remove-lines", "--uniformize", "0", "--no-tweak", "--tag-all", "--width",
            "\(question.size.width)", "--height", "\(question.size.height)", "--x-column", "X", "--y-column", "Y",
            "--sort-column", "TURN", "--scale-units", "arcsecperpix", "--scale-low", "\(range.lowerBound)",
            "--scale-high", "\(range.upperBound)", "--cpulimit", "\(cpuSeconds)",
        ]
        if let configuration { words += ["--config", configuration] }
        if let pointing = question.pointing {
            words += [
                "--ra", "\(pointing.centre.raDegrees)", "--dec=\(pointing.centre.decDegrees)", "--radius",
                "\(pointing.uncertaintyDegrees)",
            ]
        }
        return words
    }
}

/// What keeps the engine from answering.
public struct EngineError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Removes a folder of our own; what cannot be removed stays in the temporary folder, where the system clears it.
private func removeTree(_ path: String) {
    do { try FileManager.default.removeItem(atPath: path) } catch { return }
}
