internal import Events

extension LightCurveTable {
    /// What the check star was measured at beside each point; none where no point has one.
    static func checkStars(_ points: [PhotometryMeasured]) -> [Column] {
        let checks = points.map(\.checkStar)
        guard checks.contains(where: { $0 != nil }) else { return [] }
        func numbers(_ name: String, _ ucd: String, _ text: String, _ value: (CheckStarFacts) -> Double?) -> Column {
            Column(
                name: name, unit: "mag", ucd: ucd, description: text,
                values: .numbers(checks.map { $0.flatMap(value) }, decimals: 5))
        }
        func texts(_ name: String, _ text: String, _ value: (CheckStarFacts) -> String) -> Column {
            Column(name: name, ucd: "meta.id", description: text, values: .texts(checks.map { $0.map(value) ?? "" }))
        }
        return [
            texts("sequence", "Comparison sequence of the check star") { $0.sequence },
            texts("check_star", "Check star, by its id in the sequence") { $0.id },
            numbers("check_mag", "phot.mag;em.opt", "Magnitude of the check star, measured as the target") {
                $0.magnitude
            },
            numbers("check_mag_err", "stat.error;phot.mag;em.opt", "Standard error of check_mag") {
                $0.magnitudeError
            },
            numbers("check_residual", "phot.mag;arith.diff", "check_mag less the sequence's magnitude") {
                $0.residual
            },
            numbers("check_residual_err", "stat.error;phot.mag;arith.diff", "Standard error of check_residual") {
                $0.residualError
            },
        ]
    }

    /// How clear the sky was at each point; none where no frame tells.
    static func transparency(_ points: [PhotometryMeasured]) -> [Column] {
        let seen = points.map { $0.frameZeroPoint?.transparency }
        guard seen.contains(where: { $0 != nil }) else { return [] }
        return [
            Column(
                name: "transparency", ucd: "phys.transmission;obs.atmos",
                description: "Light that came through against the instrument's best nights at the same airmass",
                values: .numbers(seen.map { $0?.value }, decimals: 4)),
            Column(
                name: "transparency_err", ucd: "stat.error;phys.transmission",
                description: "Standard error of transparency", values: .numbers(seen.map { $0?.error }, decimals: 4)),
        ]
    }
}
