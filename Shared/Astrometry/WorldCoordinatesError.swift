/// Why a header gives no usable world coordinate system.
public enum WorldCoordinatesError: Error, Sendable, Equatable, CustomStringConvertible {
    /// There is no CTYPE at all: the frame was never solved.
    case absent
    /// A card that cannot be what its keyword says.
    case unreadable(keyword: String, text: String)
    /// A card without which the others mean nothing.
    case missing(keyword: String)
    /// The two image axes are not right ascension and declination.
    case notCelestial(axis1: String, axis2: String)
    /// Sky coordinates other than ICRS or FK5 J2000.
    case otherFrame(String)
    /// A distortion that needs more than the header.
    case unsupported(keyword: String, text: String)
    /// The cards are there and contradict each other; the text is wcslib's or ours.
    case invalid(String)

    public var description: String {
        switch self {
        case .absent: "the header has no world coordinate system (no CTYPE1)"
        case .unreadable(let keyword, let text): "\(keyword) = \"\(text.prefix(40))\" is not what the keyword promises"
        case .missing(let keyword): "the world coordinate system lacks \(keyword)"
        case .notCelestial(let axis1, let axis2):
            "CTYPE1 = \"\(axis1)\", CTYPE2 = \"\(axis2)\" are not right ascension and declination"
        case .otherFrame(let frame): "sky coordinates are \(frame), not ICRS or FK5 J2000"
        case .unsupported(let keyword, let text): "\(keyword) = \"\(text.prefix(40))\" is not supported"
        case .invalid(let reason): "the world coordinate system is invalid: \(reason)"
        }
    }
}
