/// A check star on one frame: measured as if it were the target, and used for nothing.
public struct CheckStarFacts: Codable, Sendable, Equatable {
    /// The comparison sequence's.
    public var sequence: String
    /// The star's in the sequence.
    public var id: String
    /// On the scale of the point it belongs to [mag].
    public var magnitude: Double
    /// Without the error of the level, which all frames of a night share [mag].
    public var magnitudeError: Double
    /// In the sequence [mag]; nil where that has none in the frame's band.
    public var catalogueMagnitude: Double?
    /// nil where the sequence gives none.
    public var catalogueMagnitudeError: Double?
    /// magnitude - catalogueMagnitude; nil where the two are not of one band and system [mag].
    public var residual: Double?
    /// From the errors of both, of the level, and the scatter of the comparison stars about it [mag].
    public var residualError: Double?

    public init(sequence: String, id: String, magnitude: Double, magnitudeError: Double) {
        self.sequence = sequence
        self.id = id
        self.magnitude = magnitude
        self.magnitudeError = magnitudeError
    }
}
