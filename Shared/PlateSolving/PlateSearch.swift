internal import Glibc
internal import Sky

extension PlateSolver {
    /// Hypotheses of one step, at most; a sky that offers more is too much like itself.
    private static let hypothesisLimit = 50_000
    /// Of these, that are refined.
    private static let refinedLimit = 2000

    /// Makes one step of the search.
    public func attempt(_ rung: Rung) -> RungReport {
        var search = RungSearch(solver: self, rung: rung)
        search.run()
        let reason = NotSolved.noMatch(hypotheses: search.hypotheses, bestLogOdds: search.bestLogOdds)
        return RungReport(
            rung: rung, imageStars: search.imageCount, catalogueStars: search.selection.count,
            imageQuads: search.imageQuads, catalogueQuads: search.table.count, hypotheses: search.hypotheses,
            refined: search.refined, bestLogOdds: search.bestLogOdds, outcome: search.outcome ?? .failure(reason))
    }

    /// The state of one step.
    private struct RungSearch {
        let solver: PlateSolver
        let rung: Rung
        let imageCount: Int
        /// Catalogue stars, in even order, of which quads are made.
        let selection: [Int32]
        let table: QuadTable
        var imageQuads = 0
        var hypotheses = 0
        var refined = 0
        var bestLogOdds = -Double.infinity
        /// Set when the step is over.
        var outcome: Result<PlateSolution, NotSolved>?

        var goesOn: Bool {
            outcome == nil && hypotheses < PlateSolver.hypothesisLimit && refined < PlateSolver.refinedLimit
        }

        init(solver: PlateSolver, rung: Rung) {
            (self.solver, self.rung) = (solver, rung)
            imageCount = solver.stars.order.count(below: rung.starsPerCell)
            let sky = solver.catalogue
            selection = sky.selection(
                first: sky.order.count(below: rung.starsPerCell),
                within: rung.radiusDegrees * .pi / 180 + solver.geometry.reach)
            table = QuadTable(sky.quads(selection, neighbours: rung.neighbours, longest: 2 * solver.geometry.reach))
        }

        mutating func run() {
            let stars = solver.stars
            let hoods = Neighbourhoods(
                x: Array(stars.x.prefix(imageCount)), y: Array(stars.y.prefix(imageCount)), k: rung.neighbours)
            let error = solver.codeError
            let place = { (star: Int, anchor: Int) in
                PlanePoint(x: stars.x[star] - stars.x[anchor], y: stars.y[star] - stars.y[anchor])
            }
            hoods.sets(place: place) { shape in
                guard goesOn else { return }
                imageQuads += 1
                let slack = error.tolerance(length: shape.longest)
                shape.quads(slack: slack) { quad in
                    for parity in [Parity.normal, .mirrored] where solver.hint.parity.allows(parity) {
                        compare(quad, parity, tolerance: Float(slack))
                    }
                }
            }
        }

        private mutating func compare(_ quad: Quad, _ parity: Parity, tolerance: Float) {
            let code = parity == .mirrored ? quad.code : quad.code * SIMD4<Float>(1, -1, 1, -1)
            let scales = solver.codeError.scales
            let (shortest, longest) = (quad.length * Float(scales.lowerBound), quad.length * Float(scales.upperBound))
            let table = table
            table.visit(code, tolerance: tolerance) { other in
                guard other.length >= shortest, other.length <= longest else { return true }
                consider(quad.stars, other.stars, parity)
                return goesOn
            }
        }

        private mutating func consider(_ image: SIMD4<Int32>, _ sky: SIMD4<Int32>, _ parity: Parity) {
            let guess = Hypothesis(
                image: image, of: solver.stars, sky: sky, of: solver.catalogue, parity: parity,
                geometry: solver.geometry, starVariance: solver.look.starVariance)
            guard let guess, solver.isNear(guess.frame.centre, rung) else { return }
            hypotheses += 1
            guard solver.look.isPromising(guess) else { return }
            refined += 1
            guard let found = solver.refine(guess, rung) else { return }
            bestLogOdds = max(bestLogOdds, found.logOdds)
            outcome = found.outcome
        }
    }
}

extension PlateSolver {
    /// How far codes and lengths of the same quad may differ.
    struct CodeError {
        /// Of one star [px].
        let starError: Double
        /// What a tangent plane as wide as the frame and its optics do to a quad.
        let bend: Double
        /// [rad/px], with the same allowance.
        let scales: ClosedRange<Double>

        init(_ geometry: FrameGeometry, starError: Double) {
            let widening = 1 / cos(min(1.2, geometry.reach)) - 1
            let margin = 0.01 + 2 * widening
            (self.starError, bend) = (starError, 0.004 + 0.7 * widening)
            scales =
                (geometry.scales.lowerBound * max(0.1, 1 - margin))...(geometry.scales.upperBound * (1 + margin))
        }

        func tolerance(length: Double) -> Double {
            min(Double(QuadTable.greatestTolerance), 3.5 * starError / max(1, length) + bend)
        }
    }

    func isNear(_ direction: SkyVector, _ rung: Rung) -> Bool {
        direction.dot(catalogue.pointing.centre) >= cos(rung.radiusDegrees * .pi / 180 + 0.02 * geometry.reach)
    }

    func searchVolume(_ rung: Rung) -> SearchVolume {
        if let searched { return searched }
        let radius = max(rung.radiusDegrees * .pi / 180 / geometry.scale, 1)
        return SearchVolume(
            area: .pi * radius * radius, rotation: 2 * .pi,
            scale: max(0.01, log(geometry.scales.upperBound / geometry.scales.lowerBound)),
            parities: hint.parity == .unknown ? 2 : 1)
    }

    /// A hypothesis on the evenly chosen stars, then, if it is accepted there, on all; no outcome where it is not.
    func refine(
        _ guess: Hypothesis, _ rung: Rung
    ) -> (logOdds: Double, outcome: Result<PlateSolution, NotSolved>?)? {
        let scale = abs(guess.map.determinant).squareRoot()
        let plane = catalogue.plane(of: guess.frame, first: guides, reach: geometry.reach, scale: 1 / scale)
        guard let match = matcher.refine(plane, from: guess.map, spread: guess.spread) else { return nil }
        let odds = matcher.logOdds(plane, match, volume: searchVolume(rung))
        guard odds >= Self.acceptedLogOdds, let back = match.map.inverse else { return (odds, nil) }
        let centre = back(geometry.centreX, geometry.centreY)
        let position = Conclusion.position(
            guess.frame.direction(xi: centre.x, eta: centre.y), near: hint.centre)
        let start = Conclusion.tangentMap(
            match, plane, matcher, in: TangentFrame(position), of: catalogue, mirrored: match.map.determinant < 0)
        guard let start else { return (odds, nil) }
        return conclude(match, start, at: position, rung)
    }

    private func conclude(
        _ match: StarMatch, _ start: AffineMap, at position: SkyPosition, _ rung: Rung
    ) -> (logOdds: Double, outcome: Result<PlateSolution, NotSolved>?)? {
        let frame = TangentFrame(position)
        let scale = 1 / abs(start.determinant).squareRoot()
        let last = Conclusion(stars: stars, catalogue: catalogue, geometry: geometry)
        let all = catalogue.plane(of: frame, first: catalogue.count, reach: geometry.reach, scale: scale)
        let spread = Spread(
            x: geometry.centreX, y: geometry.centreY, squaredRadius: match.squaredRadius,
            starVariance: match.starVariance, count: match.count)
        guard let final = last.matcher.refine(all, from: start, spread: spread, model: match.modelVariance)
        else { return nil }
        let odds = last.matcher.logOdds(all, final, volume: searchVolume(rung))
        guard odds >= Self.acceptedLogOdds else { return (odds, nil) }
        guard codeError.scales.contains(scale), isNear(frame.centre, rung) else {
            let offset = hint.centre.separationDegrees(from: position)
            let arcsec = scale / FrameGeometry.radiansPerArcsec
            return (odds, .failure(.outsideHint(scaleArcsecPerPixel: arcsec, offsetDegrees: offset)))
        }
        let solution = last.solution(
            final, all, at: position, logOdds: odds, mirrored: final.map.determinant < 0)
        return (odds, solution.map { .success($0) })
    }
}

extension Parity {
    func allows(_ other: Parity) -> Bool { self == .unknown || self == other }
}

extension QuadShape {
    /// Distance of the two farthest apart.
    var longest: Double {
        let (a, b, c, d) = points
        let first = max(a.squaredDistance(b), a.squaredDistance(c), a.squaredDistance(d))
        let second = max(b.squaredDistance(c), b.squaredDistance(d), c.squaredDistance(d))
        return max(first, second).squareRoot()
    }
}

extension SkyStars {
    /// Error that most stars do not exceed, squared [rad^2].
    var typicalVariance: Double {
        let sample = stride(from: 0, to: count, by: max(1, count / 200)).map { variance[$0] }.sorted()
        return sample.isEmpty ? 0 : sample[sample.count * 4 / 5]
    }

    /// Quads of the selected stars, each in the plane that touches the sky at one of its own: the same anywhere on the
    /// sphere.
    func quads(_ selection: [Int32], neighbours: Int, longest: Double) -> [Quad] {
        let hoods = Neighbourhoods(
            x: selection.map { x[Int($0)] }, y: selection.map { y[Int($0)] }, k: neighbours)
        var quads: [Quad] = []
        quads.reserveCapacity(selection.count * 24)
        let frames = selection.map { TangentFrame(direction[Int($0)]) }
        let place = { (star: Int, anchor: Int) in
            let plane = frames[anchor].project(direction[Int(selection[star])])
            return PlanePoint(x: plane.xi, y: plane.eta)
        }
        hoods.sets(place: place) { shape in
            shape.quads(slack: 0) { quad in
                guard Double(quad.length) <= longest else { return }
                var listed = quad
                for corner in 0..<4 { listed.stars[corner] = selection[Int(quad.stars[corner])] }
                quads.append(listed)
            }
        }
        return quads
    }
}
