/// What a frame is for.
public enum FrameKind: String, Sendable, Codable, CaseIterable {
    case light, bias, dark, flat
}
