/// What may be wrong with a pixel. A published registry: bits are never reused (docs/registries.md).
public struct PixelFlags: OptionSet, Sendable, Hashable {
    public let rawValue: UInt16
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Not a number in the file, or outside the detector.
    public static let noData = PixelFlags(rawValue: 1 << 0)
    /// At or above the saturation level, or bled into from such a pixel.
    public static let saturated = PixelFlags(rawValue: 1 << 1)
    /// Known bad: hot, cold or dead in the masters.
    public static let bad = PixelFlags(rawValue: 1 << 2)
    /// The flat is so low here that dividing by it means nothing.
    public static let lowFlat = PixelFlags(rawValue: 1 << 3)
    /// In a line of charge that overflowed from saturated pixels; always with `saturated`.
    public static let bleed = PixelFlags(rawValue: 1 << 4)
    /// Hit by a cosmic ray.
    public static let cosmicRay = PixelFlags(rawValue: 1 << 5)
    /// Under the trail of a satellite or an aeroplane.
    public static let trail = PixelFlags(rawValue: 1 << 6)
    /// Above the range in which the detector's linearity was measured.
    public static let nonLinear = PixelFlags(rawValue: 1 << 7)
    /// Dark current far above its surroundings in the master dark; always with `bad`.
    public static let hot = PixelFlags(rawValue: 1 << 8)
    /// Less than half as sensitive as its surroundings, or far below them in the dark; always with `bad`.
    public static let cold = PixelFlags(rawValue: 1 << 9)
    /// Less than a twentieth as sensitive as its surroundings; always with `bad`.
    public static let dead = PixelFlags(rawValue: 1 << 10)

    /// A pixel with one of these carries no measurement.
    ///
    /// Saturated pixels stay: they show where bright stars are. So do pixels in the non-linear part of the range.
    public static let withoutMeasurement: PixelFlags = [
        .noData, .bad, .lowFlat, .bleed, .cosmicRay, .trail, .hot, .cold, .dead,
    ]

    /// Every named bit with its text, in bit order.
    public static let registry: [(flag: PixelFlags, name: String, text: String)] = [
        (.noData, "noData", "not a number in the file, or outside the detector"),
        (.saturated, "saturated", "at or above the saturation level, or bled into from such a pixel"),
        (.bad, "bad", "hot, cold or dead in the masters"),
        (.lowFlat, "lowFlat", "master flat below a tenth of its median"),
        (.bleed, "bleed", "in a line of charge that overflowed from saturated pixels; also `saturated`"),
        (.cosmicRay, "cosmicRay", "hit by a cosmic ray"),
        (.trail, "trail", "under the trail of a satellite or an aeroplane"),
        (.nonLinear, "nonLinear", "above the range in which the detector's linearity was measured"),
        (.hot, "hot", "dark current far above its surroundings in the master dark; also `bad`"),
        (.cold, "cold", "less than half as sensitive as its surroundings, or far below them in the dark; also `bad`"),
        (.dead, "dead", "less than a twentieth as sensitive as its surroundings; also `bad`"),
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

    @inlinable
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
