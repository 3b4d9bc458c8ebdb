import Events
import FITS
import Foundation
import FrameStore
import Hashing
import Imaging
import Pipeline
import TestKit

@testable import photometer

/// A photometer with a frame store, and frames that the calibrator has left there.
final class Bench {
    let store: FrameStore
    let width = 120
    let height = 100
    private var count = 0

    init(_ root: String) throws {
        store = try FrameStore(root)
    }

    lazy var stage = MeasureStage(store: store, threshold: 4)
    /// The same with PSF photometry.
    lazy var fittingStage = MeasureStage(store: store, threshold: 4, fitsStarImage: true)

    /// A frame with its raw bytes, ingest's envelope and calibrated planes.
    ///
    /// - Parameter change: of signal, variance and mask at one pixel.
    func frame(
        stars: [(x: Double, y: Double, flux: Double)] = [],
        change: (_ x: Int, _ y: Int, _ signal: inout Float, _ variance: inout Float, _ mask: inout UInt16) -> Void = {
            _, _, _, _, _ in
        }
    ) throws -> FrameCalibrated {
        count += 1
        let received = try received()
        let url = StoreNames.calibrated(frameID: received.frameID, recipe: "r1")
        let file = try store.write(url) { path in
            try FITSWriter.write(frame: planes(stars, change), header: Header(), to: path)
        }
        return FrameCalibrated(
            received: received, recipe: "r1", masterRank: 0, calibrated: file, masters: [], flags: [])
    }

    private func received() throws -> FrameReceived {
        let bytes = Data("raw \(count)".utf8)
        let sha256 = SHA256.hex(of: bytes)
        var instrument = InstrumentFacts(id: "cam", revision: 1, gainSource: "document")
        instrument.gainElectronsPerADU = 1
        let exposure = ExposureFacts(
            kind: .light, exposureSeconds: 30, midpointMJDUTC: 60735.9, binningX: 1, binningY: 1, width: width,
            height: height)
        let frame = FrameReceived(
            frameID: String(sha256.prefix(32)), raw: try store.write(StoreNames.raw(sha256: sha256), data: bytes),
            originalName: "light \(count).fits", contentSHA256: sha256, night: "2025-03-01", instrument: instrument,
            exposure: exposure, notes: [])
        let message = try EventCodec.encode(frame, source: "ingest", trace: Trace(), time: "")
        try store.write(StoreNames.envelope(sha256: sha256), data: Envelope(message).data())
        return frame
    }

    /// Sky of 100 e- with a deterministic ripple of about its own noise, and Gaussian stars of 3 px FWHM.
    private func planes(
        _ stars: [(x: Double, y: Double, flux: Double)],
        _ change: (Int, Int, inout Float, inout Float, inout UInt16) -> Void
    ) -> CalibratedFrame {
        var signal = Image<Electron>(width: width, height: height, pixels: [Float](repeating: 0, count: width * height))
        var variance = Image<ElectronSquared>(
            width: width, height: height, pixels: [Float](repeating: 100, count: width * height))
        var bits = [UInt16](repeating: 0, count: width * height)
        let sigma = 3 / 2.3548
        var random = UInt64(count)
        for y in 0..<height {
            for x in 0..<width {
                // Sum of four uniform deviates, mean 0, standard deviation 10.
                var noise = 0.0
                for _ in 0..<4 {
                    random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    noise += (Double(random >> 11) / 9_007_199_254_740_992 - 0.5) * 17.32
                }
                var value = 100 + noise
                for star in stars {
                    let distance =
                        (Double(x) - star.x) * (Double(x) - star.x) + (Double(y) - star.y) * (Double(y) - star.y)
                    value += star.flux / (2 * .pi * sigma * sigma) * exp(-distance / (2 * sigma * sigma))
                }
                let index = y * width + x
                signal.pixels[index] = Float(value)
                change(x, y, &signal.pixels[index], &variance.pixels[index], &bits[index])
            }
        }
        return CalibratedFrame(signal: signal, variance: variance, mask: Mask(width: width, height: height, bits: bits))
    }

    func measure(_ frame: FrameCalibrated) throws -> [Message] { try messages(stage.calibrated(event(frame))) }

    func fit(_ frame: FrameCalibrated) throws -> FrameMeasured? {
        try messages(fittingStage.calibrated(event(frame))).payloads(FrameMeasured.self).first
    }

    func ask(
        _ frame: FrameCalibrated, at places: [(Double, Double)], radius: Double = 4
    ) throws -> [Message] {
        let positions = places.enumerated().map {
            RequestedPosition(star: "s\($0.offset)", x: $0.element.0, y: $0.element.1)
        }
        return try messages(
            stage.requested(
                event(
                    MeasurementRequested(
                        requestID: "q", frame: frame, field: "f", apertureRadiusPixels: radius, positions: positions))))
    }

    private func messages(_ outgoing: [Outgoing]) throws -> [Message] {
        try outgoing.map { try $0.message(source: "photometer", trace: Trace(), time: "") }
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
