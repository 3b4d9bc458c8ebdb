internal import PortableNumbers

extension SplitMix64 {
    /// Seeded from pixels: every 37th one counts.
    init(pixels: [Float], width: Int, stream: UInt64) {
        var mixer = SplitMix64(seed: stream ^ (UInt64(pixels.count) << 24) ^ UInt64(width))
        for index in stride(from: 0, to: pixels.count, by: 37) {
            mixer = SplitMix64(seed: mixer.next() ^ UInt64(pixels[index].bitPattern))
        }
        self.init(seed: mixer.next())
    }
}
