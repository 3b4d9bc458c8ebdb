internal import CKernels

/// Comparators that sort any `count` values: Batcher's merge exchange, count * log2(count)^2 / 4 of them or so.
///
/// - Source: Knuth, The Art of Computer Programming 3, 2nd ed., algorithm 5.2.2M.
struct SortingNetwork {
    let comparators: [kernel_comparator]

    init(count: Int) {
        var comparators: [kernel_comparator] = []
        var top = 1
        while top * 2 < count { top *= 2 }
        var stride = count > 1 ? top : 0
        while stride > 0 {
            var (merge, rest, distance) = (top, 0, stride)
            while true {
                for low in 0..<max(count - distance, 0) where low & stride == rest {
                    comparators.append(kernel_comparator(low: UInt32(low), high: UInt32(low + distance)))
                }
                if merge == stride { break }
                distance = merge - stride
                merge /= 2
                rest = stride
            }
            stride /= 2
        }
        self.comparators = comparators
    }
}
