internal import PhotometricCalibration

extension [ZeroPointRow] {
    /// Takes the errors of these zero points apart, field by field and flux by flux: each frame's own and what the
    /// frames have in common.
    ///
    /// - Parameter colourTermError: of a colour term that was held in the fits [mag/mag].
    mutating func shareErrors(colourTermError: Double) {
        let groups = Dictionary(grouping: indices) { "\(self[$0].kind.rawValue)|\(self[$0].version.field)" }
        for group in groups.values {
            let frames = group.compactMap { index -> SharedZeroPointError.Frame? in
                guard let kept = self[index].kept, !self[index].influences.isEmpty else { return nil }
                return SharedZeroPointError.Frame(
                    id: self[index].version.frameID, stars: self[index].influences,
                    intrinsicScatter: kept.solution.intrinsicScatter, error: kept.solution.zeroPoint.error)
            }
            guard !frames.isEmpty else { continue }
            let shared = SharedZeroPointError(frames, colourTermError: colourTermError)
            for index in group {
                guard var kept = self[index].kept else { continue }
                kept.frameError = shared.own[self[index].version.frameID]
                kept.levelError = shared.common
                kept.repeatability = shared.repeatability
                kept.starScatter = shared.starScatter
                self[index].outcome = .success(kept)
                self[index].influences = []
            }
        }
    }
}
