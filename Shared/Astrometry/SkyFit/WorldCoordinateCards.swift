public import Imaging
internal import Sky

/// How a header tells of distortion.
public enum DistortionConvention: Sendable, CaseIterable {
    /// Polynomials of pixels, with their inverses (astrometry.net, Spitzer, astropy).
    case sip
    /// Polynomials of the tangent plane (SCAMP, SWarp, SExtractor).
    case tpv
}

extension WorldCoordinateFit {
    /// The fit as cards of a FITS header, in the order in which astrometry.net writes them.
    ///
    /// Numbers are written to their last bit: a reader gets the fit's own positions. Without distortion both
    /// conventions are the plain TAN. The conversion of SIP to TPV is exact.
    public func cards(_ convention: DistortionConvention = .sip) -> [HeaderCard] {
        var header = Header()
        let suffix = order == 1 ? "TAN" : convention == .sip ? "TAN-SIP" : "TPV"
        header.append("WCSAXES", .integer(2), comment: "axes of the sky")
        header.append("CTYPE1", .string("RA---" + suffix), comment: "right ascension")
        header.append("CTYPE2", .string("DEC--" + suffix), comment: "declination")
        header.append("RADESYS", .string("ICRS"), comment: "system of the reference stars")
        header.append("EQUINOX", .real(2000), comment: "[yr] of the coordinates")
        header.append("LONPOLE", .real(180), comment: "[deg] north is along the second axis")
        header.append("LATPOLE", .real(0), comment: "[deg] not used")
        header.append("CRVAL1", .real(centre.raDegrees), comment: "[deg] RA of the reference pixel")
        header.append("CRVAL2", .real(centre.decDegrees), comment: "[deg] Dec of the reference pixel")
        header.append("CRPIX1", .real(middlePixel.x + 1), comment: "[pixel] middle of the frame")
        header.append("CRPIX2", .real(middlePixel.y + 1), comment: "[pixel] middle of the frame")
        header.append("CUNIT1", .string("deg"), comment: "unit of CRVAL1, CD1_j")
        header.append("CUNIT2", .string("deg"), comment: "unit of CRVAL2, CD2_j")
        for (keyword, value) in [("CD1_1", cd.cd11), ("CD1_2", cd.cd12), ("CD2_1", cd.cd21), ("CD2_2", cd.cd22)] {
            header.append(keyword, .real(value), comment: "[deg/pixel] transformation matrix")
        }
        header.append("IMAGEW", .integer(width), comment: "[pixel] width of the frame")
        header.append("IMAGEH", .integer(height), comment: "[pixel] height of the frame")
        if order > 1 { appendDistortion(convention, to: &header) }
        appendQuality(to: &header)
        return header.cards
    }

    private func appendDistortion(_ convention: DistortionConvention, to header: inout Header) {
        guard convention == .sip else { return appendTPV(to: &header) }
        appendSIP(distortion, from: 2, names: ["A", "B"], "distortion", to: &header)
        appendSIP(inverse, from: 0, names: ["AP", "BP"], "inverse distortion", to: &header)
    }

    private func appendSIP(
        _ polynomial: PlanePolynomial, from least: Int, names: [String], _ what: String, to header: inout Header
    ) {
        for (lane, name) in names.enumerated() {
            header.append("\(name)_ORDER", .integer(polynomial.order), comment: "order of \(what), axis \(lane + 1)")
            for p in 0...polynomial.order {
                for q in 0...(polynomial.order - p) where p + q >= least {
                    header.append("\(name)_\(p)_\(q)", .real(polynomial[p, q][lane]), comment: what)
                }
            }
        }
    }

    private func appendTPV(to header: inout Header) {
        let polynomial = TangentPolynomial(self).polynomial
        for axis in 0..<2 {
            for degree in 0...order {
                for minor in 0...degree {
                    // Axis 2 counts powers of eta first: the same numbers with xi and eta swapped.
                    let (p, q) = axis == 0 ? (degree - minor, minor) : (minor, degree - minor)
                    let keyword = "PV\(axis + 1)_\(TangentPolynomial.number(degree: degree, minor: minor))"
                    header.append(keyword, .real(polynomial[p, q][axis]), comment: "distortion")
                }
            }
        }
    }

    private func appendQuality(to header: inout Header) {
        header.append("NJWCSTAR", .integer(residuals.used), comment: "stars the coordinates are fitted to")
        header.append("NJWCCLIP", .integer(residuals.clipped), comment: "stars that disagree")
        header.append("NJWCRMS1", .real(residuals.rmsEastArcsec), comment: "[arcsec] rms residual, east")
        header.append("NJWCRMS2", .real(residuals.rmsNorthArcsec), comment: "[arcsec] rms residual, north")
        header.append("NJWCCHI2", .real(residuals.chiSquared), comment: "chi^2 with the stated errors")
        header.append("NJWCDOF", .integer(residuals.degreesOfFreedom), comment: "degrees of freedom of NJWCCHI2")
        header.append("NJWCFLOR", .real(residuals.floorPixels), comment: "[pixel] error beyond the stated ones")
    }
}

extension Header {
    /// This header with its primary world coordinate system replaced; cards of alternate ones (CTYPE1A) stay.
    public func replacingWorldCoordinates(by cards: [HeaderCard]) -> Header {
        let written = Set(cards.map { $0.keyword.uppercased() })
        let kept = self.cards.filter { card in
            let keyword = card.keyword.uppercased()
            let isOld = CardKind(keyword) != .other || keyword.hasPrefix("NJWC") || written.contains(keyword)
            return !isOld || keyword == "VELREF"
        }
        return Header(kept + cards)
    }
}

/// A distortion of pixels as one of the tangent plane, TPV's.
///
///     x = CD u [deg]  ->  (xi, eta) = x + CD f(CD^-1 x)      of the same degree, term by term
/// - Source: the TPV convention, https://fits.gsfc.nasa.gov/registry/tpvwcs.html
struct TangentPolynomial {
    /// From the constant up, in degrees.
    let polynomial: PlanePolynomial

    /// First number of each degree's terms; 3, 11, 23, 39 are powers of the radius, which are not used.
    private static let starts = [0, 1, 4, 7, 12, 17, 24, 31]

    /// The m of PVi_m: `minor` is the power of the other axis.
    static func number(degree: Int, minor: Int) -> Int { starts[degree] + minor }

    init(_ fit: WorldCoordinateFit) {
        let matrix = fit.matrix * (180 / .pi)
        let pixels = matrix.inverse
        let order = fit.order
        // Powers of u = K11 x + K12 y and of v, as coefficients of x^(n - k) y^k.
        let u = Self.powers(SIMD2(pixels.xx, pixels.xy), order)
        let v = Self.powers(SIMD2(pixels.yx, pixels.yy), order)
        var coefficients = [SIMD2<Double>](repeating: .zero, count: FrameBasis.count(order))
        coefficients[1] = SIMD2(1, 0)
        coefficients[2] = SIMD2(0, 1)
        for (index, power) in FrameBasis.powers(order).enumerated() where power.p + power.q >= 2 {
            let bent = matrix * fit.distortion.coefficients[index]
            for (i, first) in u[power.p].enumerated() {
                for (k, second) in v[power.q].enumerated() {
                    let place = PlanePolynomial.index(p: power.p + power.q - i - k, q: i + k)
                    coefficients[place] += bent * (first * second)
                }
            }
        }
        polynomial = PlanePolynomial(order: order, coefficients: coefficients)
    }

    private static func powers(_ line: SIMD2<Double>, _ order: Int) -> [[Double]] {
        var powers: [[Double]] = [[1]]
        for degree in 1...max(1, order) {
            var next = [Double](repeating: 0, count: degree + 1)
            for (k, value) in powers[degree - 1].enumerated() {
                next[k] += value * line.x
                next[k + 1] += value * line.y
            }
            powers.append(next)
        }
        return powers
    }
}
