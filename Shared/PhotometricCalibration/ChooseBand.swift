/// One catalogue band that a frame of unknown filter may be in.
public struct BandCandidate: Sendable, Equatable {
    public var band: PhotometricBand
    /// The frame's stars with their magnitudes in this band.
    public var stars: [CalibrationStar]

    public init(band: PhotometricBand, stars: [CalibrationStar]) {
        self.band = band
        self.stars = stars
    }
}

/// What makes a band worth considering.
public struct BandLimits: Sendable, Equatable {
    public var fewestStars = 5
    /// [mag]
    public var largestScatter = 0.3
    public var largestOutlierFraction = 0.5

    public init() {}
}

/// What became of one candidate.
public struct BandTrial: Sendable, Equatable {
    public var band: PhotometricBand
    /// `nil` when there was no zero point.
    public var solution: ZeroPointSolution?
    /// scatter / sqrt(n): 1.4826 MAD of the residuals over the root of the number of stars [mag].
    public var merit: Double?
    /// Why it cannot be the one; `nil` when it can.
    public var objection: String?
}

/// The band that fits a frame best, and its rivals.
public struct BandChoice: Sendable, Equatable {
    /// `nil` when no candidate passes the limits.
    public var chosen: BandTrial?
    /// All the others, the best first; then those that fail the limits, in the order they were given.
    public var rivals: [BandTrial]
}

/// Chooses the band of a frame whose filter is unknown or `any`: the least scatter per root n.
///
/// Each candidate is fitted without a colour term: with one, a band would take on the colours of another.
///
/// - Parameters:
///   - candidates: the bands of a catalogue, with the same frame's stars.
///   - pivotColour: of the zero points [mag].
public func chooseBand(
    _ candidates: [BandCandidate], frame: CalibrationFrame, pivotColour: Double,
    options: ZeroPointOptions = ZeroPointOptions(), limits: BandLimits = BandLimits()
) -> BandChoice {
    let trials = candidates.map { trial($0, frame, pivotColour, options, limits) }
    let able = trials.filter { $0.objection == nil }.sorted { one, other in
        let (left, right) = (one.merit ?? .infinity, other.merit ?? .infinity)
        return left == right ? one.band.id < other.band.id : left < right
    }
    return BandChoice(chosen: able.first, rivals: Array(able.dropFirst()) + trials.filter { $0.objection != nil })
}

private func trial(
    _ candidate: BandCandidate, _ frame: CalibrationFrame, _ pivot: Double, _ options: ZeroPointOptions,
    _ limits: BandLimits
) -> BandTrial {
    let solution: ZeroPointSolution
    do {
        solution = try fitZeroPoint(
            candidate.stars, frame: frame, colourTerm: .none(pivotColour: pivot), options: options)
    } catch {
        return BandTrial(band: candidate.band, solution: nil, merit: nil, objection: error.description)
    }
    let count = solution.counts.usable
    let scatter = solution.robustScatterMagnitudes
    var objection: String?
    if count < limits.fewestStars {
        objection = "\(count) stars, \(limits.fewestStars) are needed"
    } else if scatter > limits.largestScatter {
        objection = "scatter \(scatter) mag, above \(limits.largestScatter)"
    } else if solution.outlierFraction > limits.largestOutlierFraction {
        objection = "outliers \(solution.outlierFraction), above \(limits.largestOutlierFraction)"
    }
    return BandTrial(
        band: candidate.band, solution: solution, merit: scatter / Double(count).squareRoot(), objection: objection)
}
