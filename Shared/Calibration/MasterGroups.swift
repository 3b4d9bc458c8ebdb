/// Which frames are close enough to be combined, or to calibrate each other.
public struct MatchTolerance: Sendable, Equatable, Codable {
    /// Largest difference of detector temperature [C].
    public var temperatureCelsius: Double
    /// Exposure times count as equal within this fraction, and always within 5 ms.
    public var exposureFraction: Double
    /// A dark may be stretched to at most this many times its own exposure time.
    public var largestDarkScale: Double

    public init(temperatureCelsius: Double = 1, exposureFraction: Double = 0.001, largestDarkScale: Double = 4) {
        self.temperatureCelsius = temperatureCelsius
        self.exposureFraction = exposureFraction
        self.largestDarkScale = largestDarkScale
    }

    func sameExposure(_ a: Double, _ b: Double) -> Bool {
        abs(a - b) <= max(0.005, exposureFraction * max(abs(a), abs(b)))
    }
}

/// Frames that make one master, in order of mid-exposure and then of id.
public struct MasterGroup: Sendable, Equatable {
    public let kind: FrameKind
    public let mode: DetectorMode
    public let night: String
    /// Flats and fringes only.
    public let filter: String?
    /// Never empty.
    public let frames: [CalibrationFrameFacts]

    /// Of the first frame; darks of one group share it [s].
    public var exposureSeconds: Double { frames[0].exposureSeconds }

    /// Mean of the known temperatures [C].
    public var temperatureCelsius: Double? {
        let known = frames.compactMap(\.temperatureCelsius)
        return known.isEmpty ? nil : known.reduce(0, +) / Double(known.count)
    }

    /// Mean of the midpoints, MJD UTC [d].
    public var midpointMJD: Double { frames.map(\.midpointMJD).reduce(0, +) / Double(frames.count) }

    public init(kind: FrameKind, mode: DetectorMode, night: String, filter: String?, frames: [CalibrationFrameFacts]) {
        precondition(!frames.isEmpty, "a group has frames")
        self.kind = kind
        self.mode = mode
        self.night = night
        self.filter = filter
        self.frames = frames.sorted { ($0.midpointMJD, $0.id) < ($1.midpointMJD, $1.id) }
    }

    /// Names the group among all others of an instrument; does not depend on the order of arrival.
    public var key: String {
        var parts = [kind.rawValue, mode.text, night]
        if kind == .dark { parts.append("\(exposureSeconds) s") }
        if kind == .dark { parts.append(temperatureCelsius.map { "\(($0 * 100).rounded() / 100) C" } ?? "unknown C") }
        if kind.isOfOneFilter { parts.append(filter ?? "no filter") }
        return parts.joined(separator: " | ")
    }

    /// Groups calibration frames into masters-to-be. Lights are left out.
    ///
    /// Frames of one group share kind, mode and night; flats and fringes also the filter; darks also the exposure time
    /// and the temperature: going from cold to warm, a new group starts where a frame is more than twice the tolerance
    /// above the coldest, so that every frame is within the tolerance of the middle. Unknown temperature goes with
    /// unknown only. The result depends on the set of frames, not on their order; groups come sorted by key, each frame
    /// once even where it is listed twice.
    public static func groups(
        of frames: [CalibrationFrameFacts], tolerance: MatchTolerance = MatchTolerance()
    ) -> [MasterGroup] {
        var seen = Set<String>()
        let once = frames.sorted { ($0.midpointMJD, $0.id) < ($1.midpointMJD, $1.id) }.filter {
            seen.insert($0.id).inserted
        }
        let coarse = Dictionary(grouping: once.filter { $0.kind != .light }) { frame in
            CoarseKey(
                kind: frame.kind, mode: frame.mode, night: frame.night,
                filter: frame.kind.isOfOneFilter ? frame.filter : nil,
                temperatureKnown: frame.kind == .dark && frame.temperatureCelsius != nil)
        }
        var groups: [MasterGroup] = []
        for (key, members) in coarse {
            let parts = key.kind == .dark ? darkParts(members, tolerance: tolerance) : [members]
            groups += parts.map {
                MasterGroup(kind: key.kind, mode: key.mode, night: key.night, filter: key.filter, frames: $0)
            }
        }
        return groups.sorted { ($0.key, $0.frames[0].id) < ($1.key, $1.frames[0].id) }
    }

    private struct CoarseKey: Hashable {
        let kind: FrameKind
        let mode: DetectorMode
        let night: String
        let filter: String?
        let temperatureKnown: Bool
    }

    private static func darkParts(
        _ frames: [CalibrationFrameFacts], tolerance: MatchTolerance
    ) -> [[CalibrationFrameFacts]] {
        let byExposure = split(frames.sorted { ($0.exposureSeconds, $0.id) < ($1.exposureSeconds, $1.id) }) {
            tolerance.sameExposure($0.exposureSeconds, $1.exposureSeconds)
        }
        return byExposure.flatMap { part in
            split(part.sorted { ($0.temperatureCelsius ?? 0, $0.id) < ($1.temperatureCelsius ?? 0, $1.id) }) {
                ($1.temperatureCelsius ?? 0) - ($0.temperatureCelsius ?? 0) <= 2 * tolerance.temperatureCelsius
            }
        }
    }

    /// Cuts a sorted list where an element no longer goes with the first of its part.
    private static func split(
        _ sorted: [CalibrationFrameFacts], together: (CalibrationFrameFacts, CalibrationFrameFacts) -> Bool
    ) -> [[CalibrationFrameFacts]] {
        var parts: [[CalibrationFrameFacts]] = []
        for frame in sorted {
            if let first = parts.last?.first, together(first, frame) {
                parts[parts.count - 1].append(frame)
            } else {
                parts.append([frame])
            }
        }
        return parts
    }
}
