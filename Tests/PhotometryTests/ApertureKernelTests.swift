import CKernels
import Detection
import Foundation
import PortableNumbers
import Testing

@testable import Photometry

/// Who owns the pixels of a row.
struct RowOwners {
    private var words: [UInt64]
    private var before: [UInt32]
    private var numbers = [Int32](repeating: -1, count: 8)

    /// - Parameters:
    ///   - pixels: numbers of those that stand out.
    ///   - column: of the first.
    init(_ pixels: [Int32?], from column: Int) {
        words = [UInt64](repeating: 0, count: (column + pixels.count) / 64 + 2)
        before = []
        for (place, number) in pixels.enumerated() {
            guard let number else { continue }
            words[(column + place) / 64] |= 1 << UInt64((column + place) % 64)
            numbers.append(number)
        }
        for word in words.indices { before.append(UInt32(words[..<word].reduce(0) { $0 + $1.nonzeroBitCount })) }
        numbers += [Int32](repeating: -1, count: 8)
    }

    /// Of a frame's pixels, row by row.
    init(_ pixels: [Int32?], width: Int) {
        (words, before) = ([], [])
        for start in stride(from: 0, to: pixels.count, by: width) {
            let (row, found) = (RowOwners(Array(pixels[start..<(start + width)]), from: 0), UInt32(numbers.count - 8))
            words += row.words
            before += row.before.map { $0 + found }
            numbers += row.numbers[8..<(row.numbers.count - 8)]
        }
        numbers += [Int32](repeating: -1, count: 8)
    }

    func openFrame<Result>(
        _ values: [Float], _ marks: [UInt8], width: Int, height: Int, _ body: (kernel_sky_frame) -> Result
    ) -> Result {
        values.withUnsafeBufferPointer { values in
            marks.withUnsafeBufferPointer { marks in
                open { owners in
                    body(
                        kernel_sky_frame(
                            values: values.baseAddress, marks: marks.baseAddress, owners: owners,
                            owner_words: words.count / height, width: width, height: height))
                }
            }
        }
    }

    func open<Result>(_ body: (kernel_owners) -> Result) -> Result {
        words.withUnsafeBufferPointer { words in
            before.withUnsafeBufferPointer { before in
                numbers.withUnsafeBufferPointer { numbers in
                    body(
                        kernel_owners(
                            words: words.baseAddress, before: before.baseAddress,
                            numbers: numbers.baseAddress.map { $0 + 8 }))
                }
            }
        }
    }
}

/// Each kernel beside a plain loop over the same eight sums: the same bits, at the end of a plane too.
@Suite("Kernels of apertures")
struct ApertureKernelTests {
    struct Row {
        let values: [Float]
        let variance: [Float]
        let segments: [Int32]
        let owners: RowOwners
        let excluded: [UInt8]
        let bits: [UInt16]
        let marks: [UInt8]

        init(_ count: Int, spoiled: Double) {
            var random = SplitMix64(seed: UInt64(count))
            func some<Value>(_ good: Value, _ bad: Value) -> [Value] {
                (0..<count).map { _ in random.uniform() < spoiled ? bad : good }
            }
            values = (0..<count).map { _ in Float(100 * random.gaussian()) }
            variance = (0..<count).map { _ in Float(200 * random.uniform()) }
            let (owners, excluded, bits): ([Int32], [UInt8], [UInt16]) = (some(0, 3), some(0, 1), some(0, 6))
            marks = (0..<count).map {
                excluded[$0] | (bits[$0] != 0 ? PixelMarks.masked : 0) | (owners[$0] != 0 ? PixelMarks.owned : 0)
            }
            // Where no source is numbers may say anything.
            self.owners = RowOwners(owners.map { $0 != 0 || random.uniform() < 0.5 ? 3 : nil }, from: Self.column)
            (segments, self.excluded, self.bits) = (owners, excluded, bits)
        }

        /// Of the first pixel, so that eight pixels lie across the end of a word.
        static let column = 59

        /// - Parameter margin: pixels that can be read after those that count.
        func span<Result>(margin: Int, _ body: (inout kernel_span) -> Result) -> Result {
            values.withUnsafeBufferPointer { values in
                variance.withUnsafeBufferPointer { variance in
                    owners.open { owners in
                        marks.withUnsafeBufferPointer { marks in
                            var span = kernel_span(
                                values: values.baseAddress, variance: variance.baseAddress,
                                marks: marks.baseAddress, owners: owners, column: Self.column,
                                count: max(0, values.count - margin), readable: values.count)
                            return body(&span)
                        }
                    }
                }
            }
        }
    }

    /// What eight sums side by side make of a row.
    static func sum(_ count: Int, _ term: (Int) -> Double) -> Double {
        var lanes = [Double](repeating: 0, count: 8)
        for index in 0..<count { lanes[index % 8] += term(index) }
        return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]))
    }

    static let sizes = [(1, 0), (7, 0), (8, 0), (9, 0), (9, 8), (24, 3), (61, 0), (61, 20)]

    @Test("whole pixels are added unless one is spoiled", arguments: sizes)
    func whole(_ size: (count: Int, margin: Int)) {
        for spoiled in [0, 0.1] {
            let row = Row(size.count, spoiled: spoiled)
            let used = size.count - size.margin
            var lanes = kernel_lanes()
            let isAdded = row.span(margin: size.margin) { kernel_span_add(&lanes, &$0, 4) } != 0
            #expect(isAdded == (0..<used).allSatisfy { row.segments[$0] == 0 && row.excluded[$0] == 0 })
            #expect(lanes.firstSum == (isAdded ? Self.sum(used) { Double(row.values[$0]) } : 0))
            #expect(lanes.secondSum == (isAdded ? Self.sum(used) { Double(row.variance[$0]) } : 0))
            var own = kernel_lanes()
            let isOwn = row.span(margin: size.margin) { kernel_span_add(&own, &$0, 3) } != 0
            #expect(isOwn == (0..<used).allSatisfy { row.excluded[$0] == 0 })
        }
    }

    @Test("first moments and what pixels have", arguments: sizes)
    func moments(_ size: (count: Int, margin: Int)) {
        let row = Row(size.count, spoiled: 0.1)
        let used = size.count - size.margin
        var form = kernel_row_form(column: 40, centre: 47.3, square: 0.2, slope: -0.06, curvature: 0.01)
        for owner in [3, 4] as [Int32] {
            var lanes = kernel_lanes()
            row.span(margin: size.margin) { kernel_span_moment(&lanes, &$0, owner, &form) }
            let taken = (0..<used).map { row.segments[$0] == 0 || row.segments[$0] == owner ? row.values[$0] : 0 }
            #expect(lanes.firstSum == Self.sum(used) { Double(taken[$0]) })
            let moment = Self.sum(used) {
                let x = 40 + Double($0) - 47.3
                let q = Float(max(0, 0.2 + x * (-0.06 + 0.01 * x)))
                return Double(taken[$0] * q.squareRoot())
            }
            #expect(lanes.secondSum == moment)
            var census = kernel_census()
            row.span(margin: size.margin) { kernel_span_census(&census, &$0, row.bits, owner) }
            #expect((census.others != 0) == (0..<used).contains { row.segments[$0] != 0 && owner == 4 })
            #expect(census.bits == row.bits.prefix(used).reduce(0, |))
            #expect(census.excluded == row.excluded.prefix(used).reduce(0, |))
        }
    }

    @Test("optimal weights", arguments: sizes)
    func weights(_ size: (count: Int, margin: Int)) {
        let row = Row(size.count, spoiled: 0.1)
        let used = size.count - size.margin
        let shares = (0..<(size.count + 8)).map { Float(1 / Double($0 + 3)) }
        var lanes = kernel_lanes()
        row.span(margin: size.margin) { kernel_span_weigh(&lanes, &$0, shares, 2.5, 1000) }
        func weight(_ index: Int) -> Double {
            guard row.excluded[index] == 0, row.variance[index] > 0 else { return 0 }
            return Double(shares[index]) / (Double(row.variance[index]) + 1000 * Double(shares[index]))
        }
        #expect(lanes.firstSum == Self.sum(used) { weight($0) * (Double(row.values[$0]) - 2.5) })
        #expect(lanes.secondSum == Self.sum(used) { weight($0) * Double(shares[$0]) })
        #expect(lanes.thirdSum == Self.sum(used) { weight($0) })
    }

    @Test("a table along a row", arguments: [1, 7, 16, 33])
    func table(_ count: Int) {
        let entries = 50
        let table = (0..<(entries + 2)).map { Float(exp(-0.1 * Double($0))) }
        var form = kernel_row_form(column: 3, centre: 9.2, square: 0.5, slope: 0.3, curvature: 0.2)
        var shares = [Float](repeating: -1, count: count + 1)
        kernel_table_row(&shares, table, Int32(entries), 2, &form, count)
        for index in 0..<count {
            let x = 3 + Double(index) - 9.2
            let position = (0.5 + x * (0.3 + 0.2 * x)) * 2
            let entry = position < Double(entries) ? Int(position) : entries
            let step = Float(position - Double(entry)) * (table[entry + 1] - table[entry])
            #expect(shares[index] == (position < Double(entries) ? table[entry] + step : 0))
        }
        #expect(shares[count] == -1)
    }
}
