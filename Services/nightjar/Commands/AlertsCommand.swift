internal import Events
internal import Foundation
internal import KafkaBus
internal import Pipeline

let alertsCommand = Command(
    name: "alerts", usage: "alerts [--since 2h] [--follow] [--json]",
    summary: "Alerts as they were raised, the oldest first; with --follow also those to come, until Ctrl-C.",
    options: [
        Option("since", "TIME", "raised at most so long ago: 90s, 30m, 2h, 1.5d, 2w (default: all)"),
        Option("follow", nil, "go on with those to come; without --since only those"),
        SystemAddress.dataOption, SystemAddress.databaseOption, SystemAddress.brokersOption,
        Option("json", nil, "print JSON, one alert per line, as subscribers get them"),
    ]
) { arguments in
    guard arguments.positional.isEmpty else {
        throw UsageError("alerts takes options only, not '\(arguments.positional[0].printable)'")
    }
    let since = try arguments.text("since").map { try TimeSpan($0, option: "since") }
    let address = try SystemAddress(arguments)
    var printer = AlertPrinter(isJSON: arguments.has("json"))
    guard arguments.has("follow") else {
        let history = try AlertHistory(try address.record(), sinceHours: since?.hours)
        for entry in history.entries { try printer.show(entry) }
        if history.entries.isEmpty { Terminal.complain("no alerts" + (since == nil ? "" : " in that time")) }
        return 0
    }
    let stop = StopFlag.onSignals()
    try AlertFollower(address: address, stop: stop).follow(since: since, printer: &printer)
    return 0
}

/// Prints each alert once.
struct AlertPrinter {
    private static let mostRemembered = 100_000

    let isJSON: Bool
    private var shown: Set<String> = []

    init(isJSON: Bool) {
        self.isJSON = isJSON
    }

    mutating func show(_ entry: AlertHistory.Entry) throws {
        if shown.count >= Self.mostRemembered { shown.removeAll() }
        guard shown.insert(entry.eventID).inserted else { return }
        Terminal.say(isJSON ? String(decoding: try EventCodec.json(entry.alert), as: UTF8.self) : Self.line(entry))
    }

    static func line(_ entry: AlertHistory.Entry) -> String {
        let alert = entry.alert
        let kind = alert.alertType.rawValue + (alert.sequence > 0 ? " \(alert.sequence)" : "")
        let words = [
            entry.raisedAt, kind, alert.rule, alert.target, alert.filter, alert.text,
            alert.historical ? "(historical)" : "",
        ]
        return words.filter { !$0.isEmpty }.joined(separator: "  ").printable
    }
}

/// Reads the topic of alerts from now on. When the embedded broker comes back elsewhere it follows there; what was
/// raised in between is read from the record, where there is one.
struct AlertFollower {
    let address: SystemAddress
    let stop: StopFlag

    func follow(since: TimeSpan?, printer: inout AlertPrinter) throws {
        let started = Pipeline.Clock.system.elapsed()
        // First the live end, then the past: nothing falls between the two, and nothing is shown twice.
        var (reader, brokers) = try connect()
        if let since { try showPast(hours: since.hours, &printer) }
        Terminal.complain("following \(AlertRaised.type.topic) at \(brokers); Ctrl-C ends it")
        var looked = Pipeline.Clock.system.elapsed()
        while !stop.isRaised, !outputIsClosed {
            if let delivery = try receive(from: reader) { try show(delivery, &printer) }
            guard Pipeline.Clock.system.elapsed() - looked > 2 else { continue }
            looked = Pipeline.Clock.system.elapsed()
            guard let now = try address.brokers(), now.value != brokers, address.holder() != nil || !now.isEmbedded
            else {
                continue
            }
            do {
                (reader, brokers) = try connect()
                let hours = (Pipeline.Clock.system.elapsed() - started) / 3600
                try showPast(hours: hours + (since?.hours ?? 0), &printer)
            } catch let error as Unavailable {
                Terminal.complain("the broker has moved: \(error)")
            }
        }
    }

    private func connect() throws -> (KafkaReader, String) {
        let (connection, found) = try address.connection()
        return (try KafkaReader(connection, topics: [AlertRaised.type.topic], startingAt: .end), found.value)
    }

    /// A broker that is away may come back.
    private func receive(from reader: KafkaReader) throws -> Delivery? {
        do {
            return try reader.receive(timeoutMilliseconds: 200)
        } catch {
            Thread.sleep(forTimeInterval: 0.5)
            return nil
        }
    }

    private func showPast(hours: Double, _ printer: inout AlertPrinter) throws {
        for entry in try AlertHistory(try address.record(), sinceHours: hours).entries { try printer.show(entry) }
    }

    private func show(_ delivery: Delivery, _ printer: inout AlertPrinter) throws {
        do {
            let event = try EventCodec.decode(AlertRaised.self, from: delivery.message)
            let time = iso8601(Pipeline.Clock.system.now()).prefix(19).replacingOccurrences(of: "T", with: " ")
            try printer.show(AlertHistory.Entry(eventID: event.id, raisedAt: time, alert: event.payload))
        } catch let wrong as MalformedEvent {
            Terminal.complain("left out: \(wrong)".printable)
        }
    }

    /// Whether the reader of a pipe has gone: writing could not tell, since the signal is ignored.
    private var outputIsClosed: Bool {
        var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        return poll(&output, 1, 0) == 1 && output.revents & Int16(POLLERR) != 0
    }
}
