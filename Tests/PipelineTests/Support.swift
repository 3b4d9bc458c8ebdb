import Events
import Foundation
import Pipeline
import Synchronization

/// Keeps a log's lines.
final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }
    var add: @Sendable (String) -> Void { { line in self.lines.withLock { $0.append(line) } } }
    var log: Log { Log(service: "tester", level: .debug, write: add) }
}

/// Raises the stop flag once enough messages are acknowledged.
final class StoppingSource: Source {
    private let source: any Source
    private var left: Int
    private let stop: StopFlag

    init(_ source: any Source, after messages: Int, _ stop: StopFlag) {
        self.source = source
        left = messages
        self.stop = stop
    }

    func receive(timeoutMilliseconds: Int) throws(Unavailable) -> Delivery? {
        try source.receive(timeoutMilliseconds: timeoutMilliseconds)
    }

    func acknowledge(_ delivery: Delivery) throws(Unavailable) {
        try source.acknowledge(delivery)
        left -= 1
        if left == 0 { stop.raise() }
    }

    func stayAlive(milliseconds: Int) throws(Unavailable) {
        try source.stayAlive(milliseconds: milliseconds)
    }
}

enum TestEvents {
    static func received(_ name: String) -> FrameReceived {
        let frameID = String(repeating: "0", count: 32 - name.utf8.count) + name
        var exposure = ExposureFacts(
            kind: .light, exposureSeconds: 30, midpointMJDUTC: 60000, binningX: 1, binningY: 1, width: 10, height: 10)
        exposure.filter = "V"
        return FrameReceived(
            frameID: frameID, raw: StoredFile(url: "frames:raw/00/\(frameID)", sha256: frameID, bytes: 2880),
            originalName: "\(name).fits", contentSHA256: frameID, night: "2023-02-24",
            instrument: InstrumentFacts(id: "cam", revision: 1, gainSource: "unknown"), exposure: exposure, notes: [])
    }
}
