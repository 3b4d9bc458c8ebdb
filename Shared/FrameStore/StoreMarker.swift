internal import Foundation
public import Pipeline

/// A small file in the store that says which store it is: an empty folder in its place is a disk that is not mounted,
/// not a new store.
extension FrameStore {
    public static let markerName = "nightjar-store.json"

    private struct Marker: Codable {
        /// 32 hexadecimal digits.
        let store: String
    }

    /// A store that has its marker: what services without a database use. One that is new gets its marker from the
    /// archiver, which is waited for a little.
    ///
    /// - Throws: `Unavailable` when there is none in time.
    public init(marked location: String, waitingSeconds: Double = 5) throws(Unavailable) {
        let deadline = Date().addingTimeInterval(waitingSeconds)
        while true {
            let store = try FrameStore(location)
            if store.isMarked {
                self = store
                return
            }
            guard Date() < deadline else {
                throw Unavailable(
                    "frame store \(store.root) has no \(Self.markerName): is the right disk mounted? "
                        + "A new store gets it from the archiver")
            }
            Thread.sleep(forTimeInterval: 0.05)
        }
    }

    /// Which store it is; nil for one without a marker.
    public func identity() throws -> String? {
        guard try contains(Self.markerName) else { return nil }
        do {
            return try JSONDecoder().decode(Marker.self, from: read(Self.markerName)).store
        } catch is DecodingError {
            throw InvalidSettings(
                problems: ["NIGHTJAR_FRAME_STORE is '\(root)'; its \(Self.markerName) cannot be read as JSON"])
        }
    }

    /// Makes this a store of its own, once.
    ///
    /// - Returns: the store with its marker, and which one it is.
    public func marked() throws -> (store: FrameStore, identity: String) {
        if let known = try identity() { return (try FrameStore(root), known) }
        let marker = Marker(store: UUID().uuidString.filter { $0 != "-" }.lowercased())
        try write(Self.markerName, data: try JSONEncoder().encode(marker), durable: true)
        return (try FrameStore(root), marker.store)
    }
}
