import Events
import FITS
import Foundation
import FrameStore
import Hashing
import Imaging
import Pipeline
import TestKit

@testable import calibrator

/// A calibrator with a frame store, and frames that ingest has taken in.
final class Bench {
    let store: FrameStore
    let clock = HandClock()
    let night = "2025-03-01"
    private(set) var count = 0

    init(_ root: String) throws {
        store = try FrameStore(root)
    }

    lazy var stage = CalibrateStage(store: store, quietSeconds: 60, elapsed: clock.clock.elapsed)

    /// A frame as ingest leaves it: raw file, envelope's place empty, entry in the night.
    func take(
        _ kind: FrameKind, _ bytes: [UInt8], width: Int = 40, height: Int = 30, night: String? = nil,
        change: (inout FrameReceived) -> Void = { _ in }
    ) throws -> FrameReceived {
        let night = night ?? self.night
        count += 1
        let sha256 = SHA256.hex(of: Data(bytes))
        let raw = try store.write(StoreNames.raw(sha256: sha256), data: Data(bytes))
        var exposure = ExposureFacts(
            kind: kind, exposureSeconds: kind == .bias ? 0 : 30, midpointMJDUTC: 60735.9 + Double(count) / 1440,
            binningX: 1, binningY: 1, width: width, height: height)
        exposure.filter = kind == .bias || kind == .dark ? nil : "V"
        var instrument = InstrumentFacts(id: "cam", revision: 1, gainSource: "document")
        instrument.gainElectronsPerADU = 1.5
        instrument.readNoiseElectrons = 8
        instrument.saturationADU = 60_000
        var frame = FrameReceived(
            frameID: String(sha256.prefix(32)), raw: raw, originalName: "\(kind.rawValue)-\(count).fits",
            contentSHA256: sha256, night: night, instrument: instrument, exposure: exposure, notes: [])
        change(&frame)
        let shelf = StoreNames.night(night, instrument: "cam", calibration: kind != .light)
        try store.write("\(shelf)/\(frame.frameID)", data: EventCodec.json(frame))
        return frame
    }

    func bias(_ number: Int) throws -> FrameReceived {
        try take(.bias, RawFITS.exposure { x, y in UInt16(500 + (x * 7 + y * 13 + number * 5) % 9) })
    }

    func light(_ level: Int = 1200) throws -> FrameReceived {
        try take(.light, RawFITS.exposure { x, y in UInt16(level + (x * 11 + y * 3) % 17) })
    }

    func calibrate(_ frame: FrameReceived) throws -> [Message] { try messages(stage.received(event(frame))) }

    func close(revision: Int = 1) throws -> [Message] {
        try messages(
            stage.closed(event(NightClosed(instrument: "cam", night: night, revision: revision, frames: count))))
    }

    private func messages(_ outgoing: [Outgoing]) throws -> [Message] {
        try outgoing.map { try $0.message(source: "calibrator", trace: Trace(), time: "") }
    }
}

func event<Payload: EventPayload>(_ payload: Payload) -> Event<Payload> {
    Event(id: EventCodec.id(of: payload), source: "test", payload: payload, trace: Trace())
}

extension [Message] {
    func payloads<Payload: EventPayload>(_ type: Payload.Type) throws -> [Payload] {
        try filter { $0.topic == Payload.type.topic }.map { try EventCodec.decode(type, from: $0).payload }
    }
}

func withBench(_ body: (Bench) throws -> Void) throws {
    try withFolder { try body(Bench($0.path)) }
}
