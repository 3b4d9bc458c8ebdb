internal import CKernels

/// How many of some values are finite, and the least and the largest of these (infinite without any).
struct Extent {
    let numbers: Int
    let lowest: Float
    let highest: Float

    init(of values: [Float]) {
        var found = kernel_extent()
        values.withUnsafeBufferPointer { kernel_find_extent($0.baseAddress, $0.count, &found) }
        numbers = found.finite
        lowest = found.lowest
        highest = found.highest
    }

    static func count(of values: [Float], atLeast level: Float) -> Int {
        values.withUnsafeBufferPointer { kernel_at_least($0.baseAddress, $0.count, level) }
    }
}
