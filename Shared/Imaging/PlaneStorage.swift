internal import CKernels

#if canImport(Glibc)
    internal import Glibc
#endif

extension Array where Element: BitwiseCopyable {
    /// Storage of a plane of `count` elements, filled by `fill`, which must write every one of them that is read later.
    ///
    /// Nothing is written before. The first touch of a fresh plane costs more than the arithmetic on it, so that the
    /// system is asked for all of its pages at once (measured: 5 ms for 16 MB, 7 ms page by page). Large pages are not
    /// asked for: 2.5 ms at their best, but 10 to 40 ms on a virtual machine whose host takes free memory back.
    ///
    /// - Parameters:
    ///   - threads: that ask for the pages.
    ///   - byParts: whether `fill` asks for them itself, by `populatePlane`, for each part just before it is written:
    ///     what the system has cleared is then still near the processor.
    public init(
        plane count: Int, threads: Int = 1, byParts: Bool = false,
        fill: (UnsafeMutableBufferPointer<Element>) throws -> Void
    ) rethrows {
        try self.init(unsafeUninitializedCapacity: count) { buffer, used in
            let storage = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
            if !byParts { populate(UnsafeMutableRawBufferPointer(storage), threads: threads) }
            try fill(storage)
            used = count
        }
    }
}

#if os(Linux) && canImport(Glibc)
    /// MADV_POPULATE_WRITE, since Linux 5.14. Advice only: an older kernel gives each page at its first touch.
    private let populateWrite = Int32(23)
    private let pageBytes = 4096
#endif

/// Has the pages of `storage` put there; without effect on what is written.
private func populate(_ storage: UnsafeMutableRawBufferPointer, threads: Int) {
    #if os(Linux) && canImport(Glibc)
        guard storage.count >= 64 * pageBytes, let start = storage.baseAddress else { return }
        let first = start.alignedUp(toMultipleOf: pageBytes)
        let pages = (start + storage.count - first) / pageBytes
        parallelRows(pages, threads: threads) { range in
            _ = madvise(first + range.lowerBound * pageBytes, range.count * pageBytes, populateWrite)
        }
    #endif
}

/// Has the pages of a part of a plane put there, but for the last, which may reach into what comes after it; without
/// effect on what is written.
public func populatePlane<Element: BitwiseCopyable>(_ first: UnsafeMutablePointer<Element>, count: Int) {
    #if os(Linux) && canImport(Glibc)
        let (start, end) = (UnsafeMutableRawPointer(first), UnsafeMutableRawPointer(first + count))
        let (low, high) = (start.alignedDown(toMultipleOf: pageBytes), end.alignedDown(toMultipleOf: pageBytes))
        guard high > low else { return }
        _ = madvise(low, high - low, populateWrite)
    #endif
}

/// Makes the memory of planes that are no longer used serve for the next ones, instead of going back to the system, for
/// the rest of this process. Call it once at the start of a program that handles frame after frame: a calibrated frame
/// of 2048 x 2048 is written in two thirds of the time, since no page is touched for the first time. The process keeps
/// what it needed at most.
public func reusePlaneStorage() { kernel_reuse_planes() }
