internal import Glibc
internal import Sky

/// From a match that was accepted on the evenly chosen stars to the solution on all stars.
struct Conclusion {
    let stars: FrameStars
    let catalogue: SkyStars
    let geometry: FrameGeometry
    /// Of all stars of the frame.
    let matcher: StarMatcher

    init(stars: FrameStars, catalogue: SkyStars, geometry: FrameGeometry) {
        (self.stars, self.catalogue, self.geometry) = (stars, catalogue, geometry)
        matcher = StarMatcher(stars, first: stars.count, geometry: geometry)
    }

    /// Fits a linear map in a tangent plane to the partners of a match: plane [rad] to pixels.
    static func tangentMap(
        _ match: StarMatch, _ plane: PlaneStars, _ matcher: StarMatcher, in frame: TangentFrame, of catalogue: SkyStars,
        mirrored: Bool
    ) -> AffineMap? {
        var sums = FitSums()
        for index in 0..<matcher.count where match.partner[index] >= 0 {
            let star = Int(match.partner[index])
            let place = frame.project(catalogue.direction[Int(plane.star[star])])
            let variance = matcher.variance[index] + plane.variance[star] + match.modelVariance
            sums.add(u: place.xi, v: place.eta, x: matcher.x[index], y: matcher.y[index], weight: 1 / variance)
        }
        return match.isAffine ? sums.affine : sums.similarity(mirrored: mirrored)
    }

    /// The solution of all stars' partners; `plane` is the one in which they were found.
    func solution(
        _ match: StarMatch, _ plane: PlaneStars, at position: SkyPosition, logOdds: Double, mirrored: Bool
    ) -> PlateSolution? {
        let frame = TangentFrame(position)
        let fitted = Self.tangentMap(match, plane, matcher, in: frame, of: catalogue, mirrored: mirrored)
        guard let map = fitted, let back = map.inverse else { return nil }
        let degrees = 180 / Double.pi
        let tangent = TangentSolution(
            referencePosition: position, referenceX: map.x0, referenceY: map.y0, cd11: back.xu * degrees,
            cd12: back.xv * degrees, cd21: back.yu * degrees, cd22: back.yv * degrees)
        var (pairs, squares): ([StarPair], Double) = ([], 0)
        for index in 0..<matcher.count where match.partner[index] >= 0 {
            let star = Int(plane.star[Int(match.partner[index])])
            let place = frame.project(catalogue.direction[star])
            let pixel = map(place.xi, place.eta)
            let square = squared(matcher.x[index] - pixel.x, matcher.y[index] - pixel.y)
            squares += square
            pairs.append(
                StarPair(
                    image: Int(stars.original[index]), catalogue: Int(catalogue.original[star]),
                    residualPixels: square.squareRoot()))
        }
        guard !pairs.isEmpty else { return nil }
        let rms = (squares / Double(pairs.count)).squareRoot()
        let inside = (0..<plane.count).count { star in
            let place = match.map(plane.u[star], plane.v[star])
            return geometry.contains(x: place.x, y: place.y, margin: 0)
        }
        return PlateSolution(
            tangent: tangent, pairs: pairs.sorted { $0.image < $1.image }, logOdds: logOdds, rmsPixels: rms,
            catalogueStarsInFrame: inside)
    }

    /// Where a direction lies, from a position whose plane it is in.
    static func position(_ direction: SkyVector, near reference: SkyPosition) -> SkyPosition {
        let frame = TangentFrame(reference)
        let (east, north) = (frame.east.dot(direction), frame.north.dot(direction))
        let separation = atan2(hypot(east, north), frame.centre.dot(direction)) * 180 / .pi
        return reference.displaced(
            separationDegrees: separation, positionAngleDegrees: atan2(east, north) * 180 / .pi)
    }

    /// Where a direction lies.
    static func position(_ direction: SkyVector) -> SkyPosition { position(direction, near: .northPole) }
}

extension SkyPosition {
    fileprivate static let northPole: SkyPosition = {
        do { return try SkyPosition(raDegrees: 0, decDegrees: 90) } catch { preconditionFailure("\(error)") }
    }()
}

extension SkyStars {
    /// The first stars as they lie in a tangent plane, those within the reach of a frame only.
    func plane(of frame: TangentFrame, first: Int, reach: Double, scale: Double) -> PlaneStars {
        var plane = PlaneStars()
        let limit = cos(min(1.5, reach * 1.05))
        let pixels = 1 / (scale * scale)
        for star in 0..<min(first, count) where direction[star].dot(frame.centre) >= limit {
            let place = frame.project(direction[star])
            plane.append(u: place.xi, v: place.eta, variance: variance[star] * pixels, star: Int32(star))
        }
        return plane
    }
}
