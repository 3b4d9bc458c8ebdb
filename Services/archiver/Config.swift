internal import Foundation
internal import Pipeline
internal import StoredCatalogues

/// The archiver's settings.
///
/// | variable | default | meaning |
/// |---|---|---|
/// | `NIGHTJAR_DATABASE` | required | PostgreSQL address |
/// | `NIGHTJAR_FRAME_STORE` | required | `file:///frames` |
/// | `NIGHTJAR_ACCEPT_STORE` | none | id of the known frame store that another may replace |
/// | `NIGHTJAR_SWEEP_SECONDS` | 60 | what has not moved on for so long is announced again |
/// | `NIGHTJAR_CLOSE_SECONDS` | 1800 | a night is closed after local noon when no frame has come for so long; 0: by
/// command |
/// | `NIGHTJAR_CATALOG` | none | reference catalogue for zero points: its id in the frame store, or a folder |
/// | `NIGHTJAR_CATALOG_CACHE` | ~/.cache/nightjar/tiles | where tiles of the frame store are kept |
struct Config {
    let bus: BusSettings
    let database: Secret
    let frameStore: String
    let acceptedStore: String?
    let sweepSeconds: Double
    let closeSeconds: Double
    let catalogue: CatalogueInUse.Place?

    init(environment: [String: String]) throws {
        let settings = Settings(environment)
        bus = BusSettings(settings)
        database = settings.secret("NIGHTJAR_DATABASE")
        frameStore = settings.frameStore("NIGHTJAR_FRAME_STORE")
        acceptedStore = settings.optional("NIGHTJAR_ACCEPT_STORE")
        sweepSeconds = settings.seconds("NIGHTJAR_SWEEP_SECONDS", default: 60, in: 1...86_400)
        closeSeconds = settings.seconds("NIGHTJAR_CLOSE_SECONDS", default: 1800, in: 0...604_800)
        catalogue = settings.catalogue(environment)
        try settings.verify()
    }
}
