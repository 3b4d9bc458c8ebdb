/// What may be wrong with a pixel. A published registry: bits are never reused (docs/registries.md).
public struct PixelFlags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Not a number in the file, or outside the detector.
    public static let noData = PixelFlags(rawValue: 1 << 0)
    /// At or above the saturation level.
    public static let saturated = PixelFlags(rawValue: 1 << 1)
    /// Known bad: hot, cold or dead in the masters.
    public static let bad = PixelFlags(rawValue: 1 << 2)
    /// The flat is so low here that dividing by it means nothing.
    public static let lowFlat = PixelFlags(rawValue: 1 << 3)
    /// Hit by a cosmic ray.
    public static let cosmicRay = PixelFlags(rawValue: 1 << 5)
    /// Under the trail of a satellite or an aeroplane.
    public static let trail = PixelFlags(rawValue: 1 << 6)

    /// Every named bit with its text, in bit order.
    public static let registry: [(flag: PixelFlags, name: String, text: String)] = [
        (.noData, "noData", "not a number in the file, or outside the detector"),
        (.saturated, "saturated", "at or above the saturation level"),
        (.bad, "bad", "hot, cold or dead in the masters"),
        (.lowFlat, "lowFlat", "master flat below a tenth of its median"),
        (.cosmicRay, "cosmicRay", "hit by a cosmic ray"),
        (.trail, "trail", "under the trail of a satellite or an aeroplane"),
    ]
}

/// One set of flags per pixel, laid out like `Image`.
public struct Mask: Sendable, Equatable {
    public let width: Int
    public let height: Int
    public var bits: [UInt16]

    public init(width: Int, height: Int, bits: [UInt16]) {
        precondition(bits.count == width * height, "a mask needs width * height entries")
        self.width = width
        self.height = height
        self.bits = bits
    }

    public init(width: Int, height: Int) {
        self.init(width: width, height: height, bits: [UInt16](repeating: 0, count: width * height))
    }

    public subscript(x: Int, y: Int) -> PixelFlags {
        get { PixelFlags(rawValue: bits[y * width + x]) }
        set { bits[y * width + x] = newValue.rawValue }
    }

    /// Marks every pixel outside a rectangle as `noData`.
    public mutating func keepOnly(x columns: Range<Int>, y rows: Range<Int>) {
        for y in 0..<height {
            for x in 0..<width where !(rows.contains(y) && columns.contains(x)) {
                bits[y * width + x] |= PixelFlags.noData.rawValue
            }
        }
    }
}
