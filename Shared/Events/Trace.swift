/// Where an event comes from and how long each stage took: travels in headers, never in a payload, so that the same
/// input gives the same bytes.
public struct Trace: Sendable, Equatable {
    /// W3C `traceparent` from the raw frame to the alert: `00-<32 hex>-<16 hex>-01`; nil when nobody started one.
    public var parent: String?
    /// Milliseconds spent in each stage so far, in order: `ingest=12;calibrator=80`.
    public var timings: String

    public init(parent: String? = nil, timings: String = "") {
        self.parent = parent
        self.timings = timings
    }

    /// A trace that starts at one raw frame: its trace id is the frame's id.
    public init(startingAt frameID: String) {
        self.init(parent: "00-\(frameID)-\(frameID.prefix(16))-01")
    }

    /// This trace with one more stage.
    public func adding(stage: String, milliseconds: Int) -> Trace {
        let entry = "\(stage)=\(milliseconds)"
        return Trace(parent: parent, timings: timings.isEmpty ? entry : timings + ";" + entry)
    }
}
