internal import Glibc
public import Sky

/// How a star's brightness goes with time.
public enum Variability: Sendable, Equatable {
    case constant
    /// semiAmplitude * sin(2 pi (t - epoch) / period)
    case sinusoid(periodDays: Double, semiAmplitudeMagnitudes: Double, epochMJD: Double)
    /// Fainter by `depth` for `durationDays` around each epoch, with straight ingress and egress of a quarter of the
    /// duration.
    case eclipse(periodDays: Double, depthMagnitudes: Double, durationDays: Double, epochMJD: Double)
    /// Brighter by half the amplitude at once, by all of it after `riseDays`, then fading linearly.
    case nova(eruptionMJD: Double, amplitudeMagnitudes: Double, riseDays: Double, declineMagnitudesPerDay: Double)

    /// What to add to the magnitude at a time, MJD UTC [d].
    public func magnitudeOffset(at mjd: Double) -> Double {
        switch self {
        case .constant:
            return 0
        case .sinusoid(let period, let amplitude, let epoch):
            return amplitude * sin(2 * .pi * (mjd - epoch) / period)
        case .eclipse(let period, let depth, let duration, let epoch):
            let cycles = (mjd - epoch) / period
            let distance = abs(cycles - cycles.rounded()) * period
            let slope = (duration / 2 - distance) / (duration / 4)
            return depth * min(max(slope, 0), 1)
        case .nova(let eruption, let amplitude, let rise, let decline):
            let age = mjd - eruption
            if age < 0 { return 0 }
            let risen = rise > 0 ? min(0.5 + 0.5 * age / rise, 1) : 1
            return -amplitude * risen + decline * max(age - rise, 0)
        }
    }
}

public struct SimulatedStar: Sendable, Equatable {
    public var id: Int
    public var position: SkyPosition
    /// In the system of the instruments' zero points, at rest.
    public var magnitude: Double
    /// B-V.
    public var colour: Double
    public var variability: Variability

    public init(
        id: Int, position: SkyPosition, magnitude: Double, colour: Double = 0.7, variability: Variability = .constant
    ) {
        self.id = id
        self.position = position
        self.magnitude = magnitude
        self.colour = colour
        self.variability = variability
    }
}

/// Stars around a place on the sky.
public struct StarField: Sendable, Equatable {
    public var centre: SkyPosition
    public var stars: [SimulatedStar]

    public init(centre: SkyPosition, stars: [SimulatedStar]) {
        self.centre = centre
        self.stars = stars
    }

    /// Stars spread evenly over a square of the tangent plane, with counts that grow as 10^(0.3 m).
    ///
    /// - Parameters:
    ///   - count: stars in the square; ids are 1...count.
    ///   - sideDegrees: side of the square [deg], below 60.
    public init(
        seed: UInt64, centre: SkyPosition, sideDegrees: Double, count: Int, magnitudes: ClosedRange<Double>
    ) throws(SkyError) {
        var random = RandomStream(seed: seed, 100)
        let plane = TangentPlane(centre: centre)
        let (few, many) = (pow(10, 0.3 * magnitudes.lowerBound), pow(10, 0.3 * magnitudes.upperBound))
        var stars: [SimulatedStar] = []
        for id in 0..<count {
            let xi = random.uniform(-0.5...0.5) * sideDegrees
            let eta = random.uniform(-0.5...0.5) * sideDegrees
            let magnitude = log10(random.uniform(few...many)) / 0.3
            let colour = min(max(0.75 + 0.35 * random.gaussian(), -0.2), 1.8)
            let position = try plane.position(xiDegrees: xi, etaDegrees: eta)
            stars.append(SimulatedStar(id: id + 1, position: position, magnitude: magnitude, colour: colour))
        }
        self.init(centre: centre, stars: stars)
    }

    /// Puts a star at an offset from the centre in the tangent plane (east and north) and removes others within
    /// `clearing`.
    /// - Returns: its id, one above the largest so far.
    @discardableResult
    public mutating func place(
        eastDegrees: Double, northDegrees: Double, magnitude: Double, colour: Double = 0.7,
        variability: Variability = .constant, clearingArcseconds: Double = 20
    ) throws(SkyError) -> Int {
        let plane = TangentPlane(centre: centre)
        let position = try plane.position(xiDegrees: eastDegrees, etaDegrees: northDegrees)
        let id = (stars.map(\.id).max() ?? 0) + 1
        stars.removeAll { $0.position.separationDegrees(from: position) * 3600 < clearingArcseconds }
        stars.append(
            SimulatedStar(id: id, position: position, magnitude: magnitude, colour: colour, variability: variability))
        return id
    }
}
