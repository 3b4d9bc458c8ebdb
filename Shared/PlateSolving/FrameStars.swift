internal import Glibc

/// The stars of a frame in even order.
struct FrameStars {
    /// Index in the list that was given.
    let original: [Int32]
    let x: [Double]
    let y: [Double]
    /// Of one coordinate [px^2].
    let variance: [Double]
    let rank: [Int32]
    let order: EvenOrder

    /// Where a detection's error is not known [px].
    static let assumedError = 0.5
    /// No centroid is better [px].
    static let leastError = 0.02

    /// Detections that are not finite or lie outside the frame are left out.
    static func usable(_ stars: [ImageStar], in size: FrameSize) -> [Int32] {
        let (right, top) = (Double(size.width) + 1, Double(size.height) + 1)
        return (0..<Int32(stars.count)).filter {
            let star = stars[Int($0)]
            return star.x >= -2 && star.x <= right && star.y >= -2 && star.y <= top
        }
    }

    init(_ stars: [ImageStar], usable: [Int32], geometry: FrameGeometry) {
        let sorted = sortedByKey(usable.map { -stars[Int($0)].flux })
        let cell = usable.map { index in
            let star = stars[Int(index)]
            let column = Int((star.x + 0.5) / geometry.width * Double(geometry.columns))
            let row = Int((star.y + 0.5) / geometry.height * Double(geometry.rows))
            return Int32(
                max(0, min(geometry.rows - 1, row)) * geometry.columns + max(0, min(geometry.columns - 1, column)))
        }
        order = EvenOrder(brightestFirst: sorted, cell: cell, cells: geometry.cells)
        original = order.order.map { usable[Int($0)] }
        rank = order.rank
        x = original.map { stars[Int($0)].x }
        y = original.map { stars[Int($0)].y }
        variance = original.map { index in
            let error = stars[Int(index)].positionErrorPixels
            let used = error >= 0 && error < 1e3 ? max(error, Self.leastError) : Self.assumedError
            return used * used
        }
    }

    var count: Int { x.count }

    /// Error that most of the first stars do not exceed [px].
    func typicalError(first: Int) -> Double {
        let errors = variance.prefix(first).sorted()
        return errors.isEmpty ? Self.assumedError : errors[errors.count * 4 / 5].squareRoot()
    }
}

/// The usable stars of a frame, by index, in the order in which the solvers take them: of each part of the frame the
/// brightest, then of each the second, and so on.
public func evenlyOrdered(_ stars: [ImageStar], in size: FrameSize) -> [Int] {
    let usable = FrameStars.usable(stars, in: size)
    guard !usable.isEmpty, size.width > 0, size.height > 0 else { return [] }
    let geometry = FrameGeometry(size, scaleRange: 1...1, expectedStars: Double(usable.count))
    return FrameStars(stars, usable: usable, geometry: geometry).original.map(Int.init)
}
