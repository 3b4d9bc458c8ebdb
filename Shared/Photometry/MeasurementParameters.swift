public import Detection

/// How the local background is taken from an annulus after clipping.
public enum BackgroundEstimator: String, Sendable, CaseIterable, Codable {
    /// Unbiased where the noise is Poisson and the sky low; most exact.
    case mean
    /// Hardly moved by faint neighbours; low by up to 1/6 e-/px where the noise is Poisson and the sky low.
    case median
    /// 2.5 median - 1.5 mean: for crowded fields.
    case mode
}

/// How a frame is measured.
public struct MeasurementParameters: Sendable, Equatable {
    public enum Radius: Sendable, Equatable {
        case pixels(Double)
        /// Times the frame's seeing.
        case seeing(Double)

        /// "5.5", "5.5px" or "1.5fwhm"; nil for anything else, and for radii that are not positive.
        public init?(text: String) {
            let lower = text.lowercased()
            let unit = lower.hasSuffix("fwhm") ? "fwhm" : lower.hasSuffix("px") ? "px" : ""
            guard let number = Double(lower.dropLast(unit.count)), number > 0, number < 1000 else { return nil }
            self = unit == "fwhm" ? .seeing(number) : .pixels(number)
        }
    }

    public var detection: DetectionParameters
    /// Radius of the aperture. A Gaussian star has 99.8 % of its light within 1.5 FWHM (2 mmag lost, so that changes of
    /// seeing move fluxes by less than 1 mmag); sky-limited S/N is best at 0.68 FWHM and 1.6 times less at 1.5 FWHM.
    public var radius: Radius
    /// More circular apertures.
    public var extraRadii: [Radius]
    /// Those of `extraRadii` that are in pixels; set, all of them [px].
    public var extraRadiiPixels: [Double] {
        get { extraRadii.compactMap { if case .pixels(let pixels) = $0 { pixels } else { nil } } }
        set { extraRadii = newValue.map { .pixels($0) } }
    }
    /// Relative error of the flat from pixel to pixel: the light of a star over n pixels is uncertain by this over
    /// sqrt(n). What the flat does to the sky is in the variance plane already.
    public var flatError: Double
    /// Inner and outer radius of the background annulus in units of `radius`; nil uses the background mesh alone.
    public var annulus: (inner: Double, outer: Double)?
    /// The annulus is at least this wide [px].
    public var minimumAnnulusWidthPixels: Double
    public var estimator: BackgroundEstimator
    /// Threads that sources are split over; the bits do not depend on it, and it has no part in equality.
    public var threads = 1
    /// False when the frame's "electrons" are not: errors come from the variance plane alone.
    public var gainKnown: Bool {
        get { detection.gainKnown }
        set { detection.gainKnown = newValue }
    }

    public init(
        detection: DetectionParameters = DetectionParameters(), radius: Radius = .seeing(1.5),
        extraRadiiPixels: [Double] = [], extraRadii: [Radius] = [],
        annulus: (inner: Double, outer: Double)? = (2.5, 4), minimumAnnulusWidthPixels: Double = 6,
        estimator: BackgroundEstimator = .mean, flatError: Double = 0, gainKnown: Bool = true
    ) {
        self.detection = detection
        self.radius = radius
        self.extraRadii = extraRadiiPixels.map { .pixels($0) } + extraRadii
        self.flatError = flatError
        self.annulus = annulus
        self.minimumAnnulusWidthPixels = minimumAnnulusWidthPixels
        self.estimator = estimator
        self.detection.gainKnown = gainKnown
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.detection == right.detection && left.radius == right.radius
            && left.extraRadii == right.extraRadii && left.flatError == right.flatError
            && left.annulus?.inner == right.annulus?.inner
            && left.annulus?.outer == right.annulus?.outer && left.estimator == right.estimator
            && left.minimumAnnulusWidthPixels == right.minimumAnnulusWidthPixels
    }

    /// Used where the frame has no star to measure the seeing from [px].
    public static let fallbackFWHMPixels = 4.0

    /// Radius of the aperture on a frame with this seeing [px].
    func radiusPixels(seeing: Seeing?) -> Double { pixels(radius, seeing: seeing) }

    func pixels(_ radius: Radius, seeing: Seeing?) -> Double {
        switch radius {
        case .pixels(let pixels): pixels
        case .seeing(let factor): factor * fwhmPixels(seeing: seeing)
        }
    }

    /// The seeing, or what stands in for it [px].
    func fwhmPixels(seeing: Seeing?) -> Double {
        seeing?.fwhmPixels ?? detection.fwhmPixels ?? Self.fallbackFWHMPixels
    }

    /// Inner and outer radius of the annulus around an aperture [px].
    func annulusPixels(radius: Double) -> (inner: Double, outer: Double)? {
        annulus.map { annulus in
            let inner = annulus.inner * radius
            return (inner, max(annulus.outer * radius, inner + minimumAnnulusWidthPixels))
        }
    }
}
