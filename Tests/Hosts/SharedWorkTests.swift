import Foundation
import Testing

@Suite(.serialized) struct SharedWorkTests {
    @Test("six photometers of one group share a night")
    func sixWorkers() throws {
        try NightOfManyHands.run(workers: 6) { night in
            try night.handIn()
            try night.expectEverythingMeasured()
            night.stop()
            let handled = try (1...6).map { try NightOfManyHands.handled(night.log(of: "photometer-\($0)")) }
            print("frames handled by each of six photometers: \(handled)")
            #expect(handled.reduce(0, +) >= NightOfManyHands.lights)
            #expect(handled.allSatisfy { $0 > 0 && $0 < NightOfManyHands.lights / 2 })
        }
    }

    @Test("photometers on another host, with the frame store mounted elsewhere, share a night")
    func otherHost() throws {
        if let obstacle = Host.obstacle {
            print("Photometers on another host were not tried: \(obstacle)")
            return
        }
        try Host.pair { main, other in
            let listen = "\(main.address):9092"
            try NightOfManyHands.run(on: main, workers: 2, options: ["--listen", listen]) { night in
                let remote = RemotePhotometers(host: other, night: night, brokers: listen)
                defer { remote.stop() }
                try remote.start(count: 2)
                try night.handIn()
                try night.expectEverythingMeasured()
                remote.stop()
                night.stop()
                let here = try (1...2).map { try NightOfManyHands.handled(night.log(of: "photometer-\($0)")) }
                let there = try remote.logs.map { try NightOfManyHands.handled($0) }
                print("frames handled by photometers on the main host: \(here), on the other: \(there)")
                #expect((here + there).allSatisfy { $0 > 0 })
                #expect((here + there).reduce(0, +) >= NightOfManyHands.lights)
            }
        }
    }

    @Test("photometers on another host go on when the broker is killed with -9 and comes back empty")
    func brokerIsKilled() throws {
        if let obstacle = Host.obstacle {
            print("A broker killed under photometers of another host was not tried: \(obstacle)")
            return
        }
        try Host.pair { main, other in
            let listen = "\(main.address):9092"
            try NightOfManyHands.run(on: main, workers: 1, options: ["--listen", listen]) { night in
                let remote = RemotePhotometers(host: other, night: night, brokers: listen)
                defer { remote.stop() }
                try remote.start(count: 1)
                try night.handIn { part in
                    guard part == 0 else { return }
                    kill(try night.pid(of: "broker"), SIGKILL)
                }
                try night.expectEverythingMeasured()
                remote.stop()
                night.stop()
                #expect(try remote.logs.map { try NightOfManyHands.handled($0) }.allSatisfy { $0 > 0 })
            }
        }
    }
}
