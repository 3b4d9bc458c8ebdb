/// Legendre polynomials in the position on a frame, without the constant: their mean over the frame is 0, so that the
/// zero point is the frame's mean.
///
///     order 1: u, v;   order 2: also P2(u), u v, P2(v);   P2(u) = (3 u^2 - 1) / 2
///
/// u and v run from -1 to 1 over the frame.
public struct PositionTerm: Sendable, Equatable, Codable {
    /// 0: none.
    public let order: Int
    public let width: Int
    public let height: Int

    public init(order: Int, width: Int, height: Int) {
        self.order = min(2, max(0, order))
        self.width = max(1, width)
        self.height = max(1, height)
    }

    public var count: Int { [0, 2, 5][order] }

    /// Values of the polynomials at a place [px], held to the frame's edge.
    public func values(x: Double, y: Double) -> [Double] {
        let u = Self.scaled(x, width)
        let v = Self.scaled(y, height)
        switch order {
        case 0: return []
        case 1: return [u, v]
        default: return [u, v, 1.5 * u * u - 0.5, u * v, 1.5 * v * v - 0.5]
        }
    }

    private static func scaled(_ place: Double, _ length: Int) -> Double {
        min(1, max(-1, (2 * place + 1) / Double(length) - 1))
    }

    /// Fewer stars than this for each parameter do not choose an order.
    static let starsForEachParameter = 8
}
