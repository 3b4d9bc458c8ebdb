import Foundation
import Pipeline
import Testing

struct SettingsTests {
    @Test("all problems are reported together, each with its setting")
    func together() {
        let settings = Settings([
            "NIGHTJAR_BROKERS": "broker", "NIGHTJAR_LOG": "loud", "NIGHTJAR_SESSION_TIMEOUT_MS": "soon",
            "NIGHTJAR_CHILD_SECONDS": "nan", "NIGHTJAR_CHILD_MEGABYTES": "0",
        ])
        _ = BusSettings(settings)
        _ = settings.url("NIGHTJAR_FRAME_STORE", schemes: ["file", "s3"])
        let error = #expect(throws: InvalidSettings.self) { try settings.verify() }
        let text = error?.description ?? ""
        for name in [
            "NIGHTJAR_BROKERS", "NIGHTJAR_LOG", "NIGHTJAR_SESSION_TIMEOUT_MS", "NIGHTJAR_CHILD_SECONDS",
            "NIGHTJAR_CHILD_MEGABYTES", "NIGHTJAR_FRAME_STORE",
        ] {
            #expect(text.contains(name))
        }
        #expect(error?.problems.count == 6)
        #expect(text.contains("'loud'; it must be one of debug, info, warning, error"))
    }

    @Test("what is set is read, and what is not has its default")
    func values() throws {
        let settings = Settings([
            "NIGHTJAR_BROKERS": "a:1,b:2", "NIGHTJAR_INSTANCE": " worker 7 ", "NIGHTJAR_ATTEMPTS": "/var/attempts",
            "NIGHTJAR_KAFKA_OPTIONS": "sasl.username=me, sasl.password=a\\,b=c",
        ])
        let bus = BusSettings(settings)
        try settings.verify()
        #expect(bus.brokers == "a:1,b:2")
        #expect(bus.instance == "worker 7")
        #expect(bus.sessionTimeoutMilliseconds == 10_000)
        #expect(bus.kafkaOptions.map(\.key) == ["sasl.username", "sasl.password"])
        #expect(bus.kafkaOptions.map(\.value.revealed) == ["me", "a,b=c"])
        #expect(bus.attemptsDirectory.path == "/var/attempts")
    }

    @Test("a secret is never printed, not even when it is wrong")
    func secrets() {
        let settings = Settings(["NIGHTJAR_DATABASE": "postgres://u:hunter2@h/d", "NIGHTJAR_KAFKA_OPTIONS": "hunter2"])
        let secret = settings.secret("NIGHTJAR_DATABASE")
        _ = settings.pairs("NIGHTJAR_KAFKA_OPTIONS")
        let error = #expect(throws: InvalidSettings.self) { try settings.verify() }
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", "\(error.debugDescription)", dumped, String(reflecting: secret), "\([secret])"] {
            #expect(!text.contains("hunter2"))
        }
        #expect(secret.revealed == "postgres://u:hunter2@h/d")
    }
}

struct LogTests {
    @Test("an event is one line, whatever is in it")
    func oneLine() {
        let kept = Lines()
        let clock = Clock(now: { 1_795_255_200.1239 }, elapsed: { 0 })
        let log = Log(service: "ingest", level: .info, clock: clock, write: kept.add)
        log.warning("bad\nname", ["file": "a \"b\"\r\n\u{1B}[31m=\u{2028}", "id": "7f", "empty": ""])
        log.debug("not shown")
        let line = kept.all.first ?? ""
        #expect(line.hasPrefix("2026-11-21T10:00:00.123Z ingest["))
        #expect(line.hasSuffix(#"warning bad\nname file="a \"b\"\r\n\u{1b}[31m=\u{2028}" id=7f empty="""#))
        #expect(kept.all.count == 1)
    }

    @Test(
        "times before 1970, at leap days and at the century are right",
        arguments: [
            (-0.001, "1969-12-31T23:59:59.999Z"), (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ])
    func times(seconds: Double, text: String) {
        #expect(iso8601(seconds) == text)
    }
}

struct StopFlagTests {
    @Test("SIGTERM raises the flag and does not end the process")
    func signals() {
        let flag = StopFlag.onSignals()
        #expect(!flag.isRaised)
        kill(getpid(), SIGTERM)
        for _ in 0..<100 where !flag.isRaised { usleep(1000) }
        #expect(flag.isRaised)
        #expect(!StopFlag().isRaised)
    }
}
