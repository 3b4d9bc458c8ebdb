public import Documents
internal import Glibc

/// A comparison sequence as observers' associations publish it for one target, as JSON
/// (`schemas/documents/sequence.schema.json`).
public struct ComparisonSequence: Sendable, Equatable, Codable, Identifiable {
    /// Of the chart: "X36259AB". Short, used as a key: letters, digits, `.`, `_`, `-`.
    public var id: String
    /// Raised by hand with every change that should make new versions of results.
    public var revision: Int
    /// Id of the target, its name, or one of its `objectNames`.
    public var target: String
    /// Where the sequence is from.
    public var source: String
    public var stars: [Star]

    public struct Star: Sendable, Equatable, Codable, Identifiable {
        /// Label on the chart, or the association's identifier: "113", "000-BBV-123".
        public var id: String
        /// [deg], ICRS.
        public var raDegrees: Double
        public var decDegrees: Double
        public var role: Role
        /// By name of the band (`PhotometricBand.name`: "V", "B", "Rc" counts as "R").
        public var magnitudes: [String: SequenceMagnitude]

        public init(
            id: String, raDegrees: Double, decDegrees: Double, role: Role, magnitudes: [String: SequenceMagnitude]
        ) {
            self.id = id
            self.raDegrees = raDegrees
            self.decDegrees = decDegrees
            self.role = role
            self.magnitudes = magnitudes
        }
    }

    public enum Role: String, Sendable, Equatable, Codable {
        case comparison
        /// Measured like the target and never used for the zero point.
        case check
    }

    public struct SequenceMagnitude: Sendable, Equatable, Codable {
        public var magnitude: Double
        /// `nil` where the chart has none.
        public var error: Double?

        public init(magnitude: Double, error: Double? = nil) {
            self.magnitude = magnitude
            self.error = error
        }
    }

    public init(id: String, revision: Int = 1, target: String, source: String, stars: [Star]) {
        self.id = id
        self.revision = revision
        self.target = target
        self.source = source
        self.stars = stars
    }

    public var comparisonStars: [Star] { stars.filter { $0.role == .comparison } }
    public var checkStar: Star? { stars.first { $0.role == .check } }

    /// The band that frames of a filter are calibrated in: the first of the filter's own band and the one whose
    /// magnitudes stand for it (V for TG, Gaia G for no filter) that a comparison star has a magnitude in. AAVSO's CV
    /// and CR, no filter against V and R, are taken at their word.
    ///
    /// - Parameter filter: as the instrument document names it.
    /// - Returns: `nil` for a filter that the sequence has no magnitudes for.
    public func band(ofFilter filter: String?) -> PhotometricBand? {
        var candidates: [PhotometricBand] = []
        if case .band(let band) = FilterReading(cameraName: filter) { candidates = [band, band.calibrationBand] }
        if let unfiltered = Self.unfiltered[filter ?? ""] { candidates = [unfiltered] }
        return candidates.first { band in comparisonStars.contains { magnitude(of: $0, in: band) != nil } }
    }

    private static let unfiltered: [String: PhotometricBand] = [
        "CV": PhotometricBand(.johnsonCousins, "V"), "CR": PhotometricBand(.johnsonCousins, "R"),
    ]

    /// A star's magnitude in a band, whatever spelling of the filter the chart has; an error that the chart does not
    /// give is NaN.
    public func magnitude(of star: Star, in band: PhotometricBand) -> Measured? {
        let found = star.magnitudes.sorted { $0.key < $1.key }.first {
            FilterReading(cameraName: $0.key) == .band(band)
        }
        return found.map { Measured($0.value.magnitude, error: $0.value.error ?? .nan) }
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            id: try container.decode(String.self, forKey: .id),
            revision: try container.decodeIfPresent(Int.self, forKey: .revision) ?? 1,
            target: try container.decode(String.self, forKey: .target),
            source: try container.decode(String.self, forKey: .source),
            stars: try container.decode([Star].self, forKey: .stars))
    }

    /// The fields of a document, for those who compare them with the schema.
    public static var fieldNames: [String] { CodingKeys.allCases.map(\.rawValue) }

    enum CodingKeys: String, CodingKey, CaseIterable {
        case id, revision, target, source, stars
    }
}

extension ComparisonSequence: CheckedDocument {
    /// Charts have a few dozen stars.
    static let mostStars = 500

    public func problems() -> [DocumentProblem] {
        var found: [DocumentProblem] = []
        if let problem = DocumentProblem.identifier(id, field: "id") { found.append(problem) }
        if revision < 1 {
            found.append(DocumentProblem(field: "revision", text: "must be at least 1, is \(revision)"))
        }
        if !Self.isPlain(target) {
            found.append(DocumentProblem(field: "target", text: "must be 1 to 100 printable characters"))
        }
        if comparisonStars.isEmpty {
            found.append(DocumentProblem(field: "stars", text: "none is a comparison star"))
        }
        if stars.count(where: { $0.role == .check }) > 1 {
            found.append(DocumentProblem(field: "stars", text: "more than one is the check star"))
        }
        guard stars.count <= Self.mostStars else {
            let text = "\(stars.count) are too many: at most \(Self.mostStars)"
            return found + [DocumentProblem(field: "stars", text: text)]
        }
        var seen: Set<String> = []
        for (index, star) in stars.enumerated() {
            found += Self.problems(star, field: "stars[\(index)]", isNew: seen.insert(star.id).inserted)
            if let other = stars[..<index].first(where: { Self.isOnePlace($0, star) }) {
                found.append(
                    DocumentProblem(field: "stars[\(index)]", text: "is at the place of \"\(other.id.prefix(40))\""))
            }
        }
        return found
    }

    /// Whether no frame can tell two stars apart: within an arcsecond.
    private static func isOnePlace(_ one: Star, _ other: Star) -> Bool {
        let reach = 1 / 3600.0
        guard abs(one.decDegrees - other.decDegrees) <= reach else { return false }
        let turn = abs(one.raDegrees - other.raDegrees)
        let cosine = cos(0.5 * (one.decDegrees + other.decDegrees) * .pi / 180)
        return hypot(min(turn, 360 - turn) * cosine, one.decDegrees - other.decDegrees) <= reach
    }

    private static func problems(_ star: Star, field: String, isNew: Bool) -> [DocumentProblem] {
        var found: [DocumentProblem] = []
        if star.id.isEmpty || !isNew {
            found.append(DocumentProblem(field: "\(field).id", text: "is empty or another star's"))
        } else if !isPlain(star.id) || star.id.hasPrefix("@") {
            let text = "must be 1 to 100 printable characters, not beginning with '@'"
            found.append(DocumentProblem(field: "\(field).id", text: text))
        }
        if !(0..<360).contains(star.raDegrees) || !(-90...90).contains(star.decDegrees) {
            found.append(DocumentProblem(field: field, text: "raDegrees and decDegrees are not on the sphere"))
        }
        var bands: [PhotometricBand: String] = [:]
        for (name, entry) in star.magnitudes.sorted(by: { $0.key < $1.key }) {
            let place = "\(field).magnitudes.\(name)"
            if case .band(let band) = FilterReading(cameraName: name) {
                if let other = bands.updateValue(name, forKey: band) {
                    found.append(DocumentProblem(field: place, text: "is the same band as \"\(other)\""))
                }
            } else {
                let text = "is no band that is known here, such as V, B, Rc or SDSS r"
                found.append(DocumentProblem(field: place, text: text))
            }
            if !(-30...40).contains(entry.magnitude) || !(0...5).contains(entry.error ?? 0) {
                found.append(DocumentProblem(field: place, text: "is no magnitude with an error of 0 to 5"))
            }
        }
        return found
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 100
            && text.unicodeScalars.allSatisfy { $0.value >= 32 && !(127..<160).contains($0.value) }
    }
}
