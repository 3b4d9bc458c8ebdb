internal import Glibc

/// A guess at where a frame lies, from four stars.
struct Hypothesis {
    /// Touches the sky where the frame's centre is thought to be.
    let frame: TangentFrame
    /// From the tangent plane [rad] to pixels.
    let map: AffineMap
    let spread: Spread
    let stars: SIMD4<Int32>

    /// - Parameters:
    ///   - image: the quad's stars on the frame; `starVariance` is what one of them has [px^2].
    ///   - sky: the same four in the catalogue.
    @inline(__always)
    init?(
        image: SIMD4<Int32>, of stars: FrameStars, sky: SIMD4<Int32>, of catalogue: SkyStars, parity: Parity,
        geometry: FrameGeometry, starVariance: Double
    ) {
        self.init(
            image: image, of: stars, parity: parity, geometry: geometry, starVariance: starVariance
        ) { catalogue.direction[Int(sky[$0])] }
    }

    /// - Parameter direction: of each of the quad's four stars.
    @inline(__always)
    init?(
        image: SIMD4<Int32>, of stars: FrameStars, parity: Parity, geometry: FrameGeometry, starVariance: Double,
        direction: (Int) -> SkyVector
    ) {
        // A frame of the normal parity is the mirror image of a plane whose axes run east and north.
        let isMirrored = parity == .normal
        let first = TangentFrame(direction(0))
        guard let start = Self.fit(first, image, stars, isMirrored, direction)?.inverse else { return nil }
        let centre = start(geometry.centreX, geometry.centreY)
        frame = TangentFrame(first.direction(xi: centre.x, eta: centre.y))
        guard let map = Self.fit(frame, image, stars, isMirrored, direction) else { return nil }
        self.map = map
        self.stars = image
        var (meanX, meanY, radius) = (0.0, 0.0, 0.0)
        for corner in 0..<4 {
            meanX += stars.x[Int(image[corner])] / 4
            meanY += stars.y[Int(image[corner])] / 4
        }
        for corner in 0..<4 {
            radius += squared(stars.x[Int(image[corner])] - meanX, stars.y[Int(image[corner])] - meanY) / 4
        }
        spread = Spread(x: meanX, y: meanY, squaredRadius: radius, starVariance: starVariance, count: 4)
    }

    /// Whether a star of the frame is one of the four.
    @inline(__always)
    func has(_ star: Int) -> Bool { (stars .== SIMD4<Int32>(repeating: Int32(star))).contains(true) }

    @inline(__always)
    private static func fit(
        _ frame: TangentFrame, _ image: SIMD4<Int32>, _ stars: FrameStars, _ isMirrored: Bool,
        _ direction: (Int) -> SkyVector
    ) -> AffineMap? {
        var sums = FitSums()
        for corner in 0..<4 {
            let plane = frame.project(direction(corner))
            let star = Int(image[corner])
            sums.add(u: plane.xi, v: plane.eta, x: stars.x[star], y: stars.y[star], weight: 1)
        }
        return sums.similarity(mirrored: isMirrored)
    }
}

/// The first look at a hypothesis: do other stars of the frame fall on catalogue stars? Cheap, and only a filter.
struct FirstLook {
    let stars: FrameStars
    let catalogue: SkyStars
    let geometry: FrameGeometry
    /// Of the catalogue's first stars, in the equal-area plane.
    let grid: PlaneGrid
    /// Squared error of one star, model included [px^2].
    let starVariance: Double
    /// Catalogue stars of the grid in the frame, on average.
    let density: Double
    /// The equal-area plane stretches by no more than this.
    let stretch: Double

    static let looks = 60

    /// Whether the sum of ln[(1 + chance-corrected Gaussian) / 2] over the stars, those of the quad left out, speaks
    /// for the hypothesis; few stars need not say much.
    func isPromising(_ hypothesis: Hypothesis) -> Bool {
        guard let back = hypothesis.map.inverse else { return false }
        let last = min(Self.looks, stars.count)
        let scale = abs(back.determinant).squareRoot()
        var score = 0.0
        for star in 0..<last where !hypothesis.has(star) {
            let plane = back(stars.x[star], stars.y[star])
            let direction = hypothesis.frame.direction(xi: plane.x, eta: plane.y)
            let own = stars.variance[star] + starVariance + hypothesis.spread.variance(stars.x[star], stars.y[star])
            score += support(direction, own, scale)
            if score < -11 { return false }
        }
        return last <= 12 ? score > -4 : score > 0
    }

    private func support(_ direction: SkyVector, _ variance: Double, _ scale: Double) -> Double {
        let place = catalogue.pointing.equalArea(direction)
        let limit = 9 * variance * scale * scale
        var least = limit
        grid.visit(x: place.x, y: place.y, radius: limit.squareRoot() * stretch) { star in
            least = min(least, catalogue.direction[star].squaredChord(direction))
        }
        guard least < limit else { return -0.693_147_180_559_945 }
        let ratio = geometry.area / (2 * .pi * variance * max(1, density))
        return log(0.5 + 0.5 * ratio * exp(-4.5 * least / limit))
    }
}

extension SIMDMask {
    @inline(__always)
    fileprivate func contains(_ value: Bool) -> Bool {
        for index in 0..<scalarCount where self[index] == value { return true }
        return false
    }
}
