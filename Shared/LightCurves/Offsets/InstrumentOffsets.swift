/// One measurement of a star by an instrument in one band.
public struct InstrumentMeasurement: Sendable, Hashable {
    public let star: String
    /// The instrument, or instrument and filter, whose zero is in question; or the name that stands for a catalogue.
    public let instrument: String
    /// [mag]
    public let magnitude: Double
    /// Standard deviation [mag].
    public let error: Double

    public init(star: String, instrument: String, magnitude: Double, error: Double) {
        self.star = star
        self.instrument = instrument
        self.magnitude = magnitude
        self.error = error
    }
}

/// Offsets between instruments in one band, solved jointly with the magnitudes of the stars that they share.
///
///     m(star, instrument) = M(star) + o(instrument) + c(instrument) (colour(star) - reference colour) + noise
///
/// What is published of instrument k becomes comparable with the gauge's by subtracting o(k) and the colour term: the
/// light curve of one star from several instruments then has no steps beyond the errors given here.
///
/// These are offsets of the instruments' systems, from many stars. A variable target measured alone by several
/// instruments does not give them: its own changes between the instruments' times cannot be told from a step, and its
/// spectrum may differ from the stars' (emission lines, extreme colours), which moves it between bands that are not
/// equal, by an amount that no star shows.
public struct InstrumentOffsets: Sendable, Equatable {
    public struct Offset: Sendable, Equatable {
        public let instrument: String
        /// Of a star of the reference colour [mag]; 0 for the gauge.
        public let magnitude: Double
        /// [mag]; 0 for the gauge. It is common to all measurements of the instrument.
        public let error: Double
        /// Magnitudes per magnitude of colour; `nil` where no colour terms were asked for.
        public let colourTerm: Double?
        public let colourTermError: Double?
        /// Stars that this instrument shares with others.
        public let starCount: Int
    }

    public struct Star: Sendable, Equatable {
        public let id: String
        /// Mean on the gauge's system [mag].
        public let magnitude: Double
        /// Without the errors of the offsets [mag].
        public let error: Double
        /// How far its means by different instruments scatter beyond their errors: expected value [mag].
        public let scatterBetweenInstruments: Double
        /// How far its points scatter beyond their errors around an instrument's mean [mag].
        public let scatterOfPoints: Double
    }

    /// The instrument, or catalogue, whose offset and colour term are zero.
    public let gauge: String
    /// Of the gauge and of all instruments that are connected with it by shared stars, in the order of their names.
    public let offsets: [Offset]
    /// Of the offsets in that order, then of the colour terms where there are any [mag^2]; rows and columns of the
    /// gauge are zero.
    public let covariance: [[Double]]
    /// Colour at which the offsets hold [mag]; `nil` without colour terms.
    public let referenceColour: Double?
    /// Instruments that no chain of shared stars connects with the gauge, in groups that are connected in themselves.
    public let unconnected: [[String]]
    /// Stars that at least two connected instruments share, in the order of their names.
    public let stars: [Star]
    /// Measurements beyond +-100 mag, with errors not from a micromagnitude to 100 mag, or whose star has no colour.
    public let leftOutCount: Int

    /// A measurement on the gauge's system [mag]; `nil` for an instrument that is not connected, or without a colour
    /// where one is needed.
    public func corrected(_ magnitude: Double, by instrument: String, colour: Double? = nil) -> Double? {
        guard let offset = offsets.first(where: { $0.instrument == instrument }) else { return nil }
        guard let term = offset.colourTerm, let referenceColour else { return magnitude - offset.magnitude }
        return colour.map { magnitude - offset.magnitude - term * ($0 - referenceColour) }
    }
}

/// Why offsets cannot be solved.
public enum InstrumentOffsetError: Error, Sendable, Equatable, CustomStringConvertible {
    case gaugeNotMeasured(String)
    /// The stars of these instruments do not have enough different colours for colour terms.
    case undetermined([String])

    public var description: String {
        switch self {
        case .gaugeNotMeasured(let gauge): "no usable measurement is by \(gauge), which is to be zero"
        case .undetermined(let names):
            "the stars do not determine offsets and colour terms of \(names.joined(separator: ", "))"
        }
    }
}
