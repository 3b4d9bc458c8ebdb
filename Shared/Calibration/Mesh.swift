internal import CKernels
internal import Imaging

/// Level and noise of an image in boxes, and bilinear in between.
///
/// In each box of about `spacing` pixels every second pixel of every second row is taken (all of them in small
/// boxes): clipped mean and standard deviation at 3 sigma. Boxes across which the sky climbs are measured again about
/// its slope, so that a gradient is not taken for noise. Boxes with few usable pixels take the mean of their
/// neighbours, boxes that sit on a bright star the median of theirs; noises are smoothed by a 3 x 3 median. Where no
/// box has enough, all usable pixels of the image together stand for each. Beyond the outermost box centres the slope
/// of the level goes on, and the noise stays as it is.
struct Mesh {
    let columns: Int
    let rows: Int
    let width: Int
    let height: Int
    /// Per box, row by row.
    private(set) var levels: [Float]
    private(set) var noises: [Float]

    /// - Parameter mask: pixels with any bit set do not count.
    init<Unit>(of image: Image<Unit>, spacing: Int, skipping mask: Mask? = nil, threads: Int = 1) {
        let columns = max(1, (image.width + spacing / 2) / spacing)
        let rows = max(1, (image.height + spacing / 2) / spacing)
        self.init(of: image, columns: columns, rows: rows, skipping: mask, threads: threads)
    }

    init<Unit>(of image: Image<Unit>, columns: Int, rows: Int, skipping mask: Mask? = nil, threads: Int = 1) {
        width = image.width
        height = image.height
        self.columns = columns
        self.rows = rows
        levels = [Float](repeating: .nan, count: columns * rows)
        noises = levels
        measure(image.pixels, mask?.bits, threads: threads)
        if levels.allSatisfy(\.isNaN), let whole = Self.moments(ofAll: image.pixels, mask?.bits) {
            levels = levels.map { _ in Float(whole.mean) }
            noises = levels.map { _ in Float(whole.sigma) }
        }
        levels = filled(levels)
        noises = filled(noises)
        smooth(image.pixels, mask?.bits, threads: threads)
    }

    /// Replaces what stands out by its surroundings, tilted boxes by what they hold about their slope.
    private mutating func smooth(_ pixels: [Float], _ bits: [UInt16]?, threads: Int) {
        var found = self
        levels = parallelMap(levels.count, threads: threads) { found.withoutStars($0) }
        let smoothed = self
        let tilted = parallelMap(levels.count, threads: threads) { smoothed.momentsAboutSlope($0, pixels, bits) }
        if tilted.contains(where: { $0 != nil }) {
            for (box, moments) in tilted.enumerated() {
                guard let moments else { continue }
                found.levels[box] = Float(moments.mean)
                found.noises[box] = Float(moments.sigma)
            }
            let measured = found
            levels = parallelMap(levels.count, threads: threads) { measured.withoutStars($0) }
        }
        let measured = found
        noises = parallelMap(noises.count, threads: threads) { measured.medianAround($0, in: measured.noises) }
    }

    /// The pixels of a box.
    func area(ofBox box: Int) -> (xs: Range<Int>, ys: Range<Int>) {
        let column = box % columns
        let row = box / columns
        return (
            (column * width / columns)..<((column + 1) * width / columns),
            (row * height / rows)..<((row + 1) * height / rows)
        )
    }

    /// Median over the boxes; NaN where no box has pixels.
    var typicalLevel: Double { Double(Robust.median(levels) ?? .nan) }
    var typicalNoise: Double { Double(Robust.median(noises) ?? .nan) }

    /// Clipped moments of every box, boxes of one row together so that pixels are read in their order.
    private mutating func measure(_ pixels: [Float], _ bits: [UInt16]?, threads: Int) {
        let mesh = self
        levels.withUnsafeMutableBufferPointer { levels in
            noises.withUnsafeMutableBufferPointer { noises in
                pixels.withUnsafeBufferPointer { pixels in
                    (bits ?? []).withUnsafeBufferPointer { found in
                        let bits = bits == nil ? nil : found.baseAddress
                        parallelRows(mesh.rows, threads: threads) { rows in
                            for row in rows {
                                mesh.measure(row, pixels.baseAddress!, bits) { column, moments in
                                    levels[row * mesh.columns + column] = Float(moments.mean)
                                    noises[row * mesh.columns + column] = Float(moments.sigma)
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    private func measure(
        _ row: Int, _ pixels: UnsafePointer<Float>, _ bits: UnsafePointer<UInt16>?,
        _ keep: (_ column: Int, _ moments: Robust.Moments) -> Void
    ) {
        let room = (width / columns + 1) * (height / rows + 1)
        var taken = [Int](repeating: 0, count: columns)
        let boxes = (0..<columns).map { area(ofBox: row * columns + $0) }
        let steps = boxes.map { $0.xs.count * $0.ys.count >= 2048 ? 2 : 1 }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: room * columns) { picked in
            for y in boxes[0].ys {
                for (column, box) in boxes.enumerated() where (y - box.ys.lowerBound) % steps[column] == 0 {
                    let start = y * width + box.xs.lowerBound
                    let target = picked.baseAddress! + (column * room + taken[column])
                    let offered = (box.xs.count + steps[column] - 1) / steps[column]
                    let marks = bits.map { $0 + start }
                    taken[column] += kernel_pick(pixels + start, marks, steps[column], offered, target)
                }
            }
            for (column, box) in boxes.enumerated() {
                let step = steps[column]
                let offered = ((box.xs.count + step - 1) / step) * ((box.ys.count + step - 1) / step)
                guard taken[column] > 0, taken[column] * 4 >= offered else { continue }
                let values = picked.baseAddress! + column * room
                if let moments = Robust.clippedMoments(values, count: taken[column]) { keep(column, moments) }
            }
        }
    }

    /// Gives empty boxes the mean of their filled neighbours, ring by ring; all NaN stays all NaN.
    private func filled(_ boxes: [Float]) -> [Float] {
        var boxes = boxes
        while boxes.contains(where: \.isNaN), boxes.contains(where: { !$0.isNaN }) {
            let before = boxes
            for i in boxes.indices where before[i].isNaN {
                let around = neighbours(of: i, in: before).filter { !$0.isNaN }
                if !around.isEmpty { boxes[i] = around.reduce(0, +) / Float(around.count) }
            }
        }
        return boxes
    }

    /// A box's level; one that stands out above its surroundings by half the pixel noise takes their value.
    /// Surroundings: the median of the means of opposite neighbours, in a corner of where the levels lead to, which
    /// follows a slope. Low boxes stay: corners are dark where the frame is vignetted, and nothing but a fault of the
    /// detector makes the sky fainter.
    private func withoutStars(_ box: Int) -> Float {
        let around = surroundings(of: box)
        let noise = medianAround(box, in: noises)
        return levels[box] > around + noise / 2 ? around : levels[box]
    }

    private func surroundings(of index: Int) -> Float {
        let column = index % columns
        let row = index / columns
        var means: [Float] = []
        for (dx, dy) in [(1, 0), (0, 1), (1, 1), (1, -1)] {
            guard dx <= column, column + dx < columns, abs(dy) <= row, row + abs(dy) < rows else { continue }
            let step = dy * columns + dx
            means.append((levels[index - step] + levels[index + step]) / 2)
        }
        if means.isEmpty { means = goingOn(to: index) }
        return means.isEmpty ? medianAround(index, in: levels) : Robust.median(means) ?? .nan
    }

    /// What the slopes of the levels lead to in a corner, along its row, column and diagonal.
    private func goingOn(to corner: Int) -> [Float] {
        guard columns > 2, rows > 2 else { return [] }
        let inward = (corner % columns == 0 ? 1 : -1, corner / columns == 0 ? columns : -columns)
        return [inward.0, inward.1, inward.0 + inward.1].map { 2 * levels[corner + $0] - levels[corner + 2 * $0] }
    }

    /// The box and those around it.
    func neighbours(of index: Int, in boxes: [Float]) -> [Float] {
        let column = index % columns
        let row = index / columns
        var found: [Float] = []
        for y in max(row - 1, 0)...min(row + 1, rows - 1) {
            for x in max(column - 1, 0)...min(column + 1, columns - 1) { found.append(boxes[y * columns + x]) }
        }
        return found
    }

    /// Median of the box and those around it.
    private func medianAround(_ index: Int, in boxes: [Float]) -> Float {
        Robust.median(neighbours(of: index, in: boxes)) ?? .nan
    }

    func fillLevels(row: Int, into line: UnsafeMutablePointer<Float>) { fill(levels, row: row, reach: 0.5, into: line) }
    func fillNoises(row: Int, into line: UnsafeMutablePointer<Float>) { fill(noises, row: row, reach: 0, into: line) }

    /// Bilinear between box centres; beyond the outermost ones the slope goes on for `reach` boxes.
    private func fill(_ boxes: [Float], row y: Int, reach: Float, into line: UnsafeMutablePointer<Float>) {
        let vertical = Self.position(y, size: height, boxes: rows, reach: reach)
        let upper = vertical.index * columns
        let lower = min(vertical.index + 1, rows - 1) * columns
        let nodes = (0..<columns).map { column in
            boxes[upper + column] * (1 - vertical.fraction) + boxes[lower + column] * vertical.fraction
        }
        let scale = Float(columns) / Float(width)
        let (first, last) = (-reach, Float(columns - 1) + reach)
        let segments = max(columns - 1, 1)
        var start = 0
        for segment in 0..<segments {
            // The segment ends where the next box centre begins; the last one at the edge.
            let centre = ((Float(segment) + 1.5) / scale - 0.5).rounded(.up)
            let end = segment == segments - 1 ? width : min(max(Int(centre), start), width)
            let level = nodes[segment]
            let slope = nodes[min(segment + 1, columns - 1)] - level
            kernel_line(line, start, end, scale, first, last, Float(segment), level, slope)
            start = end
        }
    }

    private static func position(
        _ pixel: Int, size: Int, boxes: Int, reach: Float
    ) -> (index: Int, fraction: Float) {
        let wanted = (Float(pixel) + 0.5) * Float(boxes) / Float(size) - 0.5
        let position = min(max(wanted, -reach), Float(boxes - 1) + reach)
        let index = min(max(Int(position), 0), max(boxes - 2, 0))
        return (index, position - Float(index))
    }
}
