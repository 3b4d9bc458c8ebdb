public import Events

/// Where each kind of object lies in the store: the one place that spells these names.
public enum StoreNames {
    /// A raw file under the SHA-256 of its bytes.
    public static func raw(sha256: String) -> String { "raw/\(sha256.prefix(2))/\(sha256)" }

    /// The event about a raw file, beside it.
    public static func envelope(sha256: String) -> String { raw(sha256: sha256) + ".json" }

    /// The event about a frame: beside its raw file; that about one channel of a colour camera's file under the digest
    /// it is named after.
    public static func envelope(raw: StoredFile, exposure: ExposureFacts) -> String {
        envelope(sha256: FrameName.digest(ofFile: raw.sha256, channel: exposure.bayer?.channel))
    }

    /// The 256 folders of raw files and envelopes.
    public static let rawFolders: [String] = (0..<256).map { "raw/" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }

    /// The event about a copy of a frame we have.
    public static func duplicate(id: String) -> String { "\(duplicateFolder)/\(id).json" }
    public static let duplicateFolder = "duplicates"

    /// Which frame has these pixels: holds the frame's id.
    public static func content(sha256: String) -> String { "content/\(sha256.prefix(2))/\(sha256)" }

    /// What a night of an instrument consists of: each object is a `frame.received` payload under the frame's id.
    public static func night(_ night: String, instrument: String, calibration: Bool) -> String {
        "\(nights(of: instrument))/\(FrameStore.step(night))/\(calibration ? "calibration" : "light")"
    }
    public static func nights(of instrument: String) -> String { "nights/\(FrameStore.step(instrument))" }

    /// A master image, and beside it (`.json`) its `master.built` payload and its facts.
    public static func master(id: String, instrument: String) -> String {
        "masters/\(FrameStore.step(instrument))/\(id).fits"
    }

    /// Signal, variance and mask of one light: a cache that can be computed again.
    public static func calibrated(frameID: String, recipe: String) -> String {
        "calibrated/\(frameID.prefix(2))/\(frameID)-\(recipe).fits"
    }

    /// A catalogue of reference stars: the files of its folder as they are, and the list of them (`CatalogueFiles`).
    public static func catalogue(id: String) -> String { "tiles/\(FrameStore.step(id))" }

    /// The event about a product, beside it: what was said once is said again with the same bytes.
    public static func event(of product: String) -> String { product + ".json" }

    /// The table of one frame's detections.
    public static func detections(frameID: String, recipe: String) -> String {
        "detections/\(frameID.prefix(2))/\(frameID)-\(recipe).fits"
    }

    /// The model of one frame's star images, beside its detections.
    public static func pointSpread(frameID: String, recipe: String) -> String {
        "detections/\(frameID.prefix(2))/\(frameID)-\(recipe).psf"
    }
}
