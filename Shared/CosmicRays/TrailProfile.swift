internal import Foundation
internal import Statistics

/// Looks at a frame along a line: medians over pieces of it, which stars do not disturb.
struct TrailProfile {
    let residual: PixelResidual

    /// Pixels of each distance to the left of the line between two places along it: the median of their light [e-],
    /// and its error from their variance. Distances go from -reach to reach by 1 px.
    func across(_ line: Line, from start: Double, to end: Double, reach: Int) -> [(median: Double, error: Double)] {
        (-reach...reach).map { distance in
            let samples = samples(line, from: start, to: end, across: Double(distance))
            return Self.median(samples)
        }
    }

    /// The median light of a band of pixels on either side of the line.
    func middle(_ line: Line, from start: Double, to end: Double, halfWidth: Double, offset: Double = 0) -> (
        median: Double, error: Double
    ) {
        var all: [(light: Float, variance: Float)] = []
        var distance = -halfWidth
        while distance <= halfWidth {
            all += samples(line, from: start, to: end, across: distance + offset)
            distance += 1
        }
        return Self.median(all)
    }

    private func samples(
        _ line: Line, from start: Double, to end: Double, across: Double
    ) -> [(light: Float, variance: Float)] {
        var samples: [(light: Float, variance: Float)] = []
        var along = start
        while along <= end {
            let place = line.place(along: along, across: across)
            let (x, y) = (Int(place.x.rounded()), Int(place.y.rounded()))
            if x >= 0, y >= 0, x < residual.width, y < residual.height, residual.excluded[y * residual.width + x] == 0 {
                samples.append((residual.signal[y * residual.width + x], residual.variance[y * residual.width + x]))
            }
            along += 1
        }
        return samples
    }

    /// With the error of a median of normal deviates, 1.2533 sigma / sqrt(n); infinite for less than three.
    private static func median(_ samples: [(light: Float, variance: Float)]) -> (median: Double, error: Double) {
        guard samples.count >= 3, let light = RobustStatistics.upperMedian(samples.map(\.light)) else {
            return (0, .infinity)
        }
        let variance = samples.reduce(0.0) { $0 + Double($1.variance) } / Double(samples.count)
        return (Double(light), 1.2533 * (variance / Double(samples.count)).squareRoot())
    }

    /// Moves a line onto the middle of the light near it, by a straight fit through the centroids of its pieces.
    func straightened(_ line: Line, reach: Int) -> Line {
        var line = line
        for round in 0..<4 {
            let near = max(4, reach >> (round / 2))
            let pieces = max(6, min(24, Int(line.length / 48)))
            let step = line.length / Double(pieces)
            var points: [(along: Double, across: Double, weight: Double)] = []
            for piece in 0..<pieces {
                let start = Double(piece) * step
                let profile = across(line, from: start, to: start + step, reach: near)
                guard let centre = Self.centroid(profile, near) else { continue }
                points.append((start + step / 2, centre.across, centre.weight))
            }
            guard let fit = Self.straightFit(points) else { return line }
            let start = line.place(along: 0, across: fit.start)
            let end = line.place(along: line.length, across: fit.start + fit.slope * line.length)
            line = Line(start.x, start.y, end.x, end.y)
        }
        return line
    }

    /// Of what rises 2 errors above the profile's lower quartile; nil where nothing does.
    private static func centroid(
        _ profile: [(median: Double, error: Double)], _ reach: Int
    ) -> (across: Double, weight: Double)? {
        let known = profile.filter { $0.error.isFinite }
        guard known.count * 2 > profile.count else { return nil }
        let base = known.map(\.median).sorted()[known.count / 4]
        var (sum, moment, squares) = (0.0, 0.0, 0.0)
        for (index, point) in profile.enumerated() where point.error.isFinite {
            let light = point.median - base
            guard light > 2 * point.error else { continue }
            sum += light
            moment += light * Double(index - reach)
            squares += point.error * point.error
        }
        guard sum > 3 * squares.squareRoot(), sum > 0 else { return nil }
        return (moment / sum, min(sum / squares.squareRoot(), 20))
    }

    /// Weighted least squares, thrice, without points more than 3 median deviations (and 1 px) away.
    private static func straightFit(
        _ points: [(along: Double, across: Double, weight: Double)]
    ) -> (start: Double, slope: Double)? {
        var used = points
        var fit: (start: Double, slope: Double)?
        for _ in 0..<3 {
            guard used.count >= 3 else { return fit }
            let weight = used.reduce(0) { $0 + $1.weight }
            let along = used.reduce(0) { $0 + $1.weight * $1.along } / weight
            let across = used.reduce(0) { $0 + $1.weight * $1.across } / weight
            let square = used.reduce(0) { $0 + $1.weight * ($1.along - along) * ($1.along - along) }
            guard square > 0 else { return fit }
            let product = used.reduce(0) { $0 + $1.weight * ($1.along - along) * ($1.across - across) }
            let slope = product / square
            let start = across - slope * along
            fit = (start, slope)
            let misses = points.map { abs($0.across - start - slope * $0.along) }
            let limit = max(3 * (RobustStatistics.upperMedian(misses) ?? 0), 1)
            used = zip(points, misses).filter { $0.1 <= limit }.map(\.0)
        }
        return fit
    }
}
