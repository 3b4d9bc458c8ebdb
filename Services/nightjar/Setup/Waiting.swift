internal import Foundation
internal import Pipeline

/// Waits for something with a progress display, and gives up with a message when nothing moves for too long.
struct Waiting {
    let patienceSeconds: Double
    /// Throws when there is no use in waiting any longer.
    var check: () throws -> Void = {}

    /// - Parameter look: how many are done, whether all is, and what to say beside the bar.
    func until(_ title: String, total: Int, _ look: () throws -> (done: Int, isDone: Bool, note: String)) throws {
        var progress = Progress(title)
        defer { progress.end() }
        var last = (done: -1, note: "")
        var moved = Date()
        while true {
            try check()
            do {
                let now = try look()
                if now.done != last.done || now.note != last.note {
                    last = (now.done, now.note)
                    moved = Date()
                }
                progress.show(done: now.done, of: total, note: now.note)
                if now.isDone { return }
            } catch let away as Unavailable {
                // The database restarts; the supervisor says so.
                last.note = away.reason
            }
            guard Date().timeIntervalSince(moved) < patienceSeconds else {
                throw SystemError(
                    "\(title): \(last.done) of \(total) and no progress for \(Int(patienceSeconds)) s (\(last.note)); "
                        + "see the logs, and `nightjar ledger` for frames without a fate")
            }
            Thread.sleep(forTimeInterval: 0.2)
        }
    }
}
