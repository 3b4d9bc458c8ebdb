public import Foundation
internal import Hashing
public import ReferenceCatalogue
public import Sky

extension CatalogueTile {
    /// The bytes of a tile, stars from the brightest to the faintest, equally bright ones by identifier and place. Same
    /// stars, same bytes, whatever order they come in.
    ///
    /// - Parameter stars: with one magnitude for each band.
    public static func bytes(cell: SkyCell, bandNames: [String], stars: [CatalogueStar]) -> Data {
        precondition(stars.allSatisfy { $0.magnitudes.count == bandNames.count }, "one magnitude for each band")
        let stars = stars.sorted(by: isBefore)
        let layout = TileLayout(starCount: stars.count, bandCount: bandNames.count)
        var bytes = Data(capacity: layout.length)
        bytes.append(contentsOf: TileLayout.magic)
        bytes.append(number: TileLayout.version)
        bytes.append(number: UInt32(cell.order))
        bytes.append(number: cell.number)
        bytes.append(number: UInt32(stars.count))
        bytes.append(number: UInt32(bandNames.count))
        for (band, name) in bandNames.enumerated() {
            bytes.pad(to: TileLayout.nameOffset(band))
            bytes.append(contentsOf: name.utf8.prefix(CatalogueDescription.maximumBandNameLength))
        }
        appendColumns(stars, layout, to: &bytes)
        bytes.pad(to: layout.length)
        bytes.replaceSubrange(TileLayout.digestRange, with: TileLayout.digest(of: bytes))
        return bytes
    }

    private static func appendColumns(_ stars: [CatalogueStar], _ layout: TileLayout, to bytes: inout Data) {
        func column<Number: BitwiseCopyable>(_ column: TileLayout.Column, _ value: (CatalogueStar) -> Number) {
            precondition(MemoryLayout<Number>.size == column.width, "the column is of another width")
            bytes.pad(to: layout.offset(of: column))
            for star in stars { bytes.append(number: value(star)) }
        }
        column(.identifier, \.identifier)
        column(.ra, \.position.raDegrees)
        column(.dec, \.position.decDegrees)
        column(.epoch) { Float($0.epoch) }
        column(.positionError, \.positionErrorMas)
        column(.motionRA) { $0.motion.map { Float($0.raMasPerYear) } ?? .nan }
        column(.motionDec) { $0.motion.map { Float($0.decMasPerYear) } ?? .nan }
        column(.motionError, \.motionErrorMasPerYear)
        column(.parallax) { $0.motion.map { Float($0.parallaxMas) } ?? .nan }
        column(.ruwe, \.ruwe)
        column(.flags, \.flags.rawValue)
        for band in 0..<layout.bandCount {
            bytes.pad(to: layout.offset(ofMagnitudes: band))
            for star in stars { bytes.append(number: star.magnitudes[band]) }
        }
        for band in 0..<layout.bandCount {
            bytes.pad(to: layout.offset(ofErrors: band))
            for star in stars { bytes.append(number: star.magnitudeErrors[band]) }
        }
    }

    private static func isBefore(_ one: CatalogueStar, _ other: CatalogueStar) -> Bool {
        let ranks = (one.rankingMagnitude, other.rankingMagnitude)
        return (ranks.0, one.identifier, one.position.raDegrees, one.position.decDegrees)
            < (ranks.1, other.identifier, other.position.raDegrees, other.position.decDegrees)
    }
}

extension TileLayout {
    /// SHA-256 of everything but the place of the checksum itself.
    static func digest(of bytes: Data) -> [UInt8] {
        var hash = SHA256()
        bytes.withUnsafeBytes {
            hash.update(UnsafeRawBufferPointer(rebasing: $0[..<digestRange.lowerBound]))
            hash.update(UnsafeRawBufferPointer(rebasing: $0[digestRange.upperBound...]))
        }
        return hash.finalizeBytes()
    }
}
