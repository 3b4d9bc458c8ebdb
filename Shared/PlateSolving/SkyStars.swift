internal import Glibc
internal import Sky

/// The catalogue around a pointing in even order.
struct SkyStars {
    /// Index in the list that was given.
    let original: [Int32]
    let direction: [SkyVector]
    /// Of one coordinate [rad^2].
    let variance: [Double]
    /// In the equal-area plane around the pointing [rad].
    let x: [Double]
    let y: [Double]
    let order: EvenOrder
    let pointing: TangentFrame
    /// Stars in the area of one frame, on average.
    let starsInFrame: Double

    /// Where a star's error is not known [arcsec].
    static let assumedError = 0.3

    /// - Parameters:
    ///   - radius: stars within are taken [rad].
    ///   - geometry: gives the size of a cell once the density is known.
    init(
        _ stars: [GuideStar], around pointing: TangentFrame, radius: Double, frameArea: Double,
        geometry: (_ starsInFrame: Double) -> FrameGeometry
    ) {
        self.pointing = pointing
        let limit = cos(radius)
        var (near, vectors): ([Int32], [SkyVector]) = ([], [])
        var farthest = 1.0
        for (index, star) in stars.enumerated() {
            let vector = SkyVector(star.position)
            let cosine = vector.dot(pointing.centre)
            guard cosine >= limit else { continue }
            near.append(Int32(index))
            vectors.append(vector)
            farthest = min(farthest, cosine)
        }
        // A catalogue that was cut closer than asked for is not taken for a sparse one.
        let area = max(2 * .pi * (1 - farthest), frameArea)
        starsInFrame = Double(near.count) / area * frameArea
        let cellSide = geometry(starsInFrame).cellPixels * geometry(starsInFrame).scale
        let planes = vectors.map { pointing.equalArea($0) }
        let across = max(1, min(4096, Int(4 * sin(radius / 2) / cellSide) + 1))
        let edge = Double(across) * cellSide / 2
        let cell = planes.map { place in
            let column = max(0, min(across - 1, Int((place.x + edge) / cellSide)))
            return Int32(max(0, min(across - 1, Int((place.y + edge) / cellSide))) * across + column)
        }
        let sorted = sortedByKey(near.map { stars[Int($0)].magnitude })
        order = EvenOrder(brightestFirst: sorted, cell: cell, cells: across * across)
        original = order.order.map { near[Int($0)] }
        direction = order.order.map { vectors[Int($0)] }
        x = order.order.map { planes[Int($0)].x }
        y = order.order.map { planes[Int($0)].y }
        variance = original.map { index in
            let error = stars[Int(index)].positionErrorArcsec
            let used = (error >= 0 && error < 600 ? error : Self.assumedError) * FrameGeometry.radiansPerArcsec
            return used * used
        }
    }

    var count: Int { direction.count }
    var rank: [Int32] { order.rank }

    /// Those of the first stars that lie within an angle of the pointing.
    func selection(first: Int, within radius: Double) -> [Int32] {
        let limit = cos(radius)
        return (0..<Int32(first)).filter { direction[Int($0)].dot(pointing.centre) >= limit }
    }
}
