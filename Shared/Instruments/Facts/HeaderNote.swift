/// Something about a header that is not an error and that somebody may need to know.
public struct HeaderNote: Sendable, Equatable, CustomStringConvertible {
    /// A published list; names are never reused for something else.
    public enum Code: String, Sendable, Codable, CaseIterable, Comparable {
        /// The kind was assumed: no keyword and no file name says it.
        case kindAssumed
        /// File name and header disagree about the kind; the file name won.
        case kindContradicted
        /// Several exposures combined into one frame.
        case combined
        /// The header says that bias, dark or flat were already removed.
        case alreadyCalibrated
        case objectMissing
        case filterMissing
        /// Exposure time from the document, or zero for a bias.
        case exposureAssumed
        /// The time came from a keyword after the first choice.
        case timeFallback
        /// Two time keywords of the header differ by more than their precision and the exposure explain.
        case timesDisagree
        case siteMissing
        case pointingMissing
        /// A position or value that the program writes when it knows none.
        case placeholder
        case gainUnknown
        case readNoiseUnknown
        case saturationUnknown
        case binningAssumed
        case temperatureMissing
        case airmassMissing
        case pixelScaleMissing
        /// A value that is there and means nothing; it counts as missing.
        case valueIgnored
        /// A correction that the document asks for does not fit this frame, and was left out.
        case correctionSkipped
        /// The camera keyword does not match the document's patterns.
        case cameraMismatch
        /// A colour filter array: neighbouring pixels see different colours, and the file is split into channels.
        case colourFilterArray

        public static func < (left: Code, right: Code) -> Bool { left.order < right.order }
        private var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    public let code: Code
    /// Names the keyword and the value.
    public let text: String

    public init(_ code: Code, _ text: String) {
        self.code = code
        self.text = text
    }

    public var description: String { "\(code.rawValue): \(text)" }
}
