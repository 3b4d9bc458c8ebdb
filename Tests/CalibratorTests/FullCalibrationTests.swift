import Events
import FITS
import Foundation
import FrameStore
import Imaging
import Pipeline
import TestKit
import Testing

@testable import calibrator

/// 48 x 30: 40 columns of data, 8 of overscan at 500 plus the row's number.
private func exposure(_ level: Int, _ number: Int = 0) -> [UInt8] {
    RawFITS.exposure(width: 48, height: 30) { x, y in
        UInt16(500 + y + (x < 40 ? level : 0) + (x * 7 + y * 13 + number * 3) % 5 - 2)
    }
}

private func withOverscan(_ frame: inout FrameReceived) {
    var corrections = CorrectionFacts(bleeding: "columns", darkModel: "proportional")
    corrections.overscan = OverscanFacts(
        regions: [OverscanFacts.Region(bias: [40, 48, 0, 30], data: [0, 40, 0, 30])], along: "rows", fit: "median",
        order: 0)
    frame.instrument.corrections = corrections
}

@Suite("Corrections, interpolated darks and comparison with the master before, in the service")
struct FullCalibrationTests {
    @Test("overscan is subtracted and trimmed in masters and lights alike, and the event has the trimmed size")
    func overscan() throws {
        try withBench { bench in
            for number in 0..<4 {
                _ = try bench.take(.bias, exposure(10, number), width: 48) { withOverscan(&$0) }
            }
            let light = try bench.take(.light, exposure(210), width: 48) { withOverscan(&$0) }
            let out = try bench.calibrate(light)
            let master = try #require(out.payloads(MasterBuilt.self).first)
            #expect(master.width == 40 && master.height == 30)
            let calibrated = try #require(out.payloads(FrameCalibrated.self).first)
            #expect(calibrated.masters.map(\.reason) == ["same mode, same night, 4 frames"])
            #expect(calibrated.exposure.width == 40 && calibrated.flags.contains("overscanUsed"))
            var file = try bench.store.openFITS(calibrated.calibrated.url)
            let frame = try file.readCalibratedFrame().frame
            #expect(frame.signal.width == 40)
            // 200 ADU at 1.5 e-/ADU, without the row's number.
            #expect(frame.signal.pixels.allSatisfy { abs($0 - 300) < 8 })
            // Announced again, it is what it was.
            #expect(try bench.calibrate(light).payloads(FrameCalibrated.self) == [calibrated])
        }
    }

    @Test("sections outside the frame, and words of a later version, reject the frame with the reason")
    func misfit() throws {
        try withBench { bench in
            let outside = try bench.take(.light, exposure(200), width: 48) { frame in
                withOverscan(&frame)
                frame.instrument.corrections?.overscan?.regions[0].bias = [40, 60, 0, 30]
            }
            let first = #expect(throws: Rejection.self) { _ = try bench.calibrate(outside) }
            #expect(first?.reason.contains("[41:60,1:30]") == true)
            let unknown = try bench.take(.light, exposure(201), width: 48) { frame in
                withOverscan(&frame)
                frame.instrument.corrections?.overscan?.fit = "spline"
            }
            let second = #expect(throws: Rejection.self) { _ = try bench.calibrate(unknown) }
            #expect(second?.reason.contains("spline") == true)
        }
    }

    @Test("a light between the temperatures of two darks gets one interpolated, and both are named with the reason")
    func temperatures() throws {
        try withBench { bench in
            for number in 0..<3 { _ = try bench.bias(number) }
            for (celsius, level) in [(-15.0, 600), (-10, 700)] {
                for number in 0..<3 {
                    let bytes = RawFITS.exposure { x, y in UInt16(level + (x * 7 + y * 13 + number * 5) % 9) }
                    _ = try bench.take(.dark, bytes) { $0.exposure.temperatureCelsius = celsius }
                }
            }
            let light = try bench.take(.light, RawFITS.exposure { x, y in UInt16(1200 + (x * 11 + y * 3) % 17) }) {
                $0.exposure.temperatureCelsius = -12.5
            }
            let calibrated = try #require(bench.calibrate(light).payloads(FrameCalibrated.self).first)
            let darks = calibrated.masters.filter { $0.kind == .dark }
            #expect(darks.count == 2 && darks[0].reason == darks[1].reason)
            #expect(darks[0].reason.contains("interpolated to -12.5 C between 30 s at -15 C and 30 s at -10 C"))
            #expect(calibrated.flags.contains("darkInterpolated"))
            var file = try bench.store.openFITS(calibrated.calibrated.url)
            let signal = try file.readCalibratedFrame().frame.signal
            // 1208 - 504 - sqrt(100 * 200) = 563 ADU; Arrhenius lies 1 ADU above the geometric mean.
            let mean = signal.pixels.reduce(0, +) / Float(signal.pixels.count)
            #expect(abs(mean / 1.5 - 563) < 4, "\(mean / 1.5)")
        }
    }

    @Test("a bias that has changed since the night before is refused by name; a new revision begins anew")
    func previous() throws {
        try withBench { bench in
            for number in 0..<4 { _ = try bench.bias(number) }
            func next(_ level: Int, _ number: Int, revision: Int = 1) throws -> FrameReceived {
                let bytes = RawFITS.exposure { x, y in UInt16(level + (x * 7 + y * 13 + number * 5) % 9) }
                return try bench.take(.bias, bytes, night: "2025-03-02") {
                    $0.exposure.midpointMJDUTC += 1
                    $0.instrument.revision = revision
                }
            }
            _ = try (4..<7).map { try next(500, $0) }
            let odd = try next(560, 7)
            let out = try bench.close()
            let refused = try out.payloads(FrameRejected.self)
            #expect(refused.map(\.frameID) == [odd.frameID])
            #expect(refused.first?.reason.contains("100.0 % of the pixels are more than 6.0 sigma away") == true)
            let masters = try out.payloads(MasterBuilt.self)
            #expect(masters.count == 2 && masters.contains { $0.flags.contains("comparedWithPrevious") })
        }
    }
}
