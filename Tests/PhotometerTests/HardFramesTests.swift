import Events
import Foundation
import FrameStore
import Imaging
import Pipeline
import TestKit
import Testing

@testable import photometer

private let stars = [
    (x: 30.0, y: 40.0, flux: 20_000.0), (x: 80.0, y: 60.0, flux: 8_000.0), (x: 100.0, y: 20.0, flux: 3_000.0),
]

@Suite("Frames that are hard to measure")
struct HardFramesTests {
    @Test("a frame without stars is measured: no sources, and it says so")
    func noStars() throws {
        try withBench { bench in
            let measured = try #require(bench.measure(bench.frame()).payloads(FrameMeasured.self).first)
            #expect(measured.detectionCount <= 1, "noise of 4 sigma in 12,000 pixels")
            #expect(measured.flags.contains("seeingUnknown"))
            #expect(measured.limitingMagnitudeInstrumental?.isFinite == true)
        }
    }

    @Test("a frame saturated everywhere, one masked everywhere and one of NaN end as measured frames without sources")
    func nothingUsable() throws {
        try withBench { bench in
            let frames = [
                try bench.frame { _, _, signal, _, mask in
                    signal = 65_535
                    mask = PixelFlags.saturated.rawValue
                },
                try bench.frame(stars: stars) { _, _, _, _, mask in mask = PixelFlags.noData.rawValue },
                try bench.frame { _, _, signal, variance, mask in
                    signal = .nan
                    variance = .nan
                    mask = PixelFlags.noData.rawValue
                },
            ]
            for frame in frames {
                let measured = try #require(bench.measure(frame).payloads(FrameMeasured.self).first)
                #expect(measured.detectionCount == 0)
                #expect(measured.flags.contains("noSources"))
                #expect(try bench.store.contains(String(measured.detections.url.dropFirst(7))))
                let made = try #require(bench.ask(frame, at: [(50, 50)]).payloads(MeasurementMade.self).first)
                let flags = SourceFlags(rawValue: made.measurements[0].flags)
                #expect(!flags.isDisjoint(with: [.noData, .saturated]))
            }
        }
    }

    @Test("half a frame of NaN or of infinities does not spoil the other half")
    func halfUsable() throws {
        try withBench { bench in
            let whole = try #require(bench.measure(bench.frame(stars: stars)).payloads(FrameMeasured.self).first)
            #expect(whole.detectionCount >= 3)
            for value in [Float.nan, .infinity, -.infinity] {
                let frame = try bench.frame(stars: stars) { x, _, signal, variance, mask in
                    if x < 15 { (signal, variance, mask) = (value, .nan, PixelFlags.noData.rawValue) }
                }
                let measured = try #require(bench.measure(frame).payloads(FrameMeasured.self).first)
                #expect(measured.detectionCount >= 3)
                #expect(abs((measured.backgroundElectrons ?? 0) - 100) < 5)
            }
        }
    }

    @Test("positions outside the frame, and far outside all numbers, have no flux and a flag; the others have one")
    func farPositions() throws {
        try withBench { bench in
            let frame = try bench.frame(stars: stars)
            let places = [
                (30.0, 40.0), (-1e3, 50.0), (1e9, 1e9), (-1e300, 1e300), (.greatestFiniteMagnitude, 0), (60, 1e18),
                (-0.4, -0.4),
            ]
            let made = try #require(bench.ask(frame, at: places).payloads(MeasurementMade.self).first)
            #expect(made.measurements.count == places.count)
            #expect(abs((made.measurements[0].fluxElectrons ?? 0) / 20_000 - 1) < 0.05)
            for far in made.measurements[1...5] {
                #expect(far.fluxElectrons == nil && far.fluxErrorElectrons == nil)
                #expect(SourceFlags(rawValue: far.flags).contains(.noData))
            }
        }
    }

    @Test("an aperture that is none is a malformed request that names the field", arguments: [0, -3, 1000, 1e300])
    func aperture(_ radius: Double) throws {
        try withBench { bench in
            let frame = try bench.frame()
            let error = #expect(throws: MalformedEvent.self) { _ = try bench.ask(frame, at: [(5, 5)], radius: radius) }
            #expect(error?.reason.contains("apertureRadiusPixels") == true)
        }
    }

    @Test("fields are named whatever the pixel scale and the pointing are")
    func fieldKeys() throws {
        try withBench { bench in
            var frame = try bench.frame()
            for scale in [nil, 0, -1, 1e-300, 1e300, 1.5] as [Double?] {
                for (ra, dec) in [(0.0, 90.0), (359.99, -90), (1e300, 0), (10, 1e300), (180, 45)] {
                    frame.instrument.pixelScaleArcsec = scale
                    (frame.exposure.raDegrees, frame.exposure.decDegrees) = (ra, dec)
                    #expect(FieldKey.key(frame).hasPrefix("cam/"))
                }
            }
            for name in ["", "   ", "\n"] {
                frame.exposure.object = name
                #expect(FieldKey.key(frame) != "cam/")
            }
        }
    }
}

@Suite("Files of the store that are lost or damaged")
struct LostFilesTests {
    @Test("planes that were cleared from the cache: the frame is announced again, so that they are computed again")
    func cleared() throws {
        try withBench { bench in
            let frame = try bench.frame(stars: stars)
            let path = try bench.store.path(of: frame.calibrated.url)
            let planes = try Data(contentsOf: URL(filePath: path))
            try FileManager.default.removeItem(atPath: path)
            for out in [try bench.measure(frame), try bench.ask(frame, at: [(5, 5)])] {
                #expect(out.count == 1)
                #expect(try out.payloads(FrameReceived.self).map(\.frameID) == [frame.frameID])
            }
            try planes.write(to: URL(filePath: path))
            #expect(try bench.measure(frame).payloads(FrameMeasured.self).count == 1)
            #expect(try bench.ask(frame, at: [(5, 5)]).payloads(MeasurementMade.self).count == 1)
        }
    }

    @Test("a store that has neither the planes nor the raw frame is the wrong store: the photometer waits and says so")
    func wrongStore() throws {
        try withBench { bench in
            let frame = try bench.frame()
            try FileManager.default.removeItem(atPath: bench.store.path(of: frame.calibrated.url))
            let envelope = StoreNames.envelope(sha256: frame.raw.sha256)
            try FileManager.default.removeItem(atPath: bench.store.root + "/" + envelope)
            let error = #expect(throws: Unavailable.self) { _ = try bench.measure(frame) }
            #expect(error?.reason.contains(bench.store.root) == true)
        }
    }

    @Test("on a full disk measuring waits, and goes on when there is room")
    func fullDisk() throws {
        try withSmallDisk(kilobytes: 1024) { disk in
            let bench = try Bench(disk.folder.path)
            let frame = try bench.frame(stars: stars)
            try disk.fill()
            #expect(throws: Unavailable.self) { _ = try bench.measure(frame) }
            try disk.makeRoom()
            #expect(try bench.measure(frame).payloads(FrameMeasured.self).count == 1)
        }
    }

    @Test("messages that are no events of ours end as dead letters with their cause, and a frame between them goes on")
    func hostile() throws {
        try withBench { bench in
            let routes = Routes()
                .on(FrameCalibrated.self, bench.stage.calibrated).on(MeasurementRequested.self, bench.stage.requested)
            let hostile = try routes.types.flatMap {
                try HostileMessages.all(on: $0, example: publishedExample(of: $0))
            }
            let good = try EventCodec.encode(bench.frame(stars: stars), source: "calibrator", trace: Trace(), time: "")
            let bus = InMemoryBus()
            let letters = try handleAll(
                hostile.map(\.message) + [good], service: "photometer", routes: routes, bus: bus, log: LogLines().log)
            #expect(letters.count == hostile.count)
            for one in hostile {
                let letter = letters["\(one.message.topic) \(one.message.key)"]
                #expect(
                    letter?.error.contains(one.cause) == true, "\(one.message.key): \(letter?.error ?? "no letter")")
            }
            #expect(try bus.events(FrameMeasured.self).count == 1)
        }
    }
}
