internal import CZLib

/// Unpacks a gzipped tile and throws the bytes away: cfitsio 4.2 asks for more and more memory, and never ends, where a
/// stream is broken in its middle.
enum GzipScan {
    /// - Returns: nil when the stream ends well, with at most eight bytes for each pixel.
    static func fault(_ packed: UnsafeRawBufferPointer, _ pixels: Int) -> String? {
        var stream = z_stream()
        // 16: a gzip header, and no other, as cfitsio asks for.
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            return "cannot be looked at"
        }
        defer { inflateEnd(&stream) }
        let limit = pixels.multipliedReportingOverflow(by: 8)
        guard !limit.overflow, packed.count < Int(UInt32.max) else { return "is too large" }
        stream.next_in = UnsafeMutablePointer(mutating: packed.bindMemory(to: UInt8.self).baseAddress)
        stream.avail_in = UInt32(packed.count)
        return withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
            var total = 0
            while true {
                stream.next_out = buffer.bindMemory(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(buffer.count)
                let status = inflate(&stream, Z_NO_FLUSH)
                total += buffer.count - Int(stream.avail_out)
                guard total <= limit.partialValue else { return "unpacks to more than \(pixels) pixels" }
                if status == Z_STREAM_END { return nil }
                // Without an end, and with room left, there is nothing more to come.
                guard status == Z_OK, stream.avail_out == 0 || stream.avail_in > 0 else {
                    return "is a broken gzip stream"
                }
            }
        }
    }
}
