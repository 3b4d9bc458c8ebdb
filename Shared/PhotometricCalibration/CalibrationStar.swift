/// A value and its standard error.
public struct Measured: Sendable, Equatable, Codable {
    public var value: Double
    public var error: Double

    public init(_ value: Double, error: Double) {
        self.value = value
        self.error = error
    }
}

/// How a flux was measured. A zero point belongs to one kind and is never used for another.
public struct FluxKind: RawRepresentable, Sendable, Hashable, Codable {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public static let aperture = FluxKind(rawValue: "aperture")
    public static let auto = FluxKind(rawValue: "auto")
    public static let psf = FluxKind(rawValue: "psf")
}

/// A star of a frame that a catalogue knows.
public struct CalibrationStar: Sendable, Equatable {
    public var id: String
    /// Over the whole exposure [e-], or ADU throughout.
    public var flux: Measured
    /// Place on the frame, 0-based, centre of the first pixel at (0, 0) [px].
    public var x: Double
    public var y: Double
    /// In the catalogue; an error that is NaN counts as 0, and the intrinsic scatter takes it.
    public var magnitude: Measured
    /// In the catalogue, of the colour that the colour term is for; `nil` where it is not known.
    public var colour: Measured?
    /// Covariance of the errors of `magnitude` and `colour` [mag^2]: error(V)^2 with a sign when V is in the colour.
    public var colourCovariance: Double
    /// Saturated, variable, blended, at the edge: not to be used. Said by whoever knows.
    public var isExcluded: Bool
    public var isSaturated: Bool

    public init(
        id: String, flux: Measured, x: Double, y: Double, magnitude: Measured, colour: Measured? = nil,
        colourCovariance: Double = 0, isExcluded: Bool = false, isSaturated: Bool = false
    ) {
        self.id = id
        self.flux = flux
        self.x = x
        self.y = y
        self.magnitude = magnitude
        self.colour = colour
        self.colourCovariance = colourCovariance
        self.isExcluded = isExcluded
        self.isSaturated = isSaturated
    }
}

/// What the zero point of a frame depends on besides its stars.
public struct CalibrationFrame: Sendable, Equatable {
    public var id: String
    /// Shutter-open time [s], > 0.
    public var exposureSeconds: Double
    /// [px]
    public var width: Int
    public var height: Int
    public var fluxKind: FluxKind

    public init(id: String, exposureSeconds: Double, width: Int, height: Int, fluxKind: FluxKind) {
        self.id = id
        self.exposureSeconds = exposureSeconds
        self.width = width
        self.height = height
        self.fluxKind = fluxKind
    }
}

/// Limits of a fit.
public struct ZeroPointOptions: Sendable, Equatable {
    /// Stars expected to be fainter than this are left out. The expectation is from their catalogue magnitudes: a cut
    /// in measured flux would keep those whose noise went up.
    public var leastSignalToNoise = 10.0
    public var fewestStars = 3
    /// Highest order of the position term, 0 to 2.
    public var highestPositionOrder = 2
    /// What is known of the intrinsic scatter (`ScatterState.prior`).
    public var scatterPrior = ScatterPrior.usual
    /// Spread of the colours of stars whose colour is not known [mag].
    public var unknownColourSpread = 0.4
    /// Stars whose catalogue magnitude is less well known than this are left out [mag].
    public var largestCatalogueError = 0.3

    public init() {}
}
