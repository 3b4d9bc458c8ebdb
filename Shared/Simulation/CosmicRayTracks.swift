internal import Glibc

/// The charge that one particle leaves in a detector.
public struct CosmicRayTrack: Sendable, Equatable {
    public enum Shape: Sendable, Equatable {
        /// All charge in one pixel, but for what diffuses.
        case point
        /// A straight track: a particle that goes through.
        case straight
        /// A track that bends at random: an electron scattered within the detector.
        case worm
    }

    public let shape: Shape
    /// Places `y * width + x` with their charge [e-], ascending, on the detector.
    public let charges: [(pixel: Int, electrons: Double)]
    /// Of the whole track, also beyond the detector's edge [e-].
    public let electrons: Double

    public static func == (one: Self, other: Self) -> Bool {
        one.shape == other.shape && one.electrons == other.electrons
            && one.charges.elementsEqual(other.charges) { $0.pixel == $1.pixel && $0.electrons == $1.electrons }
    }
}

/// Draws tracks of cosmic rays over a detector.
///
/// A fifth are points, half are straight, the rest worms. A point's charge is spread evenly in its logarithm; that of a
/// track is its length through the detector times a charge per pixel spread evenly in its logarithm, cut to the same
/// range. Straight tracks go through a layer of `depthPixels` at a zenith distance theta drawn from cos^2 theta: they
/// are depth / cos theta long and show depth * tan theta of it; worms are 5 to 40 px long. Along a track the charge
/// fluctuates by a third from step to step, and diffuses by `diffusionPixels` (Gaussian) before it is collected.
/// - Source: Groom 2002, Experimental Astronomy 14, 45 (straight tracks and worms in thick detectors).
public struct CosmicRayTracks: Sendable {
    public var electrons: ClosedRange<Double> = 100...20_000
    public var electronsPerPixel: ClosedRange<Double> = 100...1000
    public var depthPixels = 8.0
    public var diffusionPixels = 0.25
    private static let step = 0.1

    public init() {}

    /// - Parameters: width, height: of the detector [px].
    public func draw(count: Int, width: Int, height: Int, random: inout RandomStream) -> [CosmicRayTrack] {
        (0..<count).map { _ in
            let kind = random.uniform()
            let shape: CosmicRayTrack.Shape = kind < 0.2 ? .point : kind < 0.7 ? .straight : .worm
            let path = path(shape, width: width, height: height, &random)
            let density = Self.logarithmic(electronsPerPixel, &random)
            let energy =
                shape == .point
                ? Self.logarithmic(electrons, &random)
                : min(max(density * path.length, electrons.lowerBound), electrons.upperBound)
            return track(shape, energy, path.points, width: width, height: height, &random)
        }
    }

    private static func logarithmic(_ range: ClosedRange<Double>, _ random: inout RandomStream) -> Double {
        exp(random.uniform(log(range.lowerBound)...log(range.upperBound)))
    }

    /// Points along the middle of a track, and its length through the detector [px].
    private func path(
        _ shape: CosmicRayTrack.Shape, width: Int, height: Int, _ random: inout RandomStream
    ) -> (points: [(x: Double, y: Double)], length: Double) {
        var x = random.uniform(-0.5...(Double(width) - 0.5))
        var y = random.uniform(-0.5...(Double(height) - 0.5))
        var angle = random.uniform(0...(2 * Double.pi))
        let (seen, length): (Double, Double)
        switch shape {
        case .point:
            return ([(x.rounded(), y.rounded())], 0)
        case .straight:
            // Density of theta: cos^2 theta sin theta; so that of c = cos theta is c^2.
            let cosine = max(pow(random.uniform(), 1.0 / 3), 0.02)
            length = depthPixels / cosine
            seen = min(length * (1 - cosine * cosine).squareRoot(), 200)
        case .worm:
            length = random.uniform(5...40)
            seen = length
        }
        var points = [(x, y)]
        for _ in 0..<Int(seen / Self.step) {
            if shape == .worm { angle += 0.12 * random.gaussian() }
            x += Self.step * cos(angle)
            y += Self.step * sin(angle)
            points.append((x, y))
        }
        return (points, length)
    }

    private func track(
        _ shape: CosmicRayTrack.Shape, _ energy: Double, _ path: [(x: Double, y: Double)], width: Int, height: Int,
        _ random: inout RandomStream
    ) -> CosmicRayTrack {
        let weights = path.map { _ in max(0.1, 1 + 0.33 * random.gaussian()) }
        let total = weights.reduce(0, +)
        let diffusion = shape == .point ? diffusionPixels / 2 : diffusionPixels
        var charges: [Int: Double] = [:]
        for (point, weight) in zip(path, weights) {
            let charge = energy * weight / total
            let (column, row) = (Int(point.x.rounded()), Int(point.y.rounded()))
            for y in (row - 2)...(row + 2) {
                for x in (column - 2)...(column + 2) where x >= 0 && y >= 0 && x < width && y < height {
                    let share = Self.share(x, point.x, diffusion) * Self.share(y, point.y, diffusion)
                    if share > 1e-6 { charges[y * width + x, default: 0] += charge * share }
                }
            }
        }
        let sorted = charges.sorted { $0.key < $1.key }.map { (pixel: $0.key, electrons: $0.value) }
        return CosmicRayTrack(shape: shape, charges: sorted, electrons: energy)
    }

    /// Of a Gaussian cloud, what a pixel collects.
    private static func share(_ pixel: Int, _ centre: Double, _ sigma: Double) -> Double {
        let scale = 1 / (sigma * 2.0.squareRoot())
        return (erf((Double(pixel) + 0.5 - centre) * scale) - erf((Double(pixel) - 0.5 - centre) * scale)) / 2
    }
}
