import Calibration
import Imaging
import Simulation
import Testing

@Suite struct PreviousMasterTests {
    private func taken() -> Frames {
        var frames = Frames(Frames.instrument())
        frames.take(.bias, count: 10)
        frames.take(.dark, count: 6, seconds: 60)
        for electrons in [30_000.0, 20_000, 30_000, 25_000] {
            frames.take(.flat, count: 1, seconds: 2, electrons: electrons)
        }
        return frames
    }

    @Test("frames like the master before are taken, whatever their level; one with a light leak is refused by name")
    func bias() throws {
        let frames = taken()
        let before = try #require(try frames.masters(withDark: false, withFlat: false).bias)
        var night = Frames(Frames.instrument(), seed: 77)
        night.take(.bias, count: 5)
        let all = try night.builder().bias(
            night.group(.bias), id: "b", previous: before, rows: night.rows(night.group(.bias)))
        #expect(all.refused.isEmpty && all.master.facts.flags.contains(.comparedWithPrevious))
        // 40 ADU in a corner of 30 % of the frame: 8 sigma.
        night.change("bias-3") { image in
            for y in 0..<140 { for x in 0..<140 { image[x, y] += 40 } }
        }
        let one = try night.builder().bias(
            night.group(.bias), id: "b", previous: before, rows: night.rows(night.group(.bias)))
        #expect(one.refused.map(\.id) == ["bias-3"] && one.master.facts.count == 4)
        let refusal = try #require(one.refused.first?.refusal)
        #expect(refusal.code == "calibration.differsFromPrevious")
        #expect(refusal.description.contains("6.0 sigma") && refusal.description.contains("bias"))
        guard case .differsFromPrevious(_, let fraction, _) = refusal else { return }
        #expect((0.25...0.31).contains(fraction))
    }

    @Test("cosmic rays and hot pixels on fewer than 5 % of the pixels are no reason, in any kind of frame")
    func kinds() throws {
        let before = try taken().masters()
        var night = Frames(Frames.instrument(), seed: 78)
        night.take(.bias, count: 5)
        night.take(.dark, count: 3, seconds: 60)
        for electrons in [18_000.0, 36_000, 30_000] { night.take(.flat, count: 1, seconds: 3, electrons: electrons) }
        for id in night.facts.map(\.id) {
            night.change(id) { image in
                for i in stride(from: 7, to: image.pixels.count, by: 25) { image.pixels[i] += 2000 }
            }
        }
        let builder = night.builder()
        let (dark, flat) = (night.group(.dark), night.group(.flat))
        let darks = try builder.dark(dark, id: "d", bias: before.bias, previous: before.dark, rows: night.rows(dark))
        #expect(darks.refused.isEmpty)
        let flats = try builder.flat(
            flat, id: "f", bias: before.bias, dark: before.dark, previous: before.flat, rows: night.rows(flat))
        #expect(flats.refused.isEmpty)
        // A dust ring of 40 px radius that was not there: 5000 of 65536 pixels lose a fifth of their light.
        night.change(flat.frames[1].id) { image in
            for y in 0..<256 {
                for x in 0..<256 where (x - 100) * (x - 100) + (y - 90) * (y - 90) < 1600 { image[x, y] *= 0.8 }
            }
        }
        let dusty = try builder.flat(
            flat, id: "f", bias: before.bias, dark: before.dark, previous: before.flat, rows: night.rows(flat))
        #expect(dusty.refused.map(\.id) == [flat.frames[1].id])
        // A dark that still has its bias is not compared with one that has not.
        let raw = try builder.dark(dark, id: "d", bias: nil, previous: before.dark, rows: night.rows(dark))
        #expect(raw.refused.isEmpty && !raw.master.facts.flags.contains(.comparedWithPrevious))
    }

    @Test("a master before of another size, or without a usable pixel, is not said to have been compared with")
    func nothingToCompare() throws {
        let frames = taken()
        var before = try #require(try frames.masters(withDark: false, withFlat: false).bias)
        let group = frames.group(.bias)
        #expect(before.canBeCompared(with: group.mode))
        before.image.pixels = before.image.pixels.map { _ in .nan }
        let built = try frames.builder().bias(group, id: "b", previous: before, rows: frames.rows(group))
        #expect(!built.master.facts.flags.contains(.comparedWithPrevious))
        let small = Master<ADU>(
            facts: before.facts, image: Image(width: 4, height: 4), error: Image(width: 4, height: 4))
        #expect(!small.canBeCompared(with: group.mode))
        let other = try frames.builder().bias(group, id: "b", previous: small, rows: frames.rows(group))
        #expect(!other.master.facts.flags.contains(.comparedWithPrevious))
    }

    @Test("when no frame is like the master before, each is refused, and what is wrong by itself keeps its reason")
    func all() throws {
        let before = try #require(try taken().masters(withDark: false, withFlat: false).bias)
        var night = Frames(Frames.instrument(), seed: 79)
        night.take(.bias, count: 3)
        for id in night.facts.map(\.id) {
            night.change(id) { image in for i in image.pixels.indices { image.pixels[i] += 300 } }
        }
        night.change("bias-1") { $0 = Image(width: 256, height: 256, filledWith: .nan) }
        let error = #expect(throws: CalibrationError.self) {
            _ = try night.builder().bias(
                night.group(.bias), id: "b", previous: before, rows: night.rows(night.group(.bias)))
        }
        guard case .noUsableFrame(_, let refused)? = error else { return }
        #expect(Set(refused.map(\.refusal.code)) == ["calibration.differsFromPrevious", "calibration.notANumber"])
        #expect(refused.count == 3)
    }

    @Test("the master before is the latest of an earlier night with the same mode, filter, exposure and revision")
    func choice() {
        let mode = DetectorMode(instrument: "cam", width: 8, height: 8)
        func master(_ id: String, _ mjd: Double, _ change: (inout MasterFacts) -> Void = { _ in }) -> MasterFacts {
            var facts = MasterFacts(
                id: id, kind: .dark, mode: mode, exposureSeconds: 60, temperatureCelsius: -10, midpointMJD: mjd,
                night: "n\(mjd)", count: 5, inputIDs: [], frameNoise: 4)
            facts.instrumentRevision = 2
            change(&facts)
            return facts
        }
        var frame = CalibrationFrameFacts(
            id: "d", kind: .dark, mode: mode, exposureSeconds: 60, temperatureCelsius: -10.3, midpointMJD: 10,
            night: "n10")
        frame.instrumentRevision = 2
        let group = MasterGroup(kind: .dark, mode: mode, night: "n10", filter: nil, frames: [frame])
        let masters = [
            master("old", 5), master("b", 8), master("a", 8), master("later", 11),
            master("today", 9) { $0.night = "n10" },
            master("other", 9) { $0.instrumentRevision = 1 }, master("long", 9) { $0.exposureSeconds = 300 },
            master("warm", 9) { $0.temperatureCelsius = 0 }, master("foreign", 9) { $0.flags = .externalMaster },
        ]
        #expect(MasterSelection.previous(to: group, among: masters)?.id == "a")
        #expect(MasterSelection.previous(to: group, among: masters.reversed())?.id == "a")
        #expect(MasterSelection.previous(to: group, among: []) == nil)
    }
}
