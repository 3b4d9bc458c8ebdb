import FITS
import Foundation
import Imaging
import Testing

@Suite("Plain images of 16-bit integers")
struct PlainIntegersTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    /// More pixels than a thread reads at once, and not a multiple of it; all 65,536 values.
    private static let (width, height) = (709, 331)
    private static let stored = (0..<(width * height)).map { Int16(truncatingIfNeeded: $0 &* 40_503) }

    private func written(_ scaling: [String], primary: [String] = [], cut: Int = 0) throws -> String {
        let shape = [
            "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = \(Self.width)", "NAXIS2  = \(Self.height)",
        ]
        var bytes = primary.isEmpty ? [] : handMadeFITS(primary, data: [])
        let start = primary.isEmpty ? ["SIMPLE  = T"] : ["XTENSION= 'IMAGE   '"]
        let end = primary.isEmpty ? [] : ["PCOUNT  = 0", "GCOUNT  = 1"]
        bytes += handMadeFITS(start + shape + end + scaling, data: bigEndian(Self.stored))
        bytes.removeLast(cut)
        return try folder.write(bytes, as: "plain.fits")
    }

    private func pixels(_ path: String, threads: Int) throws -> [Float] {
        var file = try FITSFile(reading: path)
        return try file.readPixels(of: try file.moveToFirstImage(), threads: threads).pixels
    }

    @Test("every stored value plus BZERO, on any number of threads", arguments: [1, 2, 3, 7])
    func values(threads: Int) throws {
        for (card, zero) in [("BZERO   = 32768", Float(32768)), ("BZERO   = -7.", -7), ("COMMENT none", 0)] {
            let found = try pixels(try written([card]), threads: threads)
            #expect(found == Self.stored.map { Float($0) + zero })
        }
    }

    @Test("an image behind an empty first unit is found at its place", arguments: [1, 7])
    func inExtension(threads: Int) throws {
        let primary = ["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0", "EXTEND  = T"]
        let path = try written(["BZERO   = 32768"], primary: primary)
        #expect(try pixels(path, threads: threads) == Self.stored.map { Float($0) + 32768 })
    }

    @Test("a scale, a fraction and blanks are what they are without threads", arguments: [1, 2, 7])
    func otherwiseStored(threads: Int) throws {
        let halves = try pixels(try written(["BSCALE  = 0.5", "BZERO   = 3"]), threads: threads)
        #expect(halves == Self.stored.map { Float(0.5 * Double($0) + 3) })
        let fraction = try pixels(try written(["BZERO   = 0.25"]), threads: threads)
        #expect(fraction == Self.stored.map { Float(Double($0) + 0.25) })
        let blank = try pixels(try written(["BLANK   = -5", "BZERO   = 100"]), threads: threads)
        let expected = Self.stored.map { $0 == -5 ? Float.nan : Float($0) + 100 }
        #expect(zip(blank, expected).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN })
        #expect(blank.contains { $0.isNaN })
    }

    @Test("a file that ends too early, at once or after it was opened, is refused", arguments: [1, 7])
    func cut(threads: Int) throws {
        #expect(throws: FITSError.self) { try pixels(try written([], cut: 100_000), threads: threads) }
        let path = try written([])
        var file = try FITSFile(reading: path)
        let shape = try file.moveToFirstImage()
        #expect(truncate(path, 200_000) == 0)
        do throws(FITSError) {
            _ = try file.readPixels(of: shape, threads: threads)
            Issue.record("pixels came out of a file that is cut")
        } catch {
            #expect(error.file == path)
        }
    }
}
