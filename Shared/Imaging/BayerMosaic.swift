/// One colour of a one-shot colour camera as a frame of its own, under the name that AAVSO gives such a filter.
public enum BayerChannel: String, Sendable, Hashable, Codable, CaseIterable {
    case red = "TR"
    case green = "TG"
    case blue = "TB"
}

/// Which colours the four pixels of a cell see: the first two letters are the first two pixels of the first row **of
/// the file**, the others those of its second row.
public enum BayerPattern: String, Sendable, Hashable, Codable, CaseIterable {
    case rggb = "RGGB"
    case bggr = "BGGR"
    case grbg = "GRBG"
    case gbrg = "GBRG"

    /// The pattern of a file whose header says `named`, counted from the first pixel of the sensor's readout.
    ///
    /// The convention of Siril, ASTAP, N.I.N.A. and INDI: BAYERPAT reads the picture from its upper left corner. With
    /// ROWORDER `TOP-DOWN`, which holds where nothing is said, the first row of the file is the upper one. With
    /// `BOTTOM-UP` it is the lowest, which for an even number of rows is the second row of the pattern, for an odd
    /// number its first. Pixel (x, y) counted from the upper left corner sees the pattern at
    /// ((x + XBAYROFF) mod 2, (y + YBAYROFF) mod 2).
    ///
    /// - Parameters:
    ///   - xOffset, yOffset: XBAYROFF and YBAYROFF; only whether they are odd matters.
    ///   - height: rows of the file.
    public init(named pattern: BayerPattern, xOffset: Int, yOffset: Int, isBottomUp: Bool, height: Int) {
        let startsBelow = isBottomUp && height.isMultiple(of: 2)
        self = pattern.shifted(x: !xOffset.isMultiple(of: 2), y: startsBelow != !yOffset.isMultiple(of: 2))
    }

    /// The pattern that begins one column, one row or both further on.
    private func shifted(x: Bool, y: Bool) -> BayerPattern {
        let letters = Array(rawValue)
        let places = [0, 1, 2, 3].map { ($0 ^ (x ? 1 : 0)) ^ (y ? 2 : 0) }
        return BayerPattern(rawValue: String(places.map { letters[$0] })) ?? self
    }

    /// Columns and rows in the cell, 0 or 1, of the pixels of one colour: two for green.
    public func places(of channel: BayerChannel) -> [(x: Int, y: Int)] {
        let letter: Character =
            switch channel {
            case .red: "R"
            case .green: "G"
            case .blue: "B"
            }
        return rawValue.enumerated().filter { $0.element == letter }.map { ($0.offset % 2, $0.offset / 2) }
    }
}

/// The mosaic that a colour camera writes, and the three frames it is made of.
///
/// A cell of 2 x 2 pixels is one pixel of each channel: its red pixel, the mean of its two green ones, its blue one.
/// Nothing is interpolated, so that neighbouring pixels of a channel stay independent. An odd last row or column is in
/// no cell and left out.
///
///     TG = (G1 + G2) / 2     gain 2 g [e-/ADU], read noise sqrt(2) r [e-], rounding 1/24 ADU^2 instead of 1/12
public struct BayerMosaic: Sendable, Hashable, Codable {
    public let pattern: BayerPattern
    /// Of the file [px], both at least 2.
    public let width: Int
    public let height: Int

    /// Nil where there is no whole cell.
    public init?(pattern: BayerPattern, width: Int, height: Int) {
        guard width >= 2, height >= 2 else { return nil }
        self.pattern = pattern
        self.width = width
        self.height = height
    }

    /// Size of each channel.
    public var channelWidth: Int { width / 2 }
    public var channelHeight: Int { height / 2 }

    /// Where a channel sees the middle of its cell's first pixel: the centre of channel pixel (i, j) is the mosaic's
    /// (2 i + x, 2 j + y), 0-based. Half a pixel for green, whose two pixels lie on a diagonal.
    public func centre(of channel: BayerChannel) -> (x: Double, y: Double) {
        let places = pattern.places(of: channel)
        let count = Double(places.count)
        return (Double(places.map(\.x).reduce(0, +)) / count, Double(places.map(\.y).reduce(0, +)) / count)
    }

    /// The pixels of one channel.
    ///
    /// - Parameters:
    ///   - mosaic: of this size.
    ///   - saturation: level from which a pixel is saturated [ADU]. Green is then the larger of the two, so that it
    ///     counts as saturated where either is; nil where it is not known.
    /// - Returns: an image of half the width and height; NaN where a pixel is.
    public func split<Unit: PixelUnit>(
        _ mosaic: Image<Unit>, _ channel: BayerChannel, saturation: Double? = nil
    ) -> Image<Unit> {
        precondition(mosaic.width == width && mosaic.height == height, "the mosaic has its own size")
        let places = pattern.places(of: channel)
        let (first, second) = (places[0], places[places.count - 1])
        let level = saturation.map { Float($0) } ?? .infinity
        let (across, down) = (channelWidth, channelHeight)
        let pixels = mosaic.pixels.withUnsafeBufferPointer { source in
            [Float](unsafeUninitializedCapacity: across * down) { target, count in
                for j in 0..<down {
                    let one = (2 * j + first.y) * width + first.x
                    let other = (2 * j + second.y) * width + second.x
                    for i in 0..<across {
                        let (a, b) = (source[one + 2 * i], source[other + 2 * i])
                        let mean = 0.5 * a + 0.5 * b
                        let isSaturated = mean == mean && max(a, b) >= level
                        target[j * across + i] = isSaturated ? max(a, b) : mean
                    }
                }
                count = across * down
            }
        }
        return Image(width: across, height: down, pixels: pixels)
    }
}
