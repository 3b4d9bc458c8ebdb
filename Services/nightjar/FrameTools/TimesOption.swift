/// `--times N`: how often a benchmark within a command is run.
enum TimesOption {
    static func option(_ what: String) -> Option { Option("times", "N", "also \(what), N times (with --json)") }

    /// - Throws: `UsageError` for anything but a positive count.
    static func read(_ arguments: Arguments) throws -> Int? {
        try arguments.integer("times", in: 1...1_000_000)
    }
}
