public import Astrometry

/// Where each pixel of the new grid lies in the frame that is resampled, both in 0-based pixels.
public enum PixelMap: Sendable {
    /// A linear map from the new grid to the frame.
    case affine(PixelTransform)
    /// A map of planes, from the new grid to the frame.
    case projective(ProjectiveTransform)
    /// Any smooth map from the new grid to the frame, known at the nodes of a coarse grid.
    case sampled(SampledMap)

    public static let identity = PixelMap.affine(.identity)

    /// For a registration, which maps the frame onto the new grid; `nil` when that cannot be inverted.
    public init?(inverseOf frameToGrid: PixelTransform) {
        guard let inverse = frameToGrid.inverse() else { return nil }
        self = .affine(inverse)
    }

    /// The shift, when the map is one by whole pixels.
    var wholeShift: (x: Int, y: Int)? {
        guard case .affine(let map) = self, map.xx == 1, map.xy == 0, map.yx == 0, map.yy == 1 else { return nil }
        guard abs(map.x0) < 1e9, abs(map.y0) < 1e9, map.x0 == map.x0.rounded(), map.y0 == map.y0.rounded() else {
            return nil
        }
        return (Int(map.x0), Int(map.y0))
    }

    /// Writes the places of row `y` of the new grid, and the area of its pixels [px^2 of the frame].
    func fill(_ row: inout PlaceRow, y: Int) {
        switch self {
        case .affine(let map):
            let (x0, y0) = (map.xy * Double(y) + map.x0, map.yy * Double(y) + map.y0)
            let area = Float(abs(map.xx * map.yy - map.xy * map.yx))
            for x in 0..<row.x.count {
                row.x[x] = map.xx * Double(x) + x0
                row.y[x] = map.yx * Double(x) + y0
            }
            for x in 0..<row.area.count { row.area[x] = area }
        case .projective(let map):
            for x in 0..<row.x.count {
                let place = map(x: Double(x), y: Double(y))
                (row.x[x], row.y[x]) = (place.x, place.y)
                row.area[x] = Float(map.area(x: Double(x), y: Double(y)))
            }
        case .sampled(let map):
            map.fill(&row, y: y)
        }
    }
}

/// A map of planes, as between two tangent planes.
///
///     x' = (xx x + xy y + x0) / (1 + wx x + wy y)
///     y' = (yx x + yy y + y0) / (1 + wx x + wy y)
public struct ProjectiveTransform: Sendable, Equatable {
    /// The numerators.
    public var linear: PixelTransform
    /// Of the denominator [1/px].
    public var wx: Double
    public var wy: Double

    public init(_ linear: PixelTransform, wx: Double, wy: Double) {
        self.linear = linear
        self.wx = wx
        self.wy = wy
    }

    public func callAsFunction(x: Double, y: Double) -> (x: Double, y: Double) {
        let place = linear(x: x, y: y)
        let depth = 1 + wx * x + wy * y
        return (place.x / depth, place.y / depth)
    }

    /// Absolute Jacobian determinant: the determinant of the 3 x 3 matrix over the cube of the denominator.
    func area(x: Double, y: Double) -> Double {
        let map = linear
        let determinant =
            map.xx * (map.yy - map.y0 * wy) - map.xy * (map.yx - map.y0 * wx) + map.x0 * (map.yx * wy - map.yy * wx)
        let depth = 1 + wx * x + wy * y
        return abs(determinant / (depth * depth * depth))
    }
}
