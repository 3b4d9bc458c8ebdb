internal import CKernels

extension Array where Element: BitwiseCopyable {
    /// A plane that `fill` writes in full.
    init(planeOf count: Int, _ fill: (UnsafeMutablePointer<Element>) -> Void) {
        self.init(unsafeUninitializedCapacity: count) { plane, used in
            used = count
            guard let base = plane.baseAddress else { return }
            kernel_prefer_large_pages(base, count * MemoryLayout<Element>.stride)
            fill(base)
        }
    }
}
