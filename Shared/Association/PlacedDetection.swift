public import Sky

/// One detection of a frame with its place on the sky.
public struct PlacedDetection: Sendable, Hashable {
    /// ICRS, at the frame's epoch.
    public var position: SkyPosition
    /// The centroid's error and that of the frame's world coordinates.
    public var covariance: PositionCovariance

    public init(position: SkyPosition, covariance: PositionCovariance) {
        self.position = position
        self.covariance = covariance
    }
}

/// How detections and objects are brought together.
public struct AssociationLimits: Sendable, Hashable {
    /// Largest chi^2 of the difference of positions, two degrees of freedom. Of the right pairs, the share
    /// exp(-chi^2 / 2) lies beyond.
    public var chiSquared: Double
    /// No pair is farther apart than this, whatever its errors [arcsec].
    public var separationArcsec: Double
    /// Detections of one frame nearer than this cannot be two stars [arcsec].
    public var resolutionArcsec: Double

    /// - Parameter chiSquared: the default loses one right pair in 10,000: -2 ln(1e-4).
    public init(chiSquared: Double = 18.42, separationArcsec: Double = 10, resolutionArcsec: Double = 0) {
        self.chiSquared = chiSquared
        self.separationArcsec = separationArcsec
        self.resolutionArcsec = resolutionArcsec
    }
}

/// What became of one detection.
public struct AssociationOutcome: Sendable, Hashable {
    /// Index among the objects; nil for a detection of a new object, or of none (`duplicate`).
    public var object: Int?
    /// Of the difference of positions; 0 without an object.
    public var chiSquared: Double
    public var flags: AssociationFlags

    public init(object: Int?, chiSquared: Double, flags: AssociationFlags) {
        self.object = object
        self.chiSquared = chiSquared
        self.flags = flags
    }

    /// Whether the detection is the first of an object.
    public var isNew: Bool { object == nil && !flags.contains(.duplicate) }
}
