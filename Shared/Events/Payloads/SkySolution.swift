/// How one step of solving a frame ended.
public struct SolvingAttempt: Codable, Sendable, Equatable {
    /// `header`, `previous`, `hint`, `wide` or `blind`.
    public var rung: String
    /// `solved`, `failed` or `notTried`.
    public var outcome: String
    /// In words.
    public var reason: String

    public init(rung: String, outcome: String, reason: String) {
        self.rung = rung
        self.outcome = outcome
        self.reason = reason
    }
}

/// Where a frame lies on the sky, by its stars and a reference catalogue. The coordinates themselves are cards in the
/// header of its detections.
public struct SkySolution: Codable, Sendable, Equatable {
    public var catalogue: String
    /// Which catalogue of that name, to the last bit.
    public var catalogueDigest: String
    /// The step that found it: `header`, `previous`, `hint`, `wide` or `blind`.
    public var rung: String
    /// Stars that the coordinates were fitted to.
    public var stars: Int
    /// Root mean square distance of those stars, both coordinates together.
    public var rmsPixels: Double
    public var rmsArcsec: Double
    /// What it would be by the errors of centroids and catalogue alone.
    public var expectedRMSArcsec: Double
    /// ICRS, at mid-exposure.
    public var centreRADegrees: Double
    public var centreDecDegrees: Double
    /// Of the position of the frame's centre: variance east, covariance, variance north [arcsec^2]; absent: not
    /// known.
    public var centreCovarianceArcsec2: [Double]?
    public var arcsecPerPixel: Double
    /// Direction of the y axis on the sky [deg], north through east.
    public var rotationDegrees: Double
    public var isMirrored: Bool
    public var distortionOrder: Int
    /// ln odds of the match against chance.
    public var logOdds: Double
    /// Every step up to the one that found it.
    public var attempts: [SolvingAttempt]
    /// Where header or document are wrong, in words.
    public var notes: [String]

    public init(
        catalogue: String, catalogueDigest: String, rung: String, stars: Int, rmsPixels: Double, rmsArcsec: Double,
        expectedRMSArcsec: Double, centreRADegrees: Double, centreDecDegrees: Double,
        centreCovarianceArcsec2: [Double]?, arcsecPerPixel: Double, rotationDegrees: Double, isMirrored: Bool,
        distortionOrder: Int, logOdds: Double, attempts: [SolvingAttempt], notes: [String]
    ) {
        self.catalogue = catalogue
        self.catalogueDigest = catalogueDigest
        self.rung = rung
        self.stars = stars
        self.rmsPixels = rmsPixels
        self.rmsArcsec = rmsArcsec
        self.expectedRMSArcsec = expectedRMSArcsec
        self.centreRADegrees = centreRADegrees
        self.centreDecDegrees = centreDecDegrees
        self.centreCovarianceArcsec2 = centreCovarianceArcsec2
        self.arcsecPerPixel = arcsecPerPixel
        self.rotationDegrees = rotationDegrees
        self.isMirrored = isMirrored
        self.distortionOrder = distortionOrder
        self.logOdds = logOdds
        self.attempts = attempts
        self.notes = notes
    }
}
