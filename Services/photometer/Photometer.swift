internal import Events
internal import Foundation
internal import FrameStore
internal import Imaging
internal import KafkaBus
internal import Pipeline
internal import StoredCatalogues

@main
struct Photometer {
    static func main() throws {
        try runService("photometer") { environment, stop in
            // Config
            let config = try Config(environment: environment)
            let log = config.bus.log(for: "photometer")

            // Planes of one frame serve the next.
            reusePlaneStorage()

            // Wire
            let store = try FrameStore(marked: config.frameStore)
            let stage = MeasureStage(
                store: store, threshold: config.threshold, fitsStarImage: config.fitsStarImage,
                threads: config.threads, artificialStars: ArtificialStars(config.artificialStars),
                sky: config.catalogue.map {
                    SkySolver(CatalogueInUse($0, store: store, log: log), engine: config.engine)
                })
            let routes = Routes()
                .on(FrameCalibrated.self, stage.calibrated)
                .on(MeasurementRequested.self, stage.requested)
            let bus = KafkaConnection(config.bus, log: log)
            let source = try KafkaSource(
                bus, group: "photometer", topics: routes.topics,
                sessionTimeoutMilliseconds: config.bus.sessionTimeoutMilliseconds, messagesAhead: 1)

            // Run
            Worker(
                service: "photometer", from: source, to: try KafkaSink(bus), routes: routes,
                options: config.bus.workerOptions(), stop: stop, log: log
            ).run()
            source.close()
        }
    }
}
