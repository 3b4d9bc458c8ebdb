internal import Sky
internal import Statistics

/// The usable pairs of a fit, as numbers.
struct SkyPairTable {
    /// From the middle of the frame [px].
    private(set) var places: [SIMD2<Double>] = []
    private(set) var directions: [SIMD3<Double>] = []
    /// Of x and y [px^2].
    private(set) var pixelVariances: [SIMD2<Double>] = []
    /// Per coordinate [rad^2].
    private(set) var skyVariances: [Double] = []
    /// Where each pair is in the list that was given.
    private(set) var origins: [Int] = []
    let half: SIMD2<Double>

    /// Fewest pairs: six numbers of the linear map, and four left to judge it by.
    static let fewest = 5

    var count: Int { places.count }

    /// - Throws: `tooFewPairs` of distinct places, `collinear`, `frame`.
    init(_ pairs: [SkyPair], width: Int, height: Int) throws(WorldCoordinateFitError) {
        guard width > 0, height > 0 else { throw .frame(width: width, height: height) }
        half = SIMD2(Double(width), Double(height)) / 2
        let middle = SIMD2(Double(width - 1), Double(height - 1)) / 2
        var (seen, spots) = (Set<SIMD4<Double>>(), Set<SIMD2<Double>>())
        for (index, pair) in pairs.enumerated() where pair.isUsable {
            // The same pair twice is one piece of knowledge.
            let key = SIMD4(pair.x, pair.y, pair.position.raDegrees, pair.position.decDegrees)
            guard seen.insert(key).inserted else { continue }
            spots.insert(SIMD2(pair.x, pair.y))
            places.append(SIMD2(pair.x, pair.y) - middle)
            directions.append(TangentPlane.direction(pair.position))
            let errors = SIMD2(pair.xErrorPixels, pair.yErrorPixels)
            pixelVariances.append(errors * errors)
            let skyError = pair.skyErrorArcsec / 3600 * .pi / 180
            skyVariances.append(skyError * skyError)
            origins.append(index)
        }
        guard spots.count >= Self.fewest else {
            throw .tooFewPairs(usable: spots.count, given: pairs.count, needed: Self.fewest)
        }
        guard !isCollinear(places.indices) else { throw .collinear }
    }

    /// Whether the places scatter about a line by less than three times a typical error, or a thousandth of its length.
    func isCollinear(_ indices: some Collection<Int>) -> Bool {
        let count = Double(indices.count)
        var (mean, squares, product) = (SIMD2<Double>.zero, SIMD2<Double>.zero, 0.0)
        let errors = indices.map { pixelVariances[$0].sum() / 2 }
        guard !errors.isEmpty else { return true }
        for index in indices { mean += places[index] / count }
        for index in indices {
            let arm = places[index] - mean
            squares += arm * arm / count
            product += arm.x * arm.y / count
        }
        let (sum, difference) = (squares.sum() / 2, (squares.x - squares.y) / 2)
        let root = (difference * difference + product * product).squareRoot()
        return sum - root <= max(9 * (RobustStatistics.upperMedian(errors) ?? 0), 1e-6 * (sum + root))
    }

    /// Near the middle of most of the stars, whatever a few of them do: the median of each coordinate.
    var middle: SIMD3<Double> {
        func middle(_ coordinate: (SIMD3<Double>) -> Double) -> Double {
            RobustStatistics.upperMedian(directions.map(coordinate)) ?? 0
        }
        return SIMD3(middle(\.x), middle(\.y), middle(\.z))
    }
}
