import Events
import Foundation

/// The published contract: `schemas/` of this checkout, and the payload types that speak it.
enum ContractFiles {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let schemas = root.appending(path: "schemas")

    static let payloads: [any EventPayload.Type] = [
        FrameReceived.self, FrameDuplicated.self, FrameRejected.self, MasterBuilt.self, FrameCalibrated.self,
        FrameMeasured.self, MeasurementRequested.self, MeasurementMade.self, PhotometryHarvested.self,
        PhotometryMeasured.self, NightClosed.self, NightRecalibrated.self, LedgerReconciled.self,
        MessageDeadLettered.self, AlertRaised.self, ServiceHeartbeat.self,
    ]

    static func payload(of name: String) throws -> any EventPayload.Type {
        guard let type = payloads.first(where: { $0.type.name == name }) else { throw Absent(name) }
        return type
    }

    static func schema(of type: EventType) -> URL { root.appending(path: type.dataSchema) }

    /// `v1.example.json` first, then its variants `v1.example.<variant>.json`.
    static func examples(of type: EventType) throws -> [URL] {
        try examples(in: schemas.appending(path: type.name), major: type.major)
    }

    /// Examples of every released version of the type; none before the first release.
    static func releasedExamples(of type: EventType) throws -> [URL] {
        let folder = schemas.appending(path: "released")
        guard FileManager.default.fileExists(atPath: folder.path) else { return [] }
        let releases = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        return try releases.flatMap { release in
            let kind = folder.appending(path: release).appending(path: type.name)
            guard FileManager.default.fileExists(atPath: kind.path) else { return [URL]() }
            return try examples(in: kind, major: type.major)
        }
    }

    private static func examples(in folder: URL, major: Int) throws -> [URL] {
        let main = "v\(major).example.json"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasPrefix("v\(major).example.") && $0.hasSuffix(".json") && $0 != main }
        return ([main] + names.sorted()).map { folder.appending(path: $0) }
    }

    struct Absent: Error, CustomStringConvertible {
        let description: String
        init(_ name: String) { description = "no payload type for \(name)" }
    }
}

/// Any JSON, to compare what was read with what was written.
enum JSON: Codable, Equatable {
    case null
    case boolean(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = Self.attempt({ try container.decode(Bool.self) }) {
            self = .boolean(value)
        } else if let value = Self.attempt({ try container.decode(Double.self) }) {
            self = .number(value)
        } else if let value = Self.attempt({ try container.decode(String.self) }) {
            self = .string(value)
        } else if let value = Self.attempt({ try container.decode([JSON].self) }) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    init(file: URL) throws { self = try JSONDecoder().decode(JSON.self, from: Data(contentsOf: file)) }

    var members: [String: JSON] { if case .object(let members) = self { members } else { [:] } }
    var elements: [JSON] { if case .array(let elements) = self { elements } else { [] } }
    var text: String? { if case .string(let text) = self { text } else { nil } }

    func with(_ name: String, _ value: JSON?) -> JSON {
        var changed = members
        changed[name] = value
        return .object(changed)
    }

    var bytes: Data { get throws { try JSONEncoder().encode(self) } }

    /// A value of another type is not an error here: the next type is tried.
    private static func attempt<Value>(_ decode: () throws -> Value) -> Value? {
        do { return try decode() } catch { return nil }
    }
}
