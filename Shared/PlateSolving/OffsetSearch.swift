internal import Glibc

/// Finds by how much two lists of points are shifted, and turned a little, against each other: the differences of all
/// pairs, once for each small rotation, pile up at the true one.
struct OffsetSearch {
    /// From predicted pixels to pixels.
    struct Candidate {
        let map: AffineMap
        let count: Int
    }

    let matcher: StarMatcher
    let plane: PlaneStars
    /// [px]
    let shift: Double
    /// [rad]
    let rotation: Double

    /// Side of a bin [px]: what a step of the rotation does at the corner stays within half of it.
    static let side = 8.0
    static let triedStars = 150

    /// The highest piles, the highest first; piles of neighbouring bins are kept apart by their height alone.
    func candidates(_ limit: Int) -> [Candidate] {
        let geometry = matcher.geometry
        let step = Self.side / geometry.halfDiagonal
        let turns = Int((rotation / step).rounded(.up))
        var found: [Candidate] = []
        for turn in -turns...turns {
            let angle = turns == 0 ? 0 : Double(turn) / Double(turns) * rotation
            let (c, s) = (cos(angle), sin(angle))
            let (x0, y0) = (geometry.centreX, geometry.centreY)
            let map = AffineMap(xu: c, xv: -s, yu: s, yv: c, x0: x0 - c * x0 + s * y0, y0: y0 - s * x0 - c * y0)
            found += piles(map)
        }
        // The order of the turns breaks ties: the same lists give the same order.
        let sorted = found.enumerated().sorted {
            $0.element.count == $1.element.count ? $0.offset < $1.offset : $0.element.count > $1.element.count
        }
        return sorted.prefix(limit).map(\.element)
    }

    /// The three highest squares of 2 by 2 bins under one rotation, with the mean shift in each.
    private func piles(_ map: AffineMap) -> [Candidate] {
        let across = 2 * Int((shift / Self.side).rounded(.up)) + 2
        let edge = Double(across) / 2 * Self.side
        var counts = [Int32](repeating: 0, count: across * across)
        let stars = min(Self.triedStars, matcher.count)
        for guide in 0..<plane.count {
            let place = map(plane.u[guide], plane.v[guide])
            for star in 0..<stars {
                let (dx, dy) = (matcher.x[star] - place.x + edge, matcher.y[star] - place.y + edge)
                guard dx >= 0, dy >= 0, dx < 2 * edge, dy < 2 * edge else { continue }
                counts[Int(dy / Self.side) * across + Int(dx / Self.side)] += 1
            }
        }
        var best: [(count: Int32, row: Int, column: Int)] = []
        for row in 0..<(across - 1) {
            for column in 0..<(across - 1) {
                let place = row * across + column
                let sum = counts[place] + counts[place + 1] + counts[place + across] + counts[place + across + 1]
                guard sum >= 3, best.count < 3 || sum > best[2].count else { continue }
                let slot = best.firstIndex { $0.count < sum } ?? best.count
                best.insert((sum, row, column), at: slot)
                if best.count > 3 { best.removeLast() }
            }
        }
        return best.map { pile in
            var moved = map
            moved.x0 += Double(pile.column + 1) * Self.side - edge
            moved.y0 += Double(pile.row + 1) * Self.side - edge
            return Candidate(map: moved, count: Int(pile.count))
        }
    }
}
