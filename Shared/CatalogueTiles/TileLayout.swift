internal import ReferenceCatalogue

/// Where what lies in a tile, byte by byte. All numbers are little-endian, every column begins at a multiple of 64.
///
///     0    8  "NIGHTILE"
///     8    4  version of the format, 1
///     12   4  HEALPix order
///     16   8  number of the cell, nested
///     24   4  number of stars N
///     28   4  number of bands B
///     32  32  SHA-256 of the bytes 0 ..< 32 and 64 ..< end
///     64 16B  names of the bands, ASCII, filled with zeros
///
/// then the columns, each N numbers in one piece, stars from the brightest to the faintest:
///
///     identifier     Int64
///     ra, dec        Double  deg, ICRS, at the epoch
///     epoch          Float   Julian year
///     position error Float   mas, of one coordinate
///     motion ra, dec Float   mas/yr, ra with cos(dec)
///     motion error   Float   mas/yr, of one component
///     parallax       Float   mas
///     ruwe           Float
///     flags          UInt32  `CatalogueFlags`
///     magnitudes     Float   mag, band after band
///     their errors   Float   mag, band after band
///
/// NaN stands for "not known".
struct TileLayout: Sendable, Hashable {
    let starCount: Int
    let bandCount: Int

    static let magic: [UInt8] = Array("NIGHTILE".utf8)
    static let version: UInt32 = 1
    static let alignment = 64
    static let digestRange = 32..<64
    /// More stars than this in one cell are a mistake of the input.
    static let maximumStarCount = 100_000_000

    enum Column: Int, CaseIterable {
        case identifier, ra, dec, epoch, positionError, motionRA, motionDec, motionError, parallax, ruwe, flags

        var width: Int {
            switch self {
            case .identifier, .ra, .dec: 8
            default: 4
            }
        }
    }

    /// First byte of each of the eleven columns, then of the magnitudes.
    private let offsets: [Int]

    init(starCount: Int, bandCount: Int) {
        self.starCount = starCount
        self.bandCount = bandCount
        var offset = Self.padded(Self.nameOffset(bandCount))
        var offsets: [Int] = []
        for column in Column.allCases {
            offsets.append(offset)
            offset += Self.padded(starCount * column.width)
        }
        self.offsets = offsets + [offset]
    }

    /// First byte of a column.
    func offset(of column: Column) -> Int { offsets[column.rawValue] }

    /// First byte of the magnitudes of a band.
    func offset(ofMagnitudes band: Int) -> Int { offsets[offsets.count - 1] + band * Self.padded(starCount * 4) }

    /// First byte of the errors of the magnitudes of a band.
    func offset(ofErrors band: Int) -> Int { offset(ofMagnitudes: bandCount + band) }

    /// First byte of the name of a band.
    static func nameOffset(_ band: Int) -> Int {
        digestRange.upperBound + band * CatalogueDescription.maximumBandNameLength
    }

    /// Length of the whole tile.
    var length: Int { offset(ofMagnitudes: 2 * bandCount) }

    private static func padded(_ length: Int) -> Int { (length + alignment - 1) / alignment * alignment }
}
