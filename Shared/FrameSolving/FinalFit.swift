internal import Astrometry
internal import PlateSolving
internal import Sky

/// From a linear solution to the world coordinate system of all stars.
struct FinalFit {
    let frame: FrameToSolve
    let source: StarSource
    /// Orders of distortion to choose from.
    let orders: ClosedRange<Int>

    /// Catalogue stars that are compared for each detection.
    private static let depth = 3
    /// Pairs are found and fitted again until nothing changes, at most so often.
    private static let rounds = 3

    func solution(_ plate: FoundPlate) throws(RungFailure) -> FrameSolution {
        var pairs = plate.pairs
        // The pairs of the linear solution may be few and near the middle: no bends from them.
        let linear = try fit(pairs, orders: 1...max(1, min(2, orders.upperBound)))
        let references = try stars(around: linear)
        let match = DeepMatch(frame, references: references, known: pairs)
        var fitted = linear
        var inFrame = plate.solution.catalogueStarsInFrame
        for round in 0..<Self.rounds {
            let found = match.pairs(by: fitted)
            inFrame = found.inFrame
            // A second look that sees less than the first one has gone astray.
            guard found.pairs.count >= max(5, pairs.count / 2) else { break }
            if round > 0, CandidatePair.areSame(found.pairs, pairs) { break }
            pairs = found.pairs
            fitted = try fit(pairs, orders: orders)
        }
        if fitted.order < orders.lowerBound || fitted.usedPairs.count > pairs.count {
            fitted = try fit(pairs, orders: orders)
        }
        return FrameSolution(fitted, pairs, frame: frame, plate: plate, catalogueStarsInFrame: inFrame)
    }

    private func fit(_ pairs: [CandidatePair], orders: ClosedRange<Int>) throws(RungFailure) -> WorldCoordinateFit {
        let list = pairs.map { pair in
            let star = frame.stars[pair.detection]
            let errors = star.usableErrors
            return SkyPair(
                x: star.x, y: star.y, xErrorPixels: errors.x, yErrorPixels: errors.y, position: pair.reference.position,
                skyErrorArcsec: pair.reference.positionErrorArcsec)
        }
        do {
            return try WorldCoordinateFit(list, width: frame.size.width, height: frame.size.height, orders: orders)
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
