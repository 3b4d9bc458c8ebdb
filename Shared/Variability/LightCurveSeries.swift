/// One measured magnitude of a light curve.
public struct MagnitudePoint: Sendable, Equatable {
    /// [d], in any one time standard; BJD_TDB where periods are meant to be right to seconds.
    public var timeDays: Double
    public var magnitude: Double
    /// Standard error [mag], > 0.
    public var error: Double

    public init(timeDays: Double, magnitude: Double, error: Double) {
        self.timeDays = timeDays
        self.magnitude = magnitude
        self.error = error
    }

    /// Finite, and with an error that can be a weight.
    var isUsable: Bool {
        timeDays.isFinite && abs(timeDays) < 1e9 && magnitude.isFinite && abs(magnitude) < 1e6
            && error >= 1e-9 && error < 1e6
    }

    /// 1 / error^2 [mag^-2].
    var weight: Double { 1 / (error * error) }
}

/// The light curve of one object in one filter, in order of time.
///
/// Upper limits are no part of it. Points that cannot be used (a number that is not finite, an error that is not
/// positive) are left out and counted, so that one bad row does not spoil a statistic in silence.
public struct LightCurveSeries: Sendable, Equatable {
    /// In order of time; points of equal times in order of magnitude, then error.
    public let points: [MagnitudePoint]
    /// How many of the given points were left out.
    public let unusableCount: Int

    public init(_ points: [MagnitudePoint]) {
        self.points = points.filter(\.isUsable).sorted {
            ($0.timeDays, $0.magnitude, $0.error) < ($1.timeDays, $1.magnitude, $1.error)
        }
        unusableCount = points.count - self.points.count
    }

    public var count: Int { points.count }

    /// From the first point to the last [d].
    public var baselineDays: Double { points.isEmpty ? 0 : points[count - 1].timeDays - points[0].timeDays }
}
