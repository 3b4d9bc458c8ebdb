internal import Imaging

/// Level and noise of an image in boxes, and bilinear in between.
///
/// In each box of about `spacing` pixels every second pixel of every second row is taken (all of them in small
/// boxes): clipped mean and standard deviation at 3 sigma. Boxes with few usable pixels take the mean of their
/// neighbours, boxes that sit on a bright star the median of theirs; noises are smoothed by a 3 x 3 median. Beyond the
/// outermost box centres the slope of the level goes on, and the noise stays as it is.
struct Mesh {
    let columns: Int
    let rows: Int
    private let width: Int
    private let height: Int
    /// Per box, row by row.
    private(set) var levels: [Float]
    private(set) var noises: [Float]

    /// - Parameter mask: pixels with any bit set do not count.
    init<Unit>(of image: Image<Unit>, spacing: Int, skipping mask: Mask? = nil) {
        let columns = max(1, (image.width + spacing / 2) / spacing)
        let rows = max(1, (image.height + spacing / 2) / spacing)
        self.init(of: image, columns: columns, rows: rows, skipping: mask)
    }

    init<Unit>(of image: Image<Unit>, columns: Int, rows: Int, skipping mask: Mask? = nil) {
        width = image.width
        height = image.height
        self.columns = columns
        self.rows = rows
        levels = []
        noises = []
        var scratch = [Float](repeating: 0, count: (width / columns + 1) * (height / rows + 1))
        for row in 0..<rows {
            for column in 0..<columns {
                let (xs, ys) = area(ofBox: row * columns + column)
                let moments = Self.moments(of: image, xs, ys, mask, &scratch)
                levels.append(moments.map { Float($0.mean) } ?? .nan)
                noises.append(moments.map { Float($0.sigma) } ?? .nan)
            }
        }
        levels = filled(levels)
        noises = filled(noises)
        levels = withoutStars()
        noises = noises.indices.map { Robust.median(neighbours(of: $0, in: noises)) ?? .nan }
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

    private static func moments<Unit>(
        of image: Image<Unit>, _ xs: Range<Int>, _ ys: Range<Int>, _ mask: Mask?, _ scratch: inout [Float]
    ) -> Robust.Moments? {
        let step = xs.count * ys.count >= 2048 ? 2 : 1
        let taken = scratch.withUnsafeMutableBufferPointer { picked in
            withPixels(image, mask) { pixels, bits in
                var n = 0
                for y in stride(from: ys.lowerBound, to: ys.upperBound, by: step) {
                    for x in stride(from: xs.lowerBound, to: xs.upperBound, by: step) {
                        let i = y * image.width + x
                        let isUsable = abs(pixels[i]) <= .greatestFiniteMagnitude && (bits == nil || bits![i] == 0)
                        picked[n] = pixels[i]
                        n += isUsable ? 1 : 0
                    }
                }
                return n
            }
        }
        let offered = ((xs.count + step - 1) / step) * ((ys.count + step - 1) / step)
        guard taken > 0, taken * 4 >= offered else { return nil }
        return scratch.withUnsafeMutableBufferPointer { Robust.clippedMoments($0.baseAddress!, count: taken) }
    }

    private static func withPixels<Unit>(
        _ image: Image<Unit>, _ mask: Mask?, _ body: (UnsafePointer<Float>, UnsafePointer<UInt16>?) -> Int
    ) -> Int {
        image.pixels.withUnsafeBufferPointer { pixels in
            guard let mask else { return body(pixels.baseAddress!, nil) }
            return mask.bits.withUnsafeBufferPointer { body(pixels.baseAddress!, $0.baseAddress!) }
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

    /// Boxes that stand out above their surroundings by half the pixel noise take their value. Surroundings: the
    /// median of the means of opposite neighbours, which follows a slope. Low boxes stay: corners are dark where the
    /// frame is vignetted, and nothing but a fault of the detector makes the sky fainter.
    private func withoutStars() -> [Float] {
        levels.indices.map { i in
            let around = surroundings(of: i)
            let noise = Robust.median(neighbours(of: i, in: noises)) ?? .nan
            return levels[i] > around + noise / 2 ? around : levels[i]
        }
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
        return Robust.median(means.isEmpty ? neighbours(of: index, in: levels) : means) ?? .nan
    }

    /// The box and those around it.
    private func neighbours(of index: Int, in boxes: [Float]) -> [Float] {
        let column = index % columns
        let row = index / columns
        var found: [Float] = []
        for y in max(row - 1, 0)...min(row + 1, rows - 1) {
            for x in max(column - 1, 0)...min(column + 1, columns - 1) { found.append(boxes[y * columns + x]) }
        }
        return found
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
            let origin = Float(segment)
            for x in start..<end {
                let position = (Float(x) + 0.5) * scale - 0.5
                let inside = position < first ? first : (position > last ? last : position)
                line[x] = level + slope * (inside - origin)
            }
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
