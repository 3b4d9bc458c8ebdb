public import Foundation
internal import Hashing
public import ReferenceCatalogue
public import Sky

/// Why bytes are no tile.
public struct TileError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// The stars of one cell, read where they lie: nothing is copied or converted until a star is asked for.
///
/// - Shape: see `TileLayout`.
public struct CatalogueTile: Sendable {
    public let cell: SkyCell
    public let bandNames: [String]
    /// Number of stars.
    public var count: Int { layout.starCount }

    private let bytes: Data
    private let layout: TileLayout

    /// - Parameter bytes: a whole tile. Everything of its head is checked; its checksum is not
    ///   (see `checksum`).
    /// - Throws: `TileError` saying what is wrong.
    public init(_ bytes: Data) throws(TileError) {
        // Offsets below count from 0, whatever slice it was.
        let bytes = bytes.startIndex == 0 ? bytes : Data(bytes)
        guard bytes.count >= TileLayout.digestRange.upperBound else {
            throw TileError("it ends after \(bytes.count) bytes, before its head does")
        }
        guard bytes.prefix(8).elementsEqual(TileLayout.magic) else { throw TileError("it is no tile") }
        let version: UInt32 = bytes.value(at: 8)
        guard version == TileLayout.version else {
            throw TileError("its format has version \(version); this program reads \(TileLayout.version)")
        }
        let (order, number): (UInt32, Int64) = (bytes.value(at: 12), bytes.value(at: 16))
        guard let cell = SkyCell(order: Int(order), number: number) else {
            throw TileError("there is no cell \(number) of order \(order)")
        }
        let (starCount, bandCount): (UInt32, UInt32) = (bytes.value(at: 24), bytes.value(at: 28))
        guard starCount <= TileLayout.maximumStarCount,
            (1...CatalogueDescription.maximumBandCount).contains(Int(bandCount))
        else { throw TileError("it claims \(starCount) stars in \(bandCount) bands") }
        let layout = TileLayout(starCount: Int(starCount), bandCount: Int(bandCount))
        guard bytes.count == layout.length else {
            throw TileError(
                "it has \(bytes.count) bytes; \(starCount) stars in \(bandCount) bands take \(layout.length)")
        }
        self.cell = cell
        self.bytes = bytes
        self.layout = layout
        bandNames = (0..<layout.bandCount).map { bytes.text(at: TileLayout.nameOffset($0)) }
    }

    /// Compares the whole tile with the SHA-256 in its head.
    ///
    /// - Throws: `TileError` when they differ: the file is damaged.
    public func verify() throws(TileError) {
        guard TileLayout.digest(of: bytes).elementsEqual(bytes[TileLayout.digestRange]) else {
            throw TileError("its checksum is wrong: the file is damaged")
        }
    }

    /// One star, counted from the brightest; `nil` where its row is no star (a tile that somebody made by hand).
    public func star(_ row: Int) -> CatalogueStar? {
        precondition((0..<count).contains(row), "row outside the tile")
        return bytes.withUnsafeBytes { TileRow(bytes: $0, layout: layout, row: row).star }
    }

    /// Where a star is by its row, without a star being made of it.
    func isIn(_ cone: ConeSieve, _ row: Int) -> ConeSieve.Answer {
        bytes.withUnsafeBytes { bytes in
            let row = TileRow(bytes: bytes, layout: layout, row: row)
            return cone.answer(
                ra: row.value(.ra), dec: row.value(.dec), epoch: row.value(.epoch),
                motion: (ra: row.value(.motionRA), dec: row.value(.motionDec)))
        }
    }

    /// What orders the rows, of one star: the magnitude of the first band that is known; infinite where none is.
    func rankingMagnitude(_ row: Int) -> Float {
        bytes.withUnsafeBytes { bytes in
            let row = TileRow(bytes: bytes, layout: layout, row: row)
            for band in 0..<layout.bandCount {
                let value = row.magnitude(band)
                if !value.isNaN { return value }
            }
            return .infinity
        }
    }
}

/// One row, while the bytes of its tile are at hand.
private struct TileRow {
    let bytes: UnsafeRawBufferPointer
    let layout: TileLayout
    let row: Int

    var star: CatalogueStar? {
        let epoch: Float = value(.epoch)
        guard let position, CatalogueDescription.possibleEpochs.contains(Double(epoch)) else { return nil }
        return CatalogueStar(
            identifier: value(.identifier), position: position, epoch: Double(epoch),
            positionErrorMas: value(.positionError), motion: motion, motionErrorMasPerYear: value(.motionError),
            ruwe: value(.ruwe), flags: CatalogueFlags(rawValue: value(.flags)),
            magnitudes: (0..<layout.bandCount).map { magnitude($0) },
            magnitudeErrors: (0..<layout.bandCount).map { number(at: layout.offset(ofErrors: $0)) })
    }

    private var position: SkyPosition? {
        let (ra, dec): (Double, Double) = (value(.ra), value(.dec))
        do {
            return try SkyPosition(raDegrees: ra, decDegrees: dec)
        } catch {
            // Not on the sphere: no star.
            return nil
        }
    }

    private var motion: ProperMotion? {
        let (ra, dec): (Float, Float) = (value(.motionRA), value(.motionDec))
        let parallax: Float = value(.parallax)
        guard ra.isFinite, dec.isFinite else { return nil }
        do {
            return try ProperMotion(
                raMasPerYear: Double(ra), decMasPerYear: Double(dec), parallaxMas: parallax.isNaN ? 0 : Double(parallax)
            )
        } catch {
            // Faster or nearer than any star: not known.
            return nil
        }
    }

    func magnitude(_ band: Int) -> Float { number(at: layout.offset(ofMagnitudes: band)) }

    private func number(at offset: Int) -> Float {
        bytes.loadUnaligned(fromByteOffset: offset + row * 4, as: Float.self)
    }

    @inline(__always)
    func value<Number: BitwiseCopyable>(_ column: TileLayout.Column) -> Number {
        bytes.loadUnaligned(
            fromByteOffset: layout.offset(of: column) + row * MemoryLayout<Number>.size, as: Number.self)
    }
}
