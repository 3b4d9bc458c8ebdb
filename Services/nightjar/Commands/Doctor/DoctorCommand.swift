internal import Foundation

let doctorCommand = Command(
    name: "doctor", usage: "doctor [--data DIR] [--brokers A] [--database URL] [--frame-store URL] [--json]",
    summary: "Looks at this machine and its settings and says what to mend; exit status 1 when something is wrong.",
    options: [
        SystemAddress.dataOption, SystemAddress.brokersOption, SystemAddress.databaseOption,
        Option("frame-store", "URL", "its frame store (default: $NIGHTJAR_FRAME_STORE, DIR/frames)"),
        SystemAddress.jsonOption,
    ]
) { arguments in
    guard arguments.positional.isEmpty else {
        throw UsageError("doctor takes options only, not '\(arguments.positional[0].printable)'")
    }
    let address = try SystemAddress(arguments)
    let local = LocalChecks(data: address.data, usesOwnDatabase: try address.database()?.isEmbedded ?? true)
    let checks =
        try local.needed() + [Libraries.check(), local.clock(), local.instruments()]
        + SystemChecks(address: address).all()
    if arguments.has("json") {
        Terminal.say(String(decoding: try prettyJSON(checks).dropLast(), as: UTF8.self))
    } else {
        show(checks)
    }
    return checks.contains { $0.state == .wrong } ? 1 : 0
}

private func show(_ checks: [Check]) {
    let width = checks.map(\.name.count).max() ?? 0
    for check in checks {
        let state = check.state.rawValue.padding(toLength: 9, withPad: " ", startingAt: 0)
        let name = check.name.padding(toLength: width + 2, withPad: " ", startingAt: 0)
        for (index, line) in check.text.split(separator: "\n").enumerated() {
            let margin = index == 0 ? state + name : String(repeating: " ", count: 9 + width + 2)
            Terminal.say(margin + String(line).printable)
        }
        if let fix = check.fix { Terminal.say(String(repeating: " ", count: 9 + width + 2) + "-> " + fix.printable) }
    }
    let wrong = checks.count { $0.state == .wrong }
    let warnings = checks.count { $0.state == .warning }
    Terminal.say(
        wrong == 0 ? "nothing is wrong" + (warnings > 0 ? "; \(warnings) warnings" : "") : "\(wrong) things are wrong")
}
