public import Sky

/// One star of a reference catalogue.
public struct CatalogueStar: Sendable, Hashable {
    /// Number in the catalogue it comes from.
    public var identifier: Int64
    /// Direction at `epoch`, ICRS.
    public var position: SkyPosition
    /// Julian year of the position.
    public var epoch: Double
    /// Error of one coordinate at the epoch [mas]; NaN where it is not known.
    public var positionErrorMas: Float
    /// `nil` where it is not known.
    public var motion: ProperMotion?
    /// Error of one component of the proper motion [mas/yr]; NaN where it is not known.
    public var motionErrorMasPerYear: Float
    /// Gaia's renormalised unit weight error; NaN where it is not known.
    public var ruwe: Float
    public var flags: CatalogueFlags
    /// One for each band of the catalogue [mag]; NaN where it is not known.
    public var magnitudes: [Float]
    /// Errors of `magnitudes` [mag]; NaN where they are not known.
    public var magnitudeErrors: [Float]

    public init(
        identifier: Int64, position: SkyPosition, epoch: Double, positionErrorMas: Float = .nan,
        motion: ProperMotion? = nil, motionErrorMasPerYear: Float = .nan, ruwe: Float = .nan,
        flags: CatalogueFlags = [], magnitudes: [Float], magnitudeErrors: [Float]
    ) {
        precondition(magnitudes.count == magnitudeErrors.count, "one error for each magnitude")
        self.identifier = identifier
        self.position = position
        self.epoch = epoch
        self.positionErrorMas = positionErrorMas
        self.motion = motion
        self.motionErrorMasPerYear = motionErrorMasPerYear
        self.ruwe = ruwe
        self.flags = flags
        self.magnitudes = magnitudes
        self.magnitudeErrors = magnitudeErrors
    }

    /// Where the star is at another epoch, a Julian year.
    public func position(at year: Double) -> SkyPosition {
        motion.map { position.moved(by: $0, from: epoch, to: year) } ?? position
    }

    /// Error of one coordinate at another epoch [mas]: `sqrt(error^2 + (motion error * years)^2)`; NaN where it is
    /// not known.
    ///
    /// Stars without a known motion get none added: their catalogue does not say how far they may have gone.
    public func positionErrorMas(at year: Double) -> Float {
        let drift = motionErrorMasPerYear.isNaN ? 0 : motionErrorMasPerYear * Float(year - epoch)
        return (positionErrorMas * positionErrorMas + drift * drift).squareRoot()
    }

    /// What orders stars by brightness: the magnitude of the first band that is known; infinite where none is.
    public var rankingMagnitude: Float { magnitudes.first { !$0.isNaN } ?? .infinity }
}
