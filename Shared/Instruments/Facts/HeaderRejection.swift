/// Why a header can never become an exposure, however often it is tried.
public struct HeaderRejection: Error, Sendable, Equatable, CustomStringConvertible {
    /// A published list; names are never reused for something else.
    public enum Code: String, Sendable, Codable, CaseIterable {
        /// Neither header nor file name nor document says what the frame is for.
        case kindMissing
        /// The header names a kind that nobody knows.
        case kindUnknown
        case exposureMissing
        case exposureUnreadable
        case timeMissing
        case timeUnreadable
        case temperatureOutsideLimits
        case exposureOutsideLimits
        case sizeNotAccepted
        /// Width or height is not positive.
        case notAnImage
        /// A colour filter array that is not red, green and blue in cells of two by two.
        case mosaicUnknown
    }

    public let code: Code
    /// Names the keyword and its value.
    public let text: String

    public init(_ code: Code, _ text: String) {
        self.code = code
        self.text = text
    }

    public var description: String { "\(code.rawValue): \(text)" }
}
