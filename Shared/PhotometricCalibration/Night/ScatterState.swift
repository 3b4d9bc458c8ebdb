internal import PortableNumbers

/// What is known of the intrinsic scatter of one instrument's stars in one band: state that the archiver keeps.
///
/// Where the catalogue's errors are larger than the scatter, or stars are few, the stars of one field do not tell it;
/// those of many do. Each field has a scatter of its own around a typical one,
///
///     ln s_field ~ N(ln typical, 0.35^2),   ln typical ~ `ScatterPrior.usual`
///
/// and the typical one is integrated over. Frames of one field share their stars with all that is odd about them, so
/// that each field counts once; and the prior of a field's frames is made from all other fields.
public struct ScatterState: Sendable, Equatable, Codable {
    /// What one field says, by its best frame.
    private struct Field: Sendable, Equatable, Codable {
        var id: String
        var midExposureMJD: Double
        var likelihood: ScatterLikelihood
    }

    /// Newest last.
    private var fields: [Field] = []

    /// How far fields of one instrument differ: chosen, by a third.
    private static let spreadOfFields = 0.35
    /// Fields further back are forgotten.
    private static let mostFields = 40

    public init() {}

    public var fieldCount: Int { fields.count }

    /// With what a field says, in place of what it said before.
    public func updated(
        fieldID: String, midExposureMJD: Double, with likelihood: ScatterLikelihood
    ) -> ScatterState {
        guard midExposureMJD.isFinite, likelihood.logScatters.count > 2,
            likelihood.logLikelihoods.allSatisfy(\.isFinite)
        else { return self }
        var state = self
        state.fields.removeAll { $0.id == fieldID }
        state.fields.append(Field(id: fieldID, midExposureMJD: midExposureMJD, likelihood: likelihood))
        state.fields.sort { ($0.midExposureMJD, $0.id) < ($1.midExposureMJD, $1.id) }
        state.fields.removeFirst(max(0, state.fields.count - Self.mostFields))
        return state
    }

    /// What is known of the scatter in a field from all others.
    public func prior(without fieldID: String? = nil) -> ScatterPrior {
        let others = fields.filter { $0.id != fieldID }
        guard !others.isEmpty else { return .usual }
        let usual = ScatterPrior.usual
        let own = Self.spreadOfFields * Self.spreadOfFields
        let width = (usual.logWidth * usual.logWidth - own).squareRoot()
        let typical = ScatterPrior(median: usual.median, logWidth: width)
        let logs = Self.grid.map { centre in
            others.reduce(typical.logDensity(ofLog: centre)) { sum, field in
                let average = field.likelihood.average(centre: centre, width: Self.spreadOfFields)
                return sum + Elementary.log(max(average, 1e-250))
            }
        }
        let top = logs.max() ?? 0
        var (total, mean, square) = (0.0, 0.0, 0.0)
        for (centre, log) in zip(Self.grid, logs) {
            let share = Elementary.exp(max(-600, log - top))
            total += share
            mean += share * centre
            square += share * centre * centre
        }
        mean /= total
        let variance = max(0, square / total - mean * mean)
        return ScatterPrior(median: Elementary.exp(mean), logWidth: (variance + own).squareRoot())
    }

    /// ln of typical scatters, from 0.3 mmag to 0.8 mag.
    private static let grid = (0..<79).map { -8 + 0.1 * Double($0) }
}
