/// A fact that headers tell under many names.
public enum HeaderFact: String, CodingKey, Codable, CaseIterable, Sendable {
    case kind, object, filter, exposure
    case binningX, binningY, temperature, setTemperature
    case gain, readNoise, saturation
    case latitude, longitude, elevation
    /// Right ascensions and declinations belong together in pairs, by place in the list.
    case rightAscension, declination
    case airmass
    case pixelScale, pixelSize, focalLength
    case camera, telescope, aperture, bayerPattern, pedestal, stackCount
}

/// Header keywords per fact, best first.
public struct KeywordPreferences: Codable, Sendable, Equatable {
    public var lists: [HeaderFact: [String]]

    public init(_ lists: [HeaderFact: [String]] = [:]) { self.lists = lists }

    public subscript(fact: HeaderFact) -> [String]? { lists[fact] }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: HeaderFact.self)
        lists = [:]
        for fact in HeaderFact.allCases {
            lists[fact] = try container.decodeIfPresent(TextOrList.self, forKey: fact)?.texts
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: HeaderFact.self)
        for fact in HeaderFact.allCases {
            try container.encodeIfPresent(lists[fact], forKey: fact)
        }
    }
}
