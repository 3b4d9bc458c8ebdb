import FITS
import Foundation
import Imaging
import Testing

@Suite("Reading FITS images")
struct ReadingTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    static let cards = [
        "SIMPLE  =                    T", "BITPIX  =                   16", "NAXIS   =                    2",
        "NAXIS1  =                    3", "NAXIS2  =                    2",
    ]

    func reason(_ path: String) -> FITSError.Reason? {
        do throws(FITSError) {
            var file = try FITSFile(reading: path)
            _ = try file.firstImage()
            return nil
        } catch {
            return error.reason
        }
    }

    @Test("integers are scaled by BSCALE and BZERO, and BLANK becomes NaN")
    func scaling() throws {
        let scaled = Self.cards + ["BSCALE  = 0.5", "BZERO   = 100", "BLANK   = -32768"]
        let stored: [Int16] = [0, 1, -2, 32767, -32768, 10]
        let path = try folder.write(handMadeFITS(scaled, data: bigEndian(stored)), as: "a.fits")
        var file = try FITSFile(reading: path)
        let image = try file.firstImage()
        #expect(image.shape.bitsPerPixel == 16)
        #expect(image.pixels.width == 3 && image.pixels.height == 2)
        #expect(Array(image.pixels.pixels[0..<4]) == [100, 100.5, 99, 16483.5])
        #expect(image.pixels.pixels[4].isNaN)
        #expect(image.pixels[2, 1] == 105)
    }

    @Test("floating-point NaN and infinity read as NaN, doubles beyond Float's range too")
    func nonFinite() throws {
        let double = ["SIMPLE  = T", "BITPIX  = -64", "NAXIS   = 2", "NAXIS1  = 5", "NAXIS2  = 1"]
        let values: [Double] = [1.5, .nan, .infinity, 1e300, -2]
        let path = try folder.write(handMadeFITS(double, data: bigEndian(values.map(\.bitPattern))), as: "d.fits")
        var file = try FITSFile(reading: path)
        let pixels = try file.firstImage().pixels.pixels
        #expect(pixels[0] == 1.5 && pixels[4] == -2)
        #expect(pixels[1...3].allSatisfy { $0.isNaN }, "\(pixels)")
    }

    @Test("brackets, quotes, blanks, newlines, tildes and percent signs in a file's name are part of the name")
    func literalNames() throws {
        let content = handMadeFITS(Self.cards, data: bigEndian([Int16](1...6)))
        for name in [
            "a[1].fits", "b'\".fits", " c d .fits", "e\nf.fits", "~g.fits", "!h.fits", "i(j).fits", "k+2", "%s.fit",
        ] {
            let path = try folder.write(content, as: name)
            #expect(reason(path) == nil, "\(name)")
            #expect(FITSFile.isComplete(path))
        }
    }

    @Test("a missing file is not silently replaced by its compressed twin")
    func noSubstitution() throws {
        _ = try folder.write(handMadeFITS(Self.cards, data: bigEndian([Int16](1...6))), as: "a.fits.gz")
        #expect(reason(folder.file("a.fits")) == .cannotRead)
    }

    @Test("what is not FITS says so: empty, text, zeros, gzip of text, a folder, nothing")
    func foreign() throws {
        #expect(reason(try folder.write([], as: "empty.fits")) == .notFITS)
        #expect(reason(try folder.write(Array("a text file".utf8), as: "text.fits")) == .notFITS)
        #expect(reason(try folder.write([UInt8](repeating: 0, count: 5760), as: "zeros.fits")) == .notFITS)
        let almost = Array(("SIMPLE" + String(repeating: "x", count: 6000)).utf8)
        #expect(reason(try folder.write(almost, as: "almost.fits")) != nil)
        #expect(reason(folder.path) == .cannotRead)
        #expect(reason(folder.file("absent.fits")) == .cannotRead)
        #expect(reason(folder.file(String(repeating: "n", count: 5000))) == .cannotRead)
    }

    @Test("a file cut at any block is truncated, one without the last padding is not")
    func truncation() throws {
        let large = ["SIMPLE  = T", "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 100", "NAXIS2  = 100"]
        let whole = handMadeFITS(large, data: bigEndian([Int16](repeating: 7, count: 10_000)))
        for length in [100, 2879, 2880, 2881, 10_000, 2880 + 19_999] {
            let path = try folder.write(Array(whole.prefix(length)), as: "cut\(length).fits")
            #expect(reason(path) == .truncated, "\(length) bytes")
            #expect(!FITSFile.isComplete(path))
        }
        let unpadded = try folder.write(Array(whole.prefix(2880 + 20_000)), as: "unpadded.fits")
        #expect(reason(unpadded) == nil)
        #expect(FITSFile.isComplete(unpadded))
    }

    @Test("an extension that is still being written makes the file incomplete, though its image can be read")
    func growing() throws {
        let image = handMadeFITS(Self.cards + ["EXTEND  = T"], data: bigEndian([Int16](1...6)))
        let table = [
            "XTENSION= 'IMAGE   '", "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 60", "NAXIS2  = 60", "PCOUNT  = 0",
            "GCOUNT  = 1",
        ]
        let whole = image + handMadeFITS(table, data: bigEndian([Int16](repeating: 3, count: 3600)))
        for length in [image.count + 100, image.count + 2880, whole.count - 2880] {
            let path = try folder.write(Array(whole.prefix(length)), as: "growing\(length).fits")
            #expect(!FITSFile.isComplete(path), "\(length - image.count) bytes of the extension")
            #expect(reason(path) == nil)
        }
        #expect(FITSFile.isComplete(try folder.write(whole, as: "whole.fits")))
        #expect(FITSFile.isComplete(try folder.write(whole + Array("trailing notes".utf8), as: "notes.fits")))
    }

    @Test("cubes, zero-size images, absurd axes and files of tables only are refused by name")
    func shapes() throws {
        func file(_ axes: [Int], _ name: String) throws -> String {
            let cards =
                ["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = \(axes.count)"]
                + axes.enumerated().map { "NAXIS\($0 + 1)  = \($1)" }
            let count = axes.reduce(1) { min($0.multipliedReportingOverflow(by: $1).partialValue, 100_000) }
            return try folder.write(handMadeFITS(cards, data: [UInt8](repeating: 1, count: max(0, count))), as: name)
        }
        #expect(reason(try file([4, 5, 3], "cube.fits")) == .notTwoDimensional)
        #expect(reason(try file([4, 5, 1], "flat.fits")) == nil)
        #expect(reason(try file([4, 0], "zero.fits")) == .emptyImage)
        #expect(reason(try file([12], "line.fits")) == .noImage)
        #expect(reason(try file([], "nothing.fits")) == .noImage)
        #expect([.truncated, .tooLarge, .corrupt].contains(reason(try file([70_000, 70_000], "huge.fits"))))
        let absurd = reason(try file([4_000_000_000_000, 4_000_000_000_000], "absurd.fits"))
        #expect([.truncated, .tooLarge, .corrupt, .notFITS].contains(absurd))
        #expect(reason(try file([-4, 5], "negative.fits")) != nil)
    }

    @Test("the first image of a multi-extension file is found, and its cards outrank the primary's")
    func extensions() throws {
        let primary = ["SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 0", "EXTEND  = T", "OBJECT  = 'M 13'", "GAIN    = 1.0"]
        let image = [
            "XTENSION= 'IMAGE   '", "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 3", "NAXIS2  = 2", "PCOUNT  = 0",
            "GCOUNT  = 1", "GAIN    = 2.5",
        ]
        let content = handMadeFITS(primary, data: []) + handMadeFITS(image, data: bigEndian([Int16](1...6)))
        var file = try FITSFile(reading: try folder.write(content, as: "mef.fits"))
        let found = try file.firstImage()
        #expect(found.shape.unit == 2)
        #expect(found.header.number("GAIN") == 2.5)
        #expect(found.header.text("OBJECT") == "M 13")
        #expect(found.header.number("NAXIS") == 2)
        #expect(found.pixels.pixels == [1, 2, 3, 4, 5, 6])
    }

    @Test("a gzipped file is read whatever its path is called")
    func gzipNames() throws {
        let path = folder.file("raw.fits")
        try FITSWriter.write(counts: [1, 2, 3, 4, 5, 6], width: 3, height: 2, header: Header(), to: path)
        let packed = try Process.run(URL(filePath: "/usr/bin/env"), arguments: ["gzip", "-k", "-n", path])
        packed.waitUntilExit()
        let bytes = try bytes(of: path + ".gz")
        for name in ["M.Zhang-1.fits.gz", "raw.Z", "raw.Z.fits.gz", "a.gz.Z.fit"] {
            let renamed = try folder.write(bytes, as: name)
            var file = try FITSFile(reading: renamed)
            #expect(try file.firstImage().pixels.pixels == [1, 2, 3, 4, 5, 6], "\(name)")
            #expect(FITSFile.isComplete(renamed), "\(name)")
        }
    }

    @Test("a gzipped twin gives the same pixels, and a cut one is not complete")
    func gzip() throws {
        let counts = (0..<40_000).map { UInt16(truncatingIfNeeded: $0 &* 7919) }
        let path = folder.file("raw.fits")
        try FITSWriter.write(counts: counts, width: 200, height: 200, header: Header(), to: path)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["gzip", "-k", "-n", path]
        try process.run()
        process.waitUntilExit()
        var plain = try FITSFile(reading: path)
        var twin = try FITSFile(reading: path + ".gz")
        #expect(try plain.firstImage().pixels == twin.firstImage().pixels)
        #expect(FITSFile.isComplete(path + ".gz"))
        let whole = try bytes(of: path + ".gz")
        for length in [5, 100, whole.count / 2, whole.count - 2000] {
            let cut = try folder.write(Array(whole.prefix(length)), as: "cut\(length).fits.gz")
            #expect(!FITSFile.isComplete(cut), "\(length) bytes")
            #expect([.truncated, .corrupt, .notFITS].contains(reason(cut)), "\(length) bytes")
        }
    }
}
