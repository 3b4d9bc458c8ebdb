/// How densely stars of the frame lie around each of them, relative to an even spread: half even, half from the
/// distance of the fifth neighbour. In a clump of false detections chance matches are worth little.
func relativeDensities(x: [Double], y: [Double], area: Double) -> [Double] {
    let neighbour = 5
    guard x.count > 2 * neighbour else { return [Double](repeating: 1, count: x.count) }
    let nearest = PlaneGrid(x: x, y: y, pointsPerCell: 2).nearestNeighbours(neighbour)
    return x.indices.map { star in
        let other = Int(nearest[star * neighbour + neighbour - 1])
        let (dx, dy) = (x[star] - x[other], y[star] - y[other])
        let disc = max(1, Double.pi * (dx * dx + dy * dy))
        return max(1, 0.5 + 0.5 * Double(neighbour) / Double(x.count) * area / disc)
    }
}
