import CKernels
import Foundation
import PortableNumbers
import Testing

/// Each kernel agrees bit for bit with the plain loop it stands for.
@Suite("Kernels of detection")
struct KernelTests {
    static func noise(_ count: Int, seed: UInt64, scale: Double = 10) -> [Float] {
        var random = SplitMix64(seed: seed)
        return (0..<count).map { _ in Float(scale * random.gaussian()) }
    }

    static func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

    @Test("filtering along rows and columns", arguments: [1, 4, 24])
    func filter(_ reach: Int) {
        let count = 192
        let kernel = Self.noise(reach + 1, seed: 3, scale: 1)
        let source = Self.noise(count + 2 * reach, seed: 4)
        var target = [Float](repeating: 0, count: count)
        source.withUnsafeBufferPointer { source in
            target.withUnsafeMutableBufferPointer { target in
                if let from = source.baseAddress, let to = target.baseAddress {
                    kernel_filter_row(to, from + reach, kernel, reach, count)
                }
            }
        }
        let expected = (0..<count).map { i in
            (1..<(reach + 1)).reduce(kernel[0] * source[i + reach]) {
                $0 + kernel[$1] * (source[i + reach - $1] + source[i + reach + $1])
            }
        }
        #expect(Self.bits(target) == Self.bits(expected))
        let rows = (0...(2 * reach + 1)).map { Self.noise(count, seed: UInt64($0) + 50) }
        func column(_ row: Int, _ i: Int) -> Float {
            var sum: Float = kernel[0] * rows[row][i]
            for j in 1..<(reach + 1) { sum += kernel[j] * (rows[row - j][i] + rows[row + j][i]) }
            return sum
        }
        let columns = [reach, reach + 1].map { row in (0..<count).map { column(row, $0) } }
        var second = [Float](repeating: 0, count: count)
        let flat = rows.flatMap { $0 }
        flat.withUnsafeBufferPointer { flat in
            let pointers = rows.indices.map { row in flat.baseAddress.map { $0 + row * count } }
            kernel_filter_column(&target, pointers, kernel, reach, count)
            #expect(Self.bits(target) == Self.bits(columns[0]))
            kernel_filter_two_columns(&target, &second, pointers, kernel, reach, count)
        }
        #expect(Self.bits(target) == Self.bits(columns[0]) && Self.bits(second) == Self.bits(columns[1]))
    }

    @Test("blocks of 2 x 2", arguments: [2, 7, 64, 131])
    func blocks(_ width: Int) {
        let (first, second) = (Self.noise(width, seed: 1), Self.noise(width, seed: 2))
        let (noise, other) = (Self.noise(width, seed: 5).map(abs), Self.noise(width, seed: 6).map(abs))
        let excluded = (0..<(2 * width)).map { UInt8($0 % 3 == 1 || $0 % 7 == 2 ? 1 : 0) }
        let blocks = (width + 1) / 2
        var (mean, scatter, variance) = (
            [Float](repeating: 0, count: blocks), [Float](repeating: 0, count: blocks),
            [Float](repeating: 0, count: blocks)
        )
        first.withUnsafeBufferPointer { first in
            second.withUnsafeBufferPointer { second in
                noise.withUnsafeBufferPointer { noise in
                    other.withUnsafeBufferPointer { other in
                        excluded.withUnsafeBufferPointer { excluded in
                            var rows = kernel_row_pair(
                                signal: (first.baseAddress, second.baseAddress),
                                variance: (noise.baseAddress, other.baseAddress),
                                marks: (excluded.baseAddress, excluded.baseAddress.map { $0 + width }))
                            kernel_bin(&rows, width, &mean, &scatter, &variance)
                        }
                    }
                }
            }
        }
        for block in 0..<blocks {
            let places = [(0, 0), (1, 0), (0, 1), (1, 1)].filter { place in
                let x = 2 * block + place.0
                return x < width && excluded[place.1 * width + x] == 0
            }
            let values = places.map { place in (place.1 == 0 ? first : second)[2 * block + place.0] }
            let noises = places.map { place in (place.1 == 0 ? noise : other)[2 * block + place.0] }
            let count = Float(values.count)
            let centre = values.reduce(0, +) / count
            let square = values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
            #expect(mean[block] == centre || (values.isEmpty && mean[block].isNaN))
            #expect(values.count < 2 ? scatter[block].isNaN : scatter[block] == 3 / (count - 1) * square)
            #expect(variance[block] == (values.isEmpty ? 0 : noises.reduce(0, +) / (count * count)))
        }
    }

    @Test("counting, picking and clipping, NaN left out")
    func statistics() {
        var (values, others) = (Self.noise(208, seed: 7), Self.noise(208, seed: 8))
        for index in stride(from: 3, to: 208, by: 17) { values[index] = .nan }
        for index in stride(from: 5, to: 208, by: 19) { others[index] = .nan }
        #expect(kernel_count_below(values, 1.5, 208) == values.count { $0 <= 1.5 })
        var sums = kernel_mesh_clipped()
        kernel_clip(values, others, -12, 9, 0.5, 208, &sums)
        var lanes = [[Float]](repeating: [0, 0, 0], count: 16)
        var (count, otherCount) = (0, 0)
        for index in values.indices where values[index] >= -12 && values[index] <= 9 {
            let step = values[index] - 0.5
            count += 1
            lanes[index % 16][0] += step
            lanes[index % 16][1] += step * step
            if !others[index].isNaN {
                otherCount += 1
                lanes[index % 16][2] += others[index]
            }
        }
        let totals = (0..<3).map { part in lanes.reduce(0.0) { $0 + Double($1[part]) } }
        #expect(sums.count == count && sums.otherCount == otherCount)
        #expect([sums.sum, sums.square, sums.other] == totals)
        let mask = (0..<208).map { UInt8($0 % 3) }
        var picked = [Float](repeating: 0, count: 208)
        kernel_mesh_pick_tilted(&picked, others, mask, 1, 2.5, -0.3, 208)
        let tilted = others.indices.map { mask[$0] <= 1 ? others[$0] - (2.5 + Float($0) * -0.3) : .nan }
        #expect(Self.bits(picked) == Self.bits(tilted))
    }

    @Test("excluding, subtracting, weighing and thresholds")
    func rows() {
        let count = 131
        var signal = Self.noise(count, seed: 9)
        let variance = Self.noise(count, seed: 10).map { abs($0) + 1 }
        for (index, value) in [Float.nan, .infinity, 2e12].enumerated() { signal[7 * index] = value }
        let bits = (0..<count).map { UInt16($0 % 11 == 4 ? 4 : $0 % 3 == 0 ? 2 : 0) }
        var excluded = [UInt8](repeating: 9, count: count)
        let found = kernel_exclude(&excluded, bits, signal, variance, 4, count)
        let expected = (0..<count).map { UInt8(bits[$0] & 4 != 0 || !(abs(signal[$0]) < 1e12) ? 1 : 0) }
        #expect(excluded == zip(expected, bits).map { $0 | ($1 != 0 ? 2 : 0) })
        #expect(found == expected.reduce(0) { $0 + Int($1) })
        let level = Self.noise(count, seed: 11)
        var residual = level
        kernel_subtract(&residual, signal, level, excluded, count)
        #expect(residual == signal.indices.map { expected[$0] == 1 ? 0 : signal[$0] - level[$0] })
        var inPlace = signal
        kernel_subtract_level(&inPlace, level, excluded, count)
        #expect(inPlace == residual)
        var (weighted, inverse) = (level, level)
        #expect(kernel_weigh(&weighted, &inverse, residual, variance, excluded, count) == found)
        #expect(inverse == variance.indices.map { expected[$0] == 1 ? 0 : 1 / variance[$0] })
        #expect(weighted == zip(residual, inverse).map { $0 * $1 })
        let rms = Self.noise(count, seed: 12).map(abs)
        var above = excluded
        let total = Self.above(&above, level, inverse, rms, variance, excluded)
        let stands = (0..<count).map { i -> Bool in
            let (power, limit) = (level[i] * level[i], 2 * inverse[i])
            return level[i] > 0 && power > limit
                && (expected[i] == 1 || power * variance[i] > limit * (rms[i] * rms[i]))
        }
        #expect(above.map { $0 == 1 } == stands && total == stands.count { $0 })
        var (starts, ends) = ([Int32](repeating: 0, count: 70), [Int32](repeating: 0, count: 70))
        let runs = kernel_runs(above, count, &starts, &ends)
        #expect(
            (0..<runs).flatMap { Array(starts[$0]..<ends[$0]) } == stands.indices.filter { stands[$0] }.map(Int32.init))
    }

    private static func above(
        _ target: inout [UInt8], _ numerator: [Float], _ denominator: [Float], _ rms: [Float], _ variance: [Float],
        _ excluded: [UInt8]
    ) -> Int {
        numerator.withUnsafeBufferPointer { numerator in
            denominator.withUnsafeBufferPointer { denominator in
                rms.withUnsafeBufferPointer { rms in
                    variance.withUnsafeBufferPointer { variance in
                        excluded.withUnsafeBufferPointer { excluded in
                            var row = kernel_filtered_row(
                                numerator: numerator.baseAddress, denominator: denominator.baseAddress,
                                rms: rms.baseAddress, variance: variance.baseAddress, marks: excluded.baseAddress)
                            return kernel_above(&target, &row, 2, numerator.count)
                        }
                    }
                }
            }
        }
    }

    @Test("local maxima of a stretch of a row, the first of equal ones", arguments: [1, 2, 15, 16, 17, 60])
    func peaks(_ count: Int) {
        // Few different values, so that neighbours are often equal.
        let rows = (0..<3).map { Self.noise(count + 18, seed: UInt64(20 + $0), scale: 2).map { $0.rounded() } }
        var places = [Int32](repeating: 0, count: count / 2 + 1)
        let found = rows[0].withUnsafeBufferPointer { above in
            rows[1].withUnsafeBufferPointer { here in
                rows[2].withUnsafeBufferPointer { below in
                    kernel_peaks(
                        &places, above.baseAddress! + 1, here.baseAddress! + 1, below.baseAddress! + 1, count)
                }
            }
        }
        let expected = (1...count).filter { x in
            let value = rows[1][x]
            return value > rows[1][x - 1] && value >= rows[1][x + 1]
                && (x - 1...x + 1).allSatisfy { value > rows[0][$0] && value >= rows[2][$0] }
        }
        #expect(places.prefix(found).map { Int($0) + 1 } == expected)
    }

    @Test("moments under a window, to its last column and beyond the plane's end", arguments: [1, 11, 16, 37])
    func window(_ columns: Int) {
        let (rows, width) = (9, columns + 3)
        let (plane, values) = (Self.noise(rows * width - 3, seed: 13), Self.noise(rows * width - 3, seed: 14))
        let padded = (columns + 15) / 16 * 16
        let weights = Self.noise(padded, seed: 15).enumerated().map { $0.offset < columns ? abs($0.element) : 0 }
        let offsets = (0..<padded).map { $0 < columns ? Float($0) - 5.25 : 0 }
        let (rowWeights, rowOffsets) = (Self.noise(rows, seed: 16).map(abs), (0..<rows).map { Float($0) - 4.5 })
        var (peak, moments) = (kernel_window_peak(), kernel_window_moments())
        for isNoise in [false, true] {
            plane.withUnsafeBufferPointer { plane in
                weights.withUnsafeBufferPointer { weights in
                    offsets.withUnsafeBufferPointer { offsets in
                        rowWeights.withUnsafeBufferPointer { rowWeights in
                            rowOffsets.withUnsafeBufferPointer { rowOffsets in
                                var window = kernel_window(
                                    first: plane.baseAddress, end: plane.baseAddress.map { $0 + plane.count },
                                    stride: width, columns: columns, rows: rows, columnWeights: weights.baseAddress,
                                    columnOffsets: offsets.baseAddress, rowWeights: rowWeights.baseAddress,
                                    rowOffsets: rowOffsets.baseAddress)
                                guard isNoise else {
                                    kernel_window_sums(&window, &moments)
                                    peak = kernel_window_find_peak(&window, 30)
                                    return
                                }
                                values.withUnsafeBufferPointer { values in
                                    guard let base = values.baseAddress else { return }
                                    kernel_window_noise(&window, base, base + values.count, &moments)
                                }
                            }
                        }
                    }
                }
            }
            let light = isNoise ? zip(plane, values).map { $0 + max(0, $1) } : plane
            let twin = Self.moments(light, width, columns, weights, offsets, rowWeights, rowOffsets)
            #expect([moments.sum, moments.x, moments.y, moments.xx, moments.yy, moments.xy] == twin)
        }
        let found = [Double(peak.highest), peak.sum]
        #expect(found == Self.peak(plane, width, offsets.prefix(columns), rowOffsets, square: 30))
    }

    private static func peak(
        _ plane: [Float], _ width: Int, _ offsets: ArraySlice<Float>, _ rowOffsets: [Float], square: Float
    ) -> [Double] {
        var (lanes, highest) = ([Float](repeating: 0, count: 16), -Float.infinity)
        for (column, x) in offsets.enumerated() {
            for (row, y) in rowOffsets.enumerated() where x * x + y * y <= square {
                let index = row * width + column
                let value = index < plane.count ? plane[index] : 0
                lanes[column % 16] += value
                highest = max(highest, value)
            }
        }
        for half in [8, 4, 2, 1] { for lane in 0..<half { lanes[lane] += lanes[lane + half] } }
        return [Double(highest), Double(lanes[0])]
    }

    /// Down 16 columns at a time, then their sum in pairs.
    private static func moments(
        _ plane: [Float], _ width: Int, _ columns: Int, _ weights: [Float], _ offsets: [Float], _ rowWeights: [Float],
        _ rowOffsets: [Float]
    ) -> [Double] {
        var totals = [Double](repeating: 0, count: 6)
        for block in stride(from: 0, to: columns, by: 16) {
            var parts = [[Float]](repeating: [Float](repeating: 0, count: 16), count: 6)
            for column in block..<min(block + 16, columns) {
                var down: [Float] = [0, 0, 0]
                for row in rowWeights.indices {
                    let index = row * width + column
                    let value = rowWeights[row] * (index < plane.count ? plane[index] : 0)
                    down[0] += value
                    down[1] += rowOffsets[row] * value
                    down[2] += rowOffsets[row] * (rowOffsets[row] * value)
                }
                let (weight, offset, lane) = (weights[column], offsets[column], column - block)
                let (zeroth, first) = (weight * down[0], weight * down[1])
                parts[0][lane] = zeroth
                parts[1][lane] = offset * zeroth
                parts[2][lane] = first
                parts[3][lane] = offset * (offset * zeroth)
                parts[4][lane] = weight * down[2]
                parts[5][lane] = offset * first
            }
            for index in parts.indices {
                var lanes = parts[index]
                for half in [8, 4, 2, 1] { for lane in 0..<half { lanes[lane] += lanes[lane + half] } }
                totals[index] += Double(lanes[0])
            }
        }
        return totals
    }
}
