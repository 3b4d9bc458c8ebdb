internal import AstrometryNet
internal import Foundation
internal import Pipeline
internal import StoredCatalogues

/// The photometer's settings: a broker and a frame store are all a worker needs.
///
/// | variable | default | meaning |
/// |---|---|---|
/// | `NIGHTJAR_FRAME_STORE` | required | `file:///frames` |
/// | `NIGHTJAR_THRESHOLD` | 4 | detection threshold [sigma] |
/// | `NIGHTJAR_PSF` | off | also fit sources by the frame's star image, where the instrument does not say |
/// | `NIGHTJAR_THREADS` | 1 | threads a frame is computed on; 0: all processors |
/// | `NIGHTJAR_COMPLETENESS` | 300 | artificial stars per frame; 0 for none |
/// | `NIGHTJAR_CATALOG` | none | reference catalogue to solve frames by: its id in the frame store, or a folder |
/// | `NIGHTJAR_CATALOG_CACHE` | ~/.cache/nightjar/tiles | where tiles of the frame store are kept |
/// | `NIGHTJAR_ASTROMETRY_NET` | none | asks `solve-field` last: path of an `astrometry.cfg`, or `default` |
struct Config {
    let bus: BusSettings
    let frameStore: String
    let threshold: Double
    let fitsStarImage: Bool
    let threads: Int
    let artificialStars: Int
    let catalogue: CatalogueInUse.Place?
    let engine: SolveField?

    init(environment: [String: String]) throws {
        let settings = Settings(environment)
        bus = BusSettings(settings)
        frameStore = settings.frameStore("NIGHTJAR_FRAME_STORE")
        threshold = settings.number("NIGHTJAR_THRESHOLD", default: 4, in: 1...1000)
        fitsStarImage = settings.flag("NIGHTJAR_PSF", default: false)
        threads = settings.threads("NIGHTJAR_THREADS")
        artificialStars = Int(settings.number("NIGHTJAR_COMPLETENESS", default: 300, in: 0...100_000).rounded(.up))
        catalogue = settings.catalogue(environment)
        engine = Self.engine(settings, environment)
        try settings.verify()
    }

    private static func engine(_ settings: Settings, _ environment: [String: String]) -> SolveField? {
        guard let given = settings.optional("NIGHTJAR_ASTROMETRY_NET") else { return nil }
        do {
            return try SolveField(configuration: given == "default" ? nil : given, environment: environment)
        } catch {
            settings.report("NIGHTJAR_ASTROMETRY_NET: \(error)")
            return nil
        }
    }
}
