import CKernels
import Imaging
import Simulation
import Testing

@testable import Calibration

/// The kernels of a light's rows and of order statistics give the bits of plain loops.
@Suite struct RowTwinTests {
    private static func row(_ width: Int, _ level: Double, _ noise: Double, _ seed: UInt64) -> [Float] {
        var random = RandomStream(seed: 6, seed)
        return (0..<width).map { _ in Float(level + noise * random.gaussian()) }
    }

    private func isSame(_ one: Float, _ other: Float) -> Bool {
        one.bitPattern == other.bitPattern || (one.isNaN && other.isNaN)
    }

    @Test("signal and bits of a row, with what is missing, saturated or dark in it", arguments: [1, 7, 16, 131])
    func signal(width: Int) {
        var (raw, flat) = (Self.row(width, 30_000, 20_000, 1), Self.row(width, 1, 0.6, 2))
        let (bias, dark) = (Self.row(width, 1000, 3, 3), Self.row(width, 900, 400, 4))
        raw[width / 2] = .nan
        flat[width / 3] = 0
        let planes = raw + bias + dark + flat
        let marks = (0..<(3 * width)).map { UInt16($0 % 5 == 0 ? 4 << ($0 / width) : 0) }
        var rule = kernel_signal_rule(
            gain: 1.37, dark_scale: 0.61, saturation: 60_000, lowest_flat: 0.1, saturated: 2, low_flat: 8, no_data: 1)
        var signal = [Float](repeating: 0, count: width)
        var bits = [UInt16](repeating: 0, count: width)
        planes.withUnsafeBufferPointer { planes in
            marks.withUnsafeBufferPointer { marks in
                let (start, mark) = (planes.baseAddress!, marks.baseAddress!)
                var rows = kernel_signal_row(
                    raw: start, bias: start + width, dark: start + 2 * width, flat: start + 3 * width,
                    bias_bits: mark, dark_bits: mark + width, flat_bits: mark + 2 * width)
                kernel_signal(&rows, &rule, &signal, &bits, width)
            }
        }
        for x in 0..<width {
            let above = Double(raw[x]) - Double(bias[x]) - 0.61 * Double(dark[x])
            let expected = Float(1.37 * above / Double(flat[x]))
            #expect(isSame(signal[x], expected))
            var flags: UInt16 = (raw[x] >= 60_000 ? 2 : 0) | (flat[x] >= 0.1 ? 0 : 8)
            flags |= expected.isFinite ? 0 : 1
            #expect(bits[x] == flags | marks[x] | marks[width + x] | marks[2 * width + x])
        }
    }

    @Test("the variance of a row: model, scatter as its lower limit, infinite where nothing is known")
    func variance() {
        let width = 77
        let (sky, flat) = (Self.row(width, 300, 400, 1), Self.row(width, 1, 0.02, 2))
        let errors = Self.row(width, 2, 0.2, 3)
        let (dark, noise) = (Self.row(width, 10, 20, 4), Self.row(width, 20, 4, 5))
        var rule = kernel_variance_rule(
            constant: 49, dark_level: 9, dark_gain: 1.3, dark_floor: 1, bias_weight: 0.4, dark_weight: 2, has_sky: 1)
        let planes = sky + flat + errors + dark
        var found = [Float](repeating: 0, count: width)
        planes.withUnsafeBufferPointer { planes in
            let start = planes.baseAddress!
            let error = start + 2 * width
            var rows = kernel_variance_row(
                sky: start, flat: start + width, flat_error: error, bias_error: error, dark: start + 3 * width,
                dark_error: error)
            kernel_variance(&rows, &rule, &found, width)
        }
        let model = (0..<width).map { x -> Float in
            let level = max(sky[x], 0)
            let current = (dark[x] > 9 + 5 * errors[x] ? dark[x] : 9) - 1
            var sum = 49 + level * flat[x]
            sum += Float(1.3) * max(current, 0)
            sum += Float(0.4) * errors[x] * errors[x]
            sum += 2 * errors[x] * errors[x]
            sum += level * level * errors[x] * errors[x]
            return sum / (flat[x] * flat[x])
        }
        #expect(found == model)
        kernel_variance_scatter(noise, &found, width)
        let limited = (0..<width).map { max(model[$0], noise[$0] * noise[$0]) }
        #expect(found == limited)
        found[3] = .nan
        found[4] = -1
        let bits = (0..<width).map { UInt16($0 % 11) }
        kernel_variance_hide(bits, 9, &found, width)
        for x in 0..<width {
            let isKnown = bits[x] & 9 == 0 && x != 3 && x != 4
            #expect(found[x] == (isKnown ? limited[x] : .infinity))
        }
    }

    /// Numbers of both signs with ties, zeros of both signs and infinities.
    private static func mixed(_ count: Int) -> [Float] {
        row(count, 0, 3, UInt64(count)).enumerated().map { index, value in
            switch index % 7 {
            case 1: value.rounded()
            case 3: index % 2 == 0 ? -0.0 : 0.0
            case 5: index % 35 == 5 ? .infinity : (index % 35 == 12 ? -.infinity : value * 1e-30)
            default: value
            }
        }
    }

    @Test("the k-th smallest is what sorting gives", arguments: [1, 2, 5, 16, 63, 200])
    func select(count: Int) {
        let values = Self.mixed(count)
        let sorted = values.sorted()
        for rank in 0..<count { #expect(kernel_select(values, count, rank) == sorted[rank]) }
        for limit in [sorted[count / 2], -.infinity, .infinity] {
            var largest: Float = 0
            #expect(kernel_below(values, count, limit, &largest) == values.count { $0 < limit })
            #expect(largest == values.filter { $0 < limit }.max() ?? -.infinity)
        }
    }

    @Test("medians of many values are those of sorting: noise, ties, NaN, two heaps, a constant, infinities")
    func medians() {
        let count = 70_001
        let noise = Self.row(count, 100, 5, 9)
        let sampled = Set((0..<4096).map { $0 * count / 4096 })
        let cases: [[Float]] = [
            noise, noise.dropLast() + [], noise.map { $0.rounded() }, Self.mixed(count),
            noise.enumerated().map { $0.offset % 3 == 0 ? .nan : $0.element },
            noise.enumerated().map { $0.offset * 17 % 35_000 < 17_500 ? $0.element : $0.element + 1000 },
            (0..<count).map { Float($0) }, [Float](repeating: 7, count: count), [Float](repeating: .nan, count: count),
            // A sample at regular places sees large values only.
            noise.indices.map { sampled.contains($0) ? 1e6 : noise[$0] },
        ]
        for values in cases {
            let sorted = values.filter { !$0.isNaN }.sorted()
            let middle = sorted.isEmpty ? nil : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
            #expect(Robust.median(values) == middle)
        }
        #expect(Robust.median([]) == nil)
    }

    @Test(
        "clipped sums add sixteen partial sums, whatever the width of the machine's vectors", arguments: [3, 16, 1000])
    func sums(count: Int) {
        let values = Self.row(count, 700, 30, 8)
        var found = [0.0, 0, 0]
        kernel_clipped_sums(values, count, 701.5, 40, &found)
        var parts = [[Double]](repeating: [Double](repeating: 0, count: 16), count: 3)
        for (index, value) in values.enumerated() where abs(Double(value) - 701.5) <= 40 {
            let offset = Double(value) - 701.5
            parts[0][index % 16] += 1
            parts[1][index % 16] += offset
            parts[2][index % 16] += offset * offset
        }
        #expect(found == parts.map { $0.reduce(0, +) })
    }

    @Test("picking, extent and count leave out what is no number", arguments: [1, 31, 5000])
    func picks(count: Int) {
        for isClean in [true, false] {
            var values = Self.row(2 * count, 10, 5, 3)
            var bits = [UInt16](repeating: 0, count: 2 * count)
            if !isClean {
                for i in stride(from: 0, to: 2 * count, by: 6) { values[i] = [.nan, .infinity][i / 6 % 2] }
                for i in stride(from: 0, to: 2 * count, by: 10) { bits[i] = 4 }
            }
            for step in [1, 2] {
                var picked = [Float](repeating: 0, count: count)
                let taken = kernel_pick(values, bits, step, count, &picked)
                let places = (0..<count).map { $0 * step }.filter { values[$0].isFinite && bits[$0] == 0 }
                #expect(Array(picked.prefix(taken)) == places.map { values[$0] })
            }
            let numbers = values.filter(\.isFinite)
            let extent = Extent(of: values)
            #expect(extent.numbers == numbers.count)
            #expect(extent.lowest == numbers.min() ?? .infinity && extent.highest == numbers.max() ?? -.infinity)
            #expect(Extent.count(of: values, atLeast: 9) == values.count { $0 >= 9 })
        }
    }
}
