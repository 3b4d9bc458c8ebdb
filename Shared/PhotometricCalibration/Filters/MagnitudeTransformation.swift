/// A published transformation from bands of one system to a band of another.
///
///     m = m_base + a_0 + sum_j a_j (blue_j - red_j)^(n_j)
public struct MagnitudeTransformation: Sendable, Equatable {
    /// One term: coefficient times a colour to a power, 0 for the constant.
    public struct Term: Sendable, Equatable {
        public let coefficient: Double
        public let power: Int
        public let blue: PhotometricBand
        public let red: PhotometricBand
    }

    public let target: PhotometricBand
    public let base: PhotometricBand
    public let terms: [Term]
    /// Colours that it is for, of the first term's bands; `nil`: the source at hand gives none.
    public let colourRange: ClosedRange<Double>?
    /// Scatter of the stars it was made from [mag]; `nil`: the source at hand gives none, and errors hold none of it.
    public let scatter: Double?
    public let source: String

    /// Why a star's magnitude was not transformed.
    public enum Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        case missing(PhotometricBand)
        case outsideRange(colour: Double, range: ClosedRange<Double>)

        public var description: String {
            switch self {
            case .missing(let band): "the star has no magnitude in \(band.id)"
            case .outsideRange(let colour, let range): "colour \(colour) is not in \(range)"
            }
        }
    }

    /// Bands that a star must have.
    public var inputs: Set<PhotometricBand> { Set([base] + terms.flatMap { [$0.blue, $0.red] }) }

    /// A star's magnitude in the target band; its error holds those of the inputs, taken to be independent, and the
    /// scatter.
    public func magnitude(from star: [PhotometricBand: Measured]) throws(Refusal) -> Measured {
        for band in inputs.sorted(by: { $0.id < $1.id }) {
            guard let given = star[band], given.value.isFinite, given.error.isFinite else { throw .missing(band) }
        }
        let value = { (band: PhotometricBand) in star[band]?.value ?? 0 }
        if let range = colourRange, let first = terms.first {
            let colour = value(first.blue) - value(first.red)
            guard range.contains(colour) else { throw .outsideRange(colour: colour, range: range) }
        }
        var magnitude = value(base)
        var slopes: [PhotometricBand: Double] = [base: 1]
        for term in terms {
            let colour = value(term.blue) - value(term.red)
            let lower = (0..<max(0, term.power - 1)).reduce(1.0) { product, _ in product * colour }
            magnitude += term.coefficient * (term.power == 0 ? 1 : lower * colour)
            let slope = term.coefficient * Double(term.power) * lower
            slopes[term.blue, default: 0] += slope
            slopes[term.red, default: 0] -= slope
        }
        var variance = (scatter ?? 0) * (scatter ?? 0)
        for (band, slope) in slopes.sorted(by: { $0.key.id < $1.key.id }) {
            let part = slope * (star[band]?.error ?? 0)
            variance += part * part
        }
        return Measured(magnitude, error: variance.squareRoot())
    }

    /// A polynomial in one colour, constant first.
    init(
        _ target: PhotometricBand, from base: PhotometricBand, _ blue: PhotometricBand, _ red: PhotometricBand,
        _ coefficients: [Double], range: ClosedRange<Double>? = nil, scatter: Double?, source: String
    ) {
        let terms = coefficients.enumerated().map { Term(coefficient: $1, power: $0, blue: blue, red: red) }
        self.init(target, from: base, terms: terms, range: range, scatter: scatter, source: source)
    }

    init(
        _ target: PhotometricBand, from base: PhotometricBand, terms: [Term], range: ClosedRange<Double>? = nil,
        scatter: Double?, source: String
    ) {
        self.target = target
        self.base = base
        self.terms = terms
        colourRange = range
        self.scatter = scatter
        self.source = source
    }
}
