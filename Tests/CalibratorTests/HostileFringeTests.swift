import Calibration
import Events
import FITS
import Foundation
import FrameStore
import Imaging
import Pipeline
import TestKit
import Testing

@testable import calibrator
@testable import ingest

private let master = Result { try FringeNight.master("I", phase: 0, midpointMJD: 60_700) }

private func changed(_ change: (inout Master<Relative>) -> Void) throws -> Master<Relative> {
    var result = try master.get()
    change(&result)
    return result
}

/// Cards that no master fringe has, and what is said of them.
private let wrongCards: [(String, HeaderValue?, String)] = [
    ("MASTERID", nil, "it has no MASTERID"), ("MJD-AVG", nil, "it has no MJD-AVG"),
    ("EXPTIME", nil, "it has no EXPTIME"), ("NCOMBINE", nil, "it has no NCOMBINE"),
    ("INSTRUME", nil, "it has no INSTRUME"), ("INSTRUME", .string("automatic"), "INSTRUME 'automatic' is not cam"),
    ("MJD-AVG", .real(1e300), "MJD-AVG '1e+300' is no number from 15000 to 150000"),
    ("MJD-AVG", .string("NaN"), "MJD-AVG 'NaN'"), ("EXPTIME", .real(-1), "EXPTIME '-1.0'"),
    ("XBINNING", .real(1e300), "XBINNING '1e+300' is no whole number from 1 to 64"),
    ("YBINNING", .real(1.5), "YBINNING '1.5'"), ("XBINNING", .integer(-9_223_372_036_854_775_807), "XBINNING"),
    ("NCOMBINE", .integer(1 << 62), "NCOMBINE"), ("NCOMBINE", .integer(2), "NCOMBINE '2'"),
    ("FRMNOISE", .string("inf"), "FRMNOISE 'inf'"), ("CCD-TEMP", .real(1e9), "CCD-TEMP"),
    ("READOUT", .string("../../etc"), "READOUT '../../etc' is no channel"),
]

@Suite("Master fringes that cannot be used")
struct HostileFringeTests {
    @Test("are refused when they are dropped, with the card that is wrong", arguments: wrongCards.indices)
    func cards(_ index: Int) throws {
        let (keyword, value, reason) = wrongCards[index]
        try withFringeNight { night in
            let bytes = try FringeNight.file(master.get(), cards: [keyword: value])
            let outcome = try night.intake.drop(bytes, as: "f.fits")
            guard case .rejected(.calibrationUnusable, let said) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(
                said.hasPrefix("f.fits: not a master fringe that can be used: ") && said.contains(reason), "\(said)")
            let event = try #require(try night.intake.bus.events(FrameRejected.self).first?.payload)
            #expect(event.stage == "ingest" && event.code == "calibrationUnusable" && event.reason == said)
        }
    }

    @Test("and with what is wrong with the pixels")
    func pixels() throws {
        let size = FringeNight.size
        let zero = Image<Relative>(width: size, height: size, filledWith: 0)
        let cases: [(String, Master<Relative>)] = try [
            ("every pixel is 0.0", changed { $0.image = zero }),
            (
                "0 of 40000 pixels are numbers",
                changed { $0.image = Image(width: size, height: size, filledWith: .nan) }
            ),
            ("are beyond +-1", changed { for i in 0..<1000 { $0.image.pixels[i] = 4000 } }),
            ("a pixel of 1e+30", changed { $0.image[5, 5] = 1e30 }),
            ("an error of -0.1", changed { $0.error[5, 5] = -0.1 }),
            ("an error of nan", changed { $0.error[5, 5] = .nan }),
            ("0 places where it stands out", changed { $0.error = Image(width: size, height: size, filledWith: 1) }),
        ]
        try withFringeNight { night in
            for (reason, fringe) in cases {
                let outcome = try night.intake.drop(FringeNight.file(fringe), as: "f.fits")
                guard case .rejected(.calibrationUnusable, let said) = outcome else {
                    Issue.record("\(reason): \(outcome)")
                    continue
                }
                #expect(said.contains(reason), "\(said)")
            }
            // One image alone, that calls itself one.
            let outcome = try night.intake.drop(
                RawFITS.exposure(changes: [
                    ("IMAGETYP", "'Master Fringe'"), ("INSTRUME", "'cam'"), ("XBINNING", "1"), ("YBINNING", "1"),
                    ("MASTERID", "'0123456789abcdef'"), ("NCOMBINE", "5"), ("MJD-AVG", "60000.0"), ("FRMNOISE", "0.1"),
                ]), as: "one.fits")
            guard case .rejected(.calibrationUnusable, let said) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(said.contains("it has no ERROR"), "\(said)")
        }
    }

    @Test("that are in the store all the same are refused by the calibrator once, and lights go on without")
    func inTheStore() throws {
        try withFringeNight { night in
            try night.calibrationFrames(["I"])
            let sound = try night.handIn("I", phase: 0, midpointMJD: 60_700)
            let wrong: [[UInt8]] = try [
                FringeNight.file(master.get(), cards: ["INSTRUME": .string("other")]),
                FringeNight.file(changed { $0.image[5, 5] = 1e30 }), Array("no FITS at all".utf8),
            ]
            let bad = try wrong.map { bytes in
                try night.bench.take(.fringe, bytes, width: 200, height: 200) {
                    $0.exposure = sound.exposure
                    $0.exposure.midpointMJDUTC = 60735.9
                }
            }
            let small = try night.bench.take(
                .fringe, FringeNight.file(changed { $0.facts.exposureSeconds = 61 }), width: 100, height: 100)
            let said = try night.bench.calibrate(night.light("I", phase: 0))
            let rejected = try said.payloads(FrameRejected.self)
            #expect(Set(rejected.map(\.frameID)) == Set((bad + [small]).map(\.frameID)))
            #expect(rejected.allSatisfy { $0.stage == "calibrator" && $0.code == "calibrationUnusable" })
            #expect(rejected.contains { $0.reason.contains("INSTRUME 'other' is not cam") })
            #expect(rejected.contains { $0.reason.contains("200 x 200 pixels, announced as 100 x 100") })
            let light = try #require(said.payloads(FrameCalibrated.self).first)
            let built = try #require(said.payloads(MasterBuilt.self).first { $0.kind == .fringe })
            #expect(built.inputs == [sound.frameID] && light.masters.last?.masterID == built.masterID)
            let again = try night.bench.calibrate(night.light("I", phase: 0))
            #expect(try again.payloads(FrameRejected.self) == [])
        }
    }

    @Test("a frame of a kind that a later version knows is passed over, and the night goes on")
    func laterKind() throws {
        try withBench { bench in
            let bias = try bench.bias(1)
            let shelf = StoreNames.night(bench.night, instrument: "cam", calibration: true)
            let entry = String(decoding: try EventCodec.json(bias), as: UTF8.self)
            let later = entry.replacing("\"kind\":\"bias\"", with: "\"kind\":\"illumination\"")
            #expect(later != entry)
            try bench.store.write("\(shelf)/ffffffffffffffffffffffffffffffff", data: Data(later.utf8))
            let light = try #require(try bench.calibrate(bench.light()).payloads(FrameCalibrated.self).first)
            #expect(light.masters.map(\.kind) == [.bias])
        }
    }
}
