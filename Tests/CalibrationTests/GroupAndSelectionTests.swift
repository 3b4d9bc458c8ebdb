import Calibration
import Testing

@Suite struct GroupAndSelectionTests {
    private let mode = DetectorMode(instrument: "cam", width: 100, height: 100)

    private func frame(
        _ id: String, _ kind: FrameKind, seconds: Double = 0, celsius: Double? = -10, filter: String? = nil,
        mjd: Double = 60_000, night: String = "n1", mode: DetectorMode? = nil
    ) -> CalibrationFrameFacts {
        CalibrationFrameFacts(
            id: id, kind: kind, mode: mode ?? self.mode, filter: filter, exposureSeconds: seconds,
            temperatureCelsius: celsius, midpointMJD: mjd, night: night)
    }

    private func master(
        _ id: String, _ kind: FrameKind, seconds: Double = 0, celsius: Double? = -10, filter: String? = nil,
        mjd: Double = 60_000, night: String = "n1", count: Int = 10, flags: CalibrationFlags = [],
        mode: DetectorMode? = nil
    ) -> MasterFacts {
        MasterFacts(
            id: id, kind: kind, mode: mode ?? self.mode, filter: filter, exposureSeconds: seconds,
            temperatureCelsius: celsius, midpointMJD: mjd, night: night, count: count, inputIDs: [], frameNoise: 5,
            flags: flags)
    }

    @Test("groups part by kind, mode, night, filter, exposure and temperature, whatever the order of arrival")
    func groups() {
        var binned = mode
        binned.binningX = 2
        let frames = [
            frame("b1", .bias), frame("b2", .bias, celsius: 5), frame("b3", .bias, mode: binned),
            frame("b4", .bias, night: "n2"), frame("d1", .dark, seconds: 60),
            frame("d2", .dark, seconds: 60.01, celsius: -9.5),
            frame("d3", .dark, seconds: 60, celsius: -5), frame("d4", .dark, seconds: 60, celsius: nil),
            frame("d5", .dark, seconds: 300), frame("f1", .flat, seconds: 1, filter: "V"),
            frame("f2", .flat, seconds: 3, filter: "V", mjd: 59_999.9), frame("f3", .flat, seconds: 1, filter: "R"),
            frame("l1", .light, seconds: 60),
        ]
        let expected: Set<[String]> = [
            ["b1", "b2"], ["b3"], ["b4"], ["d1", "d2"], ["d3"], ["d4"], ["d5"], ["f2", "f1"], ["f3"],
        ]
        let groups = MasterGroup.groups(of: frames)
        #expect(Set(groups.map { $0.frames.map(\.id) }) == expected)
        #expect(groups.count == expected.count)
        for shift in 1..<frames.count {
            let turned = Array(frames[shift...] + frames[..<shift])
            #expect(MasterGroup.groups(of: turned) == groups)
            #expect(MasterGroup.groups(of: turned.reversed()) == groups)
        }
        #expect(Set(groups.map(\.key)).count == groups.count)
    }

    @Test("a warming camera is cut into groups no wider than twice the tolerance")
    func warming() {
        let frames = (0..<21).map { frame("d\($0)", .dark, seconds: 60, celsius: Double($0) * 0.5) }
        for group in MasterGroup.groups(of: frames) {
            let known = group.frames.compactMap(\.temperatureCelsius)
            #expect((known.max() ?? 0) - (known.min() ?? 0) <= 2)
        }
    }

    @Test("a dark of equal exposure outranks a scaled one, and the reason says what was done")
    func darks() {
        let light = frame("l", .light, seconds: 30, celsius: -10.4, mjd: 60_002, night: "n3")
        let scaled = master("a", .dark, seconds: 60, celsius: -10, night: "n1")
        let equal = master("b", .dark, seconds: 30, celsius: -10.4, mjd: 59_000, night: "n0", flags: .containsBias)
        let other = master("c", .dark, seconds: 60, flags: .containsBias)
        let warm = master("d", .dark, seconds: 30, celsius: -5)
        let only = MasterSelection.best(.dark, for: light, among: [scaled, other, warm])
        #expect(only.choice?.master.id == "a")
        #expect(only.reason == "same mode, 60 s dark scaled to 30 s, 0.4 C warmer, 2 nights older, 10 frames")
        let both = MasterSelection.best(.dark, for: light, among: [scaled, equal])
        #expect(both.choice?.master.id == "b")
        #expect(both.choice!.rank > only.choice!.rank)
        let none = MasterSelection.best(.dark, for: light, among: [other, warm])
        #expect(none.choice == nil)
        #expect(
            none.reason
                == "no master dark fits: 1 with another exposure time and the bias inside, 1 with another temperature")
    }

    @Test("unknown temperature goes with unknown only")
    func unknownTemperature() {
        let light = frame("l", .light, seconds: 60, celsius: nil)
        let known = master("a", .dark, seconds: 60)
        let unknown = master("b", .dark, seconds: 60, celsius: nil)
        #expect(MasterSelection.best(.dark, for: light, among: [known]).choice == nil)
        #expect(MasterSelection.best(.dark, for: light, among: [known, unknown]).choice?.master.id == "b")
    }

    @Test("a dark is not stretched beyond the limit, and without a bias a bias-free dark ranks last")
    func limits() {
        let light = frame("l", .light, seconds: 300)
        let short = master("a", .dark, seconds: 30)
        #expect(MasterSelection.best(.dark, for: light, among: [short]).choice == nil)
        let free = master("b", .dark, seconds: 300)
        let full = master("c", .dark, seconds: 300, mjd: 59_000, night: "n0", flags: .containsBias)
        #expect(MasterSelection.best(.dark, for: light, among: [free, full], hasBias: false).choice?.master.id == "c")
        #expect(MasterSelection.best(.dark, for: light, among: [free, full]).choice?.master.id == "b")
    }

    @Test("a flat has the same filter; the nearer night wins, then more frames, then the nearer hour, then the id")
    func flats() {
        let light = frame("l", .light, seconds: 60, filter: "V", mjd: 60_010, night: "n10")
        func best(_ masters: [MasterFacts]) -> String? {
            let found = MasterSelection.best(.flat, for: light, among: masters).choice?.master.id
            #expect(MasterSelection.best(.flat, for: light, among: masters.reversed()).choice?.master.id == found)
            return found
        }
        let red = master("r", .flat, filter: "R", mjd: 60_010, night: "n10")
        let plain = master("p", .flat, mjd: 60_010, night: "n10")
        #expect(best([red, plain]) == nil)
        let far = master("far", .flat, filter: "V", mjd: 60_000, count: 50)
        let near = master("near", .flat, filter: "V", mjd: 60_012, night: "n12", count: 3)
        #expect(best([far, near, red]) == "near")
        let few = master("few", .flat, filter: "V", mjd: 60_010, night: "n10", count: 3)
        let many = master("many", .flat, filter: "V", mjd: 60_009.7, night: "n10", count: 9)
        #expect(best([near, few, many]) == "many")
        let twin = master("also", .flat, filter: "V", mjd: 60_009.7, night: "n10", count: 9)
        #expect(best([many, twin]) == "also")
        let later = MasterSelection.best(.flat, for: light, among: [near])
        #expect(later.reason == "same mode, filter V, 2 nights newer, 3 frames")
    }

    @Test("a master of another mode or camera is no candidate, and a better set has a higher rank")
    func modes() {
        let light = frame("l", .light, seconds: 60)
        var binned = mode
        binned.binningY = 2
        var stranger = mode
        stranger.instrument = "other"
        let none = MasterSelection.best(
            .bias, for: light, among: [master("a", .bias, mode: binned), master("b", .bias, mode: stranger)])
        #expect(none.choice == nil && none.reason == "no master bias fits: 1 with another mode")
        #expect(MasterSelection.best(.bias, for: light, among: []).reason == "no master bias of cam")
        let bias = MasterSelection.best(.bias, for: light, among: [master("a", .bias)])
        let dark = MasterSelection.best(.dark, for: light, among: [master("d", .dark, seconds: 60)])
        #expect(MasterSelection.rank([bias, dark]) > MasterSelection.rank([bias, none]))
        #expect(MasterSelection.rank([none]) == 0)
    }

    @Test("of fringes of the light's mode and filter the nearest in time is taken, of two as near the lower id")
    func fringes() throws {
        let light = frame("l", .light, seconds: 60, filter: "I", mjd: 60_100)
        var binned = mode
        binned.binningX = 2
        func best(_ masters: [MasterFacts]) -> String? {
            let forward = MasterSelection.best(.fringe, for: light, among: masters).choice
            let backward = MasterSelection.best(.fringe, for: light, among: masters.reversed()).choice
            #expect(forward == backward)
            return forward?.master.id
        }
        let far = master("a", .fringe, filter: "I", mjd: 60_000, count: 99)
        let near = master("b", .fringe, celsius: 20, filter: "I", mjd: 60_100.25, night: "n2", count: 3)
        let sameNight = master("c", .fringe, filter: "I", mjd: 60_099.6, night: "n1", count: 50)
        #expect(best([far, near, sameNight]) == "b")
        #expect(best([far, sameNight]) == "c")
        // As near, one before and one after, of other temperatures and more frames.
        #expect(best([near, master("a2", .fringe, filter: "I", mjd: 60_099.75, count: 40)]) == "a2")
        #expect(
            best([master("z", .fringe, filter: "z"), master("0", .fringe), master("1", .flat, filter: "I")]) == nil)
        #expect(best([master("m", .fringe, filter: "I", mode: binned)]) == nil)
        let none = MasterSelection.best(.fringe, for: light, among: [master("z", .fringe, filter: "z")])
        #expect(none.reason == "no master fringe fits: 1 with another filter")
    }
}
