internal import CFITSIO
internal import Foundation
internal import Imaging

extension FITSFile {
    /// Pixels of an uncompressed image of 16-bit integers, as cameras write them: read and turned round without
    /// cfitsio, whose handles belong to one thread, in stretches that stay in the processor's cache.
    ///
    /// Stored value plus BZERO, exact in `Float`: the same bits as cfitsio's, on any number of threads.
    ///
    /// - Returns: nil where the image is stored in another way, or where its bytes cannot be had: cfitsio knows how, or
    ///   says why not.
    func readPlainIntegers(of shape: FITSImageShape, threads: Int) throws(FITSError) -> [Float]? {
        guard isPlain, !shape.isTileCompressed, shape.bitsPerPixel == 16, let zero = exactZero() else { return nil }
        var (headerStart, dataStart, dataEnd): (LONGLONG, LONGLONG, LONGLONG) = (0, 0, 0)
        var status: Int32 = 0
        ffghadll(handle, &headerStart, &dataStart, &dataEnd, &status)
        try FITSError.check(status, file: path, action: "find the data of unit \(shape.unit)")
        let descriptor = open(Self.literal(path), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let count = shape.width * shape.height
        let source = PlainIntegers(descriptor: descriptor, start: Int(dataStart), count: count, zero: zero)
        var isWhole = true
        let pixels = [Float](plane: count, threads: threads) { pixels in
            guard let pixels = pixels.baseAddress else { return }
            let read = parallelMap(source.stretches, threads: threads) { source.read(stretch: $0, into: pixels) }
            isWhole = !read.contains(false)
        }
        return isWhole ? pixels : nil
    }

    /// cfitsio's mark for an image without BLANK (NULL_UNDEFINED in fitsio2.h, which is not installed).
    private static let noBlank: LONGLONG = 1_234_554_321

    /// BZERO, where a stored value needs nothing else and every sum is exact: BSCALE is 1, and there is no BLANK.
    private func exactZero() -> Int32? {
        // cfitsio describes an image as a table whose second column holds the pixels.
        guard let file = handle.pointee.Fptr?.pointee, file.tfield >= 2, let column = file.tableptr?[1],
            column.tscale == 1, column.tnull == Self.noBlank, abs(column.tzero) <= 8_000_000,
            column.tzero == column.tzero.rounded()
        else { return nil }
        return Int32(column.tzero)
    }
}

/// Where the integers of an image lie in a file.
private struct PlainIntegers {
    let descriptor: Int32
    /// Of the first pixel [bytes].
    let start: Int
    let count: Int
    let zero: Int32

    /// [px]
    private static let stretch = 1 << 16

    var stretches: Int { (count + Self.stretch - 1) / Self.stretch }

    /// - Returns: false when the file ends before the stretch does, or cannot be read.
    func read(stretch: Int, into pixels: UnsafeMutablePointer<Float>) -> Bool {
        let first = stretch * Self.stretch
        let wanted = min(Self.stretch, count - first)
        return withUnsafeTemporaryAllocation(of: Int16.self, capacity: wanted) { stored in
            guard let stored = stored.baseAddress, fill(stored, bytes: 2 * wanted, from: start + 2 * first) else {
                return false
            }
            let target = pixels + first
            for index in 0..<wanted { target[index] = Float(Int32(Int16(bigEndian: stored[index])) + zero) }
            return true
        }
    }

    private func fill(_ target: UnsafeMutableRawPointer, bytes: Int, from offset: Int) -> Bool {
        var done = 0
        while done < bytes {
            let taken = pread(descriptor, target + done, bytes - done, off_t(offset + done))
            if taken < 0, errno == EINTR { continue }
            guard taken > 0 else { return false }
            done += taken
        }
        return true
    }
}
