import Events
import Foundation
import Testing

@testable import Pipeline

/// Attempts counted on disk, and made in a child process.
struct AttemptTests {
    let folder = FileManager.default.temporaryDirectory.appending(path: "attempts-\(UUID().uuidString)")

    private func delivery(_ id: String?, value: String = "v", offset: Int = 4) -> Delivery {
        let headers = id.map { [Message.Header("ce_id", $0)] } ?? []
        return Delivery(
            message: Message(topic: "t", key: "k", headers: headers, value: Data(value.utf8)), partition: 1,
            offset: offset)
    }

    @Test("attempts are counted across processes, taken back, and forgotten when the message is done")
    func counting() throws {
        defer { remove() }
        let one = delivery("one")
        #expect(try FileAttemptMarkers(directory: folder).mark(one, service: "a") == 1)
        #expect(try FileAttemptMarkers(directory: folder).mark(one, service: "a") == 2)
        let markers = FileAttemptMarkers(directory: folder)
        #expect(try markers.mark(one, service: "b") == 1)
        #expect(try markers.mark(delivery("two"), service: "a") == 1)
        try markers.unmark(one, service: "a")
        #expect(try markers.mark(one, service: "a") == 2)
        try markers.clear(one, service: "a")
        try markers.clear(one, service: "a")
        #expect(try markers.mark(one, service: "a") == 1)
        // The same event at another place is the same event; without an id, place and bytes tell messages apart.
        #expect(try markers.mark(delivery("one", offset: 9), service: "a") == 2)
        #expect(try markers.mark(delivery(nil), service: "a") == 1)
        #expect(try markers.mark(delivery(nil, offset: 5), service: "a") == 1)
        #expect(try markers.mark(delivery(nil, value: "w"), service: "a") == 1)
        #expect(try markers.mark(delivery("../../../etc/passwd\n"), service: "a") == 1)
    }

    @Test("a marker whose writing was cut short counts as one attempt")
    func garbled() throws {
        defer { remove() }
        let markers = FileAttemptMarkers(directory: folder)
        _ = try markers.mark(delivery("x"), service: "a")
        let file = try #require(
            try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).first)
        try Data().write(to: file)
        #expect(try markers.mark(delivery("x"), service: "a") == 2)
    }

    @Test("a directory that cannot be made is unavailable, by name")
    func noDirectory() {
        let markers = FileAttemptMarkers(directory: URL(filePath: "/proc/none"))
        let error = #expect(throws: Unavailable.self) { try markers.mark(delivery("x"), service: "a") }
        #expect(error?.reason.contains("/proc/none") == true)
    }

    private func run(_ script: String, seconds: Double = 20, whileWaiting: () -> Bool = { true }) -> Outcome {
        ChildProcess(
            executable: "/bin/sh", arguments: ["-c", script], timeLimitSeconds: seconds, memoryLimitMegabytes: 512
        )
        .handle(
            delivery("x"), environment: ["KEPT": "yes"], clock: .system,
            whileWaiting: {
                usleep(5000)
                return whileWaiting()
            })
    }

    private func error(_ outcome: Outcome) -> String {
        if case .failed(let error) = outcome { error } else { "\(outcome)" }
    }

    @Test("a child's end is told apart: signal, status, time, nothing to start, told to give up")
    func ends() {
        #expect(error(run("kill -SEGV $$")).contains("killed by signal 11 (Segmentation fault)"))
        #expect(error(run("kill -ABRT $$")).contains("limit 512 MiB"))
        #expect(error(run("exit 7")).contains("ended with status 7 and without an outcome"))
        #expect(error(run("kill -ALRM $$")).contains("ran out of time"))
        #expect(error(run("sleep 30", seconds: 0.05)) == "the child process took longer than the limit of 0.05 s")
        #expect(error(run("echo garbage > $NIGHTJAR_SINGLE_MESSAGE.outcome")).contains("cannot be read"))
        #expect(
            run("sleep 30", whileWaiting: { false })
                == .unavailable(reason: "stopped while a child process was at work"))
        let nowhere = ChildProcess(executable: "/none").handle(
            delivery("x"), environment: [:], clock: .system, whileWaiting: { true })
        #expect(nowhere == .unavailable(reason: "cannot start /none: No such file or directory"))
    }

    @Test("a child gets the environment, the message and the limits, and its outcome comes back")
    func handOver() {
        let outcome = run(
            """
            test "$KEPT" = yes && test -s "$NIGHTJAR_SINGLE_MESSAGE" &&
                test "$NIGHTJAR_SINGLE_MESSAGE_MEGABYTES" = 512 &&
            echo '{"kind":"unavailable","text":"disk","messages":[]}' > "$NIGHTJAR_SINGLE_MESSAGE.outcome"
            """)
        #expect(outcome == .unavailable(reason: "disk"))
    }

    @Test("messages and outcomes go through files unchanged")
    func files() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { remove() }
        let path = folder.appending(path: "m").path
        let message = Message(
            topic: "t", key: "ké\u{0}y", headers: [Message.Header("h", "a\nb")],
            value: Data((0...255).map { UInt8($0) }))
        try SingleMessage.write(Delivery(message: message, partition: 31, offset: 1 << 40), to: path)
        #expect(try SingleMessage.delivery(at: path) == Delivery(message: message, partition: 31, offset: 1 << 40))
        let outcomes: [Outcome] = [
            .done([message]), .rejected([message], reason: "r"), .unusable(error: "u"), .unavailable(reason: "a"),
            .failed(error: "f"),
        ]
        for outcome in outcomes {
            try SingleMessage.write(outcome, to: path)
            #expect(try SingleMessage.outcome(at: path) == outcome)
        }
    }

    private func remove() {
        do { try FileManager.default.removeItem(at: folder) } catch { Issue.record(error) }
    }
}
