internal import Glibc
internal import Sky

/// One step of a blind search: quads of so many of the frame's stars, in even order, those before left out.
struct BlindStep {
    let stars: Range<Int>
    /// Wide frames have more bright stars than this needs, and each of their bands costs as much as all narrow ones.
    var isForWideBands = true

    /// The bright ones find most frames; the last are for frames whose bright stars are none, or are in no catalogue.
    static let steps = [
        BlindStep(stars: 3..<12), BlindStep(stars: 12..<20), BlindStep(stars: 20..<30),
        BlindStep(stars: 30..<42, isForWideBands: false),
    ]
}

/// The search of a frame in all layers of an index.
struct BlindSearch {
    let field: BlindField
    let layers: [BlindLayer]
    private(set) var hypotheses = 0
    private(set) var refined = 0
    private(set) var imageQuads = 0
    private(set) var bestLogOdds = -Double.infinity
    private var outcome: Result<PlateSolution, NotSolved>?
    /// Directions of the frame's stars about its centre, in a wide band.
    private var onSphere: [SkyVector] = []

    /// Catalogue stars and proper motion since the catalogue's epoch [rad].
    static let skyError = 0.7 * FrameGeometry.radiansPerArcsec
    /// Of lenses, and what 12 bits of a code leave.
    private static let bend = 0.0045
    private static let greatestTolerance = 0.03
    private static let hypothesisLimit = 2_000_000
    /// A place that fails on the catalogue takes a thousand times as long as one that fails on the index.
    private static let refinedLimit = 24

    init(field: BlindField, layers: [BlindLayer]) {
        (self.field, self.layers) = (field, layers)
    }

    private var goesOn: Bool {
        outcome == nil && hypotheses < Self.hypothesisLimit && refined < Self.refinedLimit
    }

    typealias Catalogue = (_ centre: SkyPosition, _ radiusDegrees: Double) throws -> [GuideStar]

    mutating func solve(_ catalogue: Catalogue) rethrows -> PlateSolvingResult {
        var reports: [RungReport] = []
        for step in BlindStep.steps where goesOn && step.stars.lowerBound < field.stars.count {
            let before = (imageQuads, hypotheses, refined)
            let range = step.stars.clamped(to: 0..<field.stars.count)
            for band in field.bands where goesOn && (step.isForWideBands || !band.isWide) {
                try search(band, range, catalogue)
            }
            let reason = NotSolved.noMatch(hypotheses: hypotheses - before.1, bestLogOdds: bestLogOdds)
            reports.append(
                RungReport(
                    rung: Rung(
                        radiusDegrees: 180, starsPerCell: Int(field.stars.rank[range.upperBound - 1]) + 1,
                        neighbours: SkyQuads.neighbours),
                    imageStars: range.upperBound, catalogueStars: layers.reduce(0) { $0 + $1.head.starCount },
                    imageQuads: imageQuads - before.0, catalogueQuads: layers.reduce(0) { $0 + $1.head.quadCount },
                    hypotheses: hypotheses - before.1, refined: refined - before.2, bestLogOdds: bestLogOdds,
                    outcome: outcome ?? .failure(reason)))
        }
        let reason = NotSolved.noMatch(hypotheses: hypotheses, bestLogOdds: bestLogOdds)
        return PlateSolvingResult(outcome: outcome ?? .failure(reason), rungs: reports)
    }

    /// Every set of four whose last star, in even order, is one of a range.
    private mutating func search(_ band: ScaleBand, _ range: Range<Int>, _ catalogue: Catalogue) rethrows {
        let stars = field.stars
        if band.isWide { layOnSphere(band.scale, count: range.upperBound) }
        let onSphere = onSphere
        for last in range {
            for third in 2..<last {
                for second in 1..<third {
                    for first in 0..<second where goesOn {
                        let members = SIMD4(Int32(last), Int32(third), Int32(second), Int32(first))
                        let shape =
                            band.isWide
                            ? SkyQuads.shape(members) { onSphere[Int($0)] } : Self.flatShape(members, stars)
                        try compare(shape, band, catalogue)
                    }
                }
            }
        }
    }

    private mutating func layOnSphere(_ scale: Double, count: Int) {
        let pole = TangentFrame(SkyVector(x: 0, y: 0, z: 1))
        let (centreX, centreY) = (field.geometry.centreX, field.geometry.centreY)
        let stars = field.stars
        onSphere = (0..<count).map {
            pole.direction(xi: (stars.x[$0] - centreX) * scale, eta: (stars.y[$0] - centreY) * scale)
        }
    }

    @inline(__always)
    private static func flatShape(_ members: SIMD4<Int32>, _ stars: FrameStars) -> QuadShape {
        let anchor = Int(members[0])
        let point = { (member: Int) in
            let star = Int(members[member])
            return PlanePoint(x: stars.x[star] - stars.x[anchor], y: stars.y[star] - stars.y[anchor])
        }
        return QuadShape(points: (PlanePoint(x: 0, y: 0), point(1), point(2), point(3)), stars: members)
    }

    /// Looks a set of four up, in every order that may be the canonical one.
    private mutating func compare(_ shape: QuadShape, _ band: ScaleBand, _ catalogue: Catalogue) rethrows {
        let longest = shape.longest
        // In a wide band lengths are angles.
        let pixels = band.isWide ? longest / band.scale : longest
        guard pixels > 0.08 * field.geometry.halfDiagonal else { return }
        imageQuads += 1
        let slack = min(Self.greatestTolerance, 3.5 * field.starError / pixels + Self.bend + band.bend)
        let found = agreeing(shape, band, pixels: pixels, slack: slack)
        for pair in found where goesOn { try consider(pair, catalogue) }
    }

    /// A quad of the frame and one of the index that lie alike.
    private struct Agreement {
        let image: SIMD4<Int32>
        let sky: SIMD4<UInt32>
        let parity: Parity
        let layer: Int
    }

    /// - Parameter pixels: the greatest distance in the set.
    private func agreeing(_ shape: QuadShape, _ band: ScaleBand, pixels: Double, slack: Double) -> [Agreement] {
        let unit = band.isWide ? 1 / band.scale : 1
        let angles = Float(pixels * band.scales.lowerBound * 0.97)...Float(pixels * band.scales.upperBound * 1.03)
        let scales = (0.98 * band.scales.lowerBound)...(1.02 * band.scales.upperBound)
        var found: [Agreement] = []
        shape.quads(slack: slack) { quad in
            let inverse = 1 / (Double(quad.length) * unit)
            for parity in [Parity.normal, .mirrored] where field.parity.allows(parity) {
                let code = parity == .mirrored ? quad.code : quad.code * SIMD4<Float>(1, -1, 1, -1)
                for (number, layer) in layers.enumerated() where layer.head.lengths.overlaps(angles) {
                    layer.visit(code, tolerance: Float(slack)) { sky in
                        let square = layer.direction(Int(sky[0])).squaredChord(layer.direction(Int(sky[1])))
                        guard scales.contains(square.squareRoot() * inverse) else { return }
                        found.append(Agreement(image: quad.stars, sky: sky, parity: parity, layer: number))
                    }
                }
            }
        }
        return found
    }

    private mutating func consider(_ pair: Agreement, _ catalogue: Catalogue) rethrows {
        hypotheses += 1
        let layer = layers[pair.layer]
        let starVariance = max(0.25, field.starError * field.starError)
        let guess = Hypothesis(
            image: pair.image, of: field.stars, parity: pair.parity, geometry: field.geometry,
            starVariance: starVariance
        ) { layer.direction(Int(pair.sky[$0])) }
        guard let guess, isPromising(guess, layer) else { return }
        refined += 1
        guard let found = try judge(guess, catalogue) else { return }
        bestLogOdds = max(bestLogOdds, found.logOdds)
        outcome = found.outcome
    }

    /// Whether further stars of the frame fall on stars of the layer; see `FirstLook`.
    private func isPromising(_ guess: Hypothesis, _ layer: BlindLayer) -> Bool {
        guard let back = guess.map.inverse else { return false }
        let (stars, geometry) = (field.stars, field.geometry)
        let scale = abs(back.determinant).squareRoot()
        let own = max(0.25, field.starError * field.starError) + Self.skyError * Self.skyError / (scale * scale)
        // Stars of the layer in the frame, on average.
        let density = max(4, Double(layer.head.starCount) / (4 * .pi) * geometry.area * scale * scale)
        let unit = geometry.area / (2 * .pi * density)
        let last = min(FirstLook.looks, stars.count)
        var score = 0.0
        for star in 0..<last where !guess.has(star) {
            let plane = back(stars.x[star], stars.y[star])
            let direction = guess.frame.direction(xi: plane.x, eta: plane.y)
            let variance = stars.variance[star] + own + guess.spread.variance(stars.x[star], stars.y[star])
            let limit = 9 * variance * scale * scale
            let least = layer.leastSquaredChord(direction, within: limit.squareRoot())
            score +=
                least < limit ? log(0.5 + 0.5 * unit / variance * exp(-4.5 * least / limit)) : -0.693_147_180_559_945
            if score < -14 { return false }
        }
        return last <= 12 ? score > -4 : score > 0
    }

    /// The odds of a place on the catalogue's stars around it.
    private func judge(
        _ guess: Hypothesis, _ catalogue: Catalogue
    ) rethrows -> (logOdds: Double, outcome: Result<PlateSolution, NotSolved>?)? {
        let scale = 1 / abs(guess.map.determinant).squareRoot()
        let arcsec = scale / FrameGeometry.radiansPerArcsec
        let centre = Conclusion.position(guess.frame.centre)
        let reach = atan(field.geometry.halfDiagonal * scale * 1.05) * 180 / .pi
        let hint = PointingHint(
            centre: centre, uncertaintyDegrees: 0.05 * reach, scaleRange: (arcsec / 1.04)...(arcsec * 1.04),
            parity: guess.map.determinant < 0 ? .normal : .mirrored)
        let guides = try catalogue(centre, 1.3 * reach)
        do {
            var solver = try PlateSolver(image: field.image, size: field.size, catalogue: guides, hint: hint)
            solver.searched = field.volume(scale: scale)
            let rung = Rung(radiusDegrees: 0.1 * reach, starsPerCell: 0, neighbours: 0)
            guard let found = solver.refine(guess, rung) else { return nil }
            return (found.logOdds, found.outcome.map(checked))
        } catch {
            // Too few catalogue stars there.
            return nil
        }
    }

    /// Stars that fit outside the range of scales, or the wrong way round, end the search.
    private func checked(_ outcome: Result<PlateSolution, NotSolved>) -> Result<PlateSolution, NotSolved> {
        guard case .success(let solution) = outcome else { return outcome }
        let scale = solution.tangent.scaleArcsecPerPixel
        guard scale < field.scaleRange.lowerBound * 0.99 || scale > field.scaleRange.upperBound * 1.01 else {
            return outcome
        }
        return .failure(.outsideHint(scaleArcsecPerPixel: scale, offsetDegrees: 0))
    }
}
