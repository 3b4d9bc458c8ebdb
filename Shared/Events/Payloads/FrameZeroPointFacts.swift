/// The zero point of a point's frame by the reference catalogue, and what it says of the sky: whether or not the
/// point's own level is from it.
public struct FrameZeroPointFacts: Codable, Sendable, Equatable {
    /// Digest that names the solution in the record.
    public var id: String
    public var catalogue: String
    /// The band that the stars' magnitudes are in: "Johnson-Cousins V".
    public var band: String
    /// `AB` or `Vega`.
    public var magnitudeSystem: String
    /// Of one electron per second in the frame's aperture, at the frame's middle and the pivot colour [mag].
    public var magnitude: Double
    /// Noise, catalogue, intrinsic scatter and colour term together [mag].
    public var magnitudeError: Double
    /// Stars it was fitted to.
    public var stars: Int
    /// 1.4826 median absolute deviation of those stars' residuals [mag].
    public var scatter: Double
    /// Scatter of the stars beyond all known errors [mag].
    public var intrinsicScatter: Double
    /// nil where the catalogue has no colour.
    public var colourTerm: ColourTermFacts?
    /// Towards the frame's middle, at mid-exposure; nil without a site, and so without extinction and transparency.
    public var airmass: Double?
    /// Of the night [mag/airmass], once it is closed; nil where its frames do not tell.
    public var extinction: EstimateFacts?
    /// Light that came through against the instrument's best nights at the same airmass: 1 is clear.
    public var transparency: EstimateFacts?
    /// nil where the frame's filter says the band.
    public var bandChoice: BandChoiceFacts?

    public init(
        id: String, catalogue: String, band: String, magnitudeSystem: String, magnitude: Double,
        magnitudeError: Double, stars: Int, scatter: Double, intrinsicScatter: Double
    ) {
        self.id = id
        self.catalogue = catalogue
        self.band = band
        self.magnitudeSystem = magnitudeSystem
        self.magnitude = magnitude
        self.magnitudeError = magnitudeError
        self.stars = stars
        self.scatter = scatter
        self.intrinsicScatter = intrinsicScatter
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decode(String.self, forKey: .id)
        catalogue = try fields.decode(String.self, forKey: .catalogue)
        band = try fields.decode(String.self, forKey: .band)
        magnitudeSystem = try fields.decode(String.self, forKey: .magnitudeSystem)
        magnitude = try fields.decode(Double.self, forKey: .magnitude)
        magnitudeError = try fields.number(.magnitudeError, from: 0)
        stars = try fields.count(.stars)
        scatter = try fields.number(.scatter, from: 0)
        intrinsicScatter = try fields.number(.intrinsicScatter, from: 0)
        colourTerm = try fields.decodeIfPresent(ColourTermFacts.self, forKey: .colourTerm)
        airmass = try fields.numberIfPresent(.airmass, from: 0.9)
        extinction = try fields.decodeIfPresent(EstimateFacts.self, forKey: .extinction)
        transparency = try fields.decodeIfPresent(EstimateFacts.self, forKey: .transparency)
        bandChoice = try fields.decodeIfPresent(BandChoiceFacts.self, forKey: .bandChoice)
        if let transparency, transparency.value <= 0 {
            throw DecodingError.dataCorruptedError(
                forKey: .transparency, in: fields, debugDescription: "\(transparency.value) is not above 0")
        }
    }
}

/// A number with its standard error.
public struct EstimateFacts: Codable, Sendable, Equatable {
    public var value: Double
    public var error: Double

    public init(value: Double, error: Double) {
        self.value = value
        self.error = error
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        value = try fields.decode(Double.self, forKey: .value)
        error = try fields.number(.error, from: 0)
    }
}

/// The colour term of a zero point: m = -2.5 log10(flux / t) + zero point + value (colour - pivot).
public struct ColourTermFacts: Codable, Sendable, Equatable {
    /// "Johnson-Cousins B-V"
    public var colour: String
    /// Colour that the zero point is for [mag].
    public var pivot: Double
    /// [mag/mag]
    public var value: Double
    public var error: Double

    public init(colour: String, pivot: Double, value: Double, error: Double) {
        self.colour = colour
        self.pivot = pivot
        self.value = value
        self.error = error
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        colour = try fields.decode(String.self, forKey: .colour)
        pivot = try fields.decode(Double.self, forKey: .pivot)
        value = try fields.decode(Double.self, forKey: .value)
        error = try fields.number(.error, from: 0)
    }
}

/// Which band a frame was given whose filter does not say: of those that pass the limits the one with the least scatter
/// per root n, and in a closed night the one that most of its frames chose.
public struct BandChoiceFacts: Codable, Sendable, Equatable {
    /// `frame`, or `night` where all frames of the filter were asked.
    public var decidedBy: String
    /// The zero point's band as this frame saw it.
    public var chosen: BandTrialFacts
    /// The best first; then those that do not pass the limits.
    public var rivals: [BandTrialFacts]

    public init(decidedBy: String, chosen: BandTrialFacts, rivals: [BandTrialFacts]) {
        self.decidedBy = decidedBy
        self.chosen = chosen
        self.rivals = rivals
    }
}

/// One band that was tried, without a colour term.
public struct BandTrialFacts: Codable, Sendable, Equatable {
    public var band: String
    /// nil, with the next two, where the band gave no zero point.
    public var stars: Int?
    /// 1.4826 median absolute deviation of the residuals [mag].
    public var scatter: Double?
    /// scatter / sqrt(stars) [mag]: the least one wins.
    public var scatterPerRootN: Double?
    /// Why it cannot be the one; nil when it can.
    public var objection: String?

    public init(band: String) {
        self.band = band
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        band = try fields.decode(String.self, forKey: .band)
        stars = try fields.contains(.stars) && !fields.decodeNil(forKey: .stars) ? fields.count(.stars) : nil
        scatter = try fields.numberIfPresent(.scatter, from: 0)
        scatterPerRootN = try fields.numberIfPresent(.scatterPerRootN, from: 0)
        objection = try fields.decodeIfPresent(String.self, forKey: .objection)
    }
}

extension KeyedDecodingContainer {
    /// A number that is not below the least one it can be.
    fileprivate func number(_ key: Key, from least: Double) throws -> Double {
        let value = try decode(Double.self, forKey: key)
        guard value >= least else {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: self, debugDescription: "\(value) is below \(least)")
        }
        return value
    }

    fileprivate func numberIfPresent(_ key: Key, from least: Double) throws -> Double? {
        try contains(key) && !decodeNil(forKey: key) ? number(key, from: least) : nil
    }

    /// A number of stars: 1 at least.
    fileprivate func count(_ key: Key) throws -> Int {
        let value = try decode(Int.self, forKey: key)
        guard value > 0 else {
            throw DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: "\(value) is not above 0")
        }
        return value
    }
}
