internal import CKernels

#if canImport(Glibc)
    internal import Glibc
#endif

extension Array where Element: BitwiseCopyable {
    /// Storage of a plane of `count` elements, filled by `fill`, which must write every one of them.
    ///
    /// Nothing is written before. The first touch of a fresh plane costs more than the arithmetic on it (measured: 7 ms
    /// for 16 MB in pages of 4 KB, 3 ms in pages of 2 MB), so that large pages are asked for where the system has them.
    public init(plane count: Int, fill: (UnsafeMutableBufferPointer<Element>) throws -> Void) rethrows {
        try self.init(unsafeUninitializedCapacity: count) { buffer, used in
            let storage = UnsafeMutableBufferPointer(rebasing: buffer[..<count])
            adviseLargePages(UnsafeMutableRawBufferPointer(storage))
            try fill(storage)
            used = count
        }
    }
}

/// Asks for large pages within `storage`; without effect on what is written, and where there are none.
private func adviseLargePages(_ storage: UnsafeMutableRawBufferPointer) {
    #if canImport(Glibc)
        let page = 2 << 20
        guard storage.count >= 2 * page, let start = storage.baseAddress else { return }
        let first = start.alignedUp(toMultipleOf: page)
        let end = (start + storage.count).alignedDown(toMultipleOf: page)
        // Advice only: a kernel that does not know it leaves the pages small.
        if end > first { _ = madvise(first, end - first, MADV_HUGEPAGE) }
    #endif
}

/// Makes the memory of planes that are no longer used serve for the next ones, instead of going back to the system, for
/// the rest of this process. Call it once at the start of a program that handles frame after frame: a calibrated frame
/// of 2048 x 2048 is written in two thirds of the time, since no page is touched for the first time. The process keeps
/// what it needed at most.
public func reusePlaneStorage() { kernel_reuse_planes() }
