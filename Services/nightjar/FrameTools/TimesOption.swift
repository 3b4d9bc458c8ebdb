/// `--times N`: how often a benchmark within a command is run.
enum TimesOption {
    static func option(_ what: String) -> Option { Option("times", "N", "also \(what), N times (with --json)") }

    /// - Throws: `UsageError` for anything but a positive count.
    static func read(_ arguments: Arguments) throws -> Int? {
        guard let text = arguments.text("times") else { return nil }
        guard let runs = Int(text), runs > 0 else { throw UsageError("--times \(text): give a count") }
        return runs
    }
}
