/// Checks the packed pixels of a tile-compressed image before cfitsio 4.2 unpacks them: it believes what they say, and
/// reads or writes beyond its memory where they lie.
///
/// Looked at are the descriptors of the columns (in the heap, no more pixels than the tile has), the headers that
/// algorithms put before a tile (sizes, lengths), for RICE_1 every code (each tile must have bits for its pixels), and
/// for GZIP_1 and GZIP_2 the stream, which must end and hold no more than its pixels.
/// - Source: FITS standard 4.0, sections 7.3.5 and 10.
struct PackedTiles {
    /// A variable-length column of the table.
    struct Column {
        let name: String
        /// Of the descriptor in a row.
        let offset: Int
        let isLong: Bool
        let elementBytes: Int
    }

    let columns: [Column]
    let rowBytes: Int
    let rowCount: Int
    let heapStart: Int
    /// Table, gap and heap, as the header promises.
    let dataBytes: Int
    /// Pixels of each tile, in the order of the rows.
    let tilePixels: [Int]
    let algorithm: String
    let blockSize: Int
    let bytesPerPixel: Int

    /// - Parameter data: table, gap and heap, or the part of them that is there.
    /// - Returns: the first fault, or nil.
    func fault(in data: [UInt8]) -> String? {
        guard rowCount >= tilePixels.count else {
            return "\(rowCount) rows of packed pixels for \(tilePixels.count) tiles"
        }
        return data.withUnsafeBytes { data in
            for (tile, pixels) in tilePixels.enumerated() {
                for column in columns {
                    if let fault = fault(of: column, tile, pixels, data) {
                        return "tile \(tile + 1): \(column.name) \(fault)"
                    }
                }
            }
            return nil
        }
    }

    private func fault(of column: Column, _ tile: Int, _ pixels: Int, _ data: UnsafeRawBufferPointer) -> String? {
        let place = tile * rowBytes + column.offset
        let size = column.isLong ? 8 : 4
        guard place + 2 * size <= heapStart else { return "lies outside the table" }
        // Of a file that was cut cfitsio says itself what is missing.
        if place + 2 * size > data.count { return nil }
        let count = Self.integer(data, place, bytes: size)
        let offset = Self.integer(data, place + size, bytes: size)
        guard count >= 0, offset >= 0 else { return "has \(count) elements at \(offset)" }
        if count == 0 { return nil }
        let (bytes, tooMany) = count.multipliedReportingOverflow(by: column.elementBytes)
        let heapBytes = dataBytes - heapStart
        guard !tooMany, offset <= heapBytes, bytes <= heapBytes - offset else {
            return "has \(count) elements at \(offset), beyond the heap of \(heapBytes) bytes"
        }
        if heapStart + offset + bytes > data.count { return nil }
        let packed = UnsafeRawBufferPointer(rebasing: data[heapStart + offset..<heapStart + offset + bytes])
        switch column.name {
        case "UNCOMPRESSED_DATA":
            return count > pixels ? "has \(count) values for \(pixels) pixels" : nil
        case "GZIP_COMPRESSED_DATA": return GzipScan.fault(packed, pixels)
        case "COMPRESSED_DATA": return algorithmFault(packed, pixels)
        default: return nil
        }
    }

    private func algorithmFault(_ packed: UnsafeRawBufferPointer, _ pixels: Int) -> String? {
        switch algorithm {
        case "RICE_1", "RICE_ONE":
            let rice = RiceScan(packed, bytesPerPixel: bytesPerPixel, blockSize: blockSize)
            return rice.holds(pixels) ? nil : "ends before its \(pixels) pixels"
        case "GZIP_1", "GZIP_2": return GzipScan.fault(packed, pixels)
        case "HCOMPRESS_1": return HCompressScan.fault(packed, pixels)
        case "PLIO_1": return LineListScan.fault(packed)
        default: return nil
        }
    }

    /// Big-endian, signed.
    static func integer(_ data: UnsafeRawBufferPointer, _ place: Int, bytes: Int) -> Int {
        var value = 0
        for index in 0..<bytes { value = value << 8 | Int(data[place + index]) }
        let unused = 64 - 8 * bytes
        return (value << unused) >> unused
    }
}
