/// A sequence star as a frame shows it.
public struct SequenceMeasurement: Sendable, Equatable {
    /// Id of the star in the sequence.
    public var starID: String
    public var flux: Measured
    public var x: Double
    public var y: Double
    public var isSaturated: Bool
    /// For the colour term; `nil` where it is not known.
    public var colour: Measured?

    public init(
        starID: String, flux: Measured, x: Double, y: Double, isSaturated: Bool = false, colour: Measured? = nil
    ) {
        self.starID = starID
        self.flux = flux
        self.x = x
        self.y = y
        self.isSaturated = isSaturated
        self.colour = colour
    }
}

/// The check star measured as if it were the target.
public struct CheckStar: Sendable, Equatable, Codable {
    public var id: String
    /// From this frame; its error holds flux, zero point and intrinsic scatter [mag].
    public var measured: Measured
    /// In the sequence [mag].
    public var published: Measured
    /// measured - published, with the errors of both (an error the chart does not give counts as 0) [mag].
    public var residual: Measured
}

/// A zero point from a comparison sequence.
public struct SequenceCalibration: Sendable, Equatable {
    public var sequenceID: String
    public var band: PhotometricBand
    public var solution: ZeroPointSolution
    /// `nil` when the sequence has none in this band, or the frame did not measure it.
    public var check: CheckStar?
}

/// Fits a frame's zero point from a comparison sequence.
///
/// One comparison star is enough; its error then holds what intrinsic scatter is usual. There is no position term.
///
/// - Throws: `NoZeroPoint` with the reason.
public func calibrate(
    _ measurements: [SequenceMeasurement], by sequence: ComparisonSequence, band: PhotometricBand,
    frame: CalibrationFrame, colourTerm: ColourTermState, options: ZeroPointOptions = ZeroPointOptions()
) throws(NoZeroPoint) -> SequenceCalibration {
    var options = options
    options.fewestStars = 1
    options.highestPositionOrder = 0
    let stars = sequence.comparisonStars.compactMap { star -> CalibrationStar? in
        guard let magnitude = sequence.magnitude(of: star, in: band) else { return nil }
        return measurements.first { $0.starID == star.id }.map { calibrationStar($0, magnitude) }
    }
    let solution = try fitZeroPoint(stars, frame: frame, colourTerm: colourTerm, options: options)
    let check = sequence.checkStar.flatMap { star -> CheckStar? in
        guard let published = sequence.magnitude(of: star, in: band),
            let shown = measurements.first(where: { $0.starID == star.id }), !shown.isSaturated,
            let measured = solution.magnitude(
                of: shown.flux, kind: frame.fluxKind, x: shown.x, y: shown.y, colour: shown.colour)
        else { return nil }
        let known = published.error.isFinite ? published.error : 0
        return CheckStar(
            id: star.id, measured: measured, published: Measured(published.value, error: known),
            residual: Measured(
                measured.value - published.value,
                error: (measured.error * measured.error + known * known).squareRoot()))
    }
    return SequenceCalibration(sequenceID: sequence.id, band: band, solution: solution, check: check)
}

private func calibrationStar(_ shown: SequenceMeasurement, _ magnitude: Measured) -> CalibrationStar {
    CalibrationStar(
        id: shown.starID, flux: shown.flux, x: shown.x, y: shown.y, magnitude: magnitude, colour: shown.colour,
        isSaturated: shown.isSaturated)
}
