internal import Glibc
public import Sky

/// Numbered positions, so that those near another are found without looking at the rest: in cubes of space around the
/// sphere's points, which know neither poles nor an end of right ascension.
public struct PositionGrid: Sendable {
    /// How far from a position others are found at least [arcsec].
    public let radiusArcsec: Double
    /// Half the side of a cube: the sphere's radius is 1.
    private let radius: Double
    /// The last number put into each cube.
    private var last: [Int64: Int32] = [:]
    /// The number put into the same cube before each, or -1.
    private var before: [Int32] = []

    /// - Parameter radiusArcsec: at least 0.5.
    public init(radiusArcsec: Double) {
        precondition(radiusArcsec >= 0.5, "cubes of less than an arcsecond")
        self.radiusArcsec = radiusArcsec
        radius = min(2, radiusArcsec / 3600 * (.pi / 180) * (1 + 1e-9))
    }

    public var count: Int { before.count }

    /// Adds a position, whose number is how many there were before it.
    public mutating func append(_ position: SkyPosition) {
        let (x, y, z) = Self.vector(position)
        let key = Self.key(cube(x), cube(y), cube(z))
        before.append(last[key] ?? -1)
        last[key] = Int32(before.count - 1)
    }

    /// Calls `body` once with the number of each position within the radius, and of some that are farther away.
    public func near(_ position: SkyPosition, _ body: (Int) -> Void) {
        let (x, y, z) = Self.vector(position)
        for i in cube(x - radius)...cube(x + radius) {
            for j in cube(y - radius)...cube(y + radius) {
                for k in cube(z - radius)...cube(z + radius) {
                    var number = last[Self.key(i, j, k)] ?? -1
                    while number >= 0 {
                        body(Int(number))
                        number = before[Int(number)]
                    }
                }
            }
        }
    }

    private func cube(_ coordinate: Double) -> Int64 { Int64((coordinate / (2 * radius)).rounded(.down)) }

    /// 21 bits each are enough for cubes of an arcsecond.
    private static func key(_ i: Int64, _ j: Int64, _ k: Int64) -> Int64 {
        (i + 0x10_0000) << 42 | (j + 0x10_0000) << 21 | (k + 0x10_0000)
    }

    private static func vector(_ position: SkyPosition) -> (Double, Double, Double) {
        let axes = DeclinationOrder.Axes(position)
        return (axes.x, axes.y, axes.z)
    }
}
