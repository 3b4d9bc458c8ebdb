internal import Glibc

/// Catalogue stars in a plane: tangent [rad] or that of pixels which a given solution predicts.
struct PlaneStars {
    var u: [Double] = []
    var v: [Double] = []
    /// Of one coordinate [px^2].
    var variance: [Double] = []
    /// `1 / (1 + rank)` in even order.
    var weight: [Double] = []
    /// Place in the even order of the catalogue.
    var star: [Int32] = []

    var count: Int { u.count }

    mutating func append(u newU: Double, v newV: Double, variance newVariance: Double, star index: Int32) {
        u.append(newU)
        v.append(newV)
        variance.append(newVariance)
        weight.append(1 / Double(u.count))
        star.append(index)
    }
}

/// Stars of a frame with the catalogue stars that they are, under one map.
struct StarMatch {
    var map: AffineMap
    /// Of each star of the frame: index of the plane star, or -1.
    var partner: [Int32]
    /// Squared distance of each from its partner's place [px^2].
    var squares: [Double]
    var count = 0
    /// What the errors of the lists do not explain, of one coordinate [px^2].
    var modelVariance = 0.25
    /// Mean of one star, all errors together [px^2].
    var starVariance = 0.25
    /// Mean square distance of the matched stars from their centre [px^2].
    var squaredRadius = 1.0
    var isAffine = false
}

/// Finds partners for the stars of a frame, and the map that fits them best.
struct StarMatcher {
    let x: [Double]
    let y: [Double]
    let variance: [Double]
    let geometry: FrameGeometry
    private let grid: PlaneGrid
    private let greatestVariance: Double
    private let density: [Double]
    private let evidence: Evidence

    /// Stars farther from their place than so many errors are no partners.
    static let clip = 3.5
    /// The linear map may be wrong by so much [px]: lenses bend.
    static let greatestModelError = 8.0

    /// - Parameter first: so many stars, in even order.
    init(_ stars: FrameStars, first: Int, geometry: FrameGeometry) {
        let count = min(first, stars.count)
        x = Array(stars.x.prefix(count))
        y = Array(stars.y.prefix(count))
        variance = Array(stars.variance.prefix(count))
        self.geometry = geometry
        grid = PlaneGrid(x: x, y: y, pointsPerCell: 1)
        // The worst of a hundred may be absurd: it must not make every search wide.
        greatestVariance = variance.isEmpty ? 1 : variance.sorted()[count * 98 / 100]
        density = relativeDensities(x: x, y: y, area: geometry.area)
        evidence = Evidence(stars: count)
    }

    var count: Int { x.count }

    /// Partners and map in turn until they agree.
    func refine(_ plane: PlaneStars, from start: AffineMap, spread first: Spread, model: Double = 0.25) -> StarMatch? {
        var match = StarMatch(
            map: start, partner: [Int32](repeating: -1, count: count), squares: [Double](repeating: 0, count: count))
        match.modelVariance = model
        let isMirrored = start.determinant < 0
        var spread = first
        for _ in 0..<10 {
            let before = (match.count, match.starVariance)
            assign(plane, spread, &match)
            guard match.count >= 4, let next = fit(plane, &match, isMirrored) else { return nil }
            spread = next
            if match.count == before.0, abs(match.starVariance - before.1) < 1e-3 * before.1 { break }
        }
        return match.determinantKept(isMirrored) ? match : nil
    }

    /// Each catalogue star takes the nearest star of the frame; of two that want the same the nearer one has it.
    func assign(_ plane: PlaneStars, _ spread: Spread?, _ match: inout StarMatch) {
        for index in 0..<count { match.partner[index] = -1 }
        match.count = 0
        let square = Self.clip * Self.clip
        for star in 0..<plane.count {
            let place = match.map(plane.u[star], plane.v[star])
            guard geometry.contains(x: place.x, y: place.y, margin: 10) else { continue }
            let own = plane.variance[star] + match.modelVariance + (spread?.variance(place.x, place.y) ?? 0)
            let radius = Self.clip * (own + greatestVariance).squareRoot()
            var (nearest, least) = (-1, Double.infinity)
            grid.visit(x: place.x, y: place.y, radius: radius) { index in
                let (dx, dy) = (x[index] - place.x, y[index] - place.y)
                let distance = dx * dx + dy * dy
                guard distance < least, distance < square * (own + variance[index]) else { return }
                (nearest, least) = (index, distance)
            }
            guard nearest >= 0 else { continue }
            if match.partner[nearest] < 0 {
                match.count += 1
            } else if match.squares[nearest] <= least {
                continue
            }
            match.partner[nearest] = Int32(star)
            match.squares[nearest] = least
        }
    }

    /// Least squares on the partners; says how uncertain the map is elsewhere.
    private func fit(_ plane: PlaneStars, _ match: inout StarMatch, _ isMirrored: Bool) -> Spread? {
        var sums = FitSums()
        var (meanX, meanY, expected) = (0.0, 0.0, 0.0)
        for index in 0..<count where match.partner[index] >= 0 {
            let star = Int(match.partner[index])
            let own = variance[index] + plane.variance[star]
            sums.add(
                u: plane.u[star], v: plane.v[star], x: x[index], y: y[index], weight: 1 / (own + match.modelVariance))
            expected += own
            meanX += x[index]
            meanY += y[index]
        }
        let matched = Double(match.count)
        (meanX, meanY, expected) = (meanX / matched, meanY / matched, expected / matched)
        match.isAffine = match.count >= 8
        let fitted = match.isAffine ? sums.affine : sums.similarity(mirrored: isMirrored)
        guard let fitted else { return nil }
        match.map = fitted
        match.squaredRadius = 0
        for index in 0..<count where match.partner[index] >= 0 {
            let star = Int(match.partner[index])
            let place = fitted(plane.u[star], plane.v[star])
            match.squares[index] = squared(x[index] - place.x, y[index] - place.y)
            match.squaredRadius += squared(x[index] - meanX, y[index] - meanY) / matched
        }
        let scatter = scatter(match)
        match.modelVariance = max(0, min(squared(Self.greatestModelError, 0), scatter - expected))
        match.starVariance = expected + match.modelVariance
        return Spread(
            x: meanX, y: meanY, squaredRadius: match.squaredRadius, starVariance: match.starVariance,
            count: match.count)
    }

    /// Variance of one coordinate, from the median of the squared distances where there are enough [px^2].
    private func scatter(_ match: StarMatch) -> Double {
        let squares = match.squares.indices.filter { match.partner[$0] >= 0 }.map { match.squares[$0] }
        let freedom = 2 * Double(squares.count) - (match.isAffine ? 6 : 4)
        guard squares.count >= 12 else { return squares.reduce(0, +) / max(1, freedom) }
        // Median of r^2 is 2 ln 2 of the variance.
        return squares.sorted()[squares.count / 2] / (2 * 0.693_147_180_559_945) * 2 * Double(squares.count) / freedom
    }

    /// Ln odds of a match against chance, the searched volume counted in.
    func logOdds(_ plane: PlaneStars, _ match: StarMatch, volume: SearchVolume) -> Double {
        var weight = 0.0
        for star in 0..<plane.count {
            let place = match.map(plane.u[star], plane.v[star])
            if geometry.contains(x: place.x, y: place.y, margin: 0) { weight += plane.weight[star] }
        }
        let unit = geometry.area / (2 * .pi)
        let gained = evidence.logOdds(count, totalWeight: weight) { index in
            guard match.partner[index] >= 0 else { return nil }
            let star = Int(match.partner[index])
            let spread = variance[index] + plane.variance[star] + match.modelVariance
            let gain = log(unit / (spread * density[index])) - match.squares[index] / (2 * spread)
            return Evidence.Term(gain: gain, weight: plane.weight[star])
        }
        let prior = volume.logRatio(
            stars: match.count, variance: match.starVariance, squaredRadius: match.squaredRadius,
            isAffine: match.isAffine)
        return gained - prior
    }
}

extension StarMatch {
    /// Too few stars on a line can turn a map over.
    func determinantKept(_ isMirrored: Bool) -> Bool { (map.determinant < 0) == isMirrored && map.determinant != 0 }
}

@inline(__always)
func squared(_ dx: Double, _ dy: Double) -> Double { dx * dx + dy * dy }
