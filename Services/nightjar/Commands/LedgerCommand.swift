internal import Foundation

let ledgerCommand = Command(
    name: "ledger", usage: "ledger [--night D] [--json]",
    summary: "Every file that came in and what became of it: in = out.",
    options: [
        Option("night", "D", "only frames of this night, like 2026-11-21"), SystemAddress.dataOption,
        SystemAddress.databaseOption, SystemAddress.jsonOption,
    ]
) { arguments in
    guard arguments.positional.isEmpty else {
        throw UsageError("ledger takes options only; a night is given as --night \(arguments.positional[0].printable)")
    }
    let night = try arguments.text("night").map { try NightDate($0) }
    let ledger = try Ledger(try SystemAddress.record(arguments), night: night?.text)
    Terminal.say(
        arguments.has("json") ? String(decoding: try prettyJSON(ledger).dropLast(), as: UTF8.self) : ledger.text)
    return 0
}
