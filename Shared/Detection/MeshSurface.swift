internal import CKernels

/// A smooth surface over a frame: the tensor product of natural cubic splines through the centres of a mesh's tiles,
/// continued as straight lines beyond the outermost centres.
///
/// Only the spline's coefficients are kept; pixels are computed when they are asked for, to the same bits whether alone
/// or by the row.
public struct MeshSurface: Sendable, Equatable {
    public let width: Int
    public let height: Int
    private let columns: Int
    private let rows: Int
    /// B-spline coefficients with one more on each side, row by row.
    private let coefficients: [Float]
    /// What the mesh covers [px], and where the surface begins on it.
    private let whole: Whole

    private struct Whole: Sendable, Equatable {
        let width: Int
        let height: Int
        let left: Int
        let top: Int
    }

    /// - Parameter values: at the centres of `columns` x `rows` equal tiles.
    init(width: Int, height: Int, columns: Int, rows: Int, values: [Float]) {
        precondition(values.count == columns * rows && columns > 0 && rows > 0, "a value for each tile")
        (self.width, self.height, self.columns, self.rows) = (width, height, columns, rows)
        whole = Whole(width: width, height: height, left: 0, top: 0)
        let stride = columns + 2
        var table = [Float](repeating: 0, count: stride * (rows + 2))
        for row in 0..<rows {
            let line = Self.coefficients((0..<columns).map { Double(values[row * columns + $0]) })
            for column in 0..<stride { table[(row + 1) * stride + column] = Float(line[column]) }
        }
        for column in 0..<stride {
            let line = Self.coefficients((0..<rows).map { Double(table[($0 + 1) * stride + column]) })
            for row in 0..<(rows + 2) { table[row * stride + column] = Float(line[row]) }
        }
        coefficients = table
    }

    /// A part of a surface, the same bits at the same places.
    private init(_ surface: MeshSurface, columns: Range<Int>, rows: Range<Int>) {
        (width, height) = (columns.count, rows.count)
        (self.columns, self.rows, coefficients) = (surface.columns, surface.rows, surface.coefficients)
        whole = Whole(
            width: surface.whole.width, height: surface.whole.height, left: surface.whole.left + columns.lowerBound,
            top: surface.whole.top + rows.lowerBound)
    }

    /// The part over some of the pixels.
    func window(columns: Range<Int>, rows: Range<Int>) -> MeshSurface {
        MeshSurface(self, columns: columns, rows: rows)
    }

    private func column(_ x: Int) -> Place { Place(x + whole.left, of: whole.width, tiles: columns) }
    private func row(_ y: Int) -> Place { Place(y + whole.top, of: whole.height, tiles: rows) }

    /// Coefficients c of the cubic B-spline with (c[i - 1] + 4 c[i] + c[i + 1]) / 6 = value[i] and no curvature at the
    /// ends, where c[i] = value[i]; one more on each side.
    private static func coefficients(_ values: [Double]) -> [Double] {
        let count = values.count
        guard count > 1 else { return [values[0], values[0], values[0]] }
        var (slope, inner) = ([Double](repeating: 0, count: count), values)
        for i in 1..<max(1, count - 1) {
            let pivot = 4 - slope[i - 1]
            slope[i] = 1 / pivot
            inner[i] = (6 * values[i] - inner[i - 1]) / pivot
        }
        for i in stride(from: count - 2, to: 0, by: -1) { inner[i] -= slope[i] * inner[i + 1] }
        return [2 * inner[0] - inner[1]] + inner + [2 * inner[count - 1] - inner[count - 2]]
    }

    /// Where a pixel lies on an axis of tiles: between the centres `cell` and `cell + 1`, or beyond the outermost.
    private struct Place {
        /// Index of the first of the coefficients that count.
        let first: Int
        let t: Float
        let isBeyond: Bool

        init(_ pixel: Int, of pixels: Int, tiles: Int) {
            let u = (Double(pixel) + 0.5) * Double(tiles) / Double(pixels) - 0.5
            isBeyond = u < 0 || u >= Double(tiles - 1)
            first = u < 0 ? 0 : min(Int(u), tiles - 1)
            t = Float(u - Double(first))
        }

        /// Polynomial in t from neighbouring coefficients; differences first, so that a level surface stays exact.
        func polynomial(_ c: (Int) -> Float) -> (Float, Float, Float, Float) {
            let (before, here, after) = (c(first), c(first + 1), c(first + 2))
            let slope = (after - before) / 2
            guard !isBeyond else { return (here, slope, 0, 0) }
            let bend = (before - here) + (after - here)
            let further = (c(first + 3) - after) - 2 * (after - here) + (here - before)
            return (here + bend / 6, slope, bend / 2, further / 6)
        }

        func value(_ c: (Int) -> Float) -> Float {
            let p = polynomial(c)
            return p.0 + t * (p.1 + t * (p.2 + t * p.3))
        }
    }

    public subscript(x: Int, y: Int) -> Float {
        let row = row(y)
        return column(x).value { column in
            row.value { coefficients[$0 * (columns + 2) + column] }
        }
    }

    /// All pixels, row by row: costs a plane, each time it is called.
    public func plane() -> [Float] {
        var pixels = [Float](repeating: 0, count: width * height)
        let filler = Filler(self)
        pixels.withUnsafeMutableBufferPointer { pixels in
            guard let base = pixels.baseAddress else { return }
            for y in 0..<height { filler.fill(y, into: base + y * width) }
        }
        return pixels
    }

    /// Computes whole rows.
    struct Filler {
        private let surface: MeshSurface
        private let t: [Float]
        /// Stretches of pixels with the same coefficients.
        private let stretches: [kernel_spline_stretch]
        /// Coefficients of a row that count.
        private let needed: Range<Int>

        init(_ surface: MeshSurface) {
            self.surface = surface
            let places = (0..<surface.width).map { surface.column($0) }
            let needed = places[0].first..<min(places[surface.width - 1].first + 4, surface.columns + 2)
            self.needed = needed
            t = places.map(\.t)
            var stretches: [kernel_spline_stretch] = []
            var start = 0
            for x in 1...surface.width {
                let ends =
                    x == surface.width || places[x].first != places[start].first
                    || places[x].isBeyond != places[start].isBeyond
                guard ends else { continue }
                stretches.append(
                    kernel_spline_stretch(
                        start: Int32(start), end: Int32(x), first: Int32(places[start].first - needed.lowerBound),
                        is_beyond: places[start].isBeyond ? 1 : 0))
                start = x
            }
            self.stretches = stretches
        }

        func fill(_ y: Int, into target: UnsafeMutablePointer<Float>) {
            let (stride, row) = (surface.columns + 2, surface.row(y))
            let first = row.first * stride + needed.lowerBound
            withUnsafeTemporaryAllocation(of: Float.self, capacity: needed.count) { line in
                surface.coefficients.withUnsafeBufferPointer { table in
                    guard let line = line.baseAddress, let table = table.baseAddress else { return }
                    kernel_spline_column(line, table + first, stride, row.t, row.isBeyond ? 1 : 0, needed.count)
                    kernel_spline_row(target, t, line, stretches, stretches.count)
                }
            }
        }
    }
}
