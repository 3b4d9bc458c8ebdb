public import PlateSolving

/// What a simulated frame is like.
public struct FieldRecipe: Sendable {
    public var name: String
    public var width = 2048
    public var height = 2048
    /// [arcsec/px]
    public var scale = 2.0
    /// Catalogue stars in the frame, on average.
    public var starsInFrame = 300.0
    /// The share of the catalogue's stars, brightest first, that the frame reaches; above 1 it goes deeper.
    public var depth = 0.6
    /// Share of the detections that are no stars.
    public var falseShare = 0.1
    /// Share of the stars that are not detected, by colour or blending.
    public var missing = 0.1
    /// Between the bands of frame and catalogue [mag].
    public var magnitudeScatter = 0.3
    /// [px]; along x it may be more, alike for the whole frame in part.
    public var centroidError = 0.15
    public var trail = 0.0
    /// What the list says its errors are, over what they are.
    public var claimedError = 1.0
    /// Distortion at the corner [px].
    public var distortion = 0.3
    /// False detections, bright, in a clump.
    public var comet = 0
    /// Catalogue stars of a cluster in the middle, of which the frame sees only the outskirts.
    public var cluster = 0
    public var mirrored: Bool?
    public var parity = Parity.unknown
    /// [deg]
    public var uncertainty = 1.0
    public var scaleTolerance = 0.2
    /// Distance of the hint from the centre, in units of the uncertainty; random below 1 where it is `nil`.
    public var hintOffset: Double?
    public var declinations = -90.0...90.0
    /// [arcsec]
    public var catalogueError = 0.1
    /// Detections beyond the catalogue's depth, for each of its stars: fainter than nine in ten of these.
    public var fainter = 0.0

    public init(name: String) {
        self.name = name
    }
}
