internal import Foundation
internal import Pipeline

/// The calibrator's settings.
///
/// | variable | default | meaning |
/// |---|---|---|
/// | `NIGHTJAR_FRAME_STORE` | required | `file:///frames` |
/// | `NIGHTJAR_QUIET_SECONDS` | 60 | masters are built when no calibration frame has come for so long |
/// | `NIGHTJAR_THREADS` | 1 | threads a frame is computed on; 0: all processors |
struct Config {
    let bus: BusSettings
    let frameStore: String
    let quietSeconds: Double
    let threads: Int

    init(environment: [String: String]) throws {
        let settings = Settings(environment)
        bus = BusSettings(settings)
        frameStore = settings.string("NIGHTJAR_FRAME_STORE")
        quietSeconds = settings.seconds("NIGHTJAR_QUIET_SECONDS", default: 60, in: 0...86_400)
        threads = settings.threads("NIGHTJAR_THREADS")
        try settings.verify()
    }
}
