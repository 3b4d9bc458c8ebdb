internal import Glibc
internal import Sky

/// Checks a world coordinate system against the stars, and repairs one that is shifted or turned a little.
///
/// The same odds as in plate solving decide (`Evidence`), with the range that was searched as the prior: first as it
/// is, then with the shifts and rotations at which most pairs of stars agree.
/// - Parameters:
///   - image: the frame's detections.
///   - catalogue: stars around the given centre, as far as half the frame's diagonal and the shift together.
/// - Returns: `verified` when it is right within `verifiedWithinPixels`; `shifted` with the solution that is right;
///   `wrong`
///   when the stars fit nowhere in the range, also for fewer than 4 of them.
public func checkCoordinates(
    _ given: ApproximateCoordinates, image: [ImageStar], size: FrameSize, catalogue: [GuideStar],
    range: RepairRange = RepairRange()
) -> CoordinateVerdict {
    do {
        return try CoordinateCheck(given, image, size, catalogue, range).verdict()
    } catch {
        return .wrong(error)
    }
}

private struct CoordinateCheck {
    let given: ApproximateCoordinates
    let range: RepairRange
    let stars: FrameStars
    let catalogue: SkyStars
    let geometry: FrameGeometry
    let matcher: StarMatcher
    let scale: Double

    init(
        _ given: ApproximateCoordinates, _ image: [ImageStar], _ size: FrameSize, _ list: [GuideStar],
        _ range: RepairRange
    ) throws(NotSolved) {
        guard let arcsec = given.scaleArcsecPerPixel else { throw .unusableHint("its scale") }
        let hint = PointingHint(
            centre: given.centre, uncertaintyDegrees: range.shiftArcmin / 60, scaleRange: arcsec...arcsec)
        if let problem = hint.problem(for: size) { throw problem }
        guard range.rotationDegrees >= 0, range.rotationDegrees <= 10 else {
            throw .unusableHint("a rotation of \(range.rotationDegrees) degrees; 0 to 10 can be searched")
        }
        let usable = FrameStars.usable(image, in: size)
        guard usable.count >= 4 else { throw .tooFewImageStars(usable.count) }
        let build = { (count: Double) in
            FrameGeometry(size, scaleRange: arcsec...arcsec, expectedStars: min(Double(usable.count), 1.5 * count))
        }
        let shape = build(Double(usable.count))
        let radius = min(.pi * 0.45, range.shiftArcmin / 60 * .pi / 180 + 1.1 * shape.reach)
        catalogue = SkyStars(
            list, around: TangentFrame(given.centre), radius: radius,
            frameArea: shape.area * shape.scale * shape.scale, geometry: build)
        guard catalogue.count >= 4 else { throw .tooFewCatalogueStars(inFrame: catalogue.starsInFrame) }
        geometry = build(catalogue.starsInFrame)
        stars = FrameStars(image, usable: usable, geometry: geometry)
        matcher = StarMatcher(stars, first: PlateSolver.triedStars, geometry: geometry)
        (self.given, self.range) = (given, range)
        scale = geometry.scale
    }

    func verdict() -> CoordinateVerdict {
        let tried = catalogue.order.count(below: max(8, PlateSolver.triedStars / geometry.cells))
        let plane = predicted(first: tried)
        let identity = AffineMap(xu: 1, xv: 0, yu: 0, yv: 1, x0: 0, y0: 0)
        let within = max(1, range.verifiedWithinPixels)
        let asIs = judged(identity, plane, error: within, volume: volume(shift: 2 * within, rotation: 0.002))
        if let verdict = asIs.verdict { return verdict }
        let shift = range.shiftArcmin * 60 * FrameGeometry.radiansPerArcsec / scale
        let rotation = range.rotationDegrees * .pi / 180
        // Beyond this the piles would fill the memory; such a shift is a search for the solver.
        guard shift < 6000 else { return .wrong(.unusableHint("a shift of \(Int(min(shift, 1e9))) px; below 6000")) }
        let search = OffsetSearch(matcher: matcher, plane: plane, shift: shift, rotation: rotation)
        let candidates = search.candidates(24)
        let prior = volume(shift: shift, rotation: 2 * rotation)
        var best = asIs.logOdds
        for candidate in candidates {
            let moved = judged(candidate.map, plane, error: OffsetSearch.side, volume: prior)
            if let verdict = moved.verdict { return verdict }
            best = max(best, moved.logOdds)
        }
        return .wrong(.noMatch(hypotheses: candidates.count + 1, bestLogOdds: best))
    }

    /// Catalogue stars where the given coordinates put them.
    private func predicted(first: Int) -> PlaneStars {
        var plane = PlaneStars()
        for star in 0..<first {
            let place = Conclusion.position(catalogue.direction[star], near: given.centre)
            guard let pixel = given.pixel(place), abs(pixel.x) < 1e7, abs(pixel.y) < 1e7 else { continue }
            let variance = catalogue.variance[star] / (scale * scale)
            plane.append(u: pixel.x, v: pixel.y, variance: variance, star: Int32(star))
        }
        return plane
    }

    private func volume(shift: Double, rotation: Double) -> SearchVolume {
        SearchVolume(area: .pi * shift * shift, rotation: rotation, scale: 0.02, parities: 1)
    }

    /// The odds of a map, refined, and the verdict if they are enough.
    private func judged(
        _ map: AffineMap, _ plane: PlaneStars, error: Double, volume: SearchVolume
    ) -> (logOdds: Double, verdict: CoordinateVerdict?) {
        let spread = Spread(
            x: geometry.centreX, y: geometry.centreY, squaredRadius: 0.5 * geometry.area,
            starVariance: error * error / 4, count: 1)
        guard let match = matcher.refine(plane, from: map, spread: spread) else { return (-.infinity, nil) }
        let first = matcher.logOdds(plane, match, volume: volume)
        guard first >= PlateSolver.acceptedLogOdds else { return (first, nil) }
        return finished(match, volume: volume)
    }

    private func finished(
        _ match: StarMatch, volume: SearchVolume
    ) -> (logOdds: Double, verdict: CoordinateVerdict?) {
        let last = Conclusion(stars: stars, catalogue: catalogue, geometry: geometry)
        let all = predicted(first: catalogue.count)
        let known = Spread(
            x: geometry.centreX, y: geometry.centreY, squaredRadius: match.squaredRadius,
            starVariance: match.starVariance, count: match.count)
        guard let final = last.matcher.refine(all, from: match.map, spread: known, model: match.modelVariance)
        else { return (-.infinity, nil) }
        let odds = last.matcher.logOdds(all, final, volume: volume)
        guard odds >= PlateSolver.acceptedLogOdds, let position = centre(final, last.matcher, all),
            let solution = last.solution(
                final, all, at: position, logOdds: odds, mirrored: given.isMirrored)
        else { return (odds, nil) }
        let moved = shift(final.map, to: solution)
        let isRight = moved.greatestPixels <= range.verifiedWithinPixels
        return (odds, isRight ? .verified(solution, moved) : .shifted(solution, moved))
    }

    /// Where the frame's centre points by the partners.
    private func centre(_ match: StarMatch, _ matcher: StarMatcher, _ plane: PlaneStars) -> SkyPosition? {
        let frame = TangentFrame(given.centre)
        let map = Conclusion.tangentMap(
            match, plane, matcher, in: frame, of: catalogue, mirrored: given.isMirrored)
        guard let back = map?.inverse else { return nil }
        let place = back(geometry.centreX, geometry.centreY)
        return Conclusion.position(frame.direction(xi: place.x, eta: place.y), near: given.centre)
    }

    private func shift(_ map: AffineMap, to solution: PlateSolution) -> CoordinateShift {
        let (x, y) = (geometry.centreX, geometry.centreY)
        let middle = map(x, y)
        let corners = [(0, 0), (2 * x, 0), (0, 2 * y), (2 * x, 2 * y), (x, y)]
        let greatest =
            corners.map { corner in
                let moved = map(corner.0, corner.1)
                return squared(moved.x - corner.0, moved.y - corner.1).squareRoot()
            }.max() ?? 0
        let offset = given.centre.offset(to: solution.tangent.position(x: x, y: y))
        return CoordinateShift(
            arcsec: offset.separationDegrees * 3600, positionAngleDegrees: offset.positionAngleDegrees,
            xPixels: middle.x - x, yPixels: middle.y - y,
            rotationDegrees: atan2(map.yu - map.xv, map.xu + map.yv) * 180 / .pi, greatestPixels: greatest)
    }
}
