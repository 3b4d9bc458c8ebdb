internal import DropFolder
internal import Pipeline

/// Files that could not be dealt with, each with a wait of its own that doubles: one does not hold up the others, and
/// none is tried again with every look. A file that changes is tried at once.
struct Postponed {
    private var entries: [String: (state: FileState, attempts: Int, until: Double)] = [:]

    func isDue(_ file: DroppedFile, now: Double) -> Bool {
        guard let entry = entries[file.path], entry.state == file.state else { return true }
        return now >= entry.until
    }

    /// - Parameter longestSeconds: the wait does not grow beyond it.
    mutating func postpone(_ file: DroppedFile, now: Double, longestSeconds: Double) {
        let before = entries[file.path].flatMap { $0.state == file.state ? $0.attempts : nil } ?? 0
        let wait = BackOff(firstSeconds: 1, longestSeconds: longestSeconds).seconds(after: before + 1)
        entries[file.path] = (file.state, before + 1, now + wait)
    }

    mutating func forget(_ file: DroppedFile) {
        entries[file.path] = nil
    }

    /// Forgets all files but those that are still there.
    mutating func keep(_ paths: Set<String>) {
        entries = entries.filter { paths.contains($0.key) }
    }
}
