internal import CFITSIO
public import Imaging
internal import Synchronization

/// One image of a file, read some rows at a time: by any thread, one after the other.
///
/// The file stays open as long as this is there. Values are those that reading the whole image gives.
///
/// Unchecked because of the handle in `file`, which is used under `lock` alone and by nobody else.
public final class FITSRows: @unchecked Sendable {
    public let shape: FITSImageShape
    private let file: FITSFile
    private let lock = Mutex(())
    private let blank: Float?
    private let hasOverflows: Bool

    /// Opens `file` once more, at the image `shape`.
    init(_ file: borrowing FITSFile, _ shape: FITSImageShape, blank: Float?) throws(FITSError) {
        let own = try FITSFile(again: file)
        guard try own.move(toUnit: shape.unit) else { throw own.unitMissing(shape.unit) }
        self.shape = shape
        self.blank = blank
        hasOverflows = file.hasOverflows
        self.file = own
    }

    /// As `FITSFile.readPixels`, or for planes of our own as they are.
    ///
    /// - Parameter target: `rows.count * shape.width` elements.
    public func read(_ rows: Range<Int>, into target: UnsafeMutablePointer<Float>) throws(FITSError) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= shape.height, "rows of the image")
        let (start, count) = (rows.lowerBound * shape.width, rows.count * shape.width)
        try lock.withLock { _ throws(FITSError) in
            _ = try file.readFloats(count, from: start, into: target, blank: blank)
        }
        guard blank != nil, hasOverflows || shape.bitsPerPixel < 0 else { return }
        for index in 0..<count {
            let value = target[index]
            if !value.isFinite || hasOverflows && abs(value) == .greatestFiniteMagnitude { target[index] = .nan }
        }
    }

    /// Of an image of unsigned 16-bit integers.
    public func readBits(_ rows: Range<Int>, into target: UnsafeMutablePointer<UInt16>) throws(FITSError) {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= shape.height, "rows of the image")
        let (start, count) = (rows.lowerBound * shape.width, rows.count * shape.width)
        try lock.withLock { _ throws(FITSError) in try file.readBits(count, from: start, into: target) }
    }
}

/// The planes of a master, by rows.
public struct FITSMasterRows: Sendable {
    public let image: FITSRows
    /// One standard deviation.
    public let error: FITSRows
    public let mask: FITSRows
}

extension FITSFile {
    /// Rows of an image whose pixels have been read by `readPixels`.
    ///
    /// - Returns: nil where they cannot be had one by one without more work or memory: gzip-compressed files, and tiles
    ///   that are not whole rows or few of them.
    public func rows(of shape: FITSImageShape) throws(FITSError) -> FITSRows? {
        guard givesRows else { return nil }
        return try FITSRows(self, shape, blank: .nan)
    }

    /// Rows of a master that `FITSWriter` wrote; nil as for `rows(of:)`.
    ///
    /// - Throws: as `readMaster`.
    public mutating func masterRows<Unit: PixelUnit>(of unit: Unit.Type) throws(FITSError) -> FITSMasterRows? {
        let shape = try moveToFirstImage()
        guard shape.bitsPerPixel == FLOAT_IMG else { return nil }
        try requireUnit(unit, in: readHeader(of: shape))
        var planes: [FITSRows] = []
        for name in [nil, FITSWriter.errorName, FITSWriter.maskName] {
            if let name { try move(to: name, shape: shape) }
            let plane = FITSImageShape(
                unit: currentUnit, width: shape.width, height: shape.height, bitsPerPixel: try readBitsPerPixel(),
                isTileCompressed: shape.isTileCompressed)
            guard givesRows, name != FITSWriter.errorName || plane.bitsPerPixel == FLOAT_IMG else { return nil }
            planes.append(try FITSRows(self, plane, blank: nil))
        }
        return FITSMasterRows(image: planes[0], error: planes[1], mask: planes[2])
    }

    private static let highestTile = 16

    /// Of the current unit.
    private var givesRows: Bool {
        guard isPlain, let inner = handle.pointee.Fptr?.pointee else { return false }
        guard inner.compressimg != 0 else { return true }
        return inner.zndim == 2 && inner.tilesize.0 >= inner.znaxis.0 && inner.tilesize.1 <= Self.highestTile
    }

    private var currentUnit: Int {
        var unit: Int32 = 0
        ffghdn(handle, &unit)
        return Int(unit)
    }
}
