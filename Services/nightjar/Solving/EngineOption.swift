internal import AstrometryNet
internal import Foundation

/// `--astrometry-net CFG`: an engine that knows narrow fields, where one has its index files.
enum EngineOption {
    static let option = Option(
        "astrometry-net", "CFG",
        "asks solve-field where nothing else helps: an astrometry.cfg, or default for the program's own")

    /// - Returns: nil where it is not asked for.
    /// - Throws: `UsageError` where it is not installed.
    static func read(_ arguments: Arguments) throws -> SolveField? {
        guard let given = arguments.text(option.name) else { return nil }
        do {
            return try SolveField(
                configuration: given == "default" ? nil : given, environment: ProcessInfo.processInfo.environment)
        } catch let error as EngineError {
            throw UsageError("--\(option.name): \(error)")
        }
    }
}
