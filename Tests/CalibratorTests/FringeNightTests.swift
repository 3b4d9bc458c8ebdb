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

/// Of 2025-03-01, 21 UTC.
private let evening = 60735.875

@Suite("Fringes in a night: from the dropped master fringe to lights without fringes")
struct FringeNightTests {
    @Test("of two filters each light loses its own fringe, with honest errors; a third filter has none to lose")
    func twoFilters() throws {
        try withFringeNight { night in
            try night.calibrationFrames(["I", "z", "V"])
            let master = try night.handIn("I", phase: 0, midpointMJD: evening - 30)
            _ = try night.handIn("z", phase: 2, midpointMJD: evening - 30)
            #expect(master.exposure.kind == .fringe && master.exposure.filter == "I" && master.notes == [])
            #expect(master.night == "2025-01-30" && abs(master.exposure.midpointMJDUTC - evening + 30) < 1e-3)
            for (filter, phase, sky) in [("I", 0.0, 4000.0), ("z", 2, 2500)] {
                let light = try night.calibrate(night.light(filter, sky: sky, phase: phase))
                let used = try #require(light.masters.last)
                #expect(light.masters.map(\.kind) == [.bias, .flat, .fringe])
                #expect(used.reason == "same mode, filter \(filter), 30 nights older, 8 frames")
                #expect(light.flags.contains("fringeSubtracted") && !light.flags.contains("masterOfOtherNight"))
                let (scale, error) = try (
                    #require(light.fringeScaleElectrons), #require(light.fringeScaleErrorElectrons)
                )
                #expect(abs(scale - sky) < 4 * error && error < 0.1 * sky, "\(scale) +- \(error)")
                let planes = try night.planes(light)
                let left = FringeNight.amplitude(in: planes, sky: sky, phase: phase)
                #expect(abs(left) < min(4 * error / sky, 0.1), "\(filter): \(left) of the fringe is left")
                #expect(abs(spread(planes, sky: sky) - 1) < 0.06, "\(spread(planes, sky: sky))")
            }
            let plain = try night.calibrate(night.light("V", phase: 0))
            #expect(plain.masters.map(\.kind) == [.bias, .flat] && plain.fringeScaleElectrons == nil)
            #expect(!plain.flags.contains("fringeSubtracted") && !plain.flags.contains("fringeNotFitted"))
            #expect(abs(FringeNight.amplitude(in: try night.planes(plain), sky: 4000, phase: 0) - 1) < 0.06)
        }
    }

    /// Scatter of (signal - sky) / sqrt(variance) around its median, without stars: 1 where errors are honest.
    private func spread(_ frame: CalibratedFrame, sky: Double) -> Double {
        let pulls = zip(frame.signal.pixels, frame.variance.pixels).map { (Double($0) - sky) / Double($1).squareRoot() }
        let sorted = pulls.sorted()
        return (sorted[sorted.count * 84 / 100] - sorted[sorted.count * 16 / 100]) / (2 * 0.9945)
    }

    @Test("signal, variance and mask are those of the calibration that single frames get, bit for bit")
    func sameFunction() throws {
        try withFringeNight { night in
            try night.calibrationFrames(["I"])
            _ = try night.handIn("I", phase: 0, midpointMJD: evening - 30)
            let raw = try night.light("I", phase: 0)
            let planes = try night.planes(night.calibrate(raw))
            let shelf = MasterShelf(store: night.bench.store, nights: NightShelf(store: night.bench.store))
            let known = try shelf.visit(instrument: "cam").current.map(\.facts)
            func facts(_ kind: Calibration.FrameKind) throws -> MasterFacts {
                try #require(known.first { $0.kind == kind })
            }
            let handed = try FringeNight.master("I", phase: 0, midpointMJD: evening - 30)
            let set = try MasterSet(
                bias: shelf.master(facts(.bias), unit: ADU.self), flat: shelf.master(facts(.flat), unit: Relative.self),
                fringe: FringeMaster(handed))
            let expected = try LightCalibration(masters: set, detector: DetectorFacts(raw)).calibrate(
                RawFrame.read(raw, from: night.bench.store).pixels, exposureSeconds: 60)
            #expect(planes == expected.frame && expected.flags.contains(.fringeSubtracted))
            let without = try LightCalibration(
                masters: MasterSet(bias: set.bias, flat: set.flat), detector: DetectorFacts(raw)
            ).calibrate(RawFrame.read(raw, from: night.bench.store).pixels, exposureSeconds: 60)
            let added = zip(planes.variance.pixels, without.frame.variance.pixels).map { $0 - $1 }
            #expect(added.reduce(0, +) / Float(added.count) > 100, "the master's error is in the variance")
        }
    }

    @Test("of two in time the nearest is taken; one that is nearer still makes new versions when the night is closed")
    func twoInTime() throws {
        try withFringeNight { night in
            try night.calibrationFrames(["I"])
            _ = try night.handIn("I", phase: 1.2, midpointMJD: evening - 60)
            let near = try night.handIn("I", phase: 0, midpointMJD: evening + 20)
            let raw = try night.light("I", phase: 0)
            let first = try night.calibrate(raw)
            #expect(first.masters.last?.reason == "same mode, filter I, 20 nights newer, 8 frames; best of 2 that fit")
            #expect(abs(FringeNight.amplitude(in: try night.planes(first), sky: 4000, phase: 0)) < 0.1)
            #expect(try night.bench.close().payloads(FrameCalibrated.self) == [])

            let nearer = try night.handIn("I", phase: 0, midpointMJD: evening - 3)
            let closed = try night.bench.close(revision: 2)
            let second = try #require(closed.payloads(FrameCalibrated.self).first)
            let built = try closed.payloads(MasterBuilt.self).filter { $0.kind == .fringe }
            #expect(built.map(\.inputs).sorted { $0[0] < $1[0] }.contains([nearer.frameID]) && built.count == 3)
            let chosen = built.first { $0.masterID == second.masters.last?.masterID }
            #expect(chosen?.inputs == [nearer.frameID] && chosen?.filter == "I" && chosen?.flags == ["externalMaster"])
            #expect(second.recipe != first.recipe && second.masterRank == 2 && second.frameID == raw.frameID)
            #expect(near.frameID != nearer.frameID)
            #expect(try closed.payloads(NightRecalibrated.self).map(\.recipes) == [[raw.frameID: second.recipe]])
            // Taken back, it is as if it had never been there.
            let shelf = StoreNames.night(nearer.night, instrument: "cam", calibration: true)
            try FileManager.default.removeItem(atPath: "\(night.bench.store.root)/\(shelf)/\(nearer.frameID)")
            let third = try night.bench.close(revision: 3).payloads(NightRecalibrated.self)
            #expect(third.map(\.recipes) == [[raw.frameID: first.recipe]])
        }
    }

    @Test("a light whose fringe cannot be measured stays as it is, and says so")
    func notFitted() throws {
        try withFringeNight { night in
            try night.calibrationFrames(["I"])
            let raw = try night.light("I", strength: 0, phase: 0)
            let before = try night.planes(night.calibrate(raw))
            _ = try night.handIn("I", phase: 0, midpointMJD: evening - 30)
            let light = try #require(try night.bench.close().payloads(FrameCalibrated.self).first)
            #expect(light.flags.contains("fringeNotFitted") && !light.flags.contains("fringeSubtracted"))
            #expect(light.masters.last?.kind == .fringe && light.fringeScaleElectrons == nil)
            #expect(light.fringeScaleErrorElectrons == nil)
            #expect(try night.planes(light) == before)
        }
    }

    @Test("said twice, dropped twice, or met by another calibrator, it is one master with the same id and bytes")
    func again() throws {
        try withFringeNight { night in
            try night.calibrationFrames(["I"])
            let bytes = try FringeNight.file(FringeNight.master("I", phase: 0, midpointMJD: evening - 30))
            let frame = try #require(try night.intake.receive(bytes, as: "fringe.fits").first)
            #expect(try night.intake.drop(bytes, as: "again.fits") == .duplicate("the same bytes as fringe.fits"))
            // Made again, with another id and the same pixels for the same lights.
            let twin = try FringeNight.file(
                FringeNight.master("I", phase: 0, midpointMJD: evening - 30), cards: ["MASTERID": .string("another")])
            guard case .duplicate = try night.intake.drop(twin, as: "twin.fits") else {
                Issue.record("the same pixels are another master")
                return
            }
            let raw = try night.light("I", phase: 0)
            for _ in 0..<2 { _ = try night.bench.calibrate(frame) }
            let first = try night.bench.calibrate(raw)
            let built = try first.payloads(MasterBuilt.self).filter { $0.kind == .fringe }
            #expect(built.count == 1 && built.first?.inputs == [frame.frameID])
            let place = String(try #require(built.first?.file.url).dropFirst("frames:".count))
            let written = try night.bench.store.read(place)
            // Elsewhere, and with the master's file lost.
            try FileManager.default.removeItem(atPath: "\(night.bench.store.root)/\(place)")
            let other = CalibrateStage(store: night.bench.store, quietSeconds: 60, elapsed: { 0 })
            let again = try other.received(event(raw)).map { try $0.message(source: "c", trace: Trace(), time: "") }
            #expect(try again.payloads(MasterBuilt.self) == first.payloads(MasterBuilt.self))
            #expect(try again.payloads(FrameCalibrated.self) == first.payloads(FrameCalibrated.self))
            #expect(try night.bench.store.read(place) == written)
        }
    }
}
