import Events
import Foundation
import FrameStore
import Pipeline
import StoredCatalogues
import TestKit
import Testing

@testable import photometer

/// What is wrong with one host's copy of the catalogue must not be in a frame's result: others have the same recipe.
@Suite("A catalogue that is damaged on this host")
struct CatalogueTroubleTests {
    private let sky = SmallSky(seed: 4)

    /// What a tile may be like in a folder.
    enum Trouble: CaseIterable {
        case bitFlipped, cut, missing, unreadable

        func make(_ file: URL) throws {
            let files = FileManager.default
            switch self {
            case .bitFlipped: try SkyBench.damage(file)
            case .cut: try Data("NIGHTILE".utf8).write(to: file)
            case .missing: try files.removeItem(at: file)
            case .unreadable:
                try files.removeItem(at: file)
                try files.createDirectory(at: file, withIntermediateDirectories: false)
            }
        }
    }

    private func reason(_ stage: MeasureStage, _ frame: FrameCalibrated) throws -> String {
        let error = #expect(throws: Unavailable.self) { try stage.calibrated(event(frame)) }
        return error?.reason ?? ""
    }

    @Test(
        "a tile that cannot be read is waited for under its name; mended, the frame is solved as elsewhere",
        arguments: Trouble.allCases)
    func tile(trouble: Trouble) throws {
        try SkyBench.with(sky) { here in
            let frame = try sky.frame(here.bench)
            let healthy = try here.stage.measured(frame)
            let whole = try Data(contentsOf: here.tile)
            try trouble.make(here.tile)
            // Said again by the calibrator, to a photometer that does not know it yet.
            var again = frame
            again.flags = ["asked again"]
            let stage = here.stage
            for _ in 0..<2 {
                let reason = try reason(stage, again)
                #expect(reason.hasPrefix("reference catalogue: ") && reason.contains(here.tile.path), "\(reason)")
                #expect(reason.contains("bring the file back") && reason.contains("nightjar catalog info"))
            }
            #expect(here.lines.all.filter { $0.contains("reference catalogue cannot be used") }.count == 1)
            if trouble != .missing { try FileManager.default.removeItem(at: here.tile) }
            try whole.write(to: here.tile)
            let mended = try stage.measured(again)
            #expect(mended.recipe == healthy.recipe && mended.solution == healthy.solution)
            #expect(mended.detections == healthy.detections && mended.notSolved == nil)
        }
    }

    @Test("a folder that is replaced by another catalogue is opened anew after trouble")
    func replaced() throws {
        try SkyBench.with(sky) { here in
            let frame = try sky.frame(here.bench)
            try Trouble.missing.make(here.tile)
            let stage = here.stage
            _ = try reason(stage, frame)
            try FileManager.default.removeItem(atPath: here.folder)
            #expect(try reason(stage, frame).contains("there is no catalogue here"))
            var deeper = sky
            deeper.stars.append((x: 118.5, y: 98.5, flux: 3000))
            try deeper.build(here.folder)
            #expect(try stage.measured(frame).solution != nil)
        }
    }

    @Test("an index that is damaged or of another catalogue is waited for under its name where it is needed")
    func index() throws {
        let wide = SmallSky(seed: 4, arcsecPerPixel: 50)
        try SkyBench.with(wide, index: true) { here in
            let whole = try Data(contentsOf: here.index)
            for length in [whole.count, 100, 0] {
                try whole.prefix(length).write(to: here.index)
                if length == whole.count { try SkyBench.damage(here.index) }
                let frame = try wide.frame(here.bench, pointing: false)
                #expect(try reason(here.stage, frame).contains(here.index.path))
            }
            try whole.write(to: here.index)
            #expect(try here.stage.measured(try wide.frame(here.bench, pointing: false)).solution != nil)
        }
    }

    @Test("what went bad in the cache of a stored catalogue is fetched anew; what is bad in the store is waited for")
    func stored() throws {
        let wide = SmallSky(seed: 4, arcsecPerPixel: 50)
        try SkyBench.with(wide, index: true) { here in
            let store = here.bench.store
            try store.publishCatalogue(folder: here.folder, id: "small")
            let place = CatalogueInUse.Place.stored(id: "small", cache: here.folder + "-cache")
            let frame = try wide.frame(here.bench, pointing: false)
            let healthy = try here.stage(place).measured(frame)
            #expect(healthy.solution?.rung == "blind")
            let cache = here.folder + "-cache/"
            let copy = cache + (try #require(try FileManager.default.contentsOfDirectory(atPath: cache).first)) + "/"
            let names = [SmallSky.tile(), "blind.index", "catalogue.json"]
            for name in names {
                #expect(FileManager.default.contentsEqual(atPath: copy + name, andPath: here.folder + "/" + name))
                try SkyBench.damage(URL(fileURLWithPath: copy + name))
            }
            var again = frame
            again.flags = ["asked again"]
            let refetched = try here.stage(place).measured(again)
            #expect(refetched.recipe == healthy.recipe && refetched.solution == healthy.solution)
            for name in names.dropLast() {
                again.flags.append(name)
                let object = "tiles/small/" + name
                let whole = try store.read(object)
                try store.write(object, data: Data(whole.reversed()))
                try SkyBench.damage(URL(fileURLWithPath: copy + name))
                let stage = here.stage(place)
                let reason = try reason(stage, again)
                #expect(reason.contains(name) && reason.contains("nightjar catalog publish mends"), "\(reason)")
                #expect(try store.publishCatalogue(folder: here.folder, id: "small").written == 1)
                #expect(try stage.measured(again).solution == healthy.solution)
            }
        }
    }

    @Test("while the catalogue cannot be opened nothing is measured, and the reason names it")
    func away() throws {
        try SkyBench.with(sky) { here in
            try FileManager.default.removeItem(atPath: here.folder)
            #expect(try reason(here.stage, try sky.frame(here.bench)).contains(here.folder))
        }
    }

    @Test("a frame that waits for a tile says so in every heartbeat, and is taken up by itself once the tile is whole")
    func takenUp() throws {
        try SkyBench.with(sky) { here in
            let whole = try Data(contentsOf: here.tile)
            try SkyBench.damage(here.tile)
            let (bus, stop, lines, markers) = (InMemoryBus(), StopFlag(), LogLines(), MemoryAttemptMarkers())
            try bus.publish(try sky.frame(here.bench))
            let routes = Routes().on(FrameCalibrated.self, here.stage.calibrated)
            let source = MendingSource(bus.source(group: "photometer", topics: routes.topics), stop)
            var states: [String] = []
            source.whileWaiting = { waits in
                states = try bus.events(ServiceHeartbeat.self).map(\.payload.state)
                if waits == 5 { try whole.write(to: here.tile) }
            }
            var options = WorkerOptions(
                markers: markers, environment: [:], heartbeat: Heartbeat(instance: "host-2", intervalSeconds: 1e-6))
            options.backOff = BackOff(firstSeconds: 0.001, longestSeconds: 0.004)
            let worker = Worker(
                service: "photometer", from: source, to: bus.sink(), routes: routes, options: options, stop: stop,
                log: lines.log)
            worker.run()
            let waiting = states.filter { $0.hasPrefix("waiting: reference catalogue: \(here.tile.path): ") }
            #expect(waiting.count >= 3 && waiting.allSatisfy { $0.contains("nightjar catalog info") }, "\(states)")
            let events = try bus.events(FrameMeasured.self).map(\.payload)
            #expect(events.count == 1 && events.first?.solution?.rung == "hint")
            #expect(worker.counts.failedAttempts == 0 && worker.counts.unavailableEpisodes == 1)
            #expect(bus.messages(on: MessageDeadLettered.type.topic).isEmpty)
            #expect(lines.contain("waiting for=") && lines.contain("waiting is over"))
        }
    }
}

/// A source that lets somebody mend things while the worker waits, and ends it after the first message.
private final class MendingSource: Source {
    var whileWaiting: (_ waits: Int) throws -> Void = { _ in }
    private let source: InMemorySource
    private let stop: StopFlag
    private var waits = 0

    init(_ source: InMemorySource, _ stop: StopFlag) {
        (self.source, self.stop) = (source, stop)
    }

    func receive(timeoutMilliseconds: Int) throws(Unavailable) -> Delivery? {
        try source.receive(timeoutMilliseconds: timeoutMilliseconds)
    }

    func acknowledge(_ delivery: Delivery) throws(Unavailable) {
        try source.acknowledge(delivery)
        stop.raise()
    }

    func stayAlive(milliseconds: Int) throws(Unavailable) {
        waits += 1
        do { try whileWaiting(waits) } catch { throw Unavailable("\(error)") }
        try source.stayAlive(milliseconds: milliseconds)
    }
}
