internal import Imaging

/// Boxes in which the sky climbs.
extension Mesh {
    /// Of the noise that a slope may feign, as a share of the variance of the box.
    private static let negligibleTilt: Float = 0.01

    /// Clipped moments of a box about the slope of its own pixels; nil where its neighbours' levels leave no room for a
    /// slope that would show in the noise, or the box has too few pixels.
    ///
    /// A slope s along a box of n pixels adds s^2 n^2 / 12 to its variance: the variance of an even distribution.
    func momentsAboutSlope(_ box: Int, _ pixels: [Float], _ bits: [UInt16]?) -> Robust.Moments? {
        let steepest = neighbours(of: box, in: levels).map { abs($0 - levels[box]) }.max() ?? 0
        guard steepest * steepest / 12 > Self.negligibleTilt * noises[box] * noises[box] else { return nil }
        let (xs, ys) = area(ofBox: box)
        let step = xs.count * ys.count >= 2048 ? 2 : 1
        var values: [(x: Float, y: Float, value: Float)] = []
        var offered = 0
        for y in stride(from: 0, to: ys.count, by: step) {
            for x in stride(from: 0, to: xs.count, by: step) {
                offered += 1
                let i = (ys.lowerBound + y) * width + xs.lowerBound + x
                guard pixels[i].isFinite, (bits?[i] ?? 0) == 0 else { continue }
                values.append((Float(x) - Float(xs.count - 1) / 2, Float(y) - Float(ys.count - 1) / 2, pixels[i]))
            }
        }
        guard values.count * 4 >= offered else { return nil }
        for _ in 0..<2 {
            let alongX = Self.slope(values.map { ($0.x, $0.value) })
            let alongY = Self.slope(values.map { ($0.y, $0.value) })
            for i in values.indices { values[i].value -= alongX * values[i].x + alongY * values[i].y }
        }
        return Robust.clippedMoments(values.map(\.value))
    }

    /// From the medians of the two halves: stars do not tilt it.
    private static func slope(_ values: [(place: Float, value: Float)]) -> Float {
        let halves = [values.filter { $0.place < 0 }, values.filter { $0.place > 0 }]
        guard let low = Robust.median(halves[0].map(\.value)), let high = Robust.median(halves[1].map(\.value)),
            let near = Robust.median(halves[0].map(\.place)), let far = Robust.median(halves[1].map(\.place))
        else { return 0 }
        return (high - low) / (far - near)
    }

    /// Clipped moments of all usable pixels of an image; nil where there are none.
    static func moments(ofAll pixels: [Float], _ bits: [UInt16]?) -> Robust.Moments? {
        let usable = pixels.indices.filter { pixels[$0].isFinite && (bits?[$0] ?? 0) == 0 }
        return usable.isEmpty ? nil : Robust.clippedMoments(usable.map { pixels[$0] })
    }
}
