public import PlateSolving
internal import ReferenceCatalogue
public import Sky

/// What an engine of another make is asked.
public struct EngineQuestion: Sendable {
    /// In the order in which they should be tried.
    public let stars: [ImageStar]
    public let size: FrameSize
    public let arcsecPerPixel: ClosedRange<Double>
    /// Nil for the whole sky.
    public let pointing: PointingEstimate?
}

/// A star of the engine's own index.
public struct EngineStar: Sendable, Hashable {
    /// ICRS, at the index's epoch.
    public let position: SkyPosition
    /// Only the order counts; NaN where it is not known.
    public let magnitude: Double

    public init(position: SkyPosition, magnitude: Double) {
        (self.position, self.magnitude) = (position, magnitude)
    }
}

/// Where the engine says that the stars fit.
public struct EngineAnswer: Sendable {
    public let tangent: TangentSolution
    /// All stars of its index in the field, the brightest first.
    public let stars: [EngineStar]

    public init(tangent: TangentSolution, stars: [EngineStar]) {
        (self.tangent, self.stars) = (tangent, stars)
    }
}

/// How a search ended.
public enum EngineOutcome: Sendable {
    case found(EngineAnswer)
    /// In words: what became of it.
    case notFound(String)
}

/// The rung of another engine: its answer is a place to check, like a header's coordinates.
extension Climb {
    /// Beyond it a search around a pointing is one of the whole sky.
    private static let widestRadius = 60.0

    mutating func engine() throws(RungFailure) -> FoundPlate {
        guard let search = ladder.engine else { throw .absent("there is no other engine", nil) }
        let stars = evenlyOrdered(image, in: frame.size).map { image[$0] }
        var said = ""
        for pointing in enginePointings() {
            let question = EngineQuestion(
                stars: stars, size: frame.size, arcsecPerPixel: scale(.wide).range, pointing: pointing)
            let outcome: EngineOutcome
            do { outcome = try search(question) } catch { throw .engine(error) }
            switch outcome {
            case .found(let answer): return try confirmed(answer)
            case .notFound(let reason): said = reason
            }
        }
        throw .unusable(said)
    }

    /// Around the pointing first, then anywhere: a wrong pointing is what this rung is for, too.
    private func enginePointings() -> [PointingEstimate?] {
        guard var near = frame.pointing else { return [nil] }
        near.uncertaintyDegrees = min(Self.widestRadius, wideRadius(near))
        return [near, nil]
    }

    /// By the catalogue's stars where it has enough of them there, else by those of the engine's index.
    private mutating func confirmed(_ answer: EngineAnswer) throws(RungFailure) -> FoundPlate {
        let coordinates = ApproximateCoordinates(answer.tangent, size: frame.size)
        let scale = answer.tangent.scaleArcsecPerPixel
        do {
            return try checked(coordinates, scale: scale, range: ladder.repair, rung: .engine)
        } catch {
            if case .catalogue = error { throw error }
        }
        let own = answer.stars.enumerated().map { number, star in
            ReferenceStar(
                star: CatalogueStar(
                    identifier: Int64(number), position: star.position, epoch: frame.epoch,
                    magnitudes: [Float(star.magnitude)], magnitudeErrors: [.nan]),
                position: star.position, epoch: frame.epoch)
        }
        var plate = try checked(coordinates, scale: scale, range: ladder.repair, rung: .engine, by: own)
        plate.ownStars = own
        return plate
    }
}
