/// Zero points of a night against airmass.
///
///     ZP(X) = ZP_1 - k (X - 1),   c(X) = c_1 + k2 (X - 1)
///
/// k is the first-order extinction [mag/airmass] of one instrument and filter in one night, k2 the second-order one
/// [mag/mag/airmass]: how the colour term of m = m_inst + ZP + c colour changes (extinction of k' = k - k2 colour).
public struct NightExtinction: Sendable, Equatable {
    /// k [mag/airmass].
    public var coefficient: Measured
    /// ZP_1, the zero point at airmass 1 [mag].
    public var zeroPointAtZenith: Measured
    /// Covariance of the two [mag^2/airmass].
    public var covariance: Double
    /// Scatter of the frames beyond their errors [mag].
    public var scatter: Measured
    /// k2 [mag/mag/airmass]; `nil` where the frames' own colour terms do not give it.
    public var secondOrder: Measured?
    public var framesUsed: Int
    /// Sum over frames of the probability to be no outlier: low in a night with clouds.
    public var effectiveFrames: Double

    /// Frames of a smaller range of airmass tell nothing of the extinction.
    public static let smallestRange = 0.1
    public static let fewestFrames = 5

    /// ZP at an airmass, with the error of the line.
    public func zeroPoint(airmass: Double) -> Measured {
        let lever = airmass - 1
        let variance =
            zeroPointAtZenith.error * zeroPointAtZenith.error - 2 * lever * covariance
            + lever * lever * coefficient.error * coefficient.error
        return Measured(zeroPointAtZenith.value - coefficient.value * lever, error: max(0, variance).squareRoot())
    }
}

/// One frame's zero point for an extinction fit.
public struct AirmassZeroPoint: Sendable, Equatable {
    public var frameID: String
    public var airmass: Double
    public var zeroPoint: Measured
    /// `ZeroPointSolution.colourEstimate`, for the second order.
    public var colourTerm: Measured?

    public init(frameID: String, airmass: Double, zeroPoint: Measured, colourTerm: Measured? = nil) {
        self.frameID = frameID
        self.airmass = airmass
        self.zeroPoint = zeroPoint
        self.colourTerm = colourTerm
    }
}

/// Why a night has no extinction.
public enum NoExtinction: Error, Sendable, Equatable, CustomStringConvertible {
    case tooFewFrames(Int)
    case airmassRangeTooSmall(Double)

    public var description: String {
        switch self {
        case .tooFewFrames(let count):
            "no extinction, because \(count) frames have a zero point and an airmass"
                + " and \(NightExtinction.fewestFrames) are needed"
        case .airmassRangeTooSmall(let range):
            "no extinction, because the airmass changes by \(range) only"
        }
    }
}

/// Fits a night's extinction, robustly: frames through cloud are outliers.
///
/// - Parameter frames: of one instrument, filter, kind of flux and night, in any order.
/// - Throws: `NoExtinction` with the reason.
public func fitExtinction(_ frames: [AirmassZeroPoint]) throws(NoExtinction) -> NightExtinction {
    let usable = frames.filter { (0.99...40).contains($0.airmass) && isSound($0.zeroPoint) }
        .sorted { ($0.frameID, $0.airmass, $0.zeroPoint.value) < ($1.frameID, $1.airmass, $1.zeroPoint.value) }
    guard usable.count >= NightExtinction.fewestFrames else { throw .tooFewFrames(usable.count) }
    let airmasses = usable.map(\.airmass)
    let range = (airmasses.max() ?? 0) - (airmasses.min() ?? 0)
    guard range >= NightExtinction.smallestRange else { throw .airmassRangeTooSmall(range) }
    guard let line = line(airmasses, usable.map(\.zeroPoint)) else { throw .tooFewFrames(usable.count) }
    let coloured = usable.filter { $0.colourTerm.map(isSound) ?? false }
    var second: Measured?
    if coloured.count >= NightExtinction.fewestFrames {
        let fit = PhotometricCalibration.line(coloured.map(\.airmass), coloured.compactMap(\.colourTerm))
        second = fit.map { Measured($0.values[1], error: max(0, $0.covariance[1, 1]).squareRoot()) }
    }
    return NightExtinction(
        coefficient: Measured(-line.values[1], error: max(0, line.covariance[1, 1]).squareRoot()),
        zeroPointAtZenith: Measured(line.values[0], error: max(0, line.covariance[0, 0]).squareRoot()),
        covariance: -line.covariance[0, 1], scatter: Measured(line.scatter, error: line.scatterError),
        secondOrder: second, framesUsed: usable.count, effectiveFrames: line.expected.reduce(0, +))
}

private func isSound(_ value: Measured) -> Bool {
    abs(value.value) < 100 && value.error > 0 && value.error < 100
}

/// value = a + b (X - 1)
private func line(_ airmasses: [Double], _ values: [Measured]) -> ScatterPosterior? {
    let fit = RobustLinearFit(
        y: values.map(\.value), variances: values.map { $0.error * $0.error },
        rows: airmasses.flatMap { [1, $0 - 1] }, parameters: 2, priorMeans: [0, 0], priorPrecisions: [0, 0])
    return ScatterPosterior(fit, prior: ScatterPrior(median: 0.01, logWidth: ScatterPrior.usual.logWidth))
}
