internal import CKernels
internal import Imaging

/// What remains of a section above a smooth background, line by line.
struct LineResiduals {
    /// `values[line * length + place]`, NaN where a pixel does not count.
    private let values: [Float]
    private let lines: Int
    private let length: Int
    private let threads: Int

    init(of image: Image<ADU>, mask: Mask?, in section: FrameSection, along: DetectorAxis, threads: Int) {
        let background = BoxMedians(of: image, in: section, boxSize: 32, threads: threads)
        let (width, height) = (section.width, section.height)
        (lines, length) = along == .rows ? (height, width) : (width, height)
        self.threads = threads
        // Columns are written from strips of rows, so that neighbours in memory are written together.
        let strip = 16
        values = [Float](plane: width * height) { values in
            let values = values.baseAddress!
            parallelRows((height + strip - 1) / strip, threads: threads) { range in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: strip * width) { room in
                    let room = room.baseAddress!
                    for number in range {
                        let rows = (number * strip)..<min((number + 1) * strip, height)
                        let target = along == .rows ? values + rows.lowerBound * width : room
                        for j in rows {
                            let line = target + (j - rows.lowerBound) * width
                            background.write(row: j, into: line)
                            Self.subtract(line, from: image, mask, section, row: j)
                        }
                        guard along == .columns else { continue }
                        for i in 0..<width {
                            for j in rows { values[i * height + j] = room[(j - rows.lowerBound) * width + i] }
                        }
                    }
                }
            }
        }
    }

    /// Turns levels into what the image has above them.
    private static func subtract(
        _ line: UnsafeMutablePointer<Float>, from image: Image<ADU>, _ mask: Mask?, _ section: FrameSection, row: Int
    ) {
        let start = (section.y0 + row) * image.width + section.x0
        image.pixels.withUnsafeBufferPointer { pixels in
            let pixels = pixels.baseAddress! + start
            for i in 0..<section.width { line[i] = pixels[i] - line[i] }
        }
        mask?.bits.withUnsafeBufferPointer { bits in
            let bits = bits.baseAddress! + start
            for i in 0..<section.width { line[i] = bits[i] == 0 ? line[i] : .nan }
        }
    }

    /// The level of each line; NaN where less than a quarter of its pixels count.
    func levels() -> [LineLevel] {
        values.withUnsafeBufferPointer { values in
            Lines(values: values.baseAddress!, lines: lines, length: length, threads: threads).levels()
        }
    }
}

/// Lines of numbers, NaN where a pixel does not count.
private struct Lines {
    let values: UnsafePointer<Float>
    let lines: Int
    let length: Int
    let threads: Int

    func levels() -> [LineLevel] {
        let first = perLine { line, _ in (Robust.median(withNaN: values + line * length, count: length), length) }
            .map { $0.median ?? .nan }
        let reach = Float(
            3
                * scatter(about: first) { line, room in
                    room.numbers.update(from: values + line * length, count: length)
                    return length
                })
        let kept = perLine { line, room in
            let count = gather(line, about: first, reach: reach, room)
            return (count * 4 >= length ? Robust.median(withNaN: room.numbers, count: count) : nil, count)
        }
        let sigma = scatter(about: kept.map { $0.median ?? .nan }) { gather($0, about: first, reach: reach, $1) }
        return kept.map { median, count in
            LineLevel(
                level: median.map(Double.init) ?? .nan,
                variance: median == nil ? 0 : OverscanCorrection.medianVariance(sigma: sigma, count: count))
        }
    }

    /// Room to work on one line.
    private struct Room {
        let numbers: UnsafeMutablePointer<Float>
        /// Two more than there are places.
        let marks: UnsafeMutablePointer<UInt16>
    }

    private func withRoom<Result>(_ body: (Room) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: Float.self, capacity: length) { numbers in
            withUnsafeTemporaryAllocation(of: UInt16.self, capacity: length + 2) { marks in
                body(Room(numbers: numbers.baseAddress!, marks: marks.baseAddress!))
            }
        }
    }

    /// A median and a count for each line.
    private func perLine(_ body: (Int, Room) -> (median: Float?, count: Int)) -> [(median: Float?, count: Int)] {
        [(median: Float?, count: Int)](unsafeUninitializedCapacity: lines) { found, used in
            let found = found.baseAddress!
            parallelRows(lines, threads: threads) { range in
                withRoom { room in
                    for line in range { (found + line).initialize(to: body(line, room)) }
                }
            }
            used = lines
        }
    }

    /// The numbers of a line without pixels that are farther than `reach` from their line's median, and without their
    /// neighbours; returns how many.
    private func gather(_ line: Int, about medians: [Float], reach: Float, _ room: Room) -> Int {
        let marks = room.marks
        marks.initialize(repeating: 0, count: length + 2)
        for near in max(line - 1, 0)...min(line + 1, lines - 1) {
            let (numbers, median) = (values + near * length, medians[near])
            for place in 0..<length { marks[place + 1] |= abs(numbers[place] - median) > reach ? 1 : 0 }
        }
        // Each place takes its own mark and those beside it, in an order in which none is changed before it is read.
        for place in 0..<length { marks[place] |= marks[place + 1] | marks[place + 2] }
        return kernel_pick(values + line * length, marks, 1, length, room.numbers)
    }

    /// Clipped scatter of up to 64 lines about their medians.
    ///
    /// - Parameter gather: writes the numbers of a line and returns how many.
    private func scatter(about medians: [Float], _ gather: (Int, Room) -> Int) -> Double {
        var residuals: [Float] = []
        withRoom { room in
            for line in stride(from: 0, to: lines, by: max(1, lines / 64)) {
                let count = gather(line, room)
                for place in 0..<count { residuals.append(room.numbers[place] - medians[line]) }
            }
        }
        return Robust.clippedMoments(residuals)?.sigma ?? 0
    }
}
