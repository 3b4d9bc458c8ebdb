import Calibration
import FITS
import Foundation
import Imaging
import Instruments
import Testing

@testable import nightjar

@Suite("A master fringe among the files that are handed in")
struct FringeHandInTests {
    @Test("goes to the instrument whose document it was made with, after the flats and before the lights")
    func instrument() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fringe-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { unlinkTree(folder) }
        let facts = MasterFacts(
            id: "0f1e2d3c", kind: .fringe, mode: DetectorMode(instrument: "second", width: 8, height: 8), filter: "I",
            exposureSeconds: 60, temperatureCelsius: nil, midpointMJD: 60_000, night: "2023-02-25", count: 5,
            inputIDs: [], frameNoise: 0.01)
        let file = folder.appending(path: "a.fits")
        let plane = Image<Relative>(width: 8, height: 8, filledWith: 0.01)
        try FITSWriter.write(
            image: plane, error: plane, mask: Mask(width: 8, height: 8), header: facts.cards(names: [:]), to: file.path)
        // Both documents call everything a light that they can read.
        var documents = ["first", "second"].map { InstrumentDocument.automatic(id: $0) }
        for index in documents.indices {
            documents[index].kindFromFileName = [KindPattern(pattern: "*", kind: .light)]
            documents[index].match = MatchPatterns(fileName: ["*.fits"])
        }
        let guess = try FileGuess(file, among: documents)
        #expect(guess.instrument == "second" && guess.kind == nil && guess.isFringe)
        #expect(guess.order == 3)
        // Made with none of these documents, it goes where it is handed in, and ingest says what is wrong.
        #expect(try FileGuess(file, among: [documents[0]]).instrument == "first")
    }

    private func unlinkTree(_ folder: URL) {
        do { try FileManager.default.removeItem(at: folder) } catch { Issue.record(error) }
    }
}
