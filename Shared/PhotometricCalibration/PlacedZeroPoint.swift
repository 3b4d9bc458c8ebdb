/// How the error of a frame's zero point comes apart (`separateErrors`).
public struct ZeroPointErrorParts: Sendable, Equatable, Codable {
    /// Independent from frame to frame: noise of the stars' fluxes, and stars that come and go [mag].
    public var own: Double
    /// Common to the frames of a night and field: catalogue, pass bands, colour term [mag].
    public var common: Double
    /// How far a single star scatters from frame to frame beyond its noise [mag].
    public var repeatability: Double
    /// How far a single star is off on all frames, beyond what the catalogue's errors say [mag].
    public var starScatter: Double

    public init(own: Double, common: Double, repeatability: Double, starScatter: Double) {
        self.own = own
        self.common = common
        self.repeatability = repeatability
        self.starScatter = starScatter
    }
}

/// A zero point at a place of the frame and for a colour.
public struct PlacedZeroPoint: Sendable, Equatable {
    /// [mag]
    public var value: Double
    /// Independent from frame to frame [mag].
    public var ownError: Double
    /// The same for all frames of a night and field [mag].
    public var commonError: Double
    /// Otherwise the value is for the mean colour of the field's stars, and the common error holds the colour term
    /// times their spread.
    public var isColourKnown: Bool

    /// Both [mag].
    public var error: Double { (ownError * ownError + commonError * commonError).squareRoot() }
}

/// A magnitude in a standard system, with the parts of its error that do differently in a light curve.
public struct CalibratedMagnitude: Sendable, Equatable, Codable {
    /// [mag]
    public var value: Double
    /// Independent from frame to frame: noise of the star's flux, and the frame's share in its zero point's error
    /// [mag].
    public var ownError: Double
    /// The same for all frames of a star in one instrument and filter: it moves a light curve as a whole [mag].
    public var commonError: Double
    /// Otherwise the common error holds the colour term times the spread of the stars' colours.
    public var isColourKnown: Bool

    /// Both [mag].
    public var error: Double { (ownError * ownError + commonError * commonError).squareRoot() }
}

extension ZeroPointSolution {
    /// The zero point at a place and for a colour.
    ///
    ///     ZP(x, y, colour) = ZP + c (colour - pivot) + sum_j b_j B_j(x, y)
    ///     own = own part;   common^2 = common part^2 + (Var ZP(x, y, colour) - Var ZP) + (c e_colour)^2
    ///
    /// - Parameter colour: of the star in the catalogue, the colour that the colour term is for; `nil`: not known. It
    ///   is then that of the field's stars with their spread, the same on all frames of a closed night.
    public func zeroPoint(x: Double, y: Double, colour: Measured?) -> PlacedZeroPoint {
        let star = colour ?? stellarColour ?? Measured(pivotColour, error: 0.4)
        let row = [1, star.value - pivotColour] + position.values(x: x, y: y)
        var (value, variance) = (0.0, 0.0)
        for i in row.indices {
            value += row[i] * parameters[i]
            for j in row.indices { variance += row[i] * covariance[i * row.count + j] * row[j] }
        }
        let (slope, own) = (parameters[1] * star.error, errorParts?.own ?? 0)
        let middle = errorParts?.common ?? max(0, covariance[0]).squareRoot()
        let common = max(0, middle * middle + variance - covariance[0])
        return PlacedZeroPoint(
            value: value, ownError: own, commonError: (common + slope * slope).squareRoot(),
            isColourKnown: colour != nil)
    }

    /// By how much a single star is off the scale of the others on all frames; and on each frame by itself [mag].
    ///
    /// A flat field that is not flat, and pass bands that differ, concern a star of interest as they did the
    /// calibration stars. Of solutions kept by earlier versions all of it is common: <s^2> = s^2 + e_s^2.
    public var scatterOfStars: (common: Double, own: Double) {
        if let errorParts { return (errorParts.starScatter, errorParts.repeatability) }
        let s = intrinsicScatter
        return ((s.value * s.value + s.error * s.error).squareRoot(), 0)
    }

    /// The calibrated magnitude of a flux of the solution's kind.
    ///
    ///     m = -2.5 log10(flux / t) + ZP(x, y, colour)
    ///     own error^2 = (1.0857 e_f / f)^2 + own part of e_ZP^2 [+ r^2]
    ///     common error^2 = common part of e_ZP^2 [+ s^2]
    ///
    /// - Parameters:
    ///   - flux: over the whole exposure, in the unit of the calibration stars.
    ///   - colour: of the star in the catalogue; `nil`: not known (`zeroPoint(x:y:colour:)`).
    ///   - includingScatter: adds how far single stars are off, r on this frame and s on all (`scatterOfStars`).
    ///     Without it the error is that of the flux and of the zero point alone.
    /// - Returns: `nil` for a flux that is not positive, or of another kind.
    public func calibrated(
        _ flux: Measured, kind: FluxKind, x: Double, y: Double, colour: Measured?, includingScatter: Bool = true
    ) -> CalibratedMagnitude? {
        guard kind == fluxKind, flux.value > 0, flux.value.isFinite, flux.error >= 0 else { return nil }
        let zero = zeroPoint(x: x, y: y, colour: colour)
        let scatter = includingScatter ? scatterOfStars : (common: 0, own: 0)
        let noise = Magnitude.perNeper * flux.error / flux.value
        let own = noise * noise + zero.ownError * zero.ownError + scatter.own * scatter.own
        let common = zero.commonError * zero.commonError + scatter.common * scatter.common
        return CalibratedMagnitude(
            value: Magnitude.of(flux.value / exposureSeconds) + zero.value, ownError: own.squareRoot(),
            commonError: common.squareRoot(), isColourKnown: zero.isColourKnown)
    }

    /// The calibrated magnitude with its whole error: `calibrated`, where the parts of it do not matter.
    public func magnitude(
        of flux: Measured, kind: FluxKind, x: Double, y: Double, colour: Measured?, includingScatter: Bool = true
    ) -> Measured? {
        calibrated(flux, kind: kind, x: x, y: y, colour: colour, includingScatter: includingScatter).map {
            Measured($0.value, error: $0.error)
        }
    }
}
