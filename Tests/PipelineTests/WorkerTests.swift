import Events
import Foundation
import TestKit
import Testing

@testable import Pipeline

struct Broken: Error {}

/// The worker with the bus in memory: each of the four fates, heartbeats, periodic duties.
struct WorkerTests {
    let bus = InMemoryBus()
    let stop = StopFlag()
    let markers = MemoryAttemptMarkers()
    let lines = Lines()

    /// Runs a worker until it has done `messages` messages.
    private func work(
        _ routes: Routes, messages: Int, child: ChildProcess = ChildProcess(executable: "/bin/false"),
        configure: (inout WorkerOptions) -> Void = { _ in }
    ) -> Worker {
        var options = WorkerOptions(markers: markers, environment: [:], child: child)
        options.backOff = BackOff(firstSeconds: 0.001, longestSeconds: 0.004)
        options.periodically = Periodic(intervalSeconds: 0, idleSeconds: 0) { [] }
        configure(&options)
        let source = StoppingSource(bus.source(group: "g", topics: routes.topics + ["other"]), after: messages, stop)
        let worker = Worker(
            service: "tester", from: source, to: bus.sink(), routes: routes, options: options, stop: stop,
            log: lines.log)
        worker.run()
        return worker
    }

    private var letters: [MessageDeadLettered] {
        get throws { try bus.events(MessageDeadLettered.self).map(\.payload) }
    }

    @Test("a handled event is published with trace, timings and time, and acknowledged")
    func done() throws {
        try bus.publish(TestEvents.received("a"), trace: Trace(parent: "00-aa-bb-01", timings: "ingest=3"))
        let routes = Routes().on(FrameReceived.self) { event in
            [
                Outgoing(
                    NightClosed(
                        instrument: event.payload.instrument.id, night: event.payload.night, revision: 1, frames: 7))
            ]
        }
        #expect(work(routes, messages: 1).counts.handled == 1)
        let message = try #require(bus.messages(on: NightClosed.type.topic).first)
        #expect(message.header("traceparent") == "00-aa-bb-01")
        #expect(message.header("nightjar_timings")?.hasPrefix("ingest=3;tester=") == true)
        #expect(message.header("ce_time")?.hasSuffix("Z") == true)
        #expect(message.header("ce_source") == "nightjar/tester")
        #expect(try bus.source(group: "g", topics: routes.topics).receive(timeoutMilliseconds: 1) == nil)
    }

    @Test("a rejection of an event about a frame becomes frame.rejected with stage, code and reason")
    func rejected() throws {
        try bus.publish(TestEvents.received("a"))
        let routes = Routes().on(FrameReceived.self) { _ in throw Rejection(.noUsablePixels, "all 100 pixels are NaN") }
        #expect(work(routes, messages: 1).counts.rejected == 1)
        let event = try #require(try bus.events(FrameRejected.self).first)
        #expect(event.payload.stage == "tester")
        #expect(event.payload.code == "noUsablePixels")
        #expect(event.payload.reason == "all 100 pixels are NaN")
        #expect(event.payload.frameID == TestEvents.received("a").frameID)
        #expect(event.trace.parent?.contains(event.payload.frameID) == true)
        #expect(try letters.isEmpty)
    }

    @Test("a rejection of an event about no frame is dead-lettered at once")
    func rejectedWithoutFrame() throws {
        try bus.publish(NightClosed(instrument: "i", night: "2026-01-01", revision: 1, frames: 0))
        _ = work(Routes().on(NightClosed.self) { _ in throw Rejection(.timeUnknown, "no") }, messages: 1)
        #expect(try letters.map(\.attempts) == [1])
        #expect(try letters.first?.error == "timeUnknown: no")
    }

    @Test(
        "what is not the event it claims to be is dead-lettered at once, with its bytes",
        arguments: ["", "no JSON", "{}", "[1]", "\u{0}", #"{"instrument": 5}"#])
    func malformed(text: String) throws {
        let message = Message(
            topic: NightClosed.type.topic, key: "k", headers: [Message.Header("ce_id", "x")], value: Data(text.utf8))
        try bus.sink().publish([message])
        _ = work(Routes().on(NightClosed.self) { _ in [] }, messages: 1)
        let letter = try #require(try letters.first)
        #expect(letter.attempts == 1)
        #expect(letter.originalTopic == NightClosed.type.topic && letter.originalKey == "k")
        #expect(Data(base64Encoded: letter.originalValueBase64) == Data(text.utf8))
        #expect(letter.originalHeaders == message.headers)
    }

    @Test("a topic without a handler and a message without an id are dead-lettered at once")
    func unknown() throws {
        try bus.sink().publish([Message(topic: "other", key: "k", headers: [], value: Data())])
        try bus.sink().publish([Message(topic: NightClosed.type.topic, key: "k", headers: [], value: Data("{}".utf8))])
        _ = work(Routes().on(NightClosed.self) { _ in [] }, messages: 2)
        #expect(
            Set(try letters.map(\.error)) == [
                "no handler for messages on other: unknown type or major version",
                "malformed event on nightjar.night.closed.v1: it has no ce_id header",
            ])
    }

    @Test("what is away is waited for, logged once, and never counted")
    func unavailable() throws {
        try bus.publish(TestEvents.received("a"))
        var calls = 0
        let routes = Routes().on(FrameReceived.self) { _ in
            calls += 1
            if calls < 8 { throw Unavailable("frame store /data: No space left on device") }
            return []
        }
        let worker = work(routes, messages: 1)
        #expect(worker.counts.unavailableEpisodes == 1)
        #expect(worker.counts.failedAttempts == 0)
        #expect(calls == 8)
        #expect(lines.all.filter { $0.contains("No space left") && $0.contains("warning waiting") }.count == 1)
        #expect(lines.all.filter { $0.contains("waiting is over") }.count == 1)
        #expect(try letters.isEmpty)
    }

    @Test("an error is tried again twice; the third attempt is a child's, and its death is the dead letter's error")
    func failing() throws {
        try bus.publish(TestEvents.received("a"))
        var calls = 0
        let routes = Routes().on(FrameReceived.self) { _ in
            calls += 1
            throw Broken()
        }
        let child = ChildProcess(executable: "/bin/sh", arguments: ["-c", "kill -SEGV $$"])
        #expect(work(routes, messages: 1, child: child).counts.failedAttempts == 3)
        #expect(calls == 2)
        let letter = try #require(try letters.first)
        #expect(letter.attempts == 3)
        #expect(letter.error.contains("killed by signal 11"))
        #expect(letter.frameID == TestEvents.received("a").frameID)
        #expect(
            try markers.mark(
                Delivery(message: bus.messages(on: FrameReceived.type.topic)[0], partition: 0, offset: 0),
                service: "tester") == 1)
    }

    @Test("an output that the bus refuses ends as a dead letter, one too large for the bus without its bytes")
    func tooLarge() throws {
        let small = InMemoryBus(largestValue: 1000)
        let event = TestEvents.received("a")
        try small.publish(event)
        let routes = Routes().on(FrameReceived.self) { _ in
            [
                Outgoing(
                    NightRecalibrated(
                        instrument: "i", night: "n", revision: 1, recipes: ["f": String(repeating: "x", count: 2000)]))
            ]
        }
        var options = WorkerOptions(markers: markers, environment: [:])
        options.backOff = BackOff(firstSeconds: 0.001, longestSeconds: 0.002)
        let source = StoppingSource(small.source(group: "g", topics: routes.topics), after: 1, stop)
        // Two attempts in this process; the third, a child's, fails as well.
        options.child = ChildProcess(executable: "/bin/false")
        Worker(
            service: "tester", from: source, to: small.sink(), routes: routes, options: options, stop: stop,
            log: lines.log
        ).run()
        let letter = try #require(try small.events(MessageDeadLettered.self).first)
        #expect(letter.payload.attempts == 3)
        #expect(letter.payload.originalValueBase64.isEmpty)
        #expect(letter.payload.error.contains("bytes are left out"))
    }

    @Test("periodic duties are done between messages, and what they return is published")
    func periodic() throws {
        var rounds = 0
        _ = work(Routes(), messages: 0) { options in
            options.periodically = Periodic(intervalSeconds: 0, idleSeconds: 0) {
                rounds += 1
                if rounds == 1 { throw Unavailable("database is away") }
                if rounds == 2 { throw Broken() }
                if rounds == 4 { stop.raise() }
                return [Outgoing(NightClosed(instrument: "i", night: "n", revision: rounds, frames: 1))]
            }
        }
        #expect(try bus.events(NightClosed.self).map(\.payload.revision) == [3, 4])
        #expect(lines.all.contains { $0.contains("periodic duty failed") })
    }

    @Test("heartbeats go on while something is away, and say what")
    func heartbeat() throws {
        try bus.publish(TestEvents.received("a"))
        var calls = 0
        let routes = Routes().on(FrameReceived.self) { _ in
            calls += 1
            if calls < 6 { throw Unavailable("the database") }
            return []
        }
        _ = work(routes, messages: 1) { options in
            options.heartbeat = Heartbeat(instance: "one", intervalSeconds: 0.001) { $0.pendingFrames = 12 }
        }
        let beats = try bus.events(ServiceHeartbeat.self).map(\.payload)
        #expect(Set(beats.map(\.state)).isSuperset(of: ["running", "waiting: the database"]))
        #expect(beats.allSatisfy { $0.pendingFrames == 12 && $0.instance == "one" })
        let sequences = beats.map(\.sequence)
        #expect(zip(sequences, sequences.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test("the child writes the outcome of its one message and asks the bus for nothing")
    func child() throws {
        try bus.publish(TestEvents.received("a"))
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let file = folder.appending(path: "m").path
        let message = bus.messages(on: FrameReceived.type.topic)[0]
        try SingleMessage.write(Delivery(message: message, partition: 3, offset: 9), to: file)
        let routes = Routes().on(FrameReceived.self) { _ in throw Rejection(.corrupt, "bad") }
        bus.setAway(true)
        let options = WorkerOptions(markers: markers, environment: [SingleMessage.environmentName: file])
        Worker(
            service: "tester", from: bus.source(group: "g", topics: []), to: bus.sink(), routes: routes,
            options: options,
            stop: stop, log: lines.log
        ).run()
        guard case .rejected(let messages, let reason) = try SingleMessage.outcome(at: file + ".outcome") else {
            Issue.record("not rejected")
            return
        }
        #expect(messages.map(\.topic) == [FrameRejected.type.topic])
        #expect(reason == "corrupt: bad")
        try FileManager.default.removeItem(at: folder)
    }
}
