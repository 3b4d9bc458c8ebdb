import PortableNumbers
import Testing

@testable import Detection

@Suite("Median")
struct MedianTests {
    private static func sorted(_ values: [Double]) -> Double? {
        let values = values.sorted()
        guard !values.isEmpty else { return nil }
        return (values[(values.count - 1) / 2] + values[values.count / 2]) / 2
    }

    @Test("the middle of all orders of seven values and of six, equal ones among them")
    func permutations() {
        for values in [[1.0, 2, 2, 3, 5, 8, 13], [1, 1, 4, 4, 6, 9], [7, 7, 7, 7]] {
            var order = values
            func permute(_ first: Int) {
                if first == order.count {
                    #expect(median(order) == Self.sorted(values))
                    return
                }
                for index in first..<order.count {
                    order.swapAt(first, index)
                    permute(first + 1)
                    order.swapAt(first, index)
                }
            }
            permute(0)
        }
    }

    @Test("long lists: random, in order, against it, with few different values, like an organ pipe")
    func long() {
        var random = SplitMix64(seed: 3)
        for count in [1, 2, 3, 100, 1001, 20_000] {
            let values = (0..<count).map { _ in Double(random.next() >> 40) }
            let lists = [
                values, values.sorted(), values.sorted(by: >), values.map { $0.truncatingRemainder(dividingBy: 3) },
                (0..<count).map { Double(min($0, count - $0)) }, values.map { -$0 },
            ]
            for list in lists { #expect(median(list) == Self.sorted(list)) }
        }
    }

    @Test("of nothing there is none; infinities are numbers like others")
    func edges() {
        #expect(median([]) == nil)
        #expect(median([.infinity]) == .infinity && median([1, .infinity, 2]) == 2)
        #expect(median([-.infinity, 0, 4, .infinity]) == 2)
    }
}
