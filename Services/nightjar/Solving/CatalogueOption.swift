internal import CatalogueTiles
internal import Foundation
internal import FrameSolving

/// `--catalog DIR`: reference stars, for commands that need them.
enum CatalogueOption {
    static let variable = "NIGHTJAR_CATALOG"
    static let option = Option(
        "catalog", "DIR", "reference stars (default: $\(variable), else .catalogs/tycho-1 of this checkout)")
    /// What `make catalog` builds.
    private static let builtIn = "tycho-1"

    /// - Throws: `UsageError` that says how to make one, where there is none; `CatalogueError`.
    static func open(
        _ arguments: Arguments, environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> TileFolder {
        if let path = arguments.text("catalog") { return try TileFolder(path) }
        let name = environment[variable].flatMap { $0.isEmpty ? nil : $0 }
        if let name, isCatalogue(name) { return try TileFolder(name) }
        let places = folders().map { $0 + "/" + (name ?? builtIn) }
        guard let found = places.first(where: isCatalogue) else {
            let told = name.map { "\(variable) is \($0.printable), where there is no catalogue" }
            throw UsageError(
                (told ?? "there is no catalogue of stars")
                    + ": make catalog builds one in .catalogs/\(builtIn), or give a folder by --catalog")
        }
        return try TileFolder(found)
    }

    private static func isCatalogue(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: path + "/" + TileFolder.descriptionName)
    }

    /// Of the checkout one stands in, and of the one that this program was built in.
    private static func folders() -> [String] {
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        var above = own.deletingLastPathComponent()
        var places = [FileManager.default.currentDirectoryPath]
        while above.path.count > 1 {
            if above.lastPathComponent == ".build" { places.append(above.deletingLastPathComponent().path) }
            above.deleteLastPathComponent()
        }
        return places.map { $0 + "/.catalogs" }
    }
}

extension TileFolder {
    /// As the ladder reads it.
    var starSource: StarSource {
        StarSource { cone in
            try self.stars(
                in: Cone(
                    centre: cone.centre, radiusDegrees: cone.radiusDegrees, epoch: cone.epoch, limit: cone.limit))
        }
    }
}
