internal import Imaging
internal import Synchronization

/// Planes of a master.
struct MasterParts: OptionSet {
    let rawValue: Int
    static let image = MasterParts(rawValue: 1)
    static let error = MasterParts(rawValue: 2)
    static let bits = MasterParts(rawValue: 4)
}

/// A master whose planes, where it has them in memory, stay in place while pixels are worked on.
struct PinnedMaster {
    let id: String
    fileprivate let width: Int
    fileprivate let image: UnsafePointer<Float>
    fileprivate let error: UnsafePointer<Float>
    fileprivate let bits: UnsafePointer<UInt16>
    /// From row to row: 0 where one row of constants stands for all.
    fileprivate let stride: Int
    fileprivate let reader: MasterReader?

    /// Calls `body` with the master, or with a row of constants (`absent`, no error, no bits) for one that is not
    /// there.
    static func with<Unit>(
        _ master: MasterPlanes<Unit>?, width: Int, absent: Float, _ body: (PinnedMaster) -> Void
    ) {
        guard let master, case .whole(let planes) = master.source else {
            let row = [Float](repeating: absent, count: width)
            let none = [Float](repeating: 0, count: width)
            let bits = [UInt16](repeating: 0, count: width)
            var reader: MasterReader?
            if let master, case .rows(let read) = master.source { reader = read }
            return with(row, none, bits) {
                body(
                    PinnedMaster(
                        id: master?.facts.id ?? "", width: width, image: $0, error: $1, bits: $2, stride: 0,
                        reader: reader))
            }
        }
        with(planes.image.pixels, planes.error.pixels, planes.mask.bits) {
            body(
                PinnedMaster(
                    id: planes.facts.id, width: width, image: $0, error: $1, bits: $2, stride: width, reader: nil))
        }
    }

    private static func with(
        _ image: [Float], _ error: [Float], _ bits: [UInt16],
        _ body: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<UInt16>) -> Void
    ) {
        image.withUnsafeBufferPointer { image in
            error.withUnsafeBufferPointer { error in
                bits.withUnsafeBufferPointer { body(image.baseAddress!, error.baseAddress!, $0.baseAddress!) }
            }
        }
    }
}

/// Goes down the rows of a master, a band at a time; one for each thread.
struct MasterCursor {
    private let master: PinnedMaster
    private let room: MasterRoom?
    private var first = 0

    init(_ master: PinnedMaster, _ parts: MasterParts) {
        self.master = master
        let rows = Self.bandRows(width: master.width)
        room = master.reader == nil ? nil : MasterRoom(rows: rows, width: master.width, parts: parts)
    }

    /// Rows of a band of 2^16 pixels: what is read of three masters stays in the processor's cache.
    static func bandRows(width: Int) -> Int { max(1, (1 << 16) / width) }

    static func bands(of rows: Range<Int>, width: Int) -> [Range<Int>] {
        let count = bandRows(width: width)
        return stride(from: rows.lowerBound, to: rows.upperBound, by: count).map {
            $0..<min($0 + count, rows.upperBound)
        }
    }

    /// - Parameter rows: one of `bands`.
    /// - Throws: `masterNotReadable`.
    mutating func move(to rows: Range<Int>) throws(CalibrationError) {
        guard let reader = master.reader, let room else { return }
        do {
            try reader(MasterBand(rows: rows, image: room.image, error: room.error, bits: room.bits))
        } catch {
            throw .masterNotReadable(master: master.id, reason: "\(error)")
        }
        first = rows.lowerBound
    }

    /// Row `y` of the band.
    @inline(__always)
    func image(_ y: Int) -> UnsafePointer<Float> {
        guard let image = room?.image else { return master.image + y * master.stride }
        return UnsafePointer(image + (y - first) * master.width)
    }

    @inline(__always)
    func error(_ y: Int) -> UnsafePointer<Float> {
        guard let error = room?.error else { return master.error + y * master.stride }
        return UnsafePointer(error + (y - first) * master.width)
    }

    @inline(__always)
    func bits(_ y: Int) -> UnsafePointer<UInt16> {
        guard let bits = room?.bits else { return master.bits + y * master.stride }
        return UnsafePointer(bits + (y - first) * master.width)
    }
}

/// Memory for a band of a master.
final class MasterRoom {
    let image: UnsafeMutablePointer<Float>?
    let error: UnsafeMutablePointer<Float>?
    let bits: UnsafeMutablePointer<UInt16>?

    init(rows: Int, width: Int, parts: MasterParts) {
        let count = rows * width
        image = parts.contains(.image) ? .allocate(capacity: count) : nil
        error = parts.contains(.error) ? .allocate(capacity: count) : nil
        bits = parts.contains(.bits) ? .allocate(capacity: count) : nil
    }

    deinit {
        image?.deallocate()
        error?.deallocate()
        bits?.deallocate()
    }
}

/// The fault of the topmost band that could not be read, whatever the order in which threads come to them.
final class FirstFault: Sendable {
    private let found = Mutex<(row: Int, error: CalibrationError)?>(nil)

    func note(_ error: CalibrationError, row: Int) {
        found.withLock { if $0.map({ row < $0.row }) ?? true { $0 = (row, error) } }
    }

    func rethrow() throws(CalibrationError) {
        if let error = found.withLock({ $0 })?.error { throw error }
    }
}
