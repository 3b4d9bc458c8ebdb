import Events
import Foundation
import KafkaBus
import Pipeline
import PortableNumbers
import Testing

@testable import nightjar

extension NightTests {
    @Suite(.serialized) struct Order {
        @Test("frames handed in in any order give the same light curves, byte for byte", arguments: [1, 2] as [UInt64])
        func shuffled(seed: UInt64) throws {
            let night = try NightTests.night
            var generator = SplitMix64(seed: seed)
            let frames = night.frames.shuffled(using: &generator)
            let result = try NightSystem.run(night, name: "shuffled-\(seed)") { system in
                try system.hand(frames)
                try system.closeNights(files: frames.count)
                return try NightResult(system)
            }
            try NightTests.expectSame(result)
        }
    }

    @Suite(.serialized) struct Killed {
        @Test(
            "each service killed with -9 once, and the broker come back empty: in = out, the same curves, bit for bit")
        func everyone() throws {
            let night = try NightTests.night
            let result = try NightSystem.run(night, name: "killed") { system in
                let lights = night.lights
                let third = lights.count / 3
                try system.hand(night.calibration + lights.prefix(third))
                try system.wait(for: "first frames") { try system.ledger().files >= 5 }
                try system.kill("ingest")
                try system.waitForMeasured(1)
                for part in ["calibrator", "photometer-1", "alerter"] { try system.kill(part) }
                try system.hand(Array(lights[third..<2 * third]))
                try system.waitForMeasured(third)
                try system.kill("archiver")
                try system.hand(Array(lights[(2 * third)...]))
                try system.waitForMeasured(2 * third - 2)
                try system.kill("broker")
                try system.waitForLights(files: night.frames.count)
                try system.requestClose()
                for part in ["photometer-2", "harvester"] { try system.kill(part) }
                try system.waitUntilClosed()
                try expectEverybodyDied(system)
                #expect(try system.ledger().addsUp && system.ledger().files == night.frames.count)
                try expectValid(try BusCapture(system))
                return try NightResult(system)
            }
            try NightTests.expectSame(result)
        }

        /// What is said again is the same event as before, and as its schema says.
        private func expectValid(_ capture: BusCapture) throws {
            guard Program.hasPythonTools else { return }
            let judged = try Program.judge(capture, in: try NightTests.night.folder)
            #expect(judged.status == 0, "\(judged.output)")
        }

        private func expectEverybodyDied(_ system: NightSystem) throws {
            let survivors = system.supervisor.status().filter { $0.restarts == 0 }.map(\.name)
            #expect(survivors == ["postgres"])
        }
    }

    @Suite(.serialized) struct Away {
        @Test("database killed and broker standing still in the middle of a night: nothing is lost")
        func inTheMiddle() throws {
            let night = try NightTests.night
            let result = try NightSystem.run(night, name: "away") { system in
                try system.hand(night.frames)
                try system.waitForMeasured(3)
                try system.kill("postgres")
                try system.waitForMeasured(10)
                let broker = try #require(system.supervisor.pids()["broker"])
                kill(broker, SIGSTOP)
                Thread.sleep(forTimeInterval: 8)
                kill(broker, SIGCONT)
                try system.closeNights(files: night.frames.count)
                #expect(try system.ledger().addsUp)
                return try NightResult(system)
            }
            try NightTests.expectSame(result)
        }

        @Test("without a broker at the start the services wait, and work when it comes")
        func late() throws {
            let night = try NightTests.night
            let port = try FreePort.find()
            try NightSystem.run(night, name: "late-broker", brokers: "127.0.0.1:\(port)") { system in
                let light = try #require(night.lights.first)
                try system.hand([light])
                Thread.sleep(forTimeInterval: 4)
                #expect(try system.ledger().files == 0)
                #expect(system.supervisor.status().allSatisfy { $0.isRunning && $0.restarts == 0 })
                let log = Log(service: "broker", level: .error)
                let broker = try EmbeddedBroker(topics: EventType.all, listeningOn: "127.0.0.1:\(port)", log: log)
                try withExtendedLifetime(broker) {
                    try system.closeNights(files: 1)
                    #expect(try system.ledger().measured == 1 && system.ledger().addsUp)
                    #expect(system.supervisor.status().allSatisfy { $0.restarts == 0 })
                    system.supervisor.stop()
                }
            }
        }
    }
}

/// A port on loopback that nobody listens on.
enum FreePort {
    struct NotFound: Error {}

    static func find() throws -> UInt16 {
        let probe = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(probe) }
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &place) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(probe, address, size) == 0 ? getsockname(probe, address, &size) : -1
            }
        }
        guard status == 0 else { throw NotFound() }
        return UInt16(bigEndian: place.sin_port)
    }
}
