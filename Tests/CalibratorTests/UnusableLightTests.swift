import Events
import FITS
import Foundation
import FrameStore
import Imaging
import Pipeline
import TestKit
import Testing

@testable import calibrator

/// 40 x 30 floats, all alike.
private func floats(_ value: Float, _ cards: [String] = []) -> [UInt8] {
    let head = ["SIMPLE  = T", "BITPIX  = -32", "NAXIS   = 2", "NAXIS1  = 40", "NAXIS2  = 30"]
    let bits = value.bitPattern.bigEndian
    let one = withUnsafeBytes(of: bits) { [UInt8]($0) }
    return RawFITS.file(head + cards, data: Array((0..<1200).map { _ in one }.joined()))
}

@Suite("Lights that come in and cannot be used, or hardly")
struct UnusableLightTests {
    @Test(
        "a frame without a single number is rejected with its name",
        arguments: [
            floats(.nan), floats(.infinity), floats(1, ["BZERO   = 1E300"]),
            RawFITS.exposure(changes: [("BZERO", "1E300")]), RawFITS.exposure(changes: [("BSCALE", "1E300")]),
        ])
    func noNumbers(_ bytes: [UInt8]) throws {
        try withBench { bench in
            let frame = try bench.take(.light, bytes)
            let rejection = #expect(throws: Rejection.self) { _ = try bench.calibrate(frame) }
            #expect(rejection?.code == .noUsablePixels)
            #expect(rejection?.reason.contains("light-1.fits") == true)
        }
    }

    @Test("a frame that is saturated everywhere goes on with every pixel marked")
    func saturated() throws {
        try withBench { bench in
            let frame = try bench.take(.light, RawFITS.exposure { _, _ in 65535 })
            let calibrated = try #require(bench.calibrate(frame).payloads(FrameCalibrated.self).first)
            var file = try bench.store.openFITS(calibrated.calibrated.url)
            let planes = try file.readCalibratedFrame().frame
            #expect(planes.mask.bits.allSatisfy { $0 & PixelFlags.saturated.rawValue != 0 })
        }
    }

    @Test("a frame that is not as large as announced is rejected with both sizes")
    func otherSize() throws {
        try withBench { bench in
            let frame = try bench.take(.light, RawFITS.exposure(), width: 50)
            let rejection = #expect(throws: Rejection.self) { _ = try bench.calibrate(frame) }
            #expect(rejection?.code == .shapeMismatch)
            #expect(rejection?.reason.contains("40 x 30") == true && rejection?.reason.contains("50 x 30") == true)
        }
    }

    @Test(
        "a usable region outside the frame is an empty region, not a crash",
        arguments: [
            [100, 200, 0, 30], [0, 40, 30, 30], [-10, -5, 0, 30], [30, 10, 0, 30], [0, 1 << 40, 0, 1 << 40],
        ])
    func region(_ region: [Int]) throws {
        try withBench { bench in
            var frame = try bench.light()
            frame.instrument.usableRegion = region
            if region[1] > 1000 {
                #expect(try bench.calibrate(frame).payloads(FrameCalibrated.self).count == 1)
            } else {
                #expect(throws: Rejection.self) { _ = try bench.calibrate(frame) }
            }
        }
    }

    @Test("on a full disk calibration waits, and goes on when there is room")
    func fullDisk() throws {
        try withSmallDisk(kilobytes: 512) { disk in
            let bench = try Bench(disk.folder.path)
            let biases = try (0..<3).map(bench.bias)
            let light = try bench.light()
            try disk.fill(leaving: 8)
            #expect(throws: Unavailable.self) { _ = try bench.calibrate(light) }
            try disk.makeRoom()
            let out = try bench.calibrate(light)
            #expect(try out.payloads(MasterBuilt.self).map { Set($0.inputs) } == [Set(biases.map(\.frameID))])
            #expect(try out.payloads(FrameCalibrated.self).count == 1)
        }
    }
}
