/// Catalogue quads by their code: four numbers in boxes, so that a look-up reads 16 boxes at most.
struct QuadTable {
    /// Sorted by box.
    private let quads: [Quad]
    private let start: [Int32]

    /// Side of a box; the greatest tolerance is half of it.
    static let side: Float = 0.0625
    static let greatestTolerance = side / 2
    // xC lies in 0 ... 0.5, xD in 0 ... 1, both y within 0.867.
    private static let (boxesXC, boxesY, boxesXD): (Int, Int, Int) = (10, 30, 18)

    init(_ list: [Quad]) {
        let boxes = Self.boxesXC * Self.boxesY * Self.boxesXD * Self.boxesY
        var begin = [Int32](repeating: 0, count: boxes + 1)
        let numbers = list.map { Self.number(Self.place($0.code)) }
        for number in numbers { begin[number + 1] += 1 }
        for index in 1..<begin.count { begin[index] += begin[index - 1] }
        var next = begin
        var sorted = list
        for (quad, number) in zip(list, numbers) {
            sorted[Int(next[number])] = quad
            next[number] += 1
        }
        (quads, start) = (sorted, begin)
    }

    var count: Int { quads.count }

    /// Box numbers, with fractions, in each dimension.
    @inline(__always)
    private static func place(_ code: SIMD4<Float>) -> SIMD4<Float> {
        let shifted = code / side + SIMD4<Float>(1, 15, 1, 15)
        let last = SIMD4<Float>(Float(boxesXC), Float(boxesY), Float(boxesXD), Float(boxesY)) - 1
        return shifted.clamped(lowerBound: SIMD4<Float>(repeating: 0), upperBound: last)
    }

    @inline(__always)
    private static func number(_ place: SIMD4<Float>) -> Int {
        ((Int(place.x) * boxesY + Int(place.y)) * boxesXD + Int(place.z)) * boxesY + Int(place.w)
    }

    /// Calls `body` with every quad whose four numbers all differ by no more than the tolerance, until it returns
    /// false.
    @inline(__always)
    func visit(_ code: SIMD4<Float>, tolerance: Float, _ body: (Quad) -> Bool) {
        let tolerance = min(tolerance, Self.greatestTolerance)
        let low = Self.place(code - tolerance)
        let high = Self.place(code + tolerance)
        for c in Int(low.x)...Int(high.x) {
            for cy in Int(low.y)...Int(high.y) {
                for d in Int(low.z)...Int(high.z) {
                    let row = ((c * Self.boxesY + cy) * Self.boxesXD + d) * Self.boxesY
                    for entry in start[row + Int(low.w)]..<start[row + Int(high.w) + 1] {
                        let quad = quads[Int(entry)]
                        let difference = quad.code - code
                        let inside =
                            abs(difference.x) <= tolerance && abs(difference.y) <= tolerance
                            && abs(difference.z) <= tolerance && abs(difference.w) <= tolerance
                        if inside, !body(quad) { return }
                    }
                }
            }
        }
    }
}
