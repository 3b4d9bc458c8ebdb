import Documents
import Foundation
import Imaging
import Instruments
import Sky
import Testing

/// Headers of the development frames as text files, one card a line: `<folder>/<set>/<frame>.hdr`.
private let dumps = ProcessInfo.processInfo.environment["NIGHTJAR_HEADER_DUMPS"].map { URL(filePath: $0) }

private func document(_ set: String) throws -> InstrumentDocument {
    let files = try Places.json(in: Places.root.appending(path: "examples/\(set)/instruments"))
    let file = try #require(files.first)
    return try decodeDocument(InstrumentDocument.self, from: Data(contentsOf: file), name: file.lastPathComponent)
}

@Suite("real frames with their examples")
struct RealFrameTests {
    /// Facts of every frame of a set, by file name; nothing where the headers are not at hand.
    private func frames(_ set: String) throws -> [(name: String, facts: ExposureFacts)] {
        guard let dumps else {
            print("skipped: NIGHTJAR_HEADER_DUMPS does not name a folder of header texts (\(set))")
            return []
        }
        let instrument = try document(set)
        let folder = dumps.appending(path: set)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        return try files.sorted { $0.path < $1.path }.map { file in
            let frame = header(try String(contentsOf: file, encoding: .isoLatin1))
            let name = file.deletingPathExtension().lastPathComponent
            let size = (Int(frame.number("NAXIS1") ?? 0), Int(frame.number("NAXIS2") ?? 0))
            return (
                name,
                try normalise(header: frame, width: size.0, height: size.1, fileName: name, instrument: instrument)
            )
        }
    }

    @Test("HAT-P-32: 142 lights of one night, in order of their file names, with the gain left unknown")
    func hatp32b() throws {
        let all = try frames("hatp32b")
        guard let first = all.first?.facts else { return }
        #expect(all.count == 142 && Set(all.map(\.facts.kind)) == [.light])
        #expect(Set(all.map(\.facts.night.date)) == ["2017-12-19"])
        #expect(abs(first.midpointMJDUTC - (58107 + (3600 + 33 * 60 + 43.317 + 30) / 86400)) < 1e-9)
        let times = all.map(\.facts.midpointMJDUTC)
        #expect(times == times.sorted() && Set(times).count == 142)
        #expect(first.instrument.gainSource == .unknown && first.instrument.saturationADU == 4095)
        #expect(first.temperatureCelsius == -2.15 && first.filter == "Clear" && first.object == "HATP-32")
        #expect(first.instrument.site?.longitudeDegrees == -110.88 && first.raDegrees == 31.312099)
        #expect(!all.contains { $0.facts.notes.contains { $0.code == .timesDisagree || $0.code == .valueIgnored } })
    }

    @Test(
        "kinds, filters and objects of the calibration sets",
        arguments: [
            ("umd-st8", [FrameKind.bias: 1, .dark: 1, .flat: 1, .light: 2]),
            ("tircam2", [.bias: 3, .flat: 5, .light: 5]), ("t05-darks", [.dark: 4]),
            ("feder-kelt16", [.bias: 1, .dark: 1, .flat: 1, .light: 1]), ("m13", [.light: 3]),
        ] as [(String, [FrameKind: Int])])
    func sets(name: String, kinds: [FrameKind: Int]) throws {
        let all = try frames(name)
        guard let light = (all.first { $0.facts.kind == .light } ?? all.first)?.facts else { return }
        #expect(Dictionary(grouping: all, by: \.facts.kind).mapValues(\.count) == kinds)
        let summary = "\(light.object ?? "-") \(light.filter ?? "-") \(light.instrument.gainElectronsPerADU ?? 0)"
        let expected = [
            "umd-st8": "Vega Clear 2.5999999046325684", "tircam2": "IC 310 J 0.0",
            "t05-darks": "t5-p1-calibration - 1.340000033378601", "feder-kelt16": "kelt-16b r 1.5",
            "m13": "M 13 blue 0.0",
        ]
        #expect(summary == expected[name])
        #expect(!all.contains { $0.facts.notes.contains { [.kindContradicted, .cameraMismatch].contains($0.code) } })
    }
}
