internal import Foundation
internal import Pipeline

/// Waits for something with a progress display, and gives up with a message when nothing moves for too long.
struct Waiting {
    /// EX_TEMPFAIL: what did not come may come yet.
    static let gaveUpStatus: Int32 = 75

    let patienceSeconds: Double
    /// Throws when there is no use in waiting any longer.
    var check: () throws -> Void = {}
    /// What may be the reason that nothing moves.
    var obstacles: () -> [String] = { [] }

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
                let obstacles = obstacles().map { $0 + "; " }.joined()
                let note = last.note.isEmpty ? "" : " (\(last.note))"
                throw SystemError(
                    "\(title): \(last.done) of \(total) and no progress for \(Int(patienceSeconds)) s\(note); "
                        + obstacles + "see the logs, and `nightjar ledger` for frames without a fate",
                    status: Self.gaveUpStatus)
            }
            Thread.sleep(forTimeInterval: 0.2)
        }
    }
}

/// Says what services wait for, once each time, when it is more than a moment.
final class WaitsTold {
    private var since: [String: Date] = [:]
    private var told: Set<String> = []

    private static let momentSeconds = 8.0

    /// What was told and is still so.
    var current: [String] { told.sorted() }

    func note(_ waits: [WaitingService], now: Date = Date(), tell: (String) -> Void = WaitsTold.tell) {
        let texts = waits.map(\.text.printable)
        since = since.filter { texts.contains($0.key) }
        told = told.filter { texts.contains($0) }
        for text in texts {
            let begin = since[text] ?? now
            since[text] = begin
            if now.timeIntervalSince(begin) >= Self.momentSeconds, told.insert(text).inserted { tell(text) }
        }
    }

    static func tell(_ text: String) {
        // Over the progress bar.
        if Terminal.errorIsTerminal { Terminal.draw("\r\u{1B}[K") }
        Terminal.complain(text)
    }
}
