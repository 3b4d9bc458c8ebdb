internal import Documents
internal import Sky

/// An angle in a document: a number of degrees, or text ("02:04:10.3", "-31 16 24", "10.5").
public enum AngleValue: Codable, Sendable, Equatable {
    case degrees(Double)
    case text(String)

    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        self = try Self.firstReadable(value)
    }

    private static func firstReadable(_ value: any SingleValueDecodingContainer) throws -> AngleValue {
        guard let kind = value as? any NodeReporting else {
            // Another decoder than ours: a number or a text, whichever it gives.
            do { return .degrees(try value.decode(Double.self)) } catch { return .text(try value.decode(String.self)) }
        }
        return kind.holdsText ? .text(try value.decode(String.self)) : .degrees(try value.decode(Double.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .degrees(let number): try value.encode(number)
        case .text(let text): try value.encode(text)
        }
    }

    /// - Parameter hours: sexagesimal text without letters is in hours; a plain number is degrees in either case.
    func degrees(hours: Bool, quantity: String) throws(SkyError) -> Double {
        switch self {
        case .degrees(let value): value
        case .text(let text):
            try Angle.degrees(from: text, plain: .degrees, sexagesimal: hours ? .hours : .degrees, quantity: quantity)
        }
    }
}

/// A text or a list of texts, always kept as a list.
struct TextOrList: Decodable {
    let texts: [String]

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let kind = value as? any NodeReporting {
            texts = kind.holdsText ? [try value.decode(String.self)] : try value.decode([String].self)
            return
        }
        do { texts = try value.decode([String].self) } catch { texts = [try value.decode(String.self)] }
    }
}
