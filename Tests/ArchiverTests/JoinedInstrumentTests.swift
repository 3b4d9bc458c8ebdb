import Foundation
import PortableNumbers
import PostgresStore
import Sky
import TestKit
import Testing

@testable import archiver
@testable import nightjar

@Suite("One object's light curve by several instruments")
struct JoinedInstrumentTests {
    /// Stars that two instruments see, the second one a twentieth of a magnitude fainter, on six frames each.
    private func observe(_ bench: Bench, shared: Bool = true) throws {
        var noise = SplitMix64(seed: 21)
        var stars: [SeenStar] = []
        for index in 0..<25 {
            let (east, north) = (Double(index % 5), Double(index / 5))
            let flux: Double = 20_000 * pow(10, 0.02 * Double(index))
            stars.append(SeenStar(raDegrees: 10 + 0.01 * east, decDegrees: 20 + 0.01 * north, flux: flux))
        }
        for frame in 0..<12 {
            let isSecond = frame >= 6
            let factor: Double = isSecond ? pow(10, -0.02) : 1
            var seen: [SeenStar] = []
            for (index, star) in stars.enumerated() where shared || index == 0 || (index % 2 == 0) == isSecond {
                let flux: Double = star.flux * factor
                var star = star
                star.flux = flux + flux.squareRoot() * noise.gaussian()
                seen.append(star)
            }
            try bench.see(seen, frame: frame, instrument: isSecond ? "second" : nil)
        }
    }

    private func object(_ bench: Bench) throws -> (RecordedObject, Record) {
        let record = Record(bench.database)
        let near = try #require(
            try RecordedObject.near(
                SkyPosition(raDegrees: 10, decDegrees: 20), radiusArcsec: 2, year: 2026, in: record
            ).first)
        return (try #require(try RecordedObject(record, object: near.object, knownAt: nil)), record)
    }

    @Test("is joined by the offset that the other stars show, with its error; the measured magnitudes stay")
    func joined() throws {
        try withBench { bench in
            try observe(bench)
            let (object, record) = try object(bench)
            let joined = try JoinedInstruments(object, gauge: nil, knownAt: nil, in: record)
            try #require(joined.offsets.count == 2)
            let second = try #require(joined.offsets.first { $0.instrument == "second" })
            let (offset, error) = (try #require(second.offset), try #require(second.error))
            #expect(abs(offset - 0.05) < 3 * error && error < 0.01 && second.stars == 24, "\(offset) \(error)")
            let csv = objectCSV([(object, joined)]).split(separator: "\n").map { $0.components(separatedBy: ",") }
            let (mag, joinedMag) = (csv[0].firstIndex(of: "mag") ?? 0, csv[0].firstIndex(of: "mag_joined") ?? 0)
            for row in csv.dropFirst() {
                let moved = (Double(row[mag]) ?? 0) - (Double(row[joinedMag]) ?? 0)
                #expect(abs(moved - (row[1] == "second" ? offset : 0)) < 2e-5)
            }
            #expect(!objectCSV([(object, nil)]).contains("offset"))
            // From the other side it is the same step.
            let reverse = try JoinedInstruments(object, gauge: "second", knownAt: nil, in: record)
            let back = try #require(reverse.offsets.first { $0.instrument != "second" }?.offset)
            #expect(abs(back + offset) < 1e-4)
        }
    }

    @Test("without stars that both have seen the curves stay apart, and that is said")
    func unconnected() throws {
        try withBench { bench in
            try observe(bench, shared: false)
            let (object, record) = try object(bench)
            let joined = try JoinedInstruments(object, gauge: nil, knownAt: nil, in: record)
            #expect(joined.offsets.count == 2 && joined.offsets.count { $0.offset == nil } == 1)
            #expect(objectText([(object, joined)]).contains("no shared stars"))
        }
    }
}
