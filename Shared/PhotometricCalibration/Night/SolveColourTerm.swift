internal import Statistics

/// The colour term at the close of a night, from all of its frames at once: whatever the order they came in.
///
/// The frames of each field are averaged as wholly correlated. Field averages are joined by their weights with what
/// was known before; a scatter of theirs beyond their errors is a common extra error of each (DerSimonian-Laird), so
/// that two fields that disagree do not pretend to an error smaller than their difference. Averages further than three
/// errors from the others' median are given the error that makes it three.
///
///     t^2 = max(0, (Q - (n - 1)) / (sum w - sum w^2 / sum w)),   Q = sum w (c - <c>)^2
///
/// - Parameters:
///   - prior: the state before the night.
///   - estimates: of the night's frames, in any order; a frame twice counts once.
/// - Returns: the state at the last frame's time; `prior` when no frame says anything.
/// - Source: DerSimonian & Laird 1986, Controlled Clinical Trials 7, 177.
public func solveColourTerm(
    prior: ColourTermState, estimates: [ColourTermEstimate], drift: ColourTermDrift = ColourTermDrift()
) -> ColourTermState {
    let key = { (estimate: ColourTermEstimate) in
        (estimate.frameID, estimate.midExposureMJD, estimate.colourTerm.value, estimate.colourTerm.error)
    }
    var seen: Set<String> = []
    let frames = estimates.filter(\.isUsable).sorted { key($0) < key($1) }.filter { seen.insert($0.frameID).inserted }
    guard let end = frames.map(\.midExposureMJD).max() else { return prior }
    let groups = Dictionary(grouping: frames, by: \.fieldID).sorted { $0.key < $1.key }
    var fields = groups.map { average($0.value.map(\.colourTerm)) }
    if let middle = RobustStatistics.median(fields.map(\.value)), fields.count > 2 {
        for index in fields.indices {
            fields[index].error = max(fields[index].error, abs(fields[index].value - middle) / 3)
        }
    }
    let extra = excessVariance(fields)
    var state = prior.predicted(atMJD: end, drift: drift)
    for (group, field) in zip(groups, fields) {
        let error = (field.error * field.error + extra).squareRoot()
        state = state.updated(
            with: ColourTermEstimate(
                frameID: group.key, fieldID: group.key, midExposureMJD: end,
                colourTerm: Measured(field.value, error: error)), drift: drift,
            frames: group.value.count)
    }
    return state
}

/// Weighted mean of values whose errors are wholly correlated.
private func average(_ values: [Measured]) -> Measured {
    let weights = values.map { 1 / ($0.error * $0.error) }
    let total = weights.reduce(0, +)
    return Measured(
        zip(weights, values).reduce(0) { $0 + $1.0 * $1.1.value } / total,
        error: zip(weights, values).reduce(0) { $0 + $1.0 * $1.1.error } / total)
}

/// Variance that values have beyond their errors; 0 below two of them.
private func excessVariance(_ values: [Measured]) -> Double {
    guard values.count > 1 else { return 0 }
    let weights = values.map { 1 / ($0.error * $0.error) }
    let total = weights.reduce(0, +)
    let mean = zip(weights, values).reduce(0) { $0 + $1.0 * $1.1.value } / total
    let q = zip(weights, values).reduce(0) { $0 + $1.0 * ($1.1.value - mean) * ($1.1.value - mean) }
    let spread = total - weights.reduce(0) { $0 + $1 * $1 } / total
    return spread > 0 ? max(0, (q - Double(values.count - 1)) / spread) : 0
}
