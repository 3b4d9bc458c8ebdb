public import Imaging

/// A model as it is stored: the cube and the header cards of a PSFEx file (`.psf`).
///
/// Axis 1 and 2 of the cube are places along x and y, `PSF_SAMP` px apart, the middle one at the star's centre; its
/// values are parts of a star's light per frame pixel, the integral over the pixel included. Axis 3 has the terms of
/// the polynomial in position, 1, X, X^2, Y, XY, Y^2, with X = (x - POLZERO1) / POLSCAL1 held within -1...1, x counted
/// from 1 as FITS does, Y alike. A cubic spline through the values is the model, to the rounding of 32-bit floats:
///
///     P(u, v; x, y) = spline_jk( sum_m T_m(X, Y) c_mjk )  at  j = middle + u / PSF_SAMP,  k = middle + v / PSF_SAMP
///
/// | card | meaning |
/// |---|---|
/// | `PSF_SAMP` | step of the cube, 1 / nodes per pixel [px] |
/// | `PSFAXIS1`, `PSFAXIS2`, `PSFAXIS3` | its shape |
/// | `POLZERO1`, `POLSCAL1`, `POLZERO2`, `POLSCAL2`, `POLDEG1` | the polynomial in position |
/// | `ACCEPTED` | stars that the model is made from |
/// | `CHI2` | their chi^2 per degree of freedom; absent when unknown |
/// | `PSF_FWHM` | width in the middle of the frame, pixel included [px]; for readers, not read back |
/// | `PSFRAD` | the image is known this far from a star's central pixel [px] |
/// | `PSFXSIZE`, `PSFYSIZE` | shape of the frame [px] |
///
/// - Source: PSFEx 3.24 manual, "Working with PSFEx: .psf files"; Bertin 2011, ADASS XX, 435.
public struct PointSpreadPlanes: Sendable, Equatable {
    public let side: Int
    public let planeCount: Int
    /// `values[(plane * side + y) * side + x]`
    public let values: [Float]
    public let header: Header

    public init(side: Int, planeCount: Int, values: [Float], header: Header) {
        precondition(side > 0 && planeCount > 0 && values.count == side * side * planeCount, "a cube has its values")
        (self.side, self.planeCount, self.values, self.header) = (side, planeCount, values, header)
    }

    /// Our planes 1, X, Y, X^2, XY, Y^2 in the order of the file, in which powers of X run fastest.
    fileprivate static func order(of planeCount: Int) -> [Int] { planeCount == 6 ? [0, 1, 3, 2, 4, 5] : [0, 1, 2] }
}

extension PointSpreadModel {
    /// The model to be stored.
    public var planes: PointSpreadPlanes {
        let size = 2 * table.centre + 1
        var values: [Float] = []
        values.reserveCapacity(size * size * planeCount)
        for plane in PointSpreadPlanes.order(of: planeCount).prefix(planeCount) { values += samples(plane) }
        return PointSpreadPlanes(side: size, planeCount: planeCount, values: values, header: header(side: size))
    }

    /// Values at the nodes: 1/6, 2/3, 1/6 of the coefficients along both axes.
    private func samples(_ plane: Int) -> [Float] {
        let size = 2 * table.centre + 1
        func blurred(_ a: Double, _ b: Double, _ c: Double) -> Double { (a + 4 * b + c) / 6 }
        func row(_ line: Int) -> [Double] {
            guard line >= 0, line < table.side else { return [Double](repeating: 0, count: size) }
            func value(_ column: Int) -> Double {
                guard column >= 0, column < table.side else { return 0 }
                return Double(coefficients[plane * table.count + table.index(column, line)])
            }
            return (0..<size).map { blurred(value($0 - 1), value($0), value($0 + 1)) }
        }
        var rows = [row(-1), row(0), row(1)]
        var values: [Float] = []
        for line in 0..<size {
            for column in 0..<size {
                values.append(Float(blurred(rows[0][column], rows[1][column], rows[2][column])))
            }
            rows = [rows[1], rows[2], row(line + 2)]
        }
        return values
    }

    private func header(side: Int) -> Header {
        var header = Header()
        header.append("LOADED", .integer(starCount), comment: "stars given to the model")
        header.append("ACCEPTED", .integer(starCount), comment: "stars that made the model")
        if chiSquaredPerDegree.isFinite {
            header.append("CHI2", .real(chiSquaredPerDegree), comment: "their chi^2 per degree of freedom")
        }
        header.append("POLNAXIS", .integer(2), comment: "the image varies along two axes")
        for (axis, name, size) in [(1, "X_IMAGE", frameWidth), (2, "Y_IMAGE", frameHeight)] {
            header.append("POLGRP\(axis)", .integer(1), comment: "group of this axis")
            header.append("POLNAME\(axis)", .string(name), comment: "[pix] counted from 1")
            header.append("POLZERO\(axis)", .real(Double(size + 1) / 2), comment: "[pix] offset")
            header.append("POLSCAL\(axis)", .real(max(Double(size - 1) / 2, 1)), comment: "[pix] scale")
        }
        header.append("POLNGRP", .integer(1), comment: "number of groups")
        header.append("POLDEG1", .integer(polynomialOrder), comment: "order of the polynomial in position")
        header.append("PSF_FWHM", .real(fwhmPixels), comment: "[pix] width in the middle of the frame")
        header.append("PSF_SAMP", .real(1 / Double(oversampling)), comment: "[pix] step of PSF_MASK")
        header.append("PSFNAXIS", .integer(3), comment: "axes of PSF_MASK")
        for (axis, count) in [(1, side), (2, side), (3, planeCount)] {
            header.append("PSFAXIS\(axis)", .integer(count), comment: "its length along axis \(axis)")
        }
        header.append("PSFRAD", .integer(radiusPixels), comment: "[pix] known to here from the central pixel")
        header.append("PSFXSIZE", .integer(frameWidth), comment: "[pix] width of the frame")
        header.append("PSFYSIZE", .integer(frameHeight), comment: "[pix] height of the frame")
        for line in Self.manual { header.append("COMMENT", .string(line)) }
        return header
    }

    /// How to evaluate the file, in the file.
    private static let manual = [
        "A star at (x, y), counted from 1, puts the part P(u, v) of its light",
        "into the pixel whose centre is (u, v) px from it. Sum the planes of",
        "PSF_MASK times 1, X, X^2, Y, XY, Y^2 (as many as there are), where",
        "X = (x - POLZERO1) / POLSCAL1 and Y = (y - POLZERO2) / POLSCAL2, both",
        "held within -1...1. P is the cubic spline through the sum, at node",
        "(PSFAXIS1 - 1) / 2 + u / PSF_SAMP along axis 1 and",
        "(PSFAXIS2 - 1) / 2 + v / PSF_SAMP along axis 2, counted from 0.",
    ]

    /// The model that was stored; nil when cards are missing, the shape does not fit them, or a value is not finite.
    public init?(_ planes: PointSpreadPlanes) {
        func whole(_ keyword: String, _ range: ClosedRange<Int>) -> Int? {
            guard case .integer(let value)? = planes.header[keyword], range.contains(value) else { return nil }
            return value
        }
        guard let step = planes.header.number("PSF_SAMP"), step > 0.05, step <= 1,
            abs(step * (1 / step).rounded() - 1) < 1e-6, let radius = whole("PSFRAD", 7...63),
            let order = whole("POLDEG1", 0...2), let width = whole("PSFXSIZE", 1...1_000_000),
            let height = whole("PSFYSIZE", 1...1_000_000), let stars = whole("ACCEPTED", 0...1_000_000_000)
        else { return nil }
        let table = SplineTable(oversampling: Int((1 / step).rounded()), radius: radius)
        let size = 2 * table.centre + 1
        guard planes.side == size, planes.planeCount == Self.terms(order), planes.values.allSatisfy(\.isFinite)
        else { return nil }
        var coefficients = [Float](repeating: 0, count: planes.planeCount * table.count)
        for (stored, plane) in PointSpreadPlanes.order(of: planes.planeCount).prefix(planes.planeCount).enumerated() {
            let values = planes.values[(stored * size * size)..<((stored + 1) * size * size)].map { Double($0) }
            let splines = SplineFilter.coefficients(of: values, side: size)
            for row in 0..<size {
                for column in 0..<size {
                    coefficients[plane * table.count + table.index(column, row)] = Float(splines[row * size + column])
                }
            }
        }
        self.init(
            table: table, coefficients: coefficients, polynomialOrder: order, frameWidth: width, frameHeight: height,
            starCount: stars, chiSquaredPerDegree: planes.header.number("CHI2") ?? .nan)
    }
}
