internal import CFITSIO
internal import Foundation

/// A FITS file open for reading: plain, gzip-compressed, or tile-compressed (`.fz`).
///
/// A file's name is taken literally: brackets, quotes, blanks, newlines, `~` and `!` have no meaning. The handle is
/// closed in `deinit`. One handle belongs to one thread; different handles may be used on different threads.
public struct FITSFile: ~Copyable {
    /// An image with more pixels than this (2^31) is refused before memory is asked for.
    public static let maximumPixelCount = 1 << 31
    /// Files with more header-data units than this are not searched further.
    static let maximumUnitCount = 10_000

    public let path: String
    let handle: UnsafeMutablePointer<fitsfile>
    let isPlain: Bool
    /// Whether the pixels read last had values beyond the range of `Float`.
    var hasOverflows = false

    /// Opens the file and reads its first header.
    ///
    /// - Throws: `cannotRead` when there is no readable regular file, `notFITS` when its bytes are something else,
    ///   `truncated` or `corrupt` when its first header cannot be read to the end.
    public init(reading path: String) throws(FITSError) {
        let isPlain = try Self.requireFITSBytes(path)
        try Self.requireHarmlessHeaders(path, toFirstImage: !isPlain)
        var opened: UnsafeMutablePointer<fitsfile>?
        var status: Int32 = 0
        ffcmsg()
        if let gzip = Self.misleadingName(path, isPlain: isPlain) {
            ffdkopn(&opened, "/dev/fd/\(fileno(gzip))", READONLY, &status)
            fclose(gzip)
        } else {
            ffdkopn(&opened, Self.literal(path), READONLY, &status)
        }
        guard status == 0, let opened else {
            throw FITSError(
                file: path, action: "read the first header", status: status,
                reason: Self.openingReason(status, isPlain: isPlain))
        }
        self.path = path
        self.isPlain = isPlain
        self.handle = opened
    }

    /// A second handle of a file that is open, for another thread.
    init(again other: borrowing FITSFile) throws(FITSError) {
        var opened: UnsafeMutablePointer<fitsfile>?
        var status: Int32 = 0
        ffcmsg()
        ffdkopn(&opened, Self.literal(other.path), READONLY, &status)
        guard status == 0, let opened else {
            throw FITSError(file: other.path, action: "read the first header", status: status)
        }
        path = other.path
        isPlain = other.isPlain
        handle = opened
    }

    deinit {
        var status: Int32 = 0
        ffclos(handle, &status)
    }

    /// True when the file opens and holds every byte its headers promise; false for anything else, whatever the cause.
    /// For a folder watcher, together with a size that has stopped changing.
    public static func isComplete(_ path: String) -> Bool {
        do throws(FITSError) {
            try requireComplete(path)
            return true
        } catch {
            return false
        }
    }

    /// Walks all header-data units and checks that the file holds every byte their headers promise. Padding to 2880
    /// bytes after the last unit may be missing, and bytes after it that are no FITS extension do not count.
    ///
    /// - Throws: what `init(reading:)` throws; `truncated` naming the unit that ends too early.
    public static func requireComplete(_ path: String) throws(FITSError) {
        try requireHarmlessHeaders(path, toFirstImage: false)
        let file = try FITSFile(reading: path)
        for unit in 1...maximumUnitCount {
            guard try file.move(toUnit: unit) else { return }
            try file.requireAllBytes(unit: unit)
        }
    }

    /// Moves to a header-data unit, counted from 1; false when the file has no more.
    func move(toUnit unit: Int) throws(FITSError) -> Bool {
        var status: Int32 = 0
        ffmahd(handle, Int32(unit), nil, &status)
        if status == 0 { return true }
        let startsExtension = unit > 1 && status != END_OF_FILE && hasExtensionStart(unit: unit, status: status)
        if unit > 1, !startsExtension {
            ffcmsg()
            return false
        }
        throw FITSError(file: path, action: "read header \(unit)", status: status)
    }

    /// Whether the bytes where a unit should begin are the beginning of an extension. Other bytes after the last unit
    /// are allowed to be there and mean nothing. Inside a compressed file only cfitsio's verdict is known.
    private func hasExtensionStart(unit: Int, status: Int32) -> Bool {
        guard isPlain, let starts = handle.pointee.Fptr?.pointee.headstart else { return status != UNKNOWN_REC }
        guard let stream = fopen(Self.literal(path), "rb") else { return true }
        defer { fclose(stream) }
        var bytes = [UInt8](repeating: 0, count: 8)
        guard fseeko(stream, off_t(starts[unit - 1]), SEEK_SET) == 0 else { return false }
        bytes.removeLast(bytes.count - fread(&bytes, 1, bytes.count, stream))
        return !bytes.isEmpty && Array("XTENSION".utf8).starts(with: bytes)
    }

    /// Compares the length that the current unit's header promises with what the file has.
    func requireAllBytes(unit: Int) throws(FITSError) {
        var (headerStart, dataStart, dataEnd): (LONGLONG, LONGLONG, LONGLONG) = (0, 0, 0)
        var status: Int32 = 0
        ffghadll(handle, &headerStart, &dataStart, &dataEnd, &status)
        try FITSError.check(status, file: path, action: "find the data of unit \(unit)")
        guard dataEnd > dataStart, let inner = handle.pointee.Fptr else { return }
        let promised = dataStart + (try dataByteCount(unit: unit, blockCount: dataEnd - dataStart))
        let present = inner.pointee.filesize
        guard present < promised else { return }
        throw FITSError(
            file: path, action: "check the length", reason: .truncated,
            detail: "unit \(unit) needs \(promised) bytes, the file has \(present)")
    }

    /// Bytes of data without the padding of the last block of 2880, or a lower bound of it.
    private func dataByteCount(unit: Int, blockCount: LONGLONG) throws(FITSError) -> LONGLONG {
        guard let inner = handle.pointee.Fptr else { return blockCount }
        let used: (LONGLONG, Bool)
        if inner.pointee.hdutype == IMAGE_HDU {
            let bitpix = try readBitsPerPixel()
            used = try readAxes().reduce((LONGLONG(abs(bitpix) / 8), false)) { product, axis in
                let (next, overflow) = product.0.multipliedReportingOverflow(by: LONGLONG(axis))
                return (next, product.1 || overflow)
            }
        } else {
            let (rows, overflow) = inner.pointee.rowlength.multipliedReportingOverflow(by: inner.pointee.numrows)
            used = overflow ? (0, true) : rows.addingReportingOverflow(inner.pointee.heapsize)
        }
        return used.1 ? blockCount : min(blockCount, used.0)
    }

    /// Why opening failed, where the status alone would mislead; nil where it tells. A cut compressed file makes
    /// cfitsio believe in a wrong length and ask for memory it cannot have.
    private static func openingReason(_ status: Int32, isPlain: Bool) -> FITSError.Reason? {
        switch status {
        case END_OF_FILE, READ_ERROR, NO_END: nil
        case FILE_NOT_OPENED, MEMORY_ALLOCATION: isPlain ? nil : .corrupt
        default: isPlain ? .corrupt : .notFITS
        }
    }

    /// An absolute or `./` path: cfitsio expands a leading `~` and drops leading blanks.
    static func literal(_ path: String) -> String {
        path.hasPrefix("/") ? path : "./" + path
    }

    /// The open file where its name would mislead cfitsio, which takes every compressed file with `.Z` anywhere in its
    /// path (`/data/M.Zhang/a.fits.gz`) for one of the old `compress`. It is read whole into memory when opened.
    private static func misleadingName(_ path: String, isPlain: Bool) -> UnsafeMutablePointer<FILE>? {
        guard !isPlain, path.contains(".Z"), let stream = fopen(literal(path), "rb") else { return nil }
        if getc(stream) == 0x1F, getc(stream) == 0x8B { return stream }
        fclose(stream)
        return nil
    }

    private static func requireHarmlessHeaders(_ path: String, toFirstImage: Bool) throws(FITSError) {
        guard var scan = HeaderScan(literal(path)), let fault = scan.fault(toFirstImage: toFirstImage) else { return }
        throw FITSError(file: path, action: "read the headers", reason: .corrupt, detail: fault)
    }

    /// Looks at the file's kind and first bytes before cfitsio does, which would also try other names and formats.
    /// - Returns: whether the file is not compressed.
    private static func requireFITSBytes(_ path: String) throws(FITSError) -> Bool {
        let action = "open the file"
        guard !path.utf8.contains(0), literal(path).utf8.count < Int(FLEN_FILENAME) - 1 else {
            throw FITSError(
                file: path, action: action, reason: .cannotRead, detail: "the name is too long or holds a NUL")
        }
        var facts = stat()
        guard stat(literal(path), &facts) == 0 else {
            throw FITSError(file: path, action: action, reason: .cannotRead, detail: String(cString: strerror(errno)))
        }
        guard facts.st_mode & S_IFMT == S_IFREG else {
            throw FITSError(file: path, action: action, reason: .cannotRead, detail: "not a regular file")
        }
        guard let stream = fopen(literal(path), "rb") else {
            throw FITSError(file: path, action: action, reason: .cannotRead, detail: String(cString: strerror(errno)))
        }
        defer { fclose(stream) }
        var start = [UInt8](repeating: 0, count: 9)
        start.removeLast(start.count - fread(&start, 1, start.count, stream))
        if start.isEmpty {
            throw FITSError(file: path, action: action, reason: .notFITS, detail: "the file is empty")
        }
        let signatures: [[UInt8]] = [Array("SIMPLE".utf8), [0x1F, 0x8B], [0x1F, 0x9D]]
        guard signatures.contains(where: { start.starts(with: $0) || $0.starts(with: start) }) else {
            throw FITSError(
                file: path, action: action, reason: .notFITS, detail: "it does not begin with SIMPLE and is not gzip")
        }
        return start[0] == signatures[0][0]
    }
}
