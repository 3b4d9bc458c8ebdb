internal import PhotometricCalibration

extension [ZeroPointRow] {
    /// Takes the errors of these zero points apart, field by field and flux by flux: each frame's own and what the
    /// frames have in common. Residuals of single stars are not needed any more and go.
    ///
    /// - Parameter colourTermError: of a colour term that was held in the fits [mag/mag].
    mutating func shareErrors(colourTermError: Double) {
        let groups = Dictionary(grouping: indices.filter { self[$0].kept != nil }) {
            "\(self[$0].kind.rawValue)|\(self[$0].version.field)"
        }
        for group in groups.values {
            let solutions = separateErrors(
                group.compactMap { self[$0].kept?.solution }, colourTermError: colourTermError)
            for (index, solution) in zip(group, solutions) {
                guard var kept = self[index].kept else { continue }
                kept.solution = solution
                kept.solution.residuals = []
                self[index].outcome = .success(kept)
            }
        }
    }
}
