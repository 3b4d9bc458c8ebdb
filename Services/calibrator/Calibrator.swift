internal import Events
internal import Foundation
internal import FrameStore
internal import Imaging
internal import KafkaBus
internal import Pipeline

@main
struct Calibrator {
    static func main() throws {
        try runService("calibrator") { environment, stop in
            // Config
            let config = try Config(environment: environment)
            let log = config.bus.log(for: "calibrator")

            // Planes of one frame serve the next.
            reusePlaneStorage()

            // Wire
            let stage = CalibrateStage(
                store: try FrameStore(marked: config.frameStore), quietSeconds: config.quietSeconds,
                cacheBytes: config.cacheBytes, threads: config.threads, elapsed: Pipeline.Clock.system.elapsed)
            let routes = Routes()
                .on(FrameReceived.self, stage.received)
                .on(NightClosed.self, stage.closed)
            let bus = KafkaConnection(config.bus, log: log)
            let source = try KafkaSource(
                bus, group: "calibrator", topics: routes.topics,
                sessionTimeoutMilliseconds: config.bus.sessionTimeoutMilliseconds)

            // Run
            Worker(
                service: "calibrator", from: source, to: try KafkaSink(bus), routes: routes,
                options: config.bus.workerOptions(periodically: Periodic(run: stage.quiet)),
                stop: stop, log: log
            ).run()
            source.close()
        }
    }
}
