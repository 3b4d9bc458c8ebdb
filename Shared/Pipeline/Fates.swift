/// This input can never work: a fact about the input, not about us. Its frame is rejected with code and text.
public struct Rejection: Error, Sendable, Equatable, CustomStringConvertible {
    /// From the published registry of rejection reasons.
    public let code: RejectionCode
    /// Names the file, keyword, field or setting, and what was wrong with it.
    public let reason: String

    public init(_ code: RejectionCode, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    public var description: String { "\(code.rawValue): \(reason)" }
}

/// Something we need is away: broker, database, store, disk. Never the message's fault; waited for, for ever.
public struct Unavailable: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is away and what it said: "frame store /data/frames: No space left on device".
    public let reason: String

    public init(_ reason: String) {
        self.reason = reason
    }

    public var description: String { reason }
}

/// Why a frame was rejected. A published registry: codes are never renamed or reused (docs/registries.md).
public enum RejectionCode: String, Sendable, Codable, CaseIterable {
    case notFITS, truncated, noImage, notTwoDimensional, tooLarge, corrupt, unreadable
    case headerUnusable, kindUnknown, exposureUnknown, timeUnknown, notAccepted
    case noUsablePixels, shapeMismatch, calibrationUnusable
    case superseded

    public var text: String {
        switch self {
        case .notFITS: "the file is empty or not FITS"
        case .truncated: "the file has fewer bytes than its header promises"
        case .noImage: "no extension holds an image"
        case .notTwoDimensional: "the image does not have two dimensions"
        case .tooLarge: "the image is larger than the limit"
        case .corrupt: "the compressed or stored data cannot be decoded"
        case .unreadable: "the file cannot be read with the rights the service has"
        case .headerUnusable: "a header keyword has a value that cannot be used"
        case .kindUnknown: "the header does not say whether it is a bias, dark, flat or light"
        case .exposureUnknown: "the header has no usable exposure time"
        case .timeUnknown: "the header has no usable date and time of the exposure"
        case .notAccepted: "the instrument's acceptance rules refuse the frame"
        case .noUsablePixels: "no pixel of the frame can be used"
        case .shapeMismatch: "the frame does not fit what it belongs to"
        case .calibrationUnusable: "the calibration frame cannot go into a master, or is a master that cannot be used"
        case .superseded: "the file was taken in anew, as its colour channels"
        }
    }
}
