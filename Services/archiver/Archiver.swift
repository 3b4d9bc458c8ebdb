internal import Events
internal import Foundation
internal import FrameStore
internal import KafkaBus
internal import Pipeline
internal import PostgresStore

@main
struct Archiver {
    static func main() throws {
        try runService("archiver") { environment, stop in
            // Config
            let config = try Config(environment: environment)
            let log = config.bus.log(for: "archiver")

            // Wire
            let database = try Database(config.database.revealed, applicationName: "nightjar archiver")
            try Migrations(schema: ArchiveSchema.name, ArchiveSchema.migrations).apply(to: database)
            let store = try StoreIdentity(database: database).checked(
                try FrameStore(config.frameStore), accepting: config.acceptedStore)
            let bus = KafkaConnection(config.bus, log: log)
            let sink = try KafkaSink(bus)
            let stages = Stages(
                archive: Archive(database: database, now: { iso8601(Pipeline.Clock.system.now()) }),
                store: store, sink: sink,
                sweepSeconds: config.sweepSeconds, closeSeconds: config.closeSeconds, log: log,
                catalogue: config.catalogue)
            let source = try KafkaSource(
                bus, group: "archiver", topics: stages.routes.topics,
                sessionTimeoutMilliseconds: config.bus.sessionTimeoutMilliseconds)

            // Run
            Worker(
                service: "archiver", from: source, to: sink, routes: stages.routes,
                options: config.bus.workerOptions(
                    periodically: Periodic(run: stages.periodically), heartbeat: stages.completeHeartbeat),
                stop: stop, log: log
            ).run()
            source.close()
        }
    }
}
