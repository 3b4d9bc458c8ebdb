internal import Instruments
internal import LightCurves
internal import PhotometricCalibration
internal import PostgresStore
internal import ReferenceCatalogue
internal import Sky

/// A target takes the comparison stars of its document; where that names none, those of its comparison sequence. The
/// sequence's check star is measured with them and used for nothing.
extension RecordedTarget {
    /// - Parameter sequences: those in force, in order of their ids.
    init(document: TargetDocument, sequences: [ComparisonSequence]) {
        self.init(document: document)
        if document.comparisonStars.isEmpty { sequence = sequences.first { document.isCalled($0.target) } }
    }

    /// Whether comparison stars are chosen from the frames, since nobody names any.
    var choosesStars: Bool { document.comparisonStars.isEmpty && sequence == nil }

    /// The sequence's stars with their places; they have none on frames without world coordinates.
    var sequenceStars: [PlannedStar] {
        get throws {
            try (sequence?.stars ?? []).map { star -> PlannedStar in
                (star.id, try SkyPosition(raDegrees: star.raDegrees, decDegrees: star.decDegrees), nil)
            }
        }
    }

    /// Whether a star may be used for the ensemble: neither the target nor the check star.
    func isComparison(_ star: String) -> Bool { star != Self.ownStar && star != sequence?.checkStar?.id }

    /// Whether forced photometry is asked for a star that was not detected. Charts go deeper than many frames, and
    /// comparison stars that faint have no weight.
    func isAlwaysMeasured(_ star: String) -> Bool { sequence == nil || !isComparison(star) }

    /// Comparison stars with their magnitudes in one filter.
    struct GivenStars {
        var stars: [LightCurves.ComparisonStar]
        /// AB, Vega: of the magnitudes.
        var systems: Set<String>
    }

    /// Those that are given; none, where frames without world coordinates show none of a sequence.
    func givenStars(in filter: String, _ fluxes: [String: [StarFlux]]) -> GivenStars {
        guard let sequence else {
            let stars = document.comparisonStars.map { star in
                let magnitude = star.magnitudes[filter]
                return LightCurves.ComparisonStar(
                    id: star.id, catalogueMagnitude: magnitude?.magnitude, catalogueError: magnitude?.error)
            }
            let systems = document.comparisonStars.compactMap { $0.magnitudes[filter]?.system.rawValue }
            return GivenStars(stars: stars, systems: Set(systems))
        }
        let seen = Set(fluxes.values.joined().map(\.star))
        let band = sequence.band(ofFilter: filter)
        let stars = sequence.comparisonStars.filter { seen.contains($0.id) }.map { star in
            let magnitude = band.flatMap { sequence.magnitude(of: star, in: $0) }
            return LightCurves.ComparisonStar(
                id: star.id, catalogueMagnitude: magnitude?.value,
                catalogueError: magnitude.flatMap { $0.error.isFinite ? $0.error : nil })
        }
        return GivenStars(stars: stars, systems: Set([band?.magnitudeSystem.rawValue].compactMap { $0 }))
    }
}

extension TargetRecord {
    /// Comparison sequences in force, in order of their ids.
    static func sequences(in database: Database) throws -> [ComparisonSequence] {
        try database.execute("select document from archive.sequence where not removed order by sequence").map {
            try $0.payload(ComparisonSequence.self, "document")
        }
    }
}
