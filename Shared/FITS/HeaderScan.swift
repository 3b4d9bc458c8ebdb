internal import CZLib
internal import Foundation

/// Looks through a file's headers before cfitsio does: for values with which cfitsio 4.2 divides by zero or writes
/// beyond its memory. Plain and gzipped files alike.
///
/// What it cannot follow it leaves to cfitsio, which says what is wrong with it.
struct HeaderScan: ~Copyable {
    private static let blockBytes = 2880
    /// Blocks of one header: 100 MB of cards are no header any more.
    private static let maximumBlocks = 36_000

    private let stream: gzFile
    private var block = [UInt8](repeating: 0, count: blockBytes)

    init?(_ path: String) {
        guard let stream = gzopen(path, "rb") else { return nil }
        self.stream = stream
    }

    deinit { gzclose(stream) }

    /// The first fault of a header, with the number of its unit, or nil.
    ///
    /// - Parameter toFirstImage: not beyond the first unit with an image, so that a gzipped file need not be unpacked.
    mutating func fault(toFirstImage: Bool) -> String? {
        for unit in 1...FITSFile.maximumUnitCount {
            guard let cards = readHeader() else { return nil }
            if let fault = cards.compressionFault { return "unit \(unit): \(fault)" }
            if let tiles = cards.packedTiles {
                let data = read(tiles.dataBytes)
                if let fault = tiles.fault(in: data) { return "unit \(unit): \(fault)" }
                guard data.count == tiles.dataBytes, pad(after: data.count) else { return nil }
                if toFirstImage { return nil }
                continue
            }
            if toFirstImage, cards.isImage { return nil }
            guard let bytes = cards.dataBytes, skip(bytes) else { return nil }
        }
        return nil
    }

    private mutating func readHeader() -> ScannedCards? {
        var cards = ScannedCards()
        for number in 0..<Self.maximumBlocks {
            guard gzread(stream, &block, UInt32(Self.blockBytes)) == Self.blockBytes else { return nil }
            if number == 0, !block.starts(with: Array("SIMPLE".utf8)), !block.starts(with: Array("XTENSION".utf8)) {
                return nil
            }
            for start in stride(from: 0, to: Self.blockBytes, by: CardText.length) {
                let card = block[start..<start + CardText.length]
                if card.starts(with: Array("END     ".utf8)) { return cards }
                cards.take(card)
            }
        }
        return nil
    }

    /// So many bytes, or those that are there.
    private func read(_ bytes: Int) -> [UInt8] {
        var data: [UInt8] = []
        while data.count < bytes {
            // In pieces: what a header promises is not asked for before it is there.
            let piece = [UInt8](unsafeUninitializedCapacity: min(bytes - data.count, 16 << 20)) { buffer, count in
                count = max(0, Int(gzread(stream, buffer.baseAddress, UInt32(buffer.count))))
            }
            if piece.isEmpty { break }
            data += piece
        }
        return data
    }

    /// Skips the rest of the last block.
    private func pad(after bytes: Int) -> Bool {
        let rest = bytes % Self.blockBytes
        return rest == 0 || gzseek(stream, Int(Self.blockBytes - rest), SEEK_CUR) >= 0
    }

    private func skip(_ bytes: Int) -> Bool {
        let (padded, overflow) = bytes.addingReportingOverflow(Self.blockBytes - 1)
        guard !overflow else { return false }
        let whole = padded / Self.blockBytes * Self.blockBytes
        return whole == 0 || gzseek(stream, Int(whole), SEEK_CUR) >= 0
    }
}
