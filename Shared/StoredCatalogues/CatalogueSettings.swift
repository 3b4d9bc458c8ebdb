public import Pipeline

extension Settings {
    /// `NIGHTJAR_CATALOG`: a folder, or the id of a catalogue in the frame store, whose tiles are then kept in
    /// `NIGHTJAR_CATALOG_CACHE`; nil where there is none.
    public func catalogue(_ environment: [String: String]) -> CatalogueInUse.Place? {
        let cache = optional("NIGHTJAR_CATALOG_CACHE") ?? Self.defaultCache(environment)
        let place = optional("NIGHTJAR_CATALOG").map { CatalogueInUse.Place($0, cache: cache) }
        if let place, case .stored(_, let cache) = place, !cache.hasPrefix("/") {
            report("NIGHTJAR_CATALOG_CACHE is '\(cache)'; it must be an absolute path")
        }
        return place
    }

    private static func defaultCache(_ environment: [String: String]) -> String {
        if let folder = environment["XDG_CACHE_HOME"], folder.hasPrefix("/") { return folder + "/nightjar/tiles" }
        let home = environment["HOME"] ?? ""
        return home.hasPrefix("/") && home != "/" ? home + "/.cache/nightjar/tiles" : "/var/tmp/nightjar-tiles"
    }
}
