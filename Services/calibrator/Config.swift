internal import Foundation
internal import Pipeline

/// The calibrator's settings.
///
/// | variable | default | meaning |
/// |---|---|---|
/// | `NIGHTJAR_FRAME_STORE` | required | `file:///frames` |
/// | `NIGHTJAR_QUIET_SECONDS` | 60 | masters are built when no calibration frame has come for so long |
/// | `NIGHTJAR_THREADS` | 1 | threads a frame is computed on; 0: all processors |
/// | `NIGHTJAR_CACHE_GIB` | 20 | calibrated planes are kept up to this size; 0 for no limit |
struct Config {
    let bus: BusSettings
    let frameStore: String
    let quietSeconds: Double
    let threads: Int
    /// 0 for no limit.
    let cacheBytes: Int

    init(environment: [String: String]) throws {
        let settings = Settings(environment)
        bus = BusSettings(settings)
        frameStore = settings.frameStore("NIGHTJAR_FRAME_STORE")
        quietSeconds = settings.seconds("NIGHTJAR_QUIET_SECONDS", default: 60, in: 0...86_400)
        threads = settings.threads("NIGHTJAR_THREADS")
        cacheBytes = Int((settings.number("NIGHTJAR_CACHE_GIB", default: 20, in: 0...1e6) * 1_073_741_824).rounded(.up))
        try settings.verify()
    }
}
