internal import Foundation
internal import Pipeline

/// The alerter's settings.
///
/// | variable | default | meaning |
/// |---|---|---|
/// | `NIGHTJAR_DATABASE` | required | PostgreSQL address |
struct Config {
    let bus: BusSettings
    let database: Secret

    init(environment: [String: String]) throws {
        let settings = Settings(environment)
        bus = BusSettings(settings)
        database = settings.secret("NIGHTJAR_DATABASE")
        try settings.verify()
    }
}
