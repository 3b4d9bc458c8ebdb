internal import Events
internal import Foundation
internal import FrameStore
internal import KafkaBus
internal import Pipeline

@main
struct Ingest {
    static func main() throws {
        try runService("ingest") { environment, stop in
            if let folder = environment[IsolatedInspection.environmentName] {
                try IsolatedInspection.runAsChild(folder)
                return
            }

            // Config
            let config = try Config(environment: environment)
            let log = config.bus.log(for: "ingest")

            // Wire
            let bus = KafkaConnection(config.bus, log: log)
            let heartbeats = try KafkaSource(
                bus, group: "ingest-\(config.bus.instance)", topics: [ServiceHeartbeat.type.topic],
                sessionTimeoutMilliseconds: config.bus.sessionTimeoutMilliseconds)
            let watcher = try Watcher(
                config: config, store: try FrameStore(marked: config.frameStore), sink: try KafkaSink(bus),
                ledger: LedgerDistance(heartbeats: heartbeats, limit: config.framesAhead, log: log), log: log)

            // Run
            watcher.run(until: stop)
            heartbeats.close()
        }
    }
}
