import CKernels
import PortableNumbers
import Testing

@testable import Detection

/// Kernels that work on whole rows, beside plain loops: the same bits.
@Suite("Kernels of rows")
struct RowKernelTests {
    private static func uniform(_ count: Int, seed: UInt64, from low: Double, to high: Double) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in Float(low + (high - low) * random.uniform()) }
    }

    @Test("a row of a spline is the polynomial between its knots", arguments: [1, 3, 16, 35])
    func spline(_ cells: Int) {
        let stride = cells + 4
        let table = Self.uniform(4 * stride, seed: 3, from: -40, to: 90)
        func polynomial(_ c: [Float], _ t: Float, _ isBeyond: Bool) -> Float {
            let slope = (c[2] - c[0]) / 2
            guard !isBeyond else { return c[1] + t * slope }
            let bend = (c[0] - c[1]) + (c[2] - c[1])
            let further = (c[3] - c[2]) - 2 * (c[2] - c[1]) + (c[1] - c[0])
            return (c[1] + bend / 6) + t * (slope + t * (bend / 2 + t * (further / 6)))
        }
        for isBeyond in [false, true] {
            var line = [Float](repeating: 0, count: stride)
            kernel_spline_column(&line, table, stride, 0.37, isBeyond ? 1 : 0, stride)
            let expected = (0..<stride).map { place in
                polynomial((0..<4).map { table[$0 * stride + place] }, 0.37, isBeyond)
            }
            #expect(line == expected)
            let pixels = 7 * cells
            let t = Self.uniform(pixels, seed: 4, from: -0.5, to: 1.5)
            let beyond: Int32 = isBeyond ? 1 : 0
            let stretches = (0..<cells).map { cell -> kernel_spline_stretch in
                let (first, start) = (Int32(cell), Int32(7 * cell))
                return kernel_spline_stretch(start: start, end: start + 7, first: first, is_beyond: beyond)
            }
            var row = [Float](repeating: .nan, count: pixels)
            kernel_spline_row(&row, t, line, stretches, cells)
            #expect(row == t.indices.map { polynomial(Array(line[($0 / 7)..<($0 / 7 + 4)]), t[$0], isBeyond) })
        }
    }

    @Test("ratios of runs, at the end of a row too", arguments: [5, 64, 131])
    func ratios(_ count: Int) {
        let (numerator, denominator) = (
            Self.uniform(count, seed: 5, from: 1, to: 9), Self.uniform(count, seed: 6, from: 0.1, to: 2)
        )
        let (rms, variance) = (
            Self.uniform(count, seed: 7, from: 4, to: 6), Self.uniform(count, seed: 8, from: 20, to: 30)
        )
        let marks = (0..<count).map { UInt8($0 % 5 == 2 ? 7 : $0 % 3 == 1 ? 6 : 0) }
        let starts: [Int32] = count > 60 ? [0, 2, 15, Int32(count) - 19] : [0, 3]
        let ends: [Int32] = count > 60 ? [1, 13, 16, Int32(count)] : [2, 5]
        var ratios = [Float](repeating: -1, count: count)
        numerator.withUnsafeBufferPointer { numerator in
            denominator.withUnsafeBufferPointer { denominator in
                rms.withUnsafeBufferPointer { rms in
                    variance.withUnsafeBufferPointer { variance in
                        marks.withUnsafeBufferPointer { marks in
                            var row = kernel_filtered_row(
                                numerator: numerator.baseAddress, denominator: denominator.baseAddress,
                                rms: rms.baseAddress, variance: variance.baseAddress, marks: marks.baseAddress)
                            kernel_ratios(&ratios, &row, starts, ends, starts.count, count)
                        }
                    }
                }
            }
        }
        for x in zip(starts, ends).flatMap({ Array(Int($0)..<Int($1)) }) {
            let scatter = marks[x] & 1 == 0 ? rms[x] * rms[x] / variance[x] : 0
            #expect(ratios[x] == numerator[x] / (denominator[x] * max(1, scatter)).squareRoot())
        }
    }

    @Test("runs of every length, across words and at the end", arguments: [1, 63, 64, 65, 2048, 2049, 5000])
    func runs(_ count: Int) {
        for step in [1, 2, 7, 64, 100] {
            let above = (0..<count).map { UInt8($0 / step % 2) }
            var (starts, ends) = ([Int32](repeating: 0, count: count), [Int32](repeating: 0, count: count))
            let found = kernel_runs(above, count, &starts, &ends)
            let inside = (0..<found).flatMap { Array(starts[$0]..<ends[$0]) }
            #expect(inside == above.indices.filter { above[$0] == 1 }.map(Int32.init))
            #expect(found == above.indices.count { above[$0] == 1 && ($0 == 0 || above[$0 - 1] == 0) })
            let row = (0..<count).map { Float($0 + 1) }
            var packed = [Float](repeating: 0, count: count + 8)
            let used = kernel_pack_runs(&packed, row, starts, ends, found, count)
            #expect(packed.prefix(used).elementsEqual(inside.map { Float($0 + 1) }))
            var placed = [Float](repeating: -1, count: count)
            kernel_place_runs(&placed, row, starts, ends, found)
            #expect(placed == above.indices.map { above[$0] == 1 ? Float($0 + 1) : -1 })
        }
    }

    @Test("a tile of blocks is copied row by row, without what is masked", arguments: [1, 26, 40])
    func tile(_ columns: Int) {
        let (stride, rows) = (40, 8)
        let (values, scatters) = (
            Self.uniform(stride * rows, seed: 9, from: -3, to: 3), Self.uniform(stride * rows, seed: 10, from: 0, to: 9)
        )
        let mask = values.indices.map { UInt8($0 % 3) }
        var (picked, copies) = (
            [Float](repeating: 0, count: columns * rows), [Float](repeating: 0, count: columns * rows)
        )
        values.withUnsafeBufferPointer { values in
            scatters.withUnsafeBufferPointer { scatters in
                mask.withUnsafeBufferPointer { mask in
                    var tile = kernel_mesh_tile(
                        values: values.baseAddress, scatters: scatters.baseAddress, mask: mask.baseAddress,
                        stride: stride, columns: columns, rows: rows)
                    kernel_mesh_pick(&picked, &copies, &tile, 1)
                }
            }
        }
        for index in picked.indices {
            let place = index / columns * stride + index % columns
            #expect(mask[place] <= 1 ? picked[index] == values[place] : picked[index].isNaN)
            #expect(copies[index] == scatters[place])
        }
    }

    @Test("many numbers are sorted as few are", arguments: [0, 1, 255, 256, 5000])
    func sorting(_ count: Int) {
        var random = SplitMix64(seed: UInt64(count))
        for bits in [3, 17, 32] {
            var keys = (0..<count).map { UInt64(random.uniform() * Double(1 << bits)) << 32 | UInt64($0) }
            let expected = keys.sorted()
            sortByHighHalf(&keys)
            #expect(keys == expected)
        }
    }
}
