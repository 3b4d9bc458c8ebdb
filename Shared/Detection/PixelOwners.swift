package import CKernels

/// Which source owns each pixel of a frame, without a plane of numbers: only pixels that stand out have one, in the
/// order of `Footprints.values`, and a pixel's place in that order is the number of such pixels before it. A bit for
/// each pixel and a count for each 64 of them take 0.2 bytes per pixel, where a plane takes 4.
package struct PixelOwners: Sendable {
    private let wordsPerRow: Int
    /// Of row y from y * wordsPerRow on; one more in each row than it needs.
    private let words: [UInt64]
    private let before: [UInt32]
    /// 1 + index of the source that owns a pixel, any value where the frame's marks say that none does; between
    /// `margin` that mean nothing, so that kernels may read whole vectors.
    private var numbers: [Int32]

    private static let margin = 8

    /// All numbers are 0.
    ///
    /// - Parameter runs: all pixels that stand out, in any order.
    init(_ runs: [Footprints.Run], width: Int, height: Int) {
        let wordsPerRow = width / 64 + 2
        var words = [UInt64](repeating: 0, count: wordsPerRow * height)
        for run in runs {
            let row = Int(run.y) * wordsPerRow
            let (first, last) = (Int(run.start) / 64, Int(run.end - 1) / 64)
            let (head, tail) = (UInt64.max << UInt64(run.start % 64), UInt64.max >> UInt64(63 - (run.end - 1) % 64))
            if first == last {
                words[row + first] |= head & tail
            } else {
                words[row + first] |= head
                for word in (first + 1)..<last { words[row + word] = .max }
                words[row + last] |= tail
            }
        }
        var count: UInt32 = 0
        before = words.map { word in
            defer { count += UInt32(word.nonzeroBitCount) }
            return count
        }
        (self.wordsPerRow, self.words) = (wordsPerRow, words)
        numbers = [Int32](repeating: 0, count: Int(count) + 2 * Self.margin)
    }

    /// The number of a pixel that stands out; any value for another.
    package func number(column: Int, row: Int) -> Int32 {
        let word = row * wordsPerRow + column / 64
        let earlier = words[word] & ((1 << UInt64(column % 64)) &- 1)
        return numbers[Self.margin + Int(before[word]) + earlier.nonzeroBitCount]
    }

    /// Lends the numbers, which lie as `Footprints.values` do.
    mutating func withMutableNumbers<Result>(_ body: (UnsafeMutablePointer<Int32>) -> Result) -> Result {
        numbers.withUnsafeMutableBufferPointer { body($0.baseAddress! + Self.margin) }
    }

    func withNumbers<Result>(_ body: (UnsafePointer<Int32>) -> Result) -> Result {
        numbers.withUnsafeBufferPointer { body($0.baseAddress! + Self.margin) }
    }

    /// Lends what kernels need of the first row; rows after it lie `wordsPerRow` words further.
    package func withFirstRow<Result>(_ body: (_ owners: kernel_owners, _ wordsPerRow: Int) -> Result) -> Result {
        words.withUnsafeBufferPointer { words in
            before.withUnsafeBufferPointer { before in
                withNumbers { numbers in
                    body(
                        kernel_owners(words: words.baseAddress, before: before.baseAddress, numbers: numbers),
                        wordsPerRow)
                }
            }
        }
    }
}
