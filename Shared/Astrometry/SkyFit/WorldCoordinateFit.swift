internal import Glibc
public import Sky

/// A world coordinate system fitted to stars: a tangent plane at the middle of the frame and SIP distortion.
///
///     (xi, eta) = CD (u + f(u, v), v + g(u, v))     u, v: pixels from the middle of the frame
///     f, g: polynomials of degree 2 to `order`; none for order 1
///
/// Weighted by the errors of centroids and catalogue, robust against wrong pairs, with a floor below which residuals do
/// not fall (`residuals.floorPixels`). Estimates solve the normal equations of the polynomials in the final tangent
/// plane, which are those of least chi^2 but for xi^2 of an error (3 % of an error for frames of 20 degrees).
/// - Source: Shupe et al. 2005, ASPC 347, 491 (SIP); Calabretta & Greisen 2002, A&A 395, 1077.
public struct WorldCoordinateFit: Sendable {
    /// Size of the frame [px].
    public let width: Int
    public let height: Int
    /// Where the middle of the frame is on the sky: CRVAL.
    public let centre: SkyPosition
    /// The middle of the frame [px, 0 is the centre of the first pixel]: CRPIX - 1.
    public var middlePixel: (x: Double, y: Double) { (Double(width - 1) / 2, Double(height - 1) / 2) }
    /// 1 is no distortion; else SIP's A_ORDER and B_ORDER.
    public let order: Int
    /// How the orders that were tried fared; empty when there was no choice.
    public let orderScores: [DistortionOrderScore]
    public let residuals: WorldCoordinateResiduals
    /// Which of the given pairs the fit is made from, ascending.
    public let usedPairs: [Int]
    /// Largest distance between a pixel of the frame and the one that the inverse polynomials (AP, BP) give for its
    /// place [px]; 0 without distortion. Above 0.01 only where order 9 does not suffice.
    public let inverseErrorPixels: Double

    let plane: TangentPlane
    /// CD [rad/px].
    let matrix: PlaneMatrix
    let distortion: PlanePolynomial
    let inverse: PlanePolynomial
    let basis: FrameBasis
    let factor: PairedCholesky

    /// - Parameters:
    ///   - pairs: matched stars, wrong ones among them; at least five distinct ones.
    ///   - width: of the frame [px]; stars may lie outside.
    ///   - height: of the frame [px].
    ///   - orders: of distortion to choose from, within 1 ... 5; lower ones where the stars support none of them
    ///     (`OrderChoice` has the rule).
    ///   - clipDistance: stars farther than this many errors from the fit are left out. 4.5 leaves out 1 of 25,000
    ///     good ones.
    /// - Throws: `WorldCoordinateFitError`, whatever the pairs are.
    public init(
        _ pairs: [SkyPair], width: Int, height: Int, orders: ClosedRange<Int> = 1...4, clipDistance: Double = 4.5
    ) throws(WorldCoordinateFitError) {
        let table = try SkyPairTable(pairs, width: width, height: height)
        let allowed = orders.clamped(to: 1...5)
        let choice = try OrderChoice(table, orders: allowed, clipDistance: max(2, clipDistance))
        let fit = choice.fit
        let used = table.origins.indices.filter { fit.isUsed[$0] }
        guard !table.isCollinear(used), let factor = fit.factor else { throw .collinear }
        let residuals = WorldCoordinateResiduals(fit, given: pairs.count)
        // Pairs that have nothing to do with each other leave residuals as large as the frame.
        let diagonal = hypot(Double(width), Double(height))
        guard hypot(residuals.rmsXPixels, residuals.rmsYPixels) < 0.1 * diagonal,
            let centre = fit.plane.position(.zero)
        else { throw .inconsistent(agreeing: used.count, usable: table.count) }
        (self.width, self.height, self.centre, order) = (width, height, centre, fit.basis.order)
        (orderScores, self.residuals, usedPairs) = (choice.scores, residuals, used.map { table.origins[$0] })
        plane = TangentPlane(raDegrees: centre.raDegrees, decDegrees: centre.decDegrees)
        (matrix, distortion, basis, self.factor) = (fit.matrix, fit.polynomial, fit.basis, factor)
        let inverse = InverseDistortion(of: fit.polynomial, half: table.half)
        (self.inverse, inverseErrorPixels) = (inverse.polynomial, inverse.errorPixels)
    }

    /// CD [deg/px].
    public var cd: (cd11: Double, cd12: Double, cd21: Double, cd22: Double) {
        let degrees = matrix * (180 / .pi)
        return (degrees.xx, degrees.xy, degrees.yx, degrees.yy)
    }

    /// Mean scale at the middle of the frame [arcsec/px].
    public var arcsecPerPixel: Double { abs(matrix.determinant).squareRoot() * arcsecPerRadian }

    /// True when north up would put east to the right.
    public var isMirrored: Bool { matrix.determinant > 0 }

    /// The sky position of a pixel; nil for one that is not finite.
    public func position(x: Double, y: Double) -> SkyPosition? {
        guard x.isFinite, y.isFinite else { return nil }
        return plane.position(planePoint(x: x, y: y))
    }

    func planePoint(x: Double, y: Double) -> SIMD2<Double> {
        let place = SIMD2(x - middlePixel.x, y - middlePixel.y)
        return matrix * (place + distortion(place))
    }

    /// The pixel of a sky position, in or outside the frame; nil where there is none: on the far side of the sky, or
    /// where the distortion, carried on beyond the frame, does not reach.
    public func pixel(of position: SkyPosition) -> (x: Double, y: Double)? {
        guard let point = plane.project(TangentPlane.direction(position)) else { return nil }
        let target = matrix.inverse * point
        var place = target
        for _ in 0..<30 {
            let slope = distortion.valueAndSlope(place)
            let map = PlaneMatrix(
                xx: 1 + slope.alongX.x, xy: slope.alongY.x, yx: slope.alongX.y, yy: 1 + slope.alongY.y)
            guard map.determinant > 0.01 else { return nil }
            let step = map.inverse * (target - place - slope.value)
            place += step
            guard abs(step.x) < 1e9, abs(step.y) < 1e9 else { return nil }
            if abs(step.x) < 1e-9, abs(step.y) < 1e-9 {
                return (place.x + middlePixel.x, place.y + middlePixel.y)
            }
        }
        return nil
    }
}

let arcsecPerRadian = 180 / Double.pi * 3600

/// What a fit of the sky to stars leaves over.
public struct WorldCoordinateResiduals: Sendable, Equatable {
    /// Stars that the fit is made from, and distinct usable pairs that disagree with it.
    public let used: Int
    public let clipped: Int
    /// Pairs given that say nothing: not finite, without an error above zero, or given twice.
    public let unusable: Int
    /// Of the stars used, with the errors as they were stated.
    public let chiSquared: Double
    /// Two for each star used, less one for each coefficient.
    public let degreesOfFreedom: Int
    /// Of the stars used, along the frame's axes [px] and on the sky [arcsec].
    public let rmsXPixels: Double
    public let rmsYPixels: Double
    public let rmsEastArcsec: Double
    public let rmsNorthArcsec: Double
    /// What has to be added in quadrature to the stated errors, per axis, for chi^2 to be the degrees of freedom [px];
    /// 0 where the stated errors suffice.
    public let floorPixels: Double

    init(_ fit: PlateFit, given: Int) {
        used = fit.usedCount
        clipped = fit.table.count - used
        unusable = given - fit.table.count
        degreesOfFreedom = fit.degreesOfFreedom
        floorPixels = fit.floorVariance.squareRoot()
        var (sum, pixels, sky) = (0.0, SIMD2<Double>.zero, SIMD2<Double>.zero)
        for star in fit.residuals.indices where fit.isUsed[star] {
            let residual = fit.residuals[star]
            sum += (residual * residual / fit.variances[star]).sum()
            pixels += residual * residual
            let point = fit.plane.project(fit.table.directions[star]) ?? .zero
            let step = fit.plane.skyPerPlane(at: point) * (fit.matrix * residual)
            sky += step * step
        }
        chiSquared = sum
        pixels = (pixels / Double(used)).squareRoot()
        sky = (sky / Double(used)).squareRoot() * arcsecPerRadian
        (rmsXPixels, rmsYPixels, rmsEastArcsec, rmsNorthArcsec) = (pixels.x, pixels.y, sky.x, sky.y)
    }
}
