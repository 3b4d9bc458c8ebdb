import Events
import FITS
import Foundation
import FrameStore
import Imaging
import Instruments
import Pipeline
import TestKit
import Testing

@testable import calibrator
@testable import ingest

/// A colour camera whose files ingest takes into the calibrator's store.
private final class ColourIntake {
    let intake: Intake
    var bus: InMemoryBus { intake.bus }
    private var minute = 0

    init(_ intake: Intake) { self.intake = intake }

    /// Levels of the four pixels of a cell of GRBG above the bias, and what the file is.
    func take(
        _ kind: String, seconds: Int = 30, _ levels: [Int], scatter: Int = 9
    ) throws -> [Events.FrameReceived] {
        minute += 1
        let seed = minute
        let bytes = RawFITS.exposure(
            width: 64, height: 48,
            changes: [
                ("IMAGETYP", "'\(kind)'"), ("EXPTIME", "\(seconds).0"), ("BAYERPAT", "'GRBG'"), ("FILTER", nil),
                ("EGAIN", "1.5"), ("RDNOISE", "4.0"), ("SATURATE", "60000."),
                ("DATE-OBS", "'2025-03-01T21:\(minute < 10 ? "0" : "")\(minute):00'"),
            ]
        ) { x, y in
            let noise = (x * 7 + y * 13 + seed * 5 + x * y * 3) % scatter - scatter / 2
            return UInt16(500 + levels[(y & 1) * 2 + (x & 1)] + noise)
        }
        return try receive(bytes, as: "\(kind)-\(minute).fits")
    }

    func receive(_ bytes: [UInt8], as name: String) throws -> [Events.FrameReceived] {
        try intake.receive(bytes, as: name)
    }
}

private func withIntake(_ body: (Bench, ColourIntake) throws -> Void) throws {
    try withIntake("osc") { bench, intake in try body(bench, ColourIntake(intake)) }
}

@Suite("From a colour camera's file to three calibrated frames")
struct ColourFrameTests {
    @Test("one file ends in three frames of three filters, each calibrated by masters of its own channel alone")
    func threeFrames() throws {
        try withIntake { bench, intake in
            for _ in 0..<3 { _ = try intake.take("bias", seconds: 0, [0, 20, 40, 0]) }
            // The flat is twice as bright in red, and the second green sees 1.02 times the first.
            for _ in 0..<3 { _ = try intake.take("flat", seconds: 2, [10_000, 20_020, 5040, 10_200]) }
            let lights = try intake.take("light", [1000, 2020, 440, 1020])
            #expect(lights.map(\.exposure.filter) == ["TR", "TG", "TB"])
            let said = try lights.flatMap { try bench.calibrate($0) }
            let calibrated = try said.payloads(FrameCalibrated.self)
            #expect(calibrated.map(\.exposure.filter) == ["TR", "TG", "TB"])
            let masters = try said.payloads(MasterBuilt.self)
            for channel in FrameName.channels {
                let own = masters.filter { $0.channel == channel }
                #expect(Set(own.map(\.kind)) == [.bias, .flat] && own.count == 2)
            }
            #expect(Set(calibrated.flatMap { $0.masters.map(\.masterID) }).count == 6)
            // Light over bias and flat, in electrons; both greens together have twice the gain of one.
            for (frame, electrons) in zip(calibrated, [2000 * 1.5, 1010 * 3.0, 400 * 1.5]) {
                #expect(frame.masters.map(\.kind) == [.bias, .flat])
                var file = try bench.store.openFITS(frame.calibrated.url)
                let (planes, header) = try file.readCalibratedFrame()
                #expect(planes.signal.width == 32 && planes.signal.height == 24)
                let mean = planes.signal.pixels.reduce(0) { $0 + Double($1) } / Double(planes.signal.pixels.count)
                #expect(abs(mean - electrons) < 6, "\(frame.exposure.filter ?? ""): \(mean)")
                #expect(header.text("FILTER") == frame.exposure.filter && header["BAYERPAT"] == nil)
                #expect(header.text("NJCHAN") == frame.exposure.filter)
                #expect(!frame.flags.contains("noBias") && !frame.flags.contains("noFlat"))
            }
        }
    }

    @Test("a master of one channel is never used for another, nor for a frame that is no mosaic")
    func ownMasters() throws {
        try withIntake { bench, intake in
            let biases = try (0..<3).flatMap { _ in try intake.take("bias", seconds: 0, [0, 20, 40, 0]) }
            let shelf = StoreNames.night("2025-03-01", instrument: "osc", calibration: true)
            // Only the red channel of the bias frames is left.
            for frame in biases where frame.exposure.bayer?.channel != "TR" {
                try FileManager.default.removeItem(atPath: "\(bench.store.root)/\(shelf)/\(frame.frameID)")
            }
            let lights = try intake.take("light", [1000, 2020, 440, 1020])
            let calibrated = try lights.flatMap { try bench.calibrate($0).payloads(FrameCalibrated.self) }
            #expect(calibrated.map { $0.masters.count } == [1, 0, 0])
            // The same size as a channel, the same camera, and one frame: not its master either.
            let plain = RawFITS.exposure(width: 32, height: 24, changes: [("EXPTIME", "31.0")])
            let mono = try intake.receive(plain, as: "mono.fits")
            #expect(mono.count == 1)
            let alone = try bench.calibrate(mono[0]).payloads(FrameCalibrated.self)
            #expect(alone.map(\.masters) == [[]])
        }
    }

    @Test("the same colour file twice is one file, and its three frames are calibrated once")
    func duplicate() throws {
        try withIntake { bench, intake in
            let bytes = RawFITS.exposure(changes: [("BAYERPAT", "'RGGB'")])
            let first = try intake.receive(bytes, as: "a.fits")
            let second = try intake.receive(bytes, as: "b.fits")
            let copies = try intake.bus.events(FrameDuplicated.self)
            #expect(first.count == 3 && second.isEmpty && copies.count == 1)
            let calibrated = try (first + first).flatMap { try bench.calibrate($0).payloads(FrameCalibrated.self) }
            #expect(calibrated[..<3] == calibrated[3...])
            #expect(Set(calibrated.map(\.calibrated.url)).count == 3)
        }
    }

    @Test("a saturated green pixel makes its channel's pixel saturated")
    func saturation() throws {
        try withIntake { bench, intake in
            let bytes = RawFITS.exposure(
                width: 64, height: 48,
                changes: [("BAYERPAT", "'RGGB'"), ("SATURATE", "50000."), ("EGAIN", "1.0"), ("RDNOISE", "5.0")]
            ) { x, y in x == 21 && y == 30 ? 65_535 : UInt16(1000 + (x * 7 + y * 3) % 11) }
            let lights = try intake.receive(bytes, as: "a.fits")
            let saturated = try lights.map { light -> Int in
                let calibrated = try #require(try bench.calibrate(light).payloads(FrameCalibrated.self).first)
                var file = try bench.store.openFITS(calibrated.calibrated.url)
                let mask = try file.readCalibratedFrame().frame.mask
                return mask[10, 15].contains(.saturated) ? 1 : 0
            }
            #expect(saturated == [0, 1, 0])
        }
    }

    @Test("an announcement that does not describe the file, or in words of a later version, rejects the frame")
    func misfit() throws {
        try withIntake { bench, intake in
            var light = try intake.take("light", [1000, 2020, 440, 1020])[1]
            for change: (inout BayerFacts) -> Void in [
                { $0.width = 66 }, { $0.pattern = "XTRANS" }, { $0.channel = "TX" }, { $0.height = 0 },
            ] {
                let before = light
                light.exposure.bayer.map { facts in
                    var facts = facts
                    change(&facts)
                    light.exposure.bayer = facts
                }
                #expect(throws: Rejection.self) { _ = try bench.calibrate(light) }
                light = before
            }
        }
    }
}
