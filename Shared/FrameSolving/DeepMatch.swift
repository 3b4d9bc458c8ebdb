internal import Astrometry
internal import Glibc
internal import PlateSolving
internal import ReferenceCatalogue
internal import Sky
internal import Statistics

/// A detection and the catalogue star that it may be.
struct CandidatePair {
    let detection: Int
    let reference: ReferenceStar

    /// Whether two lists join the same stars. Stars themselves hold NaN, which is no equal of itself.
    static func areSame(_ one: [CandidatePair], _ other: [CandidatePair]) -> Bool {
        one.elementsEqual(other) {
            $0.detection == $1.detection && $0.reference.star.identifier == $1.reference.star.identifier
        }
    }
}

/// What a rung found: a linear solution and the pairs that it rests on.
struct FoundPlate {
    let rung: SolvingRung
    let solution: PlateSolution
    /// The list that the solution's pairs point into.
    let references: [ReferenceStar]
    /// Stars that prove it and are in no catalogue of ours.
    var ownStars: [ReferenceStar]?

    /// Where the stars of the last fit come from; nil for the catalogue.
    var source: StarSource? {
        ownStars.map { stars in StarSource { _ in stars.map { ($0.star, $0.position) } } }
    }

    var pairs: [CandidatePair] {
        solution.pairs.map { CandidatePair(detection: $0.image, reference: references[$0.catalogue]) }
    }
}

/// From the stars that proved a solution to all stars: every detection is compared with the catalogue through the fit.
///
/// A catalogue star and a detection are one when each is the other's nearest, within `reach` errors of centroid,
/// catalogue and fit together, and when they are as bright as the pairs that are known say.
struct DeepMatch {
    private let frame: FrameToSolve
    private let references: [ReferenceStar]
    private let grid: DetectionGrid
    /// Catalogue magnitude of a detection is `zeroPoint - 2.5 log10(flux)`, give or take `spread`; `nil` when unknown.
    private let brightness: (zeroPoint: Double, spread: Double)?

    /// [sigma]
    private static let reach = 4.0
    private static let greatestPixels = 10.0
    /// Detections within the reach of a place by chance, at most.
    private static let greatestChance = 0.1

    init(_ frame: FrameToSolve, references: [ReferenceStar], known: [CandidatePair]) {
        (self.frame, self.references) = (frame, references)
        grid = DetectionGrid(frame)
        brightness = Self.brightness(known, frame)
    }

    private static func brightness(
        _ known: [CandidatePair], _ frame: FrameToSolve
    ) -> (zeroPoint: Double, spread: Double)? {
        let points = known.compactMap { pair in
            zeroPoint(frame.stars[pair.detection], pair.reference)
        }
        guard points.count >= 5, let middle = RobustStatistics.upperMedian(points),
            let deviation = RobustStatistics.upperMedian(points.map { abs($0 - middle) })
        else { return nil }
        return (middle, max(1.5, 7 * deviation))
    }

    private static func zeroPoint(_ star: DetectedStar, _ reference: ReferenceStar) -> Double? {
        let value = Double(reference.star.rankingMagnitude) + 2.5 * log10(star.flux)
        return star.flux > 0 && value.isFinite ? value : nil
    }

    /// Catalogue stars that lie in the frame, and those of them that are seen.
    func pairs(by fit: WorldCoordinateFit) -> (pairs: [CandidatePair], inFrame: Int) {
        var taken: [Int: (reference: Int, distance: Double)] = [:]
        var inFrame = 0
        for (index, reference) in references.enumerated() {
            guard let place = fit.pixel(of: reference.position), isInside(place) else { continue }
            inFrame += 1
            guard let found = partner(of: reference, at: place, by: fit) else { continue }
            if let rival = taken[found.detection], rival.distance <= found.distance { continue }
            taken[found.detection] = (index, found.distance)
        }
        let pairs = taken.map { CandidatePair(detection: $0.key, reference: references[$0.value.reference]) }
        return (pairs.sorted { $0.detection < $1.detection }, inFrame)
    }

    private func isInside(_ place: (x: Double, y: Double)) -> Bool {
        place.x >= -0.5 && place.y >= -0.5 && place.x <= Double(frame.size.width) - 0.5
            && place.y <= Double(frame.size.height) - 0.5
    }

    private func partner(
        of reference: ReferenceStar, at place: (x: Double, y: Double), by fit: WorldCoordinateFit
    ) -> (detection: Int, distance: Double)? {
        let scale = fit.arcsecPerPixel
        let own = reference.positionErrorArcsec / scale
        let map = (fit.error(x: place.x, y: place.y)?.majorArcsec ?? 0) / scale
        let widest = min(Self.greatestPixels, (Self.greatestChance / (.pi * grid.density)).squareRoot())
        var (nearest, least, square) = (-1, Double.infinity, 0.0)
        grid.visit(x: place.x, y: place.y, radius: widest) { index, distance in
            guard distance < least, isAsBright(frame.stars[index], reference) else { return }
            let (x, y) = frame.stars[index].usableErrors
            (nearest, least, square) = (index, distance, own * own + map * map + (x * x + y * y) / 2)
        }
        guard nearest >= 0, least <= Self.reach * Self.reach * square else { return nil }
        return (nearest, least)
    }

    private func isAsBright(_ star: DetectedStar, _ reference: ReferenceStar) -> Bool {
        guard let brightness, let value = Self.zeroPoint(star, reference) else { return true }
        return abs(value - brightness.zeroPoint) <= brightness.spread
    }
}

/// Detections by place.
private struct DetectionGrid {
    private let stars: [DetectedStar]
    private let side: Double
    private let columns: Int
    private let rows: Int
    /// Indices of stars by cell, and where each cell begins.
    private let order: [Int32]
    private let starts: [Int32]
    /// [1/px^2]
    let density: Double

    init(_ frame: FrameToSolve) {
        stars = frame.stars
        let (width, height) = (Double(frame.size.width), Double(frame.size.height))
        density = max(1, Double(frame.stars.count)) / max(1, width * height)
        side = max(8, (1 / density).squareRoot())
        (columns, rows) = (max(1, Int(width / side) + 1), max(1, Int(height / side) + 1))
        let (side, columns, rows) = (side, columns, rows)
        let cells = frame.stars.map { star -> Int in
            guard star.x.isFinite, star.y.isFinite, abs(star.x) < 1e8, abs(star.y) < 1e8 else { return -1 }
            return max(0, min(rows - 1, Int(star.y / side))) * columns + max(0, min(columns - 1, Int(star.x / side)))
        }
        var counts = [Int32](repeating: 0, count: columns * rows + 1)
        for cell in cells where cell >= 0 { counts[cell + 1] += 1 }
        for cell in 1..<counts.count { counts[cell] += counts[cell - 1] }
        starts = counts
        var order = [Int32](repeating: 0, count: Int(counts.last ?? 0))
        for (index, cell) in cells.enumerated() where cell >= 0 {
            order[Int(counts[cell])] = Int32(index)
            counts[cell] += 1
        }
        self.order = order
    }

    /// Calls with each star within a radius and its squared distance [px^2].
    func visit(x: Double, y: Double, radius: Double, _ body: (Int, Double) -> Void) {
        let cell = { (value: Double, count: Int) in max(0, min(count - 1, Int(value / side))) }
        for row in cell(y - radius, rows)...cell(y + radius, rows) {
            for column in cell(x - radius, columns)...cell(x + radius, columns) {
                let place = row * columns + column
                for entry in starts[place]..<starts[place + 1] {
                    let index = Int(order[Int(entry)])
                    let (dx, dy) = (stars[index].x - x, stars[index].y - y)
                    let distance = dx * dx + dy * dy
                    if distance <= radius * radius { body(index, distance) }
                }
            }
        }
    }
}
