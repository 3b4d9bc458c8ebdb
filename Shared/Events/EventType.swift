/// One kind of event: its name, its major version, and how its topic is laid out.
public struct EventType: Sendable, Hashable {
    /// For example `frame.received`.
    public let name: String
    public let major: Int
    public let partitions: Int
    public let retentionHours: Int

    public init(_ name: String, major: Int = 1, partitions: Int = 4, retentionHours: Int = 7 * 24) {
        self.name = name
        self.major = major
        self.partitions = partitions
        self.retentionHours = retentionHours
    }

    /// `nightjar.frame.received.v1`
    public var topic: String { "nightjar.\(name).v\(major)" }

    /// The CloudEvents `ce_type`: `nightjar.frame.received`.
    public var cloudEventType: String { "nightjar.\(name)" }

    /// The CloudEvents `ce_dataschema`, relative to the project's root.
    public var dataSchema: String { "schemas/\(name)/v\(major).schema.json" }
}

extension EventType {
    /// Every event there is, in the order of the data flow.
    public static let all: [EventType] = [
        FrameReceived.type, MasterBuilt.type, FrameCalibrated.type, FrameMeasured.type, MeasurementRequested.type,
        MeasurementMade.type, PhotometryHarvested.type, PhotometryMeasured.type, NightClosed.type,
        NightRecalibrated.type, LedgerReconciled.type, FrameRejected.type, MessageDeadLettered.type, AlertRaised.type,
        ServiceHeartbeat.type,
    ]
}
