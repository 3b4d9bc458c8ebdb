internal import FrameStore
internal import Pipeline
internal import PostgresStore

/// Which frame store the record belongs to: tells an empty folder, where a disk is not mounted, from a new store.
struct StoreIdentity {
    let database: Database

    /// Marks a new store and remembers it.
    ///
    /// - Parameter accepting: which store may be replaced by another, on purpose.
    /// - Returns: the store with its marker.
    /// - Throws: `InvalidSettings` when the record belongs to another store.
    func checked(_ store: FrameStore, accepting: String?) throws -> FrameStore {
        let known = try database.execute("select store from archive.frame_store order by number desc limit 1")
            .first.map { try $0.text("store") }
        let found = try store.identity()
        if let known, found != known, accepting != known {
            throw InvalidSettings(problems: [refusal(store, found: found, known: known)])
        }
        let (marked, identity) = try store.marked()
        if identity != known {
            try database.execute("insert into archive.frame_store (store) values ($1)", [.text(identity)])
        }
        return marked
    }

    private func refusal(_ store: FrameStore, found: String?, known: String) -> String {
        let what = found.map { "is the frame store \($0)" } ?? "has no \(FrameStore.markerName)"
        return "NIGHTJAR_FRAME_STORE is '\(store.root)'; it \(what), and the database belongs to the frame store "
            + "\(known): is its disk mounted? To go on with this folder on purpose, without the frames of the other, "
            + "set NIGHTJAR_ACCEPT_STORE=\(known)"
    }
}
