import CKernels
import Detection
import Foundation
import PortableNumbers
import Testing

@testable import Photometry

@Suite("Order statistics and clipped skies without sorting")
struct OrderStatisticsTests {
    static func sets() -> [[Float]] {
        var random = SplitMix64(seed: 11)
        let gaussian = (0..<777).map { _ in Float(random.gaussian() * 12.8) }
        return [
            gaussian, gaussian.map { $0 + 1e6 }, Array(gaussian.prefix(20)), Array(gaussian.prefix(21)),
            gaussian.enumerated().map { $0 % 4 == 0 ? abs($1) * 100 : $1 }, gaussian.map { ($0 / 8).rounded() },
            [Float](repeating: 3, count: 300), (0..<500).map { Float($0 % 2) }, gaussian.map { exp($0) },
            gaussian.map { $0 > 20 ? 1e30 : $0 }, (0..<1000).map { Float($0) }, gaussian.map { $0 * 1e-20 },
            (0..<400).map { _ in Float(random.poisson(2)) }, gaussian.sorted(by: >),
        ]
    }

    @Test("every rank is the one of the sorted numbers", arguments: sets())
    func ranks(_ numbers: [Float]) {
        let sorted = numbers.sorted()
        for guess in [0.0, Double(sorted[0]), 1e9, -1e9] {
            for rank in Set([0, 1, sorted.count / 4, sorted.count / 2, sorted.count - 2, sorted.count - 1]) {
                var statistics = Self.loaded(numbers)
                #expect(statistics.value(rank: rank, guess: guess, scale: 10) == sorted[rank])
                #expect(statistics.value(rank: sorted.count / 2, guess: guess, scale: 0) == sorted[sorted.count / 2])
            }
        }
    }

    static func loaded(_ numbers: [Float]) -> OrderStatistics {
        var statistics = OrderStatistics()
        statistics.load(capacity: numbers.count) { target in
            for (index, number) in numbers.enumerated() { target[index] = number }
            return numbers.count
        }
        return statistics
    }

    /// The plain way: sort, drop what lies beyond 4 sigma of the median, until nothing changes.
    static func sortedClip(_ numbers: [Float]) -> (kept: Int, mean: Double, median: Double, variance: Double)? {
        var kept = numbers.sorted().map { Double($0) }
        func median() -> Double { (kept[(kept.count - 1) / 2] + kept[kept.count / 2]) / 2 }
        func variance(_ centre: Double) -> Double {
            kept.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / Double(kept.count)
        }
        for _ in 0..<10 {
            guard kept.count >= 20 else { return nil }
            let (centre, reach) = (median(), 4 * variance(median()).squareRoot())
            let next = kept.filter { abs($0 - centre) <= reach }
            if next.count == kept.count { break }
            kept = next
        }
        guard kept.count >= 20 else { return nil }
        let mean = kept.reduce(0, +) / Double(kept.count)
        return (kept.count, mean, median(), variance(mean) / Double(kept.count))
    }

    @Test("clipped mean, median, mode and their variances are those of sorted numbers", arguments: sets())
    func clipping(_ numbers: [Float]) {
        let plain = Self.sortedClip(numbers)
        for estimator in BackgroundEstimator.allCases {
            var statistics = Self.loaded(numbers)
            let annulus = Annulus.clipped(&statistics, estimator: estimator)
            guard let plain else {
                #expect(annulus == nil)
                continue
            }
            let level: Double
            let factor: Double
            switch estimator {
            case .mean: (level, factor) = (plain.mean, 1)
            case .median: (level, factor) = (plain.median, .pi / 2)
            case .mode: (level, factor) = (2.5 * plain.median - 1.5 * plain.mean, 6.25 * (.pi / 2 - 1) + 1)
            }
            let scale = max(abs(plain.mean), abs(plain.median), 1e-30)
            #expect(abs((annulus?.level ?? .nan) - level) <= 1e-6 * scale * 1e-3 + 1e-9 * scale)
            let expected = factor * plain.variance
            #expect(abs((annulus?.levelVariance ?? .nan) - expected) <= 1e-6 * expected + 1e-12 * scale * scale)
        }
    }

    @Test("fewer than twenty numbers make no sky")
    func few() {
        var statistics = Self.loaded((0..<19).map { Float($0) })
        #expect(Annulus.clipped(&statistics, estimator: .mean) == nil)
        var empty = Self.loaded([])
        #expect(Annulus.clipped(&empty, estimator: .median) == nil)
    }

    @Test(
        "an annulus is its clean pixels, row by row",
        arguments: [(1, 0.6), (9, 3), (20, 0), (20, 13), (70, 40), (3, 5)] as [(Double, Double)])
    func annulus(_ outer: Double, _ inner: Double) {
        var random = SplitMix64(seed: UInt64(10 * outer + inner))
        let (width, height) = (90, 75)
        let values = (0..<width * height).map { _ in Float(random.gaussian()) }
        let owned = values.map { _ in Int32(random.uniform() < 0.8 ? 0 : 3 + 2 * random.uniform()) }
        let marks = owned.map { owner in
            (random.uniform() < 0.03 ? PixelMarks.excluded : 0) | (random.uniform() < 0.03 ? PixelMarks.masked : 0)
                | (owner != 0 ? PixelMarks.owned : 0)
        }
        // As one long row, whose pixels may stand out without an owner.
        let owners = RowOwners(owned.map { $0 != 0 ? $0 : random.uniform() < 0.2 ? 4 : nil }, width: width)
        let places: [(x: Double, y: Double, owner: Int32)] = [
            (40.3, 31.8, 4), (2.1, 73.6, 3), (88.7, 1.2, 0), (45.21, 40.47, 4),
        ]
        for (x, y, owner) in places {
            let (circle, hole) = (EllipseOverlap(x: x, y: y, radius: outer), EllipseOverlap(x: x, y: y, radius: inner))
            let rows = circle.centreRows(height: height)
            var target = [Float](repeating: 0, count: width * height + 8)
            let used = owners.openFrame(values, marks, width: width, height: height) { frame in
                var (frame, ring, inside) = (frame, circle.kernelOutline, hole.kernelOutline)
                return kernel_sky_gather(&target, &frame, &ring, &inside, rows.lowerBound, rows.count, owner)
            }
            let expected = values.indices.filter { index in
                let (dx, dy) = (Double(index % width) - x, Double(index / width) - y)
                let square = dx * dx + dy * dy
                let isClean = marks[index] == 0 || (marks[index] == PixelMarks.owned && owned[index] == owner)
                return square <= outer * outer && !(square <= inner * inner) && isClean
            }
            #expect(Array(target.prefix(used)) == expected.map { values[$0] })
        }
    }

    @Test("the kernels agree with plain loops, bit for bit", arguments: [0, 1, 7, 8, 9, 16, 100, 1003])
    func kernels(_ count: Int) {
        var random = SplitMix64(seed: UInt64(count))
        let values = (0..<count).map { _ in Float(random.gaussian()) }
        var target = [Float](repeating: 0, count: count + 8)
        var lanes = [(sum: Double, square: Double)](repeating: (0, 0), count: 16)
        for (index, value) in values.enumerated() where Double(value) >= -1 && Double(value) <= 1.5 {
            let distance = Double(value) - Double(Float(0.1))
            lanes[index % 16].sum += distance
            lanes[index % 16].square += distance * distance
        }
        let sums = kernel_sky_clip(values, count, -1, 1.5, 0.1)
        #expect(sums.sum == lanes.reduce(0) { $0 + $1.sum } && sums.square == lanes.reduce(0) { $0 + $1.square })
        #expect(sums.below == Int64(values.filter { Double($0) < -1 }.count))
        #expect(sums.count == Int64(values.filter { $0 >= -1 && $0 <= 1.5 }.count))
        // Limits that no single-precision number equals.
        let narrow = kernel_sky_clip(values + [0.1, 0.7], count + 2, Double(Float(0.1)) + 1e-12, 0.7, 0)
        #expect(narrow.count == Int64((values + [0.7]).filter { $0 > 0.1 && Double($0) <= 0.7 }.count))
        #expect(kernel_sky_count_below(values, count, 0.5) == values.filter { $0 < 0.5 }.count)
        let between = kernel_sky_between(&target, values, count, -0.5, 0.5)
        #expect(Array(target.prefix(between)) == values.filter { $0 >= -0.5 && $0 < 0.5 })
    }
}
