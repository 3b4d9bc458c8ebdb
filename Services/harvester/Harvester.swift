internal import Foundation
internal import KafkaBus
internal import Pipeline
internal import PostgresStore

@main
struct Harvester {
    static func main() throws {
        try runService("harvester") { environment, stop in
            // Config
            let config = try Config(environment: environment)
            let log = config.bus.log(for: "harvester")

            // Wire
            let database = try Database(config.database.revealed, applicationName: "nightjar harvester")
            try Migrations(schema: HarvestSchema.name, HarvestSchema.migrations).apply(to: database)
            let sink = try KafkaSink(KafkaConnection(config.bus, log: log))
            let stage = HarvestStage(database: database, sink: sink)
            let watcher = Watcher(config: config, stage: stage, sink: sink, log: log)

            // Run
            watcher.run(until: stop)
        }
    }
}
