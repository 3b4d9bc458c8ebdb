import Calibration
import Events
import FITS
import Foundation
import FrameStore
import Imaging
import Pipeline
import Simulation
import TestKit

@testable import calibrator

/// A simulated camera with fringes, whose files go through ingest and calibrator: 200 x 200 px, bias 500 ADU,
/// 1.5 e-/ADU, read noise 4 e-, a flat that falls off by a fifth, and in each filter a fringe of 3 % of the sky.
final class FringeNight {
    static let size = 200
    static let gain = 1.5
    static let instrument = "cam"
    let bench: Bench
    let intake: Intake
    private var minute = 0

    init(_ bench: Bench, _ intake: Intake) {
        self.bench = bench
        self.intake = intake
    }

    // MARK: Truth

    /// Share of the sky. `phase` moves the pattern: another filter, or another time.
    static func fringe(_ x: Int, _ y: Int, phase: Double) -> Double {
        0.03 * sin(Double(x) / 5 + phase + 3 * sin(Double(y) / 40)) * cos(Double(y) / 9 + phase)
    }

    static func flat(_ x: Int, _ y: Int) -> Double {
        let (u, v) = (Double(x) / 100 - 1, Double(y) / 100 - 1)
        return 1.05 - 0.1 * (u * u + v * v)
    }

    /// Amplitude of the true fringe that is left in a frame, in units of the sky: 1 before, 0 when it is gone.
    static func amplitude(in frame: CalibratedFrame, sky: Double, phase: Double) -> Double {
        var (product, square) = (0.0, 0.0)
        for y in 0..<size {
            for x in 0..<size where frame.mask[x, y].isEmpty {
                let value = Double(frame.signal[x, y]) - sky
                guard abs(value) < 500 else { continue }
                let truth = sky * fringe(x, y, phase: phase)
                product += value * truth
                square += truth * truth
            }
        }
        return product / square
    }

    // MARK: Raw frames

    /// - Parameter electrons: expected in a pixel above the bias, before the noise.
    private func take(
        _ kind: String, filter: String?, seconds: Int, _ electrons: (_ x: Int, _ y: Int) -> Double
    ) throws -> Events.FrameReceived {
        minute += 1
        var random = RandomStream(seed: 71, UInt64(minute))
        let bytes = RawFITS.exposure(
            width: Self.size, height: Self.size,
            changes: [
                ("IMAGETYP", "'\(kind)'"), ("EXPTIME", "\(seconds).0"), ("FILTER", filter.map { "'\($0)'" }),
                ("EGAIN", "\(Self.gain)"), ("RDNOISE", "4.0"), ("SATURATE", "60000."), ("XBINNING", "1"),
                ("DATE-OBS", "'2025-03-01T2\(1 + minute / 60):\(minute % 60 < 10 ? "0" : "")\(minute % 60):00'"),
            ]
        ) { x, y in
            let mean = electrons(x, y)
            let noisy = mean + (mean + 16).squareRoot() * random.gaussian()
            return UInt16(max(0, (500 + noisy / Self.gain).rounded()))
        }
        let frames = try intake.receive(bytes, as: "\(kind)-\(minute).fits")
        guard let frame = frames.first, frames.count == 1 else { throw Absent(what: "one frame of \(kind)") }
        return frame
    }

    struct Absent: Error {
        let what: String
    }

    /// Three bias frames, and three flats of each filter.
    func calibrationFrames(_ filters: [String]) throws {
        for _ in 0..<3 { _ = try take("bias", filter: nil, seconds: 0) { _, _ in 0 } }
        for filter in filters {
            for _ in 0..<3 {
                _ = try take("flat", filter: filter, seconds: 2) { x, y in 40_000 * Self.flat(x, y) }
            }
        }
    }

    /// A light with thirty stars and a fringe `strength` times that of the master.
    func light(
        _ filter: String, sky: Double = 4000, strength: Double = 1, phase: Double
    ) throws -> Events.FrameReceived {
        var random = RandomStream(seed: 72, UInt64(minute))
        let size = Self.size
        var stars = [Double](repeating: 0, count: size * size)
        for _ in 0..<30 {
            let (x, y) = (random.uniform() * Double(size), random.uniform() * Double(size))
            let peak = 300 * pow(random.uniform(), -0.7)
            for j in max(Int(y) - 8, 0)..<min(Int(y) + 8, size) {
                for i in max(Int(x) - 8, 0)..<min(Int(x) + 8, size) {
                    let square = (Double(i) - x) * (Double(i) - x) + (Double(j) - y) * (Double(j) - y)
                    stars[j * size + i] += min(peak, 20_000) * exp(-square / 5)
                }
            }
        }
        return try take("light", filter: filter, seconds: 60) { x, y in
            Self.flat(x, y) * (sky * (1 + strength * Self.fringe(x, y, phase: phase)) + stars[y * size + x])
        }
    }

    // MARK: Master fringes, as `nightjar master --kind fringe` writes them

    /// Made of eight calibrated lights without stars.
    static func master(_ filter: String?, phase: Double, midpointMJD: Double) throws -> Master<Relative> {
        let mode = DetectorMode(instrument: instrument, width: size, height: size)
        let frames = (0..<8).map {
            CalibrationFrameFacts(
                id: "l\($0)", kind: .light, mode: mode, filter: filter, exposureSeconds: 60,
                midpointMJD: midpointMJD + Double($0 - 4) / 1440, night: "2025-02-01")
        }
        let group = MasterGroup(kind: .fringe, mode: mode, night: "2025-02-01", filter: filter, frames: frames)
        return try FringeBuilder().fringe(group, id: "0f1e2d3c4b5a6978") { index in
            var random = RandomStream(seed: 73, UInt64(index), UInt64(phase * 1000))
            var signal = Image<Electron>(width: size, height: size)
            for y in 0..<size {
                for x in 0..<size {
                    let mean = 5000 * (1 + fringe(x, y, phase: phase))
                    signal[x, y] = Float(mean + mean.squareRoot() * random.gaussian())
                }
            }
            return CalibratedFrame(
                signal: signal, variance: Image(width: size, height: size, filledWith: 5000),
                mask: Mask(width: size, height: size))
        }
    }

    /// - Parameter cards: values that stand instead of what the master's facts say; nil leaves a card out.
    static func file(_ master: Master<Relative>, cards: [String: HeaderValue?] = [:]) throws -> [UInt8] {
        var header = Header(master.facts.cards(names: [:]).cards.filter { cards[$0.keyword] == nil })
        for (keyword, value) in cards.sorted(by: { $0.key < $1.key }) {
            if let value { header.append(keyword, value) }
        }
        let place = FileManager.default.temporaryDirectory.appending(path: "fringe-\(UUID().uuidString).fits")
        defer { unlink(place.path) }
        try FITSWriter.write(
            image: master.image, error: master.error, mask: master.mask, header: header, to: place.path)
        return [UInt8](try Data(contentsOf: place))
    }

    /// Drops a master fringe, and tells the calibrator of it.
    func handIn(_ filter: String, phase: Double, midpointMJD: Double) throws -> Events.FrameReceived {
        let bytes = try Self.file(Self.master(filter, phase: phase, midpointMJD: midpointMJD))
        let frame = try intake.receive(bytes, as: "fringe-\(filter)-\(midpointMJD).fits")
        guard let frame = frame.first else { throw Absent(what: "the master fringe") }
        _ = try bench.calibrate(frame)
        return frame
    }

    func planes(_ frame: FrameCalibrated) throws -> CalibratedFrame {
        var file = try bench.store.openFITS(frame.calibrated.url)
        return try file.readCalibratedFrame().frame
    }

    /// What is said of a light.
    func calibrate(_ light: Events.FrameReceived) throws -> FrameCalibrated {
        guard let said = try bench.calibrate(light).payloads(FrameCalibrated.self).first else {
            throw Absent(what: "a calibrated light")
        }
        return said
    }
}

func withFringeNight(_ body: (FringeNight) throws -> Void) throws {
    try withIntake(FringeNight.instrument) { bench, intake in try body(FringeNight(bench, intake)) }
}
