import Events
import Foundation
import FrameStore
import Pipeline
import TestKit
import Testing

@testable import calibrator

@Suite("Files of the store that are lost or damaged")
struct LostFilesTests {
    enum Damage: CaseIterable {
        case missing, cut, text, otherSize
    }

    private func damage(_ frame: FrameReceived, _ how: Damage, _ bench: Bench) throws {
        let path = try bench.store.path(of: frame.raw.url)
        let bytes = try Data(contentsOf: URL(filePath: path))
        switch how {
        case .missing: try FileManager.default.removeItem(atPath: path)
        case .cut: try bytes.prefix(3000).write(to: URL(filePath: path))
        case .text: try Data("no FITS any more".utf8).write(to: URL(filePath: path))
        case .otherSize: try Data(RawFITS.exposure(width: 20, height: 10)).write(to: URL(filePath: path))
        }
    }

    @Test(
        "one lost bias is refused by name; the others make the master, and no light is lost", arguments: Damage.allCases
    )
    func oneBias(_ how: Damage) throws {
        try withBench { bench in
            let biases = try (0..<4).map(bench.bias)
            try damage(biases[2], how, bench)
            let out = try bench.calibrate(bench.light())
            let master = try #require(out.payloads(MasterBuilt.self).first)
            #expect(Set(master.inputs) == Set([0, 1, 3].map { biases[$0].frameID }))
            let refused = try out.payloads(FrameRejected.self)
            #expect(refused.map(\.frameID) == [biases[2].frameID])
            #expect(refused.first?.reason.contains(biases[2].originalName) == true)
            #expect(refused.first?.code == "calibrationUnusable")
            let calibrated = try #require(out.payloads(FrameCalibrated.self).first)
            #expect(calibrated.masters.map(\.masterID) == [master.masterID])
        }
    }

    @Test("when all biases are lost each is refused, and the light goes on without a master")
    func allBiases() throws {
        try withBench { bench in
            let biases = try (0..<3).map(bench.bias)
            for bias in biases { try damage(bias, .missing, bench) }
            let out = try bench.calibrate(bench.light())
            #expect(try Set(out.payloads(FrameRejected.self).map(\.frameID)) == Set(biases.map(\.frameID)))
            let calibrated = try #require(out.payloads(FrameCalibrated.self).first)
            #expect(calibrated.masters.isEmpty && calibrated.flags.contains("noBias"))
            // A calibrator that starts anew says the same.
            bench.stage = CalibrateStage(store: bench.store, quietSeconds: 60, elapsed: bench.clock.clock.elapsed)
            #expect(try bench.calibrate(bench.light()).payloads(FrameRejected.self).count == 3)
        }
    }

    @Test("a master that is lost from the store is built again under its name, at the latest with the next attempt")
    func lostMaster() throws {
        try withBench { bench in
            for number in 0..<3 { _ = try bench.bias(number) }
            let first = try bench.calibrate(bench.light(1200))
            let master = try #require(first.payloads(MasterBuilt.self).first)
            let path = try bench.store.path(of: master.file.url)
            let bytes = try Data(contentsOf: URL(filePath: path))
            try FileManager.default.removeItem(atPath: path)
            bench.stage = CalibrateStage(store: bench.store, quietSeconds: 60, elapsed: bench.clock.clock.elapsed)
            let light = try bench.light(1300)
            #expect(try bench.calibrate(light).payloads(MasterBuilt.self) == [master])
            #expect(try Data(contentsOf: URL(filePath: path)) == bytes)
        }
    }

    @Test(
        "closing a night goes on without a light whose raw file is lost or damaged, and says so",
        arguments: Damage.allCases)
    func closing(_ how: Damage) throws {
        try withBench { bench in
            let lights = try [1200, 1300, 1400].map(bench.light)
            try damage(lights[1], how, bench)
            let out = try bench.close()
            let night = try #require(out.payloads(NightRecalibrated.self).first)
            #expect(Set(night.recipes.keys) == [lights[0].frameID, lights[2].frameID])
            #expect(try out.payloads(FrameRejected.self).map(\.frameID) == [lights[1].frameID])
            #expect(try out.payloads(FrameCalibrated.self).count == 2)
        }
    }

    @Test("planes that were cleared from the cache are computed again, byte for byte, when the night is closed")
    func cache() throws {
        try withBench { bench in
            let light = try bench.light()
            let first = try #require(bench.calibrate(light).payloads(FrameCalibrated.self).first)
            #expect(try bench.close().payloads(FrameCalibrated.self).isEmpty)
            try FileManager.default.removeItem(atPath: bench.store.path(of: first.calibrated.url))
            let again = try #require(bench.close(revision: 2).payloads(FrameCalibrated.self).first)
            #expect(again.calibrated == first.calibrated)
            #expect(again.recipe == first.recipe)
        }
    }

    @Test("messages that are no events of ours end as dead letters with their cause, and a light between them goes on")
    func hostile() throws {
        try withBench { bench in
            let routes = Routes().on(FrameReceived.self, bench.stage.received).on(NightClosed.self, bench.stage.closed)
            let hostile = try routes.types.flatMap {
                try HostileMessages.all(on: $0, example: publishedExample(of: $0))
            }
            let light = try EventCodec.encode(bench.light(), source: "ingest", trace: Trace(), time: "")
            let bus = InMemoryBus()
            let letters = try handleAll(
                hostile.map(\.message) + [light], service: "calibrator", routes: routes, bus: bus, log: LogLines().log)
            #expect(letters.count == hostile.count)
            for one in hostile {
                let letter = letters["\(one.message.topic) \(one.message.key)"]
                #expect(
                    letter?.error.contains(one.cause) == true, "\(one.message.key): \(letter?.error ?? "no letter")")
                #expect(letter?.originalValueBase64 == one.message.value.base64EncodedString())
            }
            #expect(try bus.events(FrameCalibrated.self).count == 1)
        }
    }
}
