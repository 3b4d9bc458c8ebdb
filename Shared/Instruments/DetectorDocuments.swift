public import Imaging

/// The overscan of an instrument. Sections are written as FITS headers do: "[x1:x2,y1:y2]", from 1, both ends included.
public struct OverscanDocument: Codable, Sendable, Equatable {
    /// One for each amplifier; instead of `fromHeader`.
    public var regions: [OverscanSections]?
    /// BIASSEC, and TRIMSEC or DATASEC of the header.
    public var fromHeader: Bool?
    /// Lines of one level each; `rows` when not given.
    public var along: DetectorAxis?
    /// `median` when not given.
    public var fit: OverscanFit?
    /// Of the Legendre polynomial; 3 when not given.
    public var order: Int?
    public init() {}
}

public struct OverscanSections: Codable, Sendable, Equatable {
    public var biassec: String
    /// The pixels that this overscan is the zero level of, and that are kept.
    public var trimsec: String

    public init(biassec: String, trimsec: String) {
        self.biassec = biassec
        self.trimsec = trimsec
    }
}

/// What amplifiers leave in each other.
public struct CrosstalkDocument: Codable, Sendable, Equatable {
    public var amplifiers: [AmplifierDocument]
    /// `coefficients[victim][source]`, in the order of `amplifiers`; the diagonal is 0.
    public var coefficients: [[Double]]
}

public struct AmplifierDocument: Codable, Sendable, Equatable {
    public var section: String
    /// Read from high x to low x; false when not given.
    public var flipX: Bool?
    public var flipY: Bool?
}

/// corrected = s (1 + c[0] s + c[1] s^2 + ...), s counts above the pedestal [ADU].
public struct LinearityDocument: Codable, Sendable, Equatable {
    public var coefficients: [Double]
    /// Level without light [ADU]; 0 with an overscan, needed without.
    public var pedestalADU: Double?
    /// Counts above the pedestal up to which the polynomial was measured [ADU].
    public var validToADU: Double?
}

/// Noise that whole rows share.
public struct RowNoiseDocument: Codable, Sendable, Equatable {
    public var from: RowNoiseSource
    /// For `darkColumns`: a section that light does not reach.
    public var darkColumns: String?
    /// Columns too, from the sky.
    public var columnsToo: Bool?
}

/// Which way saturated pixels overflow.
public enum Bleeding: String, Codable, Sendable, CaseIterable {
    case columns, rows, none

    var axis: DetectorAxis? {
        switch self {
        case .columns: .columns
        case .rows: .rows
        case .none: nil
        }
    }
}

/// How darks follow the exposure time.
public struct DarkDocument: Codable, Sendable, Equatable {
    /// `affine` where an amplifier glows while it reads; `proportional` when not given.
    public var model: DarkExposureModel?
    public init() {}
}
