internal import Foundation
internal import PostgresStore

let closeCommand = Command(
    name: "close", usage: "close NIGHT [--instrument ID] [--wait]",
    summary: "Closes a night: its light curves are computed again from all of its frames and become final.",
    options: [
        Option("instrument", "ID", "only this instrument's night (default: of all that have frames of it)"),
        Option("wait", nil, "wait until it is closed"),
        SystemAddress.dataOption, SystemAddress.databaseOption, SystemAddress.jsonOption,
    ]
) { arguments in
    guard arguments.positional.count == 1 else { throw UsageError("give one night: nightjar close 2026-11-21") }
    let night = try NightDate(arguments.positional[0])
    let record = try SystemAddress.record(arguments)
    let closings = NightClosings(record: record, night: night.text)
    let instruments = try closings.instruments(only: arguments.text("instrument"))
    for instrument in instruments { try record.requestClose(instrument: instrument, night: night.text) }
    if arguments.has("wait") { try closings.wait(for: instruments) }
    let states = try closings.states(of: instruments)
    if arguments.has("json") {
        Terminal.say(String(decoding: try prettyJSON(states).dropLast(), as: UTF8.self))
    } else {
        for state in states {
            Terminal.say("\(state.night) \(state.instrument): \(state.state), closing \(state.revision)")
        }
    }
    return 0
}

/// One night of several instruments on its way to being closed.
struct NightClosings {
    static let patienceSeconds = 900.0

    let record: Record
    let night: String

    struct State: Codable, Equatable {
        let instrument: String
        let night: String
        /// `requested`, `recalibrating`, `measuring`, `forcing`, `closed`
        let state: String
        /// Counts the closings of this night.
        let revision: Int
    }

    /// - Throws: `SystemError` when the ledger has no frame of it.
    func instruments(only instrument: String?) throws -> [String] {
        let nights = try record.nights()
        let ofNight = nights.filter { $0.night == night }.map(\.instrument)
        guard !ofNight.isEmpty else {
            let known = Set(nights.map(\.night)).sorted().suffix(5).joined(separator: ", ")
            throw SystemError(
                "the ledger has no frames of the night \(night)"
                    + (known.isEmpty ? "" : "; the last nights are \(known)"))
        }
        guard let instrument else { return ofNight }
        guard ofNight.contains(instrument) else {
            throw SystemError(
                "the ledger has no frames of --instrument \(instrument.printable) in the night \(night); "
                    + "it has those of \(ofNight.joined(separator: ", "))")
        }
        return [instrument]
    }

    func states(of instruments: [String]) throws -> [State] {
        try record.database.execute(
            """
            select instrument, night, state, revision from archive.night
            where night = $1 and instrument = any($2) order by instrument
            """, [.text(night), .texts(instruments)]
        ).map {
            State(
                instrument: try $0.text("instrument"), night: try $0.text("night"), state: try $0.text("state"),
                revision: try $0.int("revision"))
        }
    }

    func wait(for instruments: [String]) throws {
        try Waiting(patienceSeconds: Self.patienceSeconds).until("closed", total: instruments.count) {
            let states = try states(of: instruments)
            let open = states.filter { $0.state != "closed" }
            let note = open.map { "\($0.instrument) \($0.state)" }.joined(separator: ", ")
            let pending = open.isEmpty ? 0 : try Ledger(record, night: night).pending
            return (states.count - open.count, open.isEmpty, note + (pending == 0 ? "" : ", \(pending) frames pending"))
        }
    }
}
