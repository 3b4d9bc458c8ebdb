/// What is known of the colour term of one instrument and filter at one time: state that the archiver keeps.
///
///     m_cat - m_inst = ZP + c (colour - pivot)
///
/// c changes slowly (dust, ageing of filters), as a random walk: its variance grows by drift^2 per day. Frames of one
/// field share their stars and the oddities of these, so that a hundred frames of a field say hardly more of c than the
/// best of them: they are averaged as wholly correlated. A field's average is joined to what was known before it when
/// another field comes.
public struct ColourTermState: Sendable, Equatable, Codable {
    /// c [mag/mag] and its standard error.
    public private(set) var value: Double
    public private(set) var error: Double
    /// Zero points are for stars of this colour [mag].
    public let pivotColour: Double
    /// Time that `value` and `error` are for [MJD]; `nil` before the first frame.
    public private(set) var epochMJD: Double?
    public private(set) var framesUsed: Int
    /// What was known before the frames of the current field.
    private var before: Measured
    private var field: FieldMean?

    /// The average over the frames of one field.
    private struct FieldMean: Sendable, Equatable, Codable {
        var id: String
        var weight: Double
        var weightedValue: Double
        var weightedError: Double

        var mean: Measured { Measured(weightedValue / weight, error: weightedError / weight) }

        mutating func add(_ estimate: Measured) {
            let own = 1 / (estimate.error * estimate.error)
            weight += own
            weightedValue += own * estimate.value
            weightedError += own * estimate.error
        }
    }

    public init(value: Double, error: Double, pivotColour: Double, epochMJD: Double? = nil) {
        self.value = value
        self.error = error
        self.pivotColour = pivotColour
        self.epochMJD = epochMJD
        framesUsed = 0
        before = Measured(value, error: error)
    }

    /// Before anything is known: filters of one name differ by about this.
    public static func unknown(pivotColour: Double) -> ColourTermState {
        ColourTermState(value: 0, error: 0.3, pivotColour: pivotColour)
    }

    /// No colour term at all.
    public static func none(pivotColour: Double) -> ColourTermState {
        ColourTermState(value: 0, error: 0, pivotColour: pivotColour)
    }

    /// The state at another time: its variance grown by drift^2 per day.
    public func predicted(atMJD time: Double, drift: ColourTermDrift = ColourTermDrift()) -> ColourTermState {
        var state = self
        guard let epochMJD, time.isFinite else {
            state.epochMJD = time.isFinite ? time : epochMJD
            return state
        }
        let grown = drift.perSquareRootDay * drift.perSquareRootDay * abs(time - epochMJD)
        state.before.error = (before.error * before.error + grown).squareRoot()
        state.epochMJD = max(epochMJD, time)
        state.join()
        return state
    }

    /// The state with one more frame. An estimate further off than three errors counts less, with its error enlarged to
    /// that; a late one counts as old.
    public func updated(
        with estimate: ColourTermEstimate, drift: ColourTermDrift = ColourTermDrift()
    ) -> ColourTermState { updated(with: estimate, drift: drift, frames: 1) }

    /// - Parameter frames: how many the estimate is the average of.
    func updated(with estimate: ColourTermEstimate, drift: ColourTermDrift, frames: Int) -> ColourTermState {
        guard estimate.isUsable else { return self }
        var state = predicted(atMJD: estimate.midExposureMJD, drift: drift)
        if state.field?.id != estimate.fieldID {
            state.before = Measured(state.value, error: state.error)
            state.field = FieldMean(id: estimate.fieldID, weight: 0, weightedValue: 0, weightedError: 0)
        }
        let age = max(0, (state.epochMJD ?? estimate.midExposureMJD) - estimate.midExposureMJD)
        let grown = drift.perSquareRootDay * drift.perSquareRootDay * age
        var error = (estimate.colourTerm.error * estimate.colourTerm.error + grown).squareRoot()
        let expected = (error * error + state.before.error * state.before.error).squareRoot()
        let pull = abs(estimate.colourTerm.value - state.before.value) / (3 * expected)
        if pull > 1 { error *= pull }
        state.field?.add(Measured(estimate.colourTerm.value, error: error))
        state.framesUsed += frames
        state.join()
        return state
    }

    private mutating func join() {
        guard let field, field.weight > 0 else {
            (value, error) = (before.value, before.error)
            return
        }
        let own = 1 / (field.mean.error * field.mean.error)
        guard before.error > 0 else { return }
        let known = 1 / (before.error * before.error)
        value = (own * field.mean.value + known * before.value) / (own + known)
        error = (1 / (own + known)).squareRoot()
    }
}

/// How fast a colour term may change.
public struct ColourTermDrift: Sendable, Equatable, Codable {
    /// [mag/mag per square root of a day]; 0.001 is 0.02 in a year.
    public var perSquareRootDay: Double

    public init(perSquareRootDay: Double = 0.001) { self.perSquareRootDay = perSquareRootDay }
}

/// What one frame alone says of the colour term (`ZeroPointSolution.colourEstimate`).
public struct ColourTermEstimate: Sendable, Equatable, Codable {
    public var frameID: String
    /// Frames of one field share their stars.
    public var fieldID: String
    public var midExposureMJD: Double
    public var colourTerm: Measured

    public init(frameID: String, fieldID: String, midExposureMJD: Double, colourTerm: Measured) {
        self.frameID = frameID
        self.fieldID = fieldID
        self.midExposureMJD = midExposureMJD
        self.colourTerm = colourTerm
    }

    var isUsable: Bool {
        colourTerm.value.isFinite && colourTerm.error > 0 && colourTerm.error.isFinite && midExposureMJD.isFinite
    }
}
