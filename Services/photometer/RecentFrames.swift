/// What was made of the frames handled last, within a number of pixels; the newest is always kept.
struct RecentFrames<Made> {
    /// At some 20 bytes a pixel, 320 MB.
    static var pixelLimit: Int { 16_000_000 }

    private var entries: [(url: String, made: Made, pixels: Int)] = []

    init() {}

    subscript(url: String) -> Made? { entries.last { $0.url == url }?.made }

    mutating func add(_ made: Made, url: String, pixels: Int) {
        entries.removeAll { $0.url == url }
        entries.append((url, made, pixels))
        var total = entries.reduce(0) { $0 + $1.pixels }
        while total > Self.pixelLimit, entries.count > 1 { total -= entries.removeFirst().pixels }
    }
}
