public import Imaging

/// A model as it is stored: a cube of 32-bit floats and the header cards that say what they are.
///
/// Axis 1 and 2 of the cube are nodes along x and y, axis 3 the terms 1, X, Y, X^2, XY, Y^2 of the polynomial in
/// position; values are row-major with x fastest, planes one after the other, and come back bit for bit.
///
/// | card | meaning |
/// |---|---|
/// | `PSFSAMP` | nodes per pixel |
/// | `PSFRAD` | radius of the table [px] |
/// | `PSFORDER` | order of the polynomial in position |
/// | `PSFXSIZE`, `PSFYSIZE` | shape of the frame [px] |
/// | `PSFSTARS` | stars that the model is made from |
/// | `PSFCHI2` | their chi^2 per degree of freedom; absent when unknown |
/// | `PSFFWHM` | width in the middle of the frame [px]; for readers, not read back |
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
}

extension PointSpreadModel {
    /// The model to be stored.
    public var planes: PointSpreadPlanes {
        var values: [Float] = []
        values.reserveCapacity(coefficients.count)
        for plane in 0..<planeCount {
            for row in 0..<table.side {
                for column in 0..<table.side {
                    values.append(coefficients[plane * table.count + table.index(column, row)])
                }
            }
        }
        var header = Header()
        header.append("PSFSAMP", .integer(oversampling), comment: "nodes per pixel")
        header.append("PSFRAD", .integer(radiusPixels), comment: "[pix] radius of the table")
        header.append("PSFORDER", .integer(polynomialOrder), comment: "order of the polynomial in position")
        header.append("PSFXSIZE", .integer(frameWidth), comment: "[pix] width of the frame")
        header.append("PSFYSIZE", .integer(frameHeight), comment: "[pix] height of the frame")
        header.append("PSFSTARS", .integer(starCount), comment: "stars that made the model")
        if chiSquaredPerDegree.isFinite {
            header.append("PSFCHI2", .real(chiSquaredPerDegree), comment: "chi^2 per degree of freedom")
        }
        header.append("PSFFWHM", .real(fwhmPixels), comment: "[pix] width in the middle of the frame")
        return PointSpreadPlanes(side: table.side, planeCount: planeCount, values: values, header: header)
    }

    /// The model that was stored; nil when cards are missing, the shape does not fit them, or a value is not finite.
    public init?(_ planes: PointSpreadPlanes) {
        func whole(_ keyword: String, _ range: ClosedRange<Int>) -> Int? {
            guard case .integer(let value)? = planes.header[keyword], range.contains(value) else { return nil }
            return value
        }
        guard let oversampling = whole("PSFSAMP", 1...16), let radius = whole("PSFRAD", 7...63),
            let order = whole("PSFORDER", 0...2), let width = whole("PSFXSIZE", 1...1_000_000),
            let height = whole("PSFYSIZE", 1...1_000_000), let stars = whole("PSFSTARS", 0...1_000_000_000)
        else { return nil }
        let table = SplineTable(oversampling: oversampling, radius: radius)
        guard planes.side == table.side, planes.planeCount == Self.terms(order), planes.values.allSatisfy(\.isFinite)
        else { return nil }
        var coefficients = planes.values
        for plane in 0..<planes.planeCount {
            for row in 0..<table.side {
                for column in 0..<table.side {
                    coefficients[plane * table.count + table.index(column, row)] =
                        planes.values[(plane * table.side + row) * table.side + column]
                }
            }
        }
        self.init(
            table: table, coefficients: coefficients, polynomialOrder: order, frameWidth: width, frameHeight: height,
            starCount: stars, chiSquaredPerDegree: planes.header.number("PSFCHI2") ?? .nan)
    }
}
