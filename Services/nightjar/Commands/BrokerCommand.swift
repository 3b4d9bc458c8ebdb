internal import Events
internal import Foundation
internal import KafkaBus
internal import Pipeline

/// The embedded broker in a process of its own, as the supervisor starts it.
let brokerCommand = Command(
    name: "broker", usage: "broker --port-file FILE [--listen ADDRESS:PORT]",
    summary: "Runs the embedded broker until it is stopped, and writes its address into a file.",
    options: [
        Option("port-file", "FILE", "where to write host:port"),
        Option("listen", "ADDRESS:PORT", "an IPv4 address of this host, for photometers elsewhere"),
    ], isInternal: true
) { arguments in
    let file = try arguments.required("port-file")
    let environment = ProcessInfo.processInfo.environment
    let stop = StopFlag.onSignals()
    try ParentWatch.start(environment: environment)
    let log = Log(service: "broker", level: .info)
    let broker = try EmbeddedBroker(topics: EventType.all, listeningOn: arguments.text("listen"), log: log)
    if let address = broker.remoteBrokers { log.info("listening for other hosts", ["address": address]) }
    try Data(broker.brokers.utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
    while !stop.isRaised { Thread.sleep(forTimeInterval: 0.1) }
    return withExtendedLifetime(broker) { 0 }
}
