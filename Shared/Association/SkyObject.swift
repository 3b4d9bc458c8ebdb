public import Sky

/// What is known of where an object is: a position at an epoch, and its motion where a catalogue says so.
public struct SkyObject: Sendable, Hashable {
    public var identifier: Int64
    /// ICRS, at `epoch`.
    public var position: SkyPosition
    public var covariance: PositionCovariance
    /// Julian year of the position.
    public var epoch: Double
    public var motion: ProperMotion?
    /// Error of one component of the proper motion [mas/yr]; 0 where it is not known.
    public var motionErrorMasPerYear: Double

    public init(
        identifier: Int64, position: SkyPosition, covariance: PositionCovariance, epoch: Double,
        motion: ProperMotion? = nil, motionErrorMasPerYear: Double = 0
    ) {
        self.identifier = identifier
        self.position = position
        self.covariance = covariance
        self.epoch = epoch
        self.motion = motion
        self.motionErrorMasPerYear = motionErrorMasPerYear
    }

    /// The object as it is at another epoch: moved, and with the error of its motion in its covariance.
    ///
    ///     C(t) = C + (e_motion (t - epoch))^2
    ///
    /// - Parameter year: Julian year.
    public func moved(to year: Double) -> SkyObject {
        guard let motion else { return self }
        var object = self
        object.position = position.moved(by: motion, from: epoch, to: year)
        object.covariance =
            covariance + PositionCovariance(errorArcsec: motionErrorMasPerYear * (year - epoch) / 1000)
        object.epoch = year
        return object
    }

    /// Whether the object may be farther from its position than `reachArcsec` at some time of `years`, so that a search
    /// by cells has to look for it farther away.
    public func wanders(beyond reachArcsec: Double, during years: ClosedRange<Double>) -> Bool {
        guard let motion else { return false }
        let span = max(abs(years.lowerBound - epoch), abs(years.upperBound - epoch))
        return (motion.totalMasPerYear + motionErrorMasPerYear) * span / 1000 > reachArcsec
    }
}
