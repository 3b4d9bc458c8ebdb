/// A star image integrated over the pixels of a box, with its derivatives by the star's place.
///
/// Gauss-Legendre quadrature: 5 x 5 points on a pixel of the core, fewer in the wings, good to 1e-6 of the flux at a
/// FWHM of 2 px or more.
struct StarStamp {
    let columns: Range<Int>
    let rows: Range<Int>
    /// Share of the light in each pixel, row by row.
    private(set) var share: [Double]
    /// Derivatives of `share` by the star's x and y [1/px].
    private(set) var byX: [Double]
    private(set) var byY: [Double]

    /// - Parameters:
    ///   - leavingOut: share of the light that may fall beyond the box.
    /// - Returns: nil when no pixel of a frame of `width` x `height` is reached.
    init?(
        _ image: StarImage, x: Double, y: Double, width: Int, height: Int, leavingOut: Double,
        withDerivatives: Bool = false
    ) {
        let radius = image.radius(leavingOut: leavingOut) + 1
        guard x.isFinite, y.isFinite, let columns = Self.clipped(x, radius, width),
            let rows = Self.clipped(y, radius, height)
        else { return nil }
        self.columns = columns
        self.rows = rows
        let count = columns.count * rows.count
        share = [Double](repeating: 0, count: count)
        byX = [Double](repeating: 0, count: withDerivatives ? count : 0)
        byY = byX
        fill(image, x, y, radius)
    }

    private static func clipped(_ centre: Double, _ radius: Double, _ size: Int) -> Range<Int>? {
        let low = max((centre - radius).rounded(.down), 0)
        let high = min((centre + radius).rounded(.up), Double(size - 1))
        return low <= high ? Int(low)..<(Int(high) + 1) : nil
    }

    private mutating func fill(_ image: StarImage, _ x: Double, _ y: Double, _ radius: Double) {
        let profile = Profile(image)
        let core = max(1.5 * image.fwhmPixels, 3)
        let middle = max(4 * image.fwhmPixels, 8)
        var index = 0
        for row in rows {
            let dy = Double(row) - y
            for column in columns {
                defer { index += 1 }
                let dx = Double(column) - x
                let square = dx * dx + dy * dy
                if square > (radius + 1) * (radius + 1) { continue }
                let rule =
                    square < core * core ? Quadrature.five : square < middle * middle ? Quadrature.two : Quadrature.one
                let sums = profile.integral(dx, dy, rule)
                share[index] = sums.value
                if byX.isEmpty { continue }
                byX[index] = sums.byX
                byY[index] = sums.byY
            }
        }
    }
}

/// Gauss-Legendre points and weights on a pixel of unit width.
struct Quadrature {
    let points: [(offset: Double, weight: Double)]

    static let one = Quadrature(points: [(0, 1)])
    static let two = Quadrature(points: [(-0.288_675_134_594_812_9, 0.5), (0.288_675_134_594_812_9, 0.5)])
    static let five = Quadrature(points: [
        (-0.453_089_922_969_332, 0.118_463_442_528_094_54), (-0.269_234_655_052_841_55, 0.239_314_335_249_683_24),
        (0, 0.284_444_444_444_444_44), (0.269_234_655_052_841_55, 0.239_314_335_249_683_24),
        (0.453_089_922_969_332, 0.118_463_442_528_094_54),
    ])
}
