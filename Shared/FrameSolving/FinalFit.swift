internal import Astrometry
internal import PlateSolving
internal import Sky

/// Coordinates, and which of the pairs they are made from.
struct FittedPairs {
    let coordinates: WorldCoordinateFit
    /// Ascending.
    let used: [Int]
}

/// From a linear solution to the world coordinate system of all stars.
struct FinalFit {
    let frame: FrameToSolve
    let source: StarSource
    /// Orders of distortion to choose from.
    let orders: ClosedRange<Int>

    /// Catalogue stars that are compared for each detection.
    private static let depth = 3
    /// Pairs with sure centroids that a fit can do with alone.
    private static let fewestSure = 8
    /// Pairs are found and fitted again until nothing changes, at most so often.
    private static let rounds = 3

    func solution(_ plate: FoundPlate) throws(RungFailure) -> FrameSolution {
        var pairs = plate.pairs
        // The pairs of the linear solution may be few and near the middle: no bends from them.
        let linear = try fit(pairs, orders: 1...max(1, min(2, orders.upperBound)))
        let references = try stars(around: linear.coordinates)
        let match = DeepMatch(frame, references: references, known: pairs)
        var fitted = linear
        var inFrame = plate.solution.catalogueStarsInFrame
        for round in 0..<Self.rounds {
            let found = match.pairs(by: fitted.coordinates)
            inFrame = found.inFrame
            // A second look that sees less than the first one has gone astray.
            guard found.pairs.count >= max(5, pairs.count / 2) else { break }
            if round > 0, CandidatePair.areSame(found.pairs, pairs) { break }
            pairs = found.pairs
            fitted = try fit(pairs, orders: orders)
        }
        if fitted.coordinates.order < orders.lowerBound { fitted = try fit(pairs, orders: orders) }
        return FrameSolution(fitted, pairs, frame: frame, plate: plate, catalogueStarsInFrame: inFrame)
    }

    /// Fits the pairs whose centroids are sure; all, where these are too few or all in one part of the stars' area.
    private func fit(_ pairs: [CandidatePair], orders: ClosedRange<Int>) throws(RungFailure) -> FittedPairs {
        let sure = pairs.indices.filter { !frame.stars[pairs[$0].detection].isDoubtful }
        if sure.count < pairs.count, sure.count >= Self.fewestSure,
            spread(sure, pairs) > 0.5 * spread(pairs.indices, pairs)
        {
            return try fit(pairs, sure, orders: orders)
        }
        return try fit(pairs, Array(pairs.indices), orders: orders)
    }

    /// Area of the scatter of some pairs on the frame [px^2].
    private func spread(_ some: some Collection<Int>, _ pairs: [CandidatePair]) -> Double {
        let stars = some.map { frame.stars[pairs[$0].detection] }
        let count = Double(max(1, stars.count))
        let (x, y) = (stars.reduce(0) { $0 + $1.x } / count, stars.reduce(0) { $0 + $1.y } / count)
        let xx = stars.reduce(0) { $0 + ($1.x - x) * ($1.x - x) } / count
        let yy = stars.reduce(0) { $0 + ($1.y - y) * ($1.y - y) } / count
        let xy = stars.reduce(0) { $0 + ($1.x - x) * ($1.y - y) } / count
        return max(0, xx * yy - xy * xy).squareRoot()
    }

    private func fit(
        _ pairs: [CandidatePair], _ chosen: [Int], orders: ClosedRange<Int>
    ) throws(RungFailure) -> FittedPairs {
        let list = chosen.map { index in
            let pair = pairs[index]
            let star = frame.stars[pair.detection]
            let errors = star.usableErrors
            return SkyPair(
                x: star.x, y: star.y, xErrorPixels: errors.x, yErrorPixels: errors.y, position: pair.reference.position,
                skyErrorArcsec: pair.reference.positionErrorArcsec)
        }
        do {
            let fit = try WorldCoordinateFit(
                list, width: frame.size.width, height: frame.size.height, orders: orders)
            return FittedPairs(coordinates: fit, used: fit.usedPairs.map { chosen[$0] })
        } catch {
            throw .fit(error.description)
        }
    }

    private func stars(around fit: WorldCoordinateFit) throws(RungFailure) -> [ReferenceStar] {
        let radius = 0.52 * frame.diagonalPixels * fit.arcsecPerPixel / 3600
        return try source.stars(
            around: fit.centre, radiusDegrees: min(90, radius), epoch: frame.epoch,
            limit: max(1000, min(100_000, Self.depth * frame.stars.count)))
    }
}
