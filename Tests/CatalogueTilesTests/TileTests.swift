import Foundation
import ReferenceCatalogue
import Sky
import Testing

@testable import CatalogueTiles

/// Stars on a spiral around a place: even, without a random number.
func spiral(_ count: Int, around centre: SkyPosition, radiusDegrees: Double) -> [CatalogueStar] {
    (0..<count).map { step in
        let position = centre.displaced(
            separationDegrees: radiusDegrees * (Double(step) / Double(count)).squareRoot(),
            positionAngleDegrees: 137.508 * Double(step))
        let magnitude = 6 + Float((step * 7919) % 1000) / 100
        return CatalogueStar(
            identifier: Int64(step) + (1 << 61), position: position, epoch: 2016, positionErrorMas: 0.02,
            magnitudes: [magnitude, step % 3 == 0 ? .nan : magnitude - 0.5], magnitudeErrors: [0.001, .nan])
    }
}

@Suite("Tiles")
struct TileTests {
    let cell = SkyCell(order: 3, number: 17)!

    @Test("a tile gives back every star as it was, the brightest first")
    func roundTrip() throws {
        let motion = try ProperMotion(raMasPerYear: -801.5, decMasPerYear: 10362.5, parallaxMas: 547)
        var stars = spiral(500, around: cell.centre, radiusDegrees: 2)
        stars[17].motion = motion
        stars[17].motionErrorMasPerYear = 0.25
        stars[17].ruwe = 1.5
        stars[17].flags = [.variable, .poorAstrometry]
        stars[3].magnitudes = [.nan, .nan]
        let bytes = CatalogueTile.bytes(cell: cell, bandNames: ["V", "B"], stars: stars.shuffled())
        let tile = try CatalogueTile(bytes)
        try tile.verify()
        #expect(bytes == CatalogueTile.bytes(cell: cell, bandNames: ["V", "B"], stars: stars))
        #expect(tile.cell == cell && tile.bandNames == ["V", "B"] && tile.count == 500)
        let read = try (0..<tile.count).map { try #require(tile.star($0)) }
        #expect(read.map(\.rankingMagnitude) == read.map(\.rankingMagnitude).sorted())
        #expect(read.last?.rankingMagnitude == .infinity)
        let known = Dictionary(uniqueKeysWithValues: stars.map { ($0.identifier, $0) })
        for star in read {
            let original = try #require(known[star.identifier])
            #expect(star.position == original.position && star.epoch == 2016 && star.motion == original.motion)
            #expect(star.flags == original.flags && star.positionErrorMas == 0.02)
            for (one, other) in zip(
                star.magnitudes + star.magnitudeErrors + [star.ruwe, star.motionErrorMasPerYear],
                original.magnitudes + original.magnitudeErrors + [original.ruwe, original.motionErrorMasPerYear])
            {
                #expect(one == other || one.isNaN && other.isNaN)
            }
        }
    }

    @Test("any flipped byte, any cut and any wrong length is refused, never a crash")
    func damage() throws {
        let bytes = CatalogueTile.bytes(
            cell: cell, bandNames: ["V", "B"], stars: spiral(3, around: cell.centre, radiusDegrees: 1))
        for place in bytes.indices {
            var damaged = bytes
            damaged[place] ^= 0x41
            #expect(throws: TileError.self, "byte \(place)") { try CatalogueTile(damaged).verify() }
        }
        for length in 0..<bytes.count {
            #expect(throws: TileError.self, "length \(length)") { try CatalogueTile(bytes.prefix(length)) }
        }
        #expect(throws: TileError.self) { try CatalogueTile(bytes + [0]) }
    }

    @Test("a tile with hostile numbers and a right checksum gives no such stars")
    func hostileNumbers() throws {
        var bytes = CatalogueTile.bytes(
            cell: cell, bandNames: ["V", "B"], stars: spiral(4, around: cell.centre, radiusDegrees: 1))
        let layout = TileLayout(starCount: 4, bandCount: 2)
        func put<Number: BitwiseCopyable>(_ number: Number, at offset: Int) {
            withUnsafeBytes(of: number) { bytes.replaceSubrange(offset..<offset + $0.count, with: $0) }
        }
        put(Double.nan, at: layout.offset(of: .ra))
        put(91.0, at: layout.offset(of: .dec) + 8)
        put(Float.infinity, at: layout.offset(of: .epoch) + 8)
        put(Float(1e30), at: layout.offset(of: .motionRA) + 12)
        put(Float(0), at: layout.offset(of: .motionDec) + 12)
        let tile = try CatalogueTile(bytes)
        #expect(tile.star(0) == nil && tile.star(1) == nil && tile.star(2) == nil)
        #expect(tile.star(3) != nil && tile.star(3)?.motion == nil)
        #expect(throws: TileError.self) { try tile.verify() }
    }
}
