internal import Events
internal import Foundation

let deadLetterCommand = Command(
    name: "deadletter", usage: "deadletter list | show ID | replay ID... | replay --all",
    summary: "Messages that could not be handled: what failed and why; handles them again.",
    options: [
        Option("all", nil, "list: also those that a replay has settled; replay: every open one"),
        Option("wait", nil, "replay: wait until their frames have a fate again; exit status 1 when one failed again"),
        SystemAddress.dataOption, SystemAddress.databaseOption, SystemAddress.jsonOption,
    ]
) { arguments in
    let usage = "nightjar deadletter list | show ID | replay ID... | replay --all"
    let words = Array(arguments.positional.dropFirst())
    let verb = arguments.positional.first ?? ""
    switch verb {
    case "list" where words.isEmpty, "show" where words.count == 1: break
    case "replay" where words.isEmpty == arguments.has("all"): break
    case "replay": throw UsageError("give the ids of letters, or --all: \(usage)")
    default: throw UsageError("say what to do: \(usage)")
    }
    let run = DeadLetterRun(
        letters: DeadLetters(record: try SystemAddress.record(arguments)), isJSON: arguments.has("json"))
    switch verb {
    case "list": return try run.list(all: arguments.has("all"))
    case "show": return try run.show(words[0])
    default: return try run.replay(words, wait: arguments.has("wait"))
    }
}

private struct DeadLetterRun {
    let letters: DeadLetters
    let isJSON: Bool

    func list(all: Bool) throws -> Int32 {
        let found = all ? try letters.all() : try letters.open()
        if isJSON {
            try Terminal.sayJSON(found)
        } else if found.isEmpty {
            Terminal.say("no \(all ? "" : "open ")dead letters")
        } else {
            var table = TextTable(["id", "arrived (UTC)", "service", "frame", "fate", "replays", "error"])
            table.rows = found.map { letter in
                [
                    String(letter.id.prefix(8)), letter.arrivedAt, letter.service,
                    letter.frameName.flatMap { $0.isEmpty ? nil : $0 } ?? letter.frameID ?? "-",
                    letter.frameFate ?? "-",
                    String(letter.replays), String(letter.error.prefix(100)),
                ]
            }
            Terminal.say(table.text)
        }
        return 0
    }

    func show(_ id: String) throws -> Int32 {
        let letter = try letters.letter(id)
        if isJSON {
            try Terminal.sayJSON(letter)
            return 0
        }
        let original = letter.letter
        let facts = [
            ("id", letter.id), ("arrived", letter.arrivedAt + " UTC"), ("service", letter.service),
            ("error", letter.error), ("attempts", String(letter.attempts)), ("replays", String(letter.replays)),
            ("frame", "\(letter.frameName ?? "-") \(letter.frameID ?? "")"), ("fate", letter.frameFate ?? "-"),
            ("message", "\(original.originalTopic)/\(original.originalPartition), offset \(original.originalOffset)"),
            ("key", original.originalKey),
        ]
        let headers = original.originalHeaders.map { ("  \($0.name)", $0.value) }
        for (name, value) in facts + headers {
            Terminal.say(
                name.printable.padding(toLength: max(18, name.count + 1), withPad: " ", startingAt: 0) + value.printable
            )
        }
        Terminal.say("")
        for line in readable(letter.value).split(separator: "\n") { Terminal.say(String(line).printable) }
        return 0
    }

    /// The message's bytes: JSON laid out, anything else as it is.
    private func readable(_ value: Data?) -> String {
        guard let value else { return "(the message was too large to be kept in the letter)" }
        do {
            let object = try JSONSerialization.jsonObject(with: value)
            let text = try JSONSerialization.data(
                withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
            return String(decoding: text, as: UTF8.self)
        } catch {
            return "\(value.count) bytes that are not JSON: \(String(decoding: value.prefix(2000), as: UTF8.self))"
        }
    }

    // MARK: Replay

    private struct Replayed: Encodable {
        let id: String
        let frameID: String?
        var fate: String?
    }

    func replay(_ ids: [String], wait: Bool) throws -> Int32 {
        var seen: Set<String> = []
        let chosen = ids.isEmpty ? try letters.open() : try ids.map { try letters.letter($0) }
        let wanted = chosen.filter { seen.insert($0.id).inserted }
        for letter in wanted { try letters.replay(letter) }
        let frames = Set(wanted.compactMap(\.frameID)).sorted()
        if wait, !frames.isEmpty { try waitForFates(of: frames) }
        let fates = try letters.fates(of: frames)
        let replayed = wanted.map { Replayed(id: $0.id, frameID: $0.frameID, fate: $0.frameID.flatMap { fates[$0] }) }
        if isJSON {
            try Terminal.sayJSON(replayed)
        } else {
            for (letter, replay) in zip(wanted, replayed) {
                let name = letter.frameName ?? letter.topic
                Terminal.say("\(letter.id.prefix(8)) \(name): replayed\(replay.fate.map { ", \($0)" } ?? "")".printable)
            }
            if wanted.isEmpty { Terminal.say("no open dead letters") }
        }
        return wait && replayed.contains { ["deadLettered", "pending"].contains($0.fate) } ? 1 : 0
    }

    private func waitForFates(of frames: [String]) throws {
        try Waiting(patienceSeconds: SubmittedFates.patienceSeconds).until("frames", total: frames.count) {
            let fates = try letters.fates(of: frames)
            let open = fates.values.filter { $0 == "pending" }.count
            return (frames.count - open, open == 0, "")
        }
    }
}
