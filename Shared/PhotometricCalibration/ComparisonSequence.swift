public import Documents

/// A comparison sequence as observers' associations publish it for one target, as JSON.
public struct ComparisonSequence: Sendable, Equatable, Decodable {
    /// Of the chart: "X36259AB".
    public var id: String
    /// Name of the target.
    public var target: String
    /// Where the sequence is from.
    public var source: String
    public var stars: [Star]

    public struct Star: Sendable, Equatable, Decodable {
        /// Label on the chart, or the association's identifier: "113", "000-BBV-123".
        public var id: String
        /// [deg], ICRS.
        public var raDegrees: Double
        public var decDegrees: Double
        public var role: Role
        /// By name of the band (`PhotometricBand.name`: "V", "B", "Rc" counts as "R").
        public var magnitudes: [String: SequenceMagnitude]
    }

    public enum Role: String, Sendable, Equatable, Decodable {
        case comparison
        /// Measured like the target and never used for the zero point.
        case check
    }

    public struct SequenceMagnitude: Sendable, Equatable, Decodable {
        public var magnitude: Double
        /// `nil` where the chart has none.
        public var error: Double?
    }

    /// A star's magnitude in a band, whatever spelling of the filter the chart has.
    func magnitude(of star: Star, in band: PhotometricBand) -> Measured? {
        let found = star.magnitudes.sorted { $0.key < $1.key }.first {
            FilterReading(cameraName: $0.key) == .band(band)
        }
        return found.map { Measured($0.value.magnitude, error: $0.value.error ?? .nan) }
    }
}

extension ComparisonSequence: CheckedDocument {
    public func problems() -> [DocumentProblem] {
        var found: [DocumentProblem] = []
        var seen: Set<String> = []
        if id.isEmpty { found.append(DocumentProblem(field: "id", text: "must not be empty")) }
        if !stars.contains(where: { $0.role == .comparison }) {
            found.append(DocumentProblem(field: "stars", text: "none is a comparison star"))
        }
        if stars.count(where: { $0.role == .check }) > 1 {
            found.append(DocumentProblem(field: "stars", text: "more than one is the check star"))
        }
        for (index, star) in stars.enumerated() {
            let field = "stars[\(index)]"
            if star.id.isEmpty || !seen.insert(star.id).inserted {
                found.append(DocumentProblem(field: "\(field).id", text: "is empty or another star's"))
            }
            if !(0..<360).contains(star.raDegrees) || !(-90...90).contains(star.decDegrees) {
                found.append(DocumentProblem(field: field, text: "raDegrees and decDegrees are not on the sphere"))
            }
            for (band, entry) in star.magnitudes.sorted(by: { $0.key < $1.key }) {
                let isSound = (-30...40).contains(entry.magnitude) && (0...5).contains(entry.error ?? 0)
                if isSound { continue }
                let place = "\(field).magnitudes.\(band)"
                found.append(DocumentProblem(field: place, text: "is no magnitude with an error of 0 to 5"))
            }
        }
        return found
    }
}
