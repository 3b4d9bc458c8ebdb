import Imaging
import Testing

@Suite("Rows and planes")
struct RowsTests {
    @Test("every row is done exactly once, on any number of threads", arguments: [1, 2, 3, 7])
    func rows(threads: Int) {
        for count in [0, 1, 2, 15, 16, 17, 1000] {
            var done = [UInt8](repeating: 0, count: count)
            done.withUnsafeMutableBufferPointer { done in
                parallelRows(count, threads: threads) { range in
                    for row in range { done[row] += 1 }
                }
            }
            #expect(done.allSatisfy { $0 == 1 })
        }
    }

    @Test("values come in the order of their numbers, on any number of threads", arguments: [1, 2, 3, 7])
    func values(threads: Int) {
        for count in [0, 1, 5, 1000] {
            #expect(parallelMap(count, threads: threads) { "\($0 * $0)" } == (0..<count).map { "\($0 * $0)" })
        }
    }

    @Test("one thread does all rows in one piece and in order")
    func single() {
        var ranges: [Range<Int>] = []
        parallelRows(100) { ranges.append($0) }
        #expect(ranges == [0..<100])
    }

    @Test("ranges grow shorter, down to a small share of the rows", arguments: [2, 3, 7])
    func ranges(threads: Int) {
        let rows = 4096
        var lengths = [Int](repeating: 0, count: rows)
        lengths.withUnsafeMutableBufferPointer { lengths in
            parallelRows(rows, threads: threads) { lengths[$0.lowerBound] = $0.count }
        }
        let inOrder = lengths.filter { $0 > 0 }
        #expect(inOrder.reduce(0, +) == rows && inOrder == inOrder.sorted(by: >))
        #expect(inOrder[0] == rows / (3 * threads) && inOrder[inOrder.count - 2] <= max(1, rows / (32 * threads)))
        #expect(inOrder.count < 24 * threads)
    }

    @Test("two bodies give what each gives alone", arguments: [1, 2, 5])
    func both(threads: Int) {
        let (sum, text) = parallelBoth(threads: threads, { (1...100).reduce(0, +) }, { "word" })
        #expect(sum == 5050 && text == "word")
    }

    @Test("a plane holds what was written into it, however large", arguments: [0, 1, 1000, 3 << 20])
    func plane(count: Int) {
        let plane = [Float](plane: count) { storage in
            #expect(storage.count == count)
            for i in storage.indices { storage[i] = Float(i % 1000) }
        }
        #expect(plane.count == count)
        #expect(stride(from: 0, to: count, by: 777).allSatisfy { plane[$0] == Float($0 % 1000) })
    }
}
