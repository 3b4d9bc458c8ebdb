/// Why bytes are no index of quads.
public struct BlindIndexError: Error, Sendable, Hashable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Where what lies in an index of quads, byte by byte. All numbers are little-endian, every column begins at a multiple
/// of 64.
///
///     0    8  "NIGHTQAD"
///     8    4  version of the format, 1
///     12   4  number of layers L, 1 ... 32
///     16   8  number of stars of the catalogue
///     24   8  length of the whole [bytes]
///     32  32  SHA-256 of the bytes 0 ..< 32 and 64 ..< end
///     64  64  id of the catalogue, ASCII, filled with zeros
///     128 64L the layers, each:
///         0   4  HEALPix order of its cells
///         4   4  brightest stars that were taken from each cell
///         8   4  number of stars N, below 2^20
///         12  4  number of quads Q
///         16  4  cells G along a side of a face of the cube
///         20  4  boxes B for the unit of a code
///         24  4  Float, length of the shortest quad [rad]
///         28  4  Float, length of the longest quad [rad]
///
/// then for each layer, from the densest to the thinnest, four columns:
///
///     stars   4 Float N     unit vector at the catalogue's epoch, ICRS, and magnitude; in the order of their cells
///     cells   UInt32 6GG+1  first star of each cell (`CubeGrid`)
///     quads   4 UInt32 Q    stars A, B, C, D in the lower 20 bits, and xC, yC, xD, yD in the upper 12, as
///                           floor(2048 (value + 1)); in the order of their boxes
///     boxes   UInt32 +1     first quad of each box (`CodeBoxes`)
public enum BlindIndexLayout {
    /// Where the checksum lies, which whoever reads or writes files compares or fills in.
    public static let digestRange = 32..<64

    static let magic: [UInt8] = Array("NIGHTQAD".utf8)
    static let version: UInt32 = 1
    static let alignment = 64
    static let idRange = 64..<128
    static let layerLength = 64
    static let maximumLayers = 32
    static let starBits: UInt32 = 20
    static let codeSteps: Float = 2048

    static func layerOffset(_ layer: Int) -> Int { idRange.upperBound + layer * layerLength }
    static func padded(_ length: Int) -> Int { (length + alignment - 1) / alignment * alignment }
}

/// The numbers of one layer, and where its columns lie.
struct BlindLayerHead: Sendable, Hashable {
    var order: Int
    var starsPerCell: Int
    var starCount: Int
    var quadCount: Int
    var grid: CubeGrid
    var boxes: CodeBoxes
    var lengths: ClosedRange<Float>

    /// Lengths of the four columns [bytes].
    private var lengthsOfColumns: [Int] {
        [starCount * 16, (grid.count + 1) * 4, quadCount * 16, (boxes.count + 1) * 4]
    }

    /// First bytes of the four columns, and the end of the last, when the first begins at `start`.
    func offsets(from start: Int) -> [Int] {
        lengthsOfColumns.reduce(into: [start]) { $0.append($0[$0.count - 1] + BlindIndexLayout.padded($1)) }
    }
}

/// Cells on the faces of a cube around the sphere: to find stars near a direction without an angle.
struct CubeGrid: Sendable, Hashable {
    /// Cells along a side of a face.
    let side: Int

    var count: Int { 6 * side * side }

    static let maximumSide = 1024

    /// About one star to a cell.
    init(stars: Int) {
        side = max(1, min(Self.maximumSide, Int((Double(stars) / 6).squareRoot())))
    }

    init?(side: Int) {
        guard (1...Self.maximumSide).contains(side) else { return nil }
        self.side = side
    }

    /// Face, place on it in cells, and the most cells that an angle there may go across, for a radian.
    @inline(__always)
    func place(_ v: SkyVector) -> (face: Int, u: Double, w: Double, stretch: Double) {
        let (x, y, z) = (abs(v.x), abs(v.y), abs(v.z))
        let half = 0.5 * Double(side)
        let inverse = 1 / max(x, y, z)
        let stretch = half * inverse * inverse
        if z >= x, z >= y {
            return (v.z < 0 ? 5 : 4, half * (v.x * inverse + 1), half * (v.y * inverse + 1), stretch)
        }
        if x >= y { return (v.x < 0 ? 1 : 0, half * (v.y * inverse + 1), half * (v.z * inverse + 1), stretch) }
        return (v.y < 0 ? 3 : 2, half * (v.x * inverse + 1), half * (v.z * inverse + 1), stretch)
    }

    @inline(__always)
    func cell(face: Int, _ u: Int, _ w: Int) -> Int {
        (face * side + max(0, min(side - 1, w))) * side + max(0, min(side - 1, u))
    }

    func cell(_ v: SkyVector) -> Int {
        let place = place(v)
        return cell(face: place.face, Int(place.u), Int(place.w))
    }
}

/// Boxes of quad codes: as many for the unit in each of the four dimensions.
struct CodeBoxes: Sendable, Hashable {
    let perUnit: Int
    let boxesXC: Int
    let boxesY: Int
    let boxesXD: Int

    static let maximumPerUnit = 64
    /// Of the codes' y, which stay within 0.867.
    private static let greatestY: Float = 0.875

    /// Few quads to a box: codes fill 0.38 of the unit's fourth power.
    init(quads: Int) {
        self.init(checked: max(2, min(Self.maximumPerUnit, Int((Double(quads) / 3).squareRoot().squareRoot()))))
    }

    init?(perUnit: Int) {
        guard (2...Self.maximumPerUnit).contains(perUnit) else { return nil }
        self.init(checked: perUnit)
    }

    private init(checked perUnit: Int) {
        self.perUnit = perUnit
        (boxesXC, boxesXD) = (perUnit / 2 + 1, perUnit + 1)
        boxesY = Int((2 * Self.greatestY * Float(perUnit)).rounded(.up)) + 1
    }

    var count: Int { boxesXC * boxesY * boxesXD * boxesY }

    /// - Parameter code: finite, within -8 ... 8.
    @inline(__always)
    func place(_ code: SIMD4<Float>) -> SIMD4<Int32> {
        let unit = Float(perUnit)
        let axis = { (value: Float, boxes: Int) in
            max(0, min(Int32(truncatingIfNeeded: boxes) - 1, Int32(value * unit)))
        }
        return SIMD4(
            axis(code.x, boxesXC), axis(code.y + Self.greatestY, boxesY), axis(code.z, boxesXD),
            axis(code.w + Self.greatestY, boxesY))
    }

    @inline(__always)
    func row(_ xC: Int32, _ yC: Int32, _ xD: Int32) -> Int {
        ((Int(xC) * boxesY + Int(yC)) * boxesXD + Int(xD)) * boxesY
    }

    @inline(__always)
    func number(_ place: SIMD4<Int32>) -> Int { row(place.x, place.y, place.z) + Int(place.w) }
}

/// A code in 12 bits for each number.
enum PackedCode {
    /// - Parameter code: finite, within -8 ... 8.
    @inline(__always)
    static func pack(_ code: SIMD4<Float>) -> SIMD4<UInt32> {
        let steps = { (value: Float) in UInt32(max(0, min(4095, (value + 1) * BlindIndexLayout.codeSteps))) }
        return SIMD4(steps(code.x), steps(code.y), steps(code.z), steps(code.w))
    }

    @inline(__always)
    static func unpack(_ steps: SIMD4<UInt32>) -> SIMD4<Float> {
        (SIMD4(Float(steps.x), Float(steps.y), Float(steps.z), Float(steps.w)) + 0.5) / BlindIndexLayout.codeSteps - 1
    }
}
