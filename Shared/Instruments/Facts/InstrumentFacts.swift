public import Imaging
public import Sky

/// Where a gain came from.
public enum GainSource: String, Sendable, Codable, CaseIterable {
    /// The instrument document.
    case document
    /// A header keyword that means e-/ADU by its definition, EGAIN.
    case egain = "EGAIN"
    /// GAIN, because the instrument document says that it is e-/ADU here.
    case headerGain = "GAIN"
    case unknown
}

/// The pixels that hold sky, 0-based, half open: x0 <= x < x1 and y0 <= y < y1.
public struct PixelRegion: Sendable, Hashable {
    public let x0: Int
    public let x1: Int
    public let y0: Int
    public let y1: Int

    public init(x0: Int, x1: Int, y0: Int, y1: Int) {
        self.x0 = x0
        self.x1 = x1
        self.y0 = y0
        self.y1 = y1
    }
}

/// What is known of the instrument behind one frame: the document first, the header second, nothing invented.
public struct InstrumentFacts: Sendable, Equatable {
    /// Of the instrument document.
    public var id: String
    /// Of the instrument document.
    public var revision: Int
    /// INSTRUME, as written.
    public var camera: String?
    /// TELESCOP, as written, or the document's.
    public var telescope: String?
    /// [e-/ADU]
    public var gainElectronsPerADU: Double?
    public var gainSource: GainSource = .unknown
    /// [e-]; `nil` also where only a value in ADU is known and the gain is not.
    public var readNoiseElectrons: Double?
    /// [ADU], where the document gives it so.
    public var readNoiseADU: Double?
    /// Level from which a pixel is saturated [ADU].
    public var saturationADU: Double?
    /// [arcsec] per pixel of this file, binning included.
    public var pixelScaleArcsec: Double?
    public var site: Site?
    /// Diameter of the entrance pupil [m].
    public var telescopeApertureMeters: Double?
    /// Fixed aperture radius [px of this file].
    public var apertureRadiusPixels: Double?
    /// Aperture radius as a multiple of the frame's FWHM.
    public var apertureRadiusFWHM: Double?
    /// Sky annulus [px of this file], inner and outer radius.
    public var annulusInnerPixels: Double?
    public var annulusOuterPixels: Double?
    /// Whether sources are fitted by the frame's star image as well; nil leaves it to the photometer.
    public var psfPhotometry: Bool?
    /// Pixels that hold sky, of the trimmed frame; `nil` means all.
    public var usableRegion: PixelRegion?
    /// What is done to raw pixels first, with sections of this very frame.
    public var corrections = DetectorCorrections()

    public init(id: String, revision: Int) {
        self.id = id
        self.revision = revision
    }
}
