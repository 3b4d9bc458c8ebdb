/// ADU squared: a variance of raw pixels.
public enum ADUSquared: PixelUnit {}

/// An overscan and the pixels it is the zero level of: one pair for each amplifier.
public struct OverscanRegion: Sendable, Hashable, Codable {
    public var bias: FrameSection
    public var data: FrameSection

    public init(bias: FrameSection, data: FrameSection) {
        self.bias = bias
        self.data = data
    }
}

/// Lines of a detector: `rows` run along x, `columns` along y.
public enum DetectorAxis: String, Sendable, Hashable, Codable, CaseIterable {
    case rows, columns
}

/// How the levels of an overscan's lines become the level that is subtracted.
public enum OverscanFit: String, Sendable, Hashable, Codable, CaseIterable {
    /// Of each line by itself.
    case median
    /// A Legendre polynomial through the lines' medians.
    case legendre
}

/// Zero level from the overscan; only the data sections are kept.
public struct OverscanCorrection: Sendable, Hashable, Codable {
    public var regions: [OverscanRegion]
    /// `rows`: one level for each row (overscan columns); `columns`: one for each column (overscan rows).
    public var along: DetectorAxis
    public var fit: OverscanFit
    /// Of the polynomial.
    public var order: Int

    public init(regions: [OverscanRegion], along: DetectorAxis = .rows, fit: OverscanFit = .median, order: Int = 0) {
        self.regions = regions
        self.along = along
        self.fit = fit
        self.order = order
    }
}

/// The part of a frame that one amplifier read, and from which side.
public struct AmplifierSection: Sendable, Hashable, Codable {
    public var section: FrameSection
    /// Read from high x to low x.
    public var flipX: Bool
    public var flipY: Bool

    public init(section: FrameSection, flipX: Bool = false, flipY: Bool = false) {
        self.section = section
        self.flipX = flipX
        self.flipY = flipY
    }
}

/// What amplifiers that read at the same time leave of their signal in each other.
public struct CrosstalkCorrection: Sendable, Hashable, Codable {
    /// Of equal size.
    public var amplifiers: [AmplifierSection]
    /// `coefficients[victim][source]`; the diagonal does not count.
    public var coefficients: [[Double]]

    public init(amplifiers: [AmplifierSection], coefficients: [[Double]]) {
        self.amplifiers = amplifiers
        self.coefficients = coefficients
    }
}

/// corrected = s (1 + c[0] s + c[1] s^2 + ...) with s the counts above the pedestal [ADU].
public struct LinearityCorrection: Sendable, Hashable, Codable {
    /// [1/ADU], [1/ADU^2], ...
    public var coefficients: [Double]
    /// Level at no light; 0 where the overscan has been subtracted [ADU].
    public var pedestalADU: Double
    /// Counts above the pedestal to which the polynomial was measured [ADU]; nil: everywhere.
    public var validToADU: Double?

    public init(coefficients: [Double], pedestalADU: Double = 0, validToADU: Double? = nil) {
        self.coefficients = coefficients
        self.pedestalADU = pedestalADU
        self.validToADU = validToADU
    }
}

/// Where the level of each row, which a CMOS sensor changes from frame to frame, is taken from.
public enum RowNoiseSource: String, Sendable, Hashable, Codable, CaseIterable {
    /// The row's own pixels without sources.
    case sky
    /// Columns that light does not reach.
    case darkColumns
}

/// Noise that whole rows share.
public struct RowNoiseCorrection: Sendable, Hashable, Codable {
    public var from: RowNoiseSource
    /// For `darkColumns`.
    public var darkColumns: FrameSection?
    /// Columns get the same from the sky.
    public var columnsToo: Bool

    public init(from: RowNoiseSource, darkColumns: FrameSection? = nil, columnsToo: Bool = false) {
        self.from = from
        self.darkColumns = darkColumns
        self.columnsToo = columnsToo
    }
}

/// How a dark follows the exposure time.
public enum DarkExposureModel: String, Sendable, Hashable, Codable, CaseIterable {
    /// dark(t) = rate t
    case proportional
    /// dark(t) = glow + rate t, from two darks: an amplifier that glows while it reads adds the same to every exposure.
    case affine
}

/// What one camera does to its pixels, measured once and written into the instrument document.
public struct DetectorCorrections: Sendable, Hashable, Codable {
    public var overscan: OverscanCorrection?
    public var crosstalk: CrosstalkCorrection?
    public var linearity: LinearityCorrection?
    public var rowNoise: RowNoiseCorrection?
    /// Lines along which saturated pixels bleed; nil: they do not (CMOS sensors, anti-blooming gates). A CCD bleeds
    /// along its columns.
    public var bleedingAlong: DetectorAxis?
    public var darkModel: DarkExposureModel
    /// Cosmic rays and satellite trails are looked for in calibrated lights and marked.
    public var marksArtefacts = false

    public init() {
        bleedingAlong = .columns
        darkModel = .proportional
    }

    /// Nothing is done to raw pixels.
    public var leavesPixels: Bool { overscan == nil && crosstalk == nil && linearity == nil && rowNoise == nil }

    /// Size of a frame after trimming; its own where there is nothing to trim, or where the sections do not fit.
    public func preparedSize(width: Int, height: Int) -> (width: Int, height: Int) {
        guard let overscan, !overscan.regions.isEmpty else { return (width, height) }
        let data = overscan.regions.map(\.data)
        guard (data + overscan.regions.map(\.bias)).allSatisfy({ $0.fits(width: width, height: height) }) else {
            return (width, height)
        }
        return (Set(data.flatMap(\.columns)).count, Set(data.flatMap(\.rows)).count)
    }
}
