internal import Foundation

/// Runs a service's `main` and turns what it throws into words and an exit status instead of a stack trace: 78
/// (EX_CONFIG) for settings that cannot be used, 1 for anything else.
///
///     static func main() { start("calibrator") { ... } }
public func start(_ service: String, _ body: () throws -> Void) {
    do {
        try body()
    } catch {
        Log.toStandardError("\(service): \(error)")
        exit(error is InvalidSettings ? 78 : 1)
    }
}
