internal import AlertRules
internal import Events
internal import Foundation
internal import Instruments
internal import KafkaBus
internal import PhotometricCalibration
internal import Pipeline

let targetCommand = documentCommand(.target, "what is observed: positions, comparison stars, filters")
let instrumentCommand = documentCommand(.instrument, "with what: camera, gain, site, header conventions")
let sequenceCommand = documentCommand(.sequence, "comparison stars and check star of one target")
let ruleCommand = documentCommand(.rule, "what is worth an alert")

private func documentCommand(_ kind: DocumentKind, _ what: String) -> Command {
    let word = kind.rawValue
    let addresses =
        kind == .instrument
        ? [SystemAddress.dataOption]
        : [SystemAddress.dataOption, SystemAddress.databaseOption]
            + (kind == .rule ? [SystemAddress.brokersOption] : [])
    return Command(
        name: word, usage: kind.usage,
        summary: "\(word.capitalized) documents: \(what).",
        options: addresses + [
            Option("raise", nil, "add: give a changed document the next revision, in the stored copy"),
            SystemAddress.jsonOption,
        ] + (kind == .sequence ? SequenceImport.options : [])
    ) { arguments in
        if kind == .sequence, let importing = try SequenceImport(arguments) { return try importing.run() }
        return try DocumentRun(kind, arguments).run()
    }
}

extension DocumentKind {
    fileprivate var usage: String {
        "\(rawValue) add FILE... | list | show ID | remove ID"
            + (self == .sequence ? " | import CHART [--check STAR] [--target ID] [--out FILE]" : "")
    }
}

/// One `target`, `instrument`, `sequence` or `rule` command.
private struct DocumentRun {
    private let kind: DocumentKind
    private let verb: String
    private let words: [String]
    private let raise: Bool
    private let isJSON: Bool
    private let address: SystemAddress

    init(_ kind: DocumentKind, _ arguments: Arguments) throws {
        self.kind = kind
        let usage = "nightjar \(kind.usage)"
        guard let verb = arguments.positional.first else { throw UsageError("say what to do: \(usage)") }
        self.verb = verb
        words = Array(arguments.positional.dropFirst())
        raise = arguments.has("raise")
        isJSON = arguments.has("json")
        address = try SystemAddress(arguments)
        let verbs = ["add", "list", "show", "remove"]
        guard verbs.contains(verb) else {
            let near = Arguments.suggestion(for: verb, among: verbs, prefix: "")
            throw UsageError("there is no '\(verb.printable)'\(near)\n\(usage)")
        }
        let count = verb == "list" ? 0...0 : verb == "add" ? 1...10_000 : 1...1
        guard count.contains(words.count) else {
            throw UsageError(
                verb == "list"
                    ? "list takes no further words" : "\(verb) needs \(verb == "add" ? "FILE..." : "one ID"): \(usage)")
        }
    }

    func run() throws -> Int32 {
        // A document that cannot be read is told of before a system is looked for.
        let documents = verb == "add" ? try read() : []
        let shelf: any DocumentShelf =
            kind == .instrument ? InstrumentFolder(address.data) : DocumentTable(kind, try address.record())
        switch verb {
        case "add": try add(documents, to: shelf)
        case "list": return try list(shelf)
        case "show": try show(words[0], shelf)
        default: try remove(words[0], shelf)
        }
        return 0
    }

    /// Every problem of every file.
    private func read() throws -> [SubmittedDocument] {
        var problems: [String] = []
        let documents = words.compactMap { path -> SubmittedDocument? in
            do {
                return try SubmittedDocument(kind, path: path)
            } catch {
                problems.append("\(error)")
                return nil
            }
        }
        guard problems.isEmpty else { throw SystemError(problems.joined(separator: "\n") + "\nnothing was stored") }
        return documents
    }

    private func add(_ documents: [SubmittedDocument], to shelf: any DocumentShelf) throws {
        let outcomes = try DocumentIntake(shelf: shelf, raise: raise).add(documents)
        if isJSON {
            try Terminal.sayJSON(outcomes)
        } else {
            for outcome in outcomes { Terminal.say(outcome.line) }
        }
        for document in documents { try remark(on: document) }
    }

    /// What the author should know, to standard error.
    private func remark(on document: SubmittedDocument) throws {
        switch document.content {
        case .instrument(let instrument):
            Terminal.complain("drop its frames into \(address.data.inbox.appending(path: instrument.id).path)")
            if address.holder() == nil { Terminal.complain("no system runs there yet: \(address.startCommand)") }
        case .target(let target):
            let known = try InstrumentFolder(address.data).all().map(\.id)
            for id in target.instruments where !known.isEmpty && !known.contains(id) {
                Terminal.complain(
                    "note: instruments: there is no instrument '\(id)' yet, only \(known.joined(separator: ", "))")
            }
        case .sequence(let sequence):
            let targets = try DocumentTable(.target, try address.record()).all()
            if let remark = SequenceClaims.remark(on: sequence, among: targets) { Terminal.complain("note: \(remark)") }
        case .rule(let rule):
            let targets = try DocumentTable(.target, try address.record()).all().map(\.id)
            if rule.target != "*", !targets.contains(rule.target) {
                let near = Arguments.suggestion(for: rule.target, among: targets, prefix: "")
                Terminal.complain("note: target: there is no target '\(rule.target.printable)' yet\(near)")
            }
            try createTopic(ofRule: rule.id)
        }
    }

    /// A real broker may not make topics on first use, and the alerter could not publish.
    private func createTopic(ofRule rule: String) throws {
        guard let found = try address.brokers(), !found.isEmbedded else { return }
        do {
            let reports = try TopicAdmin.create([.alerts(ofRule: rule)], try SystemAddress.connection(found))
            for report in reports where report.outcome != .alreadyThere { Terminal.complain(report.line) }
        } catch let away as Unavailable {
            Terminal.complain("note: topic \(EventType.alerts(ofRule: rule).topic) was not created: \(away)")
        }
    }

    private func list(_ shelf: any DocumentShelf) throws -> Int32 {
        let documents = try shelf.all()
        let broken = (shelf as? InstrumentFolder)?.entries().compactMap(\.problem) ?? []
        if isJSON {
            try Terminal.sayJSON(documents.map { ListedDocument($0) })
        } else if documents.isEmpty {
            Terminal.say("no \(kind.rawValue)s; nightjar \(kind.rawValue) add FILE adds one")
        } else {
            var table = TextTable(["id", "revision", "what"])
            table.rows = documents.map { [$0.id, String($0.revision), $0.what] }
            Terminal.say(table.text)
        }
        for problem in broken { Terminal.complain("cannot be used: \(problem)") }
        return broken.isEmpty ? 0 : 1
    }

    private func show(_ id: String, _ shelf: any DocumentShelf) throws {
        let document = try existing(id, shelf)
        // An instrument as its author wrote it; the record keeps content only.
        let object = try JSONSerialization.jsonObject(with: kind == .instrument ? document.bytes : document.json())
        let text = try JSONSerialization.data(
            withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        Terminal.say(String(decoding: text, as: UTF8.self))
    }

    private func remove(_ id: String, _ shelf: any DocumentShelf) throws {
        let document = try existing(id, shelf)
        try shelf.remove(id)
        if isJSON {
            try Terminal.sayJSON(DocumentIntake.Outcome(id: id, revision: document.revision, outcome: "removed"))
        } else {
            Terminal.say("\(id): removed; what was measured or raised with it stays")
        }
    }

    private func existing(_ id: String, _ shelf: any DocumentShelf) throws -> SubmittedDocument {
        let documents = try shelf.all()
        if let found = documents.first(where: { $0.id == id }) { return found }
        let near = Arguments.suggestion(for: id, among: documents.map(\.id), prefix: "")
        throw SystemError(
            "there is no \(kind.rawValue) '\(id.printable)'\(near); nightjar \(kind.rawValue) list shows what there is")
    }
}

private struct ListedDocument: Encodable {
    let id: String
    let revision: Int
    let what: String

    init(_ document: SubmittedDocument) {
        (id, revision, what) = (document.id, document.revision, document.what)
    }
}

extension SubmittedDocument {
    /// In a few words, for a list.
    var what: String {
        switch content {
        case .instrument(let instrument): return instrument.name ?? ""
        case .rule(let rule): return "\(rule.name) (target \(rule.target))"
        case .sequence(let sequence):
            let check = sequence.checkStar.map { ", check star \($0.id)" } ?? ""
            return "target \(sequence.target), \(sequence.comparisonStars.count) comparison stars\(check)"
        case .target(let target):
            let stars = "\(target.comparisonStars.count) comparison stars"
            return ([target.name] + [target.pixel.map { "pixels of \($0.frame ?? "")" }, stars])
                .compactMap { $0 }.joined(separator: ", ")
        }
    }
}
