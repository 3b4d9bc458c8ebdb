import AstrometryNet
import Foundation

/// A program of ours in the place of `solve-field`, in a folder of its own, which goes with it.
final class StandIn {
    let folder: String

    /// - Parameter script: for `sh`; its arguments are the engine's, `$dir` the folder where the answer goes.
    init(_ script: String) throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "stand-in-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let text = "#!/bin/sh\nprintf '%s\\n' \"$@\" > '\(folder)/asked'\ndir=$3\n\(script)\n"
        try text.write(toFile: folder + "/solve-field", atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: folder + "/solve-field")
    }

    deinit {
        do { try FileManager.default.removeItem(atPath: folder) } catch { print("left behind: \(folder)") }
    }

    func engine(configuration: String? = nil) throws -> SolveField {
        var engine = try SolveField(configuration: configuration, environment: ["PATH": folder])
        engine.wallSeconds = 3
        return engine
    }

    /// The words that it was called with.
    var asked: [String] {
        get throws {
            try String(contentsOfFile: folder + "/asked", encoding: .utf8).split(separator: "\n").map(String.init)
        }
    }
}
