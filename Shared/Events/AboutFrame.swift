/// An event about one frame, so that whatever goes wrong with it can be said of that frame.
public protocol AboutFrame: EventPayload {
    var frameID: String { get }
    var originalName: String { get }
    var instrumentID: String { get }
    /// Where the raw bytes are.
    var rawFile: StoredFile { get }
}

extension FrameReceived: AboutFrame {
    public var instrumentID: String { instrument.id }
    public var rawFile: StoredFile { raw }
}

extension FrameCalibrated: AboutFrame {
    public var instrumentID: String { instrument.id }
    public var rawFile: StoredFile { raw }
}

extension FrameMeasured: AboutFrame {
    public var frameID: String { frame.frameID }
    public var originalName: String { frame.originalName }
    public var instrumentID: String { frame.instrument.id }
    public var rawFile: StoredFile { frame.raw }
}

extension MeasurementRequested: AboutFrame {
    public var frameID: String { frame.frameID }
    public var originalName: String { frame.originalName }
    public var instrumentID: String { frame.instrument.id }
    public var rawFile: StoredFile { frame.raw }
}
