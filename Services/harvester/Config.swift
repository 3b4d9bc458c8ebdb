internal import DropFolder
internal import Foundation
internal import Pipeline

/// The harvester's settings.
///
/// | variable | default | meaning |
/// |---|---|---|
/// | `NIGHTJAR_HARVEST` | required | folder that files of photometry are dropped into; made when it is not there |
/// | `NIGHTJAR_DATABASE` | required | PostgreSQL address |
/// | `NIGHTJAR_SETTLE_SECONDS` | 2 | a file must be unchanged for so long |
/// | `NIGHTJAR_SCAN_SECONDS` | 1 | between two looks at the folder |
/// | `NIGHTJAR_SWEEP_SECONDS` | 60 | points that are not in the record after so long are announced again |
struct Config {
    let bus: BusSettings
    let folder: WatchedFolder
    let database: Secret
    let settleSeconds: Double
    let scanSeconds: Double
    let sweepSeconds: Double

    init(environment: [String: String]) throws {
        let settings = Settings(environment)
        bus = BusSettings(settings)
        folder = WatchedFolder(path: settings.path("NIGHTJAR_HARVEST").path, label: "harvest")
        database = settings.secret("NIGHTJAR_DATABASE")
        settleSeconds = settings.seconds("NIGHTJAR_SETTLE_SECONDS", default: 2, in: 0...3600)
        scanSeconds = settings.seconds("NIGHTJAR_SCAN_SECONDS", default: 1, in: 0.05...60)
        sweepSeconds = settings.seconds("NIGHTJAR_SWEEP_SECONDS", default: 60, in: 1...86_400)
        try settings.verify()
    }
}

/// Endings of files of photometry, in any case.
enum PhotometryName {
    static let texts = [".txt", ".csv", ".tsv"]
    static let votables = [".vot", ".votable", ".xml"]
    static let fits = [".fits", ".fit"]

    static func isWanted(_ name: String) -> Bool {
        let name = name.lowercased()
        return (texts + votables + fits).contains { name.hasSuffix($0) && name.count > $0.count }
    }
}
