internal import Foundation

/// What one look came to.
struct Check: Encodable, Equatable {
    enum State: String, Encodable {
        case ok, warning, wrong
        /// Nothing to look at.
        case skipped
    }

    let name: String
    let state: State
    let text: String
    /// What to do about it.
    let fix: String?

    static func ok(_ name: String, _ text: String) -> Check {
        Check(name: name, state: .ok, text: text, fix: nil)
    }

    static func skipped(_ name: String, _ text: String) -> Check {
        Check(name: name, state: .skipped, text: text, fix: nil)
    }

    static func warning(_ name: String, _ text: String, fix: String) -> Check {
        Check(name: name, state: .warning, text: text, fix: fix)
    }

    static func wrong(_ name: String, _ text: String, fix: String) -> Check {
        Check(name: name, state: .wrong, text: text, fix: fix)
    }
}
