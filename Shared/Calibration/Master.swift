public import Imaging

/// What is known of a master without its pixels: enough to choose one.
public struct MasterFacts: Sendable, Equatable, Codable {
    /// The caller's name for these pixels (a content hash in the frame store).
    public var id: String
    public var kind: FrameKind
    public var mode: DetectorMode
    /// Flats and fringes only.
    public var filter: String?
    /// Exposure time of the dark current in a dark; of the frames in a flat [s].
    public var exposureSeconds: Double
    public var temperatureCelsius: Double?
    /// Mean of the frames' midpoints, MJD UTC [d].
    public var midpointMJD: Double
    public var night: String
    /// Frames that were combined.
    public var count: Int
    /// Their ids, in order of mid-exposure.
    public var inputIDs: [String]
    /// The masters that were subtracted from them.
    public var biasID: String?
    public var darkID: String?
    /// Noise of one input pixel, from the scatter between frames [unit of the master]; for a bias the read noise in
    /// ADU.
    public var frameNoise: Double
    public var flags: CalibrationFlags
    /// Flats: gain by photon transfer of pairs of the frames [e-/ADU], and its standard error.
    public var measuredGain: Double?
    public var measuredGainError: Double?
    /// Of the instrument document the frames came with.
    public var instrumentRevision: Int?

    public init(
        id: String, kind: FrameKind, mode: DetectorMode, filter: String? = nil, exposureSeconds: Double,
        temperatureCelsius: Double?, midpointMJD: Double, night: String, count: Int, inputIDs: [String],
        biasID: String? = nil, darkID: String? = nil, frameNoise: Double, flags: CalibrationFlags = []
    ) {
        self.id = id
        self.kind = kind
        self.mode = mode
        self.filter = filter
        self.exposureSeconds = exposureSeconds
        self.temperatureCelsius = temperatureCelsius
        self.midpointMJD = midpointMJD
        self.night = night
        self.count = count
        self.inputIDs = inputIDs
        self.biasID = biasID
        self.darkID = darkID
        self.frameNoise = frameNoise
        self.flags = flags
    }
}

/// A combined calibration frame with its error and its bad pixels.
///
/// Bias and dark are `Master<ADU>`; the dark keeps the dark signal of `facts.exposureSeconds`, not per second. A flat
/// is `Master<Relative>` with median 1.
public struct Master<Unit: PixelUnit>: Sendable, Equatable {
    public var facts: MasterFacts
    public var image: Image<Unit>
    /// Standard error of each pixel from the combination alone, without that of the masters that were subtracted.
    public var error: Image<Unit>
    public var mask: Mask

    /// - Parameter mask: bad pixels of the master; nil finds them as its kind asks for.
    public init(facts: MasterFacts, image: Image<Unit>, error: Image<Unit>, mask: Mask? = nil) {
        precondition(image.hasShape(of: error), "a master's error has its shape")
        self.facts = facts
        self.image = image
        self.error = error
        self.mask = mask ?? BadPixels.find(in: image, error: error, kind: facts.kind, frameNoise: facts.frameNoise)
    }

    /// A master that was combined elsewhere and comes without an error: that is taken from the scatter of
    /// neighbouring pixels.
    public init(external facts: MasterFacts, image: Image<Unit>) {
        let (facts, noise) = Self.externalFacts(facts, image)
        self.init(facts: facts, image: image, error: Image(width: image.width, height: image.height, filledWith: noise))
    }

    /// Facts of a master that was combined elsewhere, and its error.
    static func externalFacts(_ facts: MasterFacts, _ image: Image<Unit>) -> (facts: MasterFacts, error: Float) {
        var facts = facts
        facts.flags.insert(.externalMaster)
        let noise = Stack.neighbourNoise(image.pixels, width: image.width)
        if !(facts.frameNoise > 0) { facts.frameNoise = noise * Double(max(facts.count, 1)).squareRoot() }
        return (facts, Float(noise))
    }

    /// Whether any pixel is a number and carries a measurement.
    public var hasUsablePixel: Bool {
        let bad = PixelFlags.withoutMeasurement.rawValue
        return zip(image.pixels, mask.bits).contains { $0.isFinite && $1 & bad == 0 }
    }
}

extension Master where Unit == Relative {
    /// The same flat divided by its median, for one that was combined elsewhere and normalised in another way.
    public func normalisedToMedian() -> Master {
        guard let median = Robust.median(image.pixels), median > 0 else { return self }
        return divided(by: Double(median))
    }

    /// The same flat divided by the mean of its numbers, as ccdproc does by default; itself where that is not positive.
    public func normalisedToMean() -> Master {
        var (sum, count) = (0.0, 0)
        for value in image.pixels where value.isFinite {
            sum += Double(value)
            count += 1
        }
        return sum > 0 ? divided(by: sum / Double(count)) : self
    }

    private func divided(by level: Double) -> Master {
        var flat = self
        for i in flat.image.pixels.indices {
            flat.image.pixels[i] = Float(Double(flat.image.pixels[i]) / level)
            flat.error.pixels[i] = Float(Double(flat.error.pixels[i]) / level)
        }
        flat.facts.frameNoise /= level
        return flat
    }
}

/// The masters that go into one frame; a missing one is nil.
public struct MasterSet: Sendable, Equatable {
    public var bias: Master<ADU>?
    public var dark: Master<ADU>?
    public var flat: Master<Relative>?
    /// Of the light's filter.
    public var fringe: FringeMaster?

    public init(
        bias: Master<ADU>? = nil, dark: Master<ADU>? = nil, flat: Master<Relative>? = nil, fringe: FringeMaster? = nil
    ) {
        self.bias = bias
        self.dark = dark
        self.flat = flat
        self.fringe = fringe
    }
}
