internal import Events
internal import Foundation
internal import KafkaBus
internal import Pipeline
internal import PostgresStore

@main
struct Alerter {
    static func main() throws {
        try runService("alerter") { environment, stop in
            // Config
            let config = try Config(environment: environment)
            let log = config.bus.log(for: "alerter")

            // Wire
            let database = try Database(config.database.revealed, applicationName: "nightjar alerter")
            try Migrations(schema: AlertSchema.name, AlertSchema.migrations).apply(to: database)
            let bus = KafkaConnection(config.bus, log: log)
            let sink = try KafkaSink(bus)
            let stage = AlertStage(database: database, sink: sink, log: log)
            let routes = Routes().on(PhotometryMeasured.self, stage.measured)
            let source = try KafkaSource(
                bus, group: "alerter", topics: routes.topics,
                sessionTimeoutMilliseconds: config.bus.sessionTimeoutMilliseconds)

            // Run
            Worker(
                service: "alerter", from: source, to: sink, routes: routes,
                options: config.bus.workerOptions(periodically: Periodic(run: stage.catchUp)), stop: stop, log: log
            ).run()
            source.close()
        }
    }
}
