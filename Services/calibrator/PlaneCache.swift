internal import Foundation
internal import FrameStore

/// Keeps the calibrated planes within a limit: a cache, since whoever misses one announces its raw frame again.
///
/// When they are more than the limit, the oldest are removed until nine tenths are left. Kept are
///
/// - what was written in the ten minutes before the newest of them: somebody may be at work on it;
/// - what the photometer has not measured since it was announced, for a day: it is on its way, or waits for a
///   photometer that is away.
///
/// The event beside each plane is kept: what was said and measured is not announced anew because its planes are gone.
final class PlaneCache {
    static let graceSeconds = 600.0
    static let unmeasuredSeconds = 86_400.0

    private let store: FrameStore
    private let limitBytes: Int
    /// Of all planes, as far as this process knows; nil before it has looked.
    private var bytes: Int?

    /// - Parameter limitBytes: 0 for none.
    init(store: FrameStore, limitBytes: Int) {
        self.store = store
        self.limitBytes = limitBytes
    }

    /// After planes have been written. Looks through the folders only when the limit may have been passed.
    func added(bytes added: Int) throws {
        guard limitBytes > 0 else { return }
        if let known = bytes, known + added <= limitBytes {
            bytes = known + added
            return
        }
        bytes = try prune()
    }

    /// Writes the event beside the planes, unless it stands there already: its age tells when it was said first.
    func announce(_ event: Data, of planes: String) throws {
        let name = StoreNames.event(of: planes)
        if try store.contains(name), try store.read(name) == event { return }
        try store.write(name, data: event)
    }

    /// - Returns: bytes that are left.
    private func prune() throws -> Int {
        let planes = try store.list("calibrated").flatMap { try store.objects(in: $0) }
            .filter { $0.name.hasSuffix(".fits") }
            .sorted { ($0.written, $0.name) < ($1.written, $1.name) }
        var total = planes.reduce(0) { $0 + $1.bytes }
        guard total > limitBytes, let newest = planes.last?.written else { return total }
        for plane in planes where total > limitBytes / 10 * 9 {
            let age = newest - plane.written
            guard age > Self.graceSeconds else { break }
            // Planes that were computed again are as done as when this was first said of them.
            let since = try store.object(StoreNames.event(of: plane.name))?.written ?? plane.written
            guard try age > Self.unmeasuredSeconds || isMeasured(plane.name, since: since) else { continue }
            try store.remove(plane.name)
            total -= plane.bytes
        }
        return total
    }

    /// Whether planes that are gone have done their work: what was said of them stands, and the frame was measured.
    func isDone(_ planes: String) throws -> Bool {
        guard let event = try store.object(StoreNames.event(of: planes)) else { return false }
        return try isMeasured(planes, since: event.written)
    }

    /// Whether there is a table of the detections on these planes, written then or later.
    private func isMeasured(_ planes: String, since written: Double) throws -> Bool {
        let name = planes.split(separator: "/").last ?? ""
        let frame = name.split(separator: "-").first ?? ""
        let folder = (StoreNames.detections(frameID: String(frame), recipe: "") as NSString).deletingLastPathComponent
        return try store.objects(in: folder).contains {
            $0.name.hasPrefix("\(folder)/\(frame)-") && $0.written >= written
        }
    }
}
