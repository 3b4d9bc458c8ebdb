import Foundation
import Testing

@testable import nightjar

@Suite struct WaitingTests {
    private func wait(_ instance: String, _ reason: String) -> WaitingService {
        WaitingService(instance: instance, service: "photometer", reason: reason)
    }

    @Test("what a service waits for is told once, after more than a moment, and again when it comes back")
    func told() {
        let (waits, start) = (WaitsTold(), Date(timeIntervalSince1970: 0))
        var said: [String] = []
        let look = { (seconds: Double, services: [WaitingService]) in
            waits.note(services, now: start + seconds) { said.append($0) }
        }
        let (tile, store) = (wait("photometer-1", "12.tile is damaged"), wait("photometer-2", "frame store"))
        look(0, [tile])
        look(5, [tile, store])
        #expect(said.isEmpty && waits.current.isEmpty)
        look(9, [tile])
        look(20, [tile])
        #expect(said == ["photometer photometer-1 is waiting: 12.tile is damaged"] && waits.current == said)
        look(21, [])
        look(22, [tile])
        #expect(waits.current.isEmpty && said.count == 1)
        look(40, [tile])
        #expect(said.count == 2)
    }

    @Test("who gives up says what stood in the way")
    func givesUp() {
        let waiting = Waiting(patienceSeconds: 0, obstacles: { ["photometer is waiting: 12.tile is damaged"] })
        let error = #expect(throws: SystemError.self) { try waiting.until("frames", total: 2) { (1, false, "") } }
        #expect("\(error as Any)".contains("photometer is waiting: 12.tile is damaged"))
        #expect(error?.status == 75)
        #expect("\(error as Any)".contains("for 0 s; "), "no empty remark")
    }

    @Test("frames that are left are named, a whole night of them not all")
    func named() {
        #expect(NightRun.named([]).isEmpty)
        #expect(NightRun.named(["a.fits", "b.fits"]) == ["waiting frames: a.fits, b.fits"])
        let many = NightRun.named((1...25).map { "\($0).fits" })
        #expect(many.count == 1 && many[0].hasSuffix(", 20.fits, and 5 more"))
    }
}
