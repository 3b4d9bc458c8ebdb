internal import Glibc

/// A proposal brought to its best by least squares on all stars.
struct Refinement {
    private let frame: StarList
    private let reference: StarList
    private let transform: PixelTransform
    private let rms: Double
    /// Indices into the two lists' `stars`.
    private let pairs: [(frame: Int, reference: Int)]
    private let brightMatches: Int
    private let brightInside: Int
    private let tolerance: Double

    /// The proposal fitted to the bright stars.
    init?(
        _ proposal: PixelTransform, _ frame: StarList, _ reference: StarList, _ settings: RegistrationSettings
    ) {
        self.init(proposal, proposal.isMirrored, settings.tolerancePixels, frame.bright, frame, reference, settings)
    }

    /// The same fitted to all stars.
    func withAllStars(_ settings: RegistrationSettings) -> Refinement? {
        let all = Array(frame.stars.indices)
        return Refinement(transform, transform.isMirrored, tolerance, all, frame, reference, settings)
    }

    private init?(
        _ start: PixelTransform, _ isMirrored: Bool, _ startTolerance: Double, _ indices: [Int],
        _ frame: StarList, _ reference: StarList, _ settings: RegistrationSettings
    ) {
        var (transform, tolerance) = (start, startTolerance)
        var pairs: [(frame: Int, reference: Int)] = []
        for _ in 0..<3 {
            pairs = Self.pairs(indices, frame, reference, transform, tolerance)
            guard pairs.count >= 3, let fitted = Self.fit(pairs, frame, reference, isMirrored) else { return nil }
            transform = fitted
            // Closer and closer, but not below a pixel: faint stars have wider errors than bright ones.
            tolerance = min(settings.tolerancePixels, max(1, 3 * Self.rms(pairs, frame, reference, transform)))
        }
        guard transform.isMirrored == isMirrored, settings.scaleRange.contains(transform.scale) else { return nil }
        self.frame = frame
        self.reference = reference
        self.transform = transform
        self.tolerance = tolerance
        self.pairs = Self.pairs(indices, frame, reference, transform, tolerance)
        rms = Self.rms(self.pairs, frame, reference, transform)
        let (bright, other) = (Set(frame.bright), Set(reference.bright))
        brightMatches = self.pairs.count { bright.contains($0.frame) && other.contains($0.reference) }
        brightInside = frame.bright.count {
            let mapped = transform(x: frame.stars[$0].x, y: frame.stars[$0].y)
            return reference.contains(x: mapped.x, y: mapped.y, margin: settings.tolerancePixels)
        }
        guard brightMatches >= 4 else { return nil }
    }

    func isBetter(than other: Refinement?) -> Bool {
        guard let other else { return true }
        return (brightMatches, pairs.count, -rms) > (other.brightMatches, other.pairs.count, -other.rms)
    }

    /// See `register`.
    func expectedFalseMatches(proposals: Int) -> Double {
        let density = Double(reference.bright.count) / reference.area
        let chance = min(0.5, density * .pi * tolerance * tolerance)
        let trials = max(brightInside, brightMatches) - 3
        return Double(max(1, proposals)) * binomialTail(trials: trials, successes: brightMatches - 3, chance: chance)
    }

    func registration(expectedFalseMatches: Double) -> Registration {
        let original = pairs.map {
            Registration.Pair(detection: frame.original[$0.frame], reference: reference.original[$0.reference])
        }
        return Registration(
            transform: transform, rmsPixels: rms, pairs: original, expectedFalseMatches: expectedFalseMatches)
    }

    private static func pairs(
        _ indices: [Int], _ frame: StarList, _ reference: StarList, _ transform: PixelTransform, _ tolerance: Double
    ) -> [(frame: Int, reference: Int)] {
        var owner: [Int: (frame: Int, distance: Double)] = [:]
        for index in indices {
            let mapped = transform(x: frame.stars[index].x, y: frame.stars[index].y)
            guard let near = reference.grid.nearest(x: mapped.x, y: mapped.y, within: tolerance) else { continue }
            let star = reference.stars[near]
            let distance = hypot(star.x - mapped.x, star.y - mapped.y)
            if let known = owner[near], known.distance <= distance { continue }
            owner[near] = (index, distance)
        }
        return owner.map { (frame: $0.value.frame, reference: $0.key) }.sorted { $0.frame < $1.frame }
    }

    private static func fit(
        _ pairs: [(frame: Int, reference: Int)], _ frame: StarList, _ reference: StarList, _ isMirrored: Bool
    ) -> PixelTransform? {
        let points = pairs.map { point($0, frame, reference) }
        let affine = points.count >= 10 ? PixelTransform.affine(points) : nil
        return affine ?? PixelTransform.similarity(points, mirrored: isMirrored)
    }

    private static func rms(
        _ pairs: [(frame: Int, reference: Int)], _ frame: StarList, _ reference: StarList, _ transform: PixelTransform
    ) -> Double {
        guard !pairs.isEmpty else { return 0 }
        let squares = pairs.map { pair in
            let distance = transform.distance(point(pair, frame, reference))
            return distance * distance
        }
        return (squares.reduce(0, +) / Double(squares.count)).squareRoot()
    }

    private static func point(_ pair: (frame: Int, reference: Int), _ frame: StarList, _ reference: StarList)
        -> PointPair
    {
        let (a, b) = (frame.stars[pair.frame], reference.stars[pair.reference])
        return PointPair(from: (a.x, a.y), to: (b.x, b.y))
    }
}

/// P(X >= successes) for X binomial.
func binomialTail(trials: Int, successes: Int, chance: Double) -> Double {
    guard successes > 0 else { return 1 }
    guard successes <= trials, chance > 0 else { return 0 }
    var sum = 0.0
    for count in successes...trials {
        let choices = lgamma(Double(trials + 1)) - lgamma(Double(count + 1)) - lgamma(Double(trials - count + 1))
        sum += exp(choices + Double(count) * log(chance) + Double(trials - count) * log1p(-chance))
    }
    return min(1, sum)
}
