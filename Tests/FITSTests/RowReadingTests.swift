import Foundation
import Imaging
import Testing

@testable import FITS

@Suite("rows of an image")
struct RowReadingTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// All rows of the first image, `step` at a time; nil where they cannot be had.
    private func byRows(_ path: String, _ step: Int) throws -> [UInt32]? {
        var file = try FITSFile(reading: path)
        let shape = try file.moveToFirstImage()
        _ = try file.readPixels(of: shape)
        guard let rows = try file.rows(of: shape) else { return nil }
        var pixels = [Float](repeating: 0, count: shape.width * shape.height)
        try pixels.withUnsafeMutableBufferPointer { pixels in
            for first in stride(from: 0, to: shape.height, by: step) {
                let range = first..<min(first + step, shape.height)
                try rows.read(range, into: pixels.baseAddress! + first * shape.width)
            }
        }
        return pixels.map(\.bitPattern)
    }

    private func whole(_ path: String) throws -> [UInt32] {
        var file = try FITSFile(reading: path)
        return try file.firstImage().pixels.pixels.map(\.bitPattern)
    }

    private func requireAlike(_ path: String) throws {
        let pixels = try whole(path)
        for step in [1, 3, 1000] { #expect(try byRows(path, step) == pixels, "\(path), \(step) rows") }
    }

    private func image(_ bitpix: Int, _ cards: [String], _ data: [UInt8], name: String) throws -> String {
        let header = [
            "SIMPLE  =                    T", "BITPIX  = \(bitpix)", "NAXIS   = 2", "NAXIS1  = 4", "NAXIS2  = 3",
        ]
        return try folder.write(handMadeFITS(header + cards, data: data), as: name)
    }

    @Test("are those of the whole image: integers with offset and blanks, floats with NaN and infinities")
    func plain() throws {
        let counts: [Int16] = [0, 1, -32768, 32767, 5, -7, 99, -99, 1000, -1000, 20_000, -20_000]
        try requireAlike(image(16, ["BZERO   = 32768", "BSCALE  = 1"], bigEndian(counts), name: "a.fits"))
        try requireAlike(image(16, ["BLANK   = 99"], bigEndian(counts), name: "b.fits"))
        let floats: [Float] = [
            0, -0.0, 1.5, .nan, .infinity, -.infinity, 3e38, -3e38, .leastNonzeroMagnitude, 7,
            .greatestFiniteMagnitude, 9,
        ]
        try requireAlike(image(-32, [], bigEndian(floats.map(\.bitPattern)), name: "c.fits"))
    }

    @Test("where a number is beyond the range of Float somewhere, the largest Float is none anywhere, as in the whole")
    func overflow() throws {
        var doubles: [Double] = [1, 2, Double(Float.greatestFiniteMagnitude), 4, 5, 6, 7, 8, 9, 10, 11, 1e300]
        try requireAlike(image(-64, [], bigEndian(doubles.map(\.bitPattern)), name: "d.fits"))
        doubles[11] = 12
        try requireAlike(image(-64, [], bigEndian(doubles.map(\.bitPattern)), name: "e.fits"))
    }

    @Test("come from tile-compressed images too, or not at all where tiles are tall; and not from gzipped files")
    func packed() throws {
        var read: [String] = []
        for (name, base64) in packedImages {
            let packed = try #require(Data(base64Encoded: base64, options: .ignoreUnknownCharacters))
            let gzipped = try folder.write([UInt8](packed), as: "\(name).fits.gz")
            #expect(try byRows(gzipped, 5) == nil)
            let plain = try folder.write(unpacked(gzipped), as: "\(name).fits")
            guard let rows = try byRows(plain, 5) else { continue }
            read.append(name)
            #expect(try rows == whole(plain), "\(name)")
        }
        #expect(read.contains("rice") && read.contains("gzip"))
    }

    private func unpacked(_ path: String) throws -> [UInt8] {
        let gzip = Process()
        gzip.executableURL = URL(filePath: "/usr/bin/env")
        gzip.arguments = ["gzip", "--decompress", "--stdout", path]
        let output = Pipe()
        gzip.standardOutput = output
        try gzip.run()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        gzip.waitUntilExit()
        return [UInt8](bytes)
    }

    private func master(_ name: String) throws -> String {
        let image = Image<ADU>(width: 5, height: 4, pixels: (0..<20).map { $0 == 3 ? .nan : Float($0) * 0.1 })
        let error = Image<ADU>(width: 5, height: 4, pixels: (0..<20).map { $0 == 4 ? .infinity : Float($0) })
        let mask = Mask(width: 5, height: 4, bits: (0..<20).map { UInt16($0 * 3000) })
        let path = folder.file(name)
        try FITSWriter.write(image: image, error: error, mask: mask, header: Header(), to: path)
        return path
    }

    @Test("of a master are those of its planes, by several threads at once")
    func masters() throws {
        var file = try FITSFile(reading: master("m.fits"))
        let planes = try file.readMaster(of: ADU.self)
        let rows = try #require(try file.masterRows(of: ADU.self))
        let failures = parallelMap(64, threads: 4) { number -> Bool in
            let row = number % 4
            var (image, error) = ([Float](repeating: 0, count: 5), [Float](repeating: 0, count: 5))
            var bits = [UInt16](repeating: 0, count: 5)
            do {
                try rows.image.read(row..<row + 1, into: &image)
                try rows.error.read(row..<row + 1, into: &error)
                try rows.mask.readBits(row..<row + 1, into: &bits)
            } catch { return true }
            let range = row * 5..<row * 5 + 5
            return image.map(\.bitPattern) != planes.image.pixels[range].map(\.bitPattern)
                || error != Array(planes.error.pixels[range]) || bits != Array(planes.mask.bits[range])
        }
        #expect(!failures.contains(true))
    }

    @Test("of what is no master, or is cut, are refused with the words of reading it whole")
    func faults() throws {
        let good = try bytes(of: master("good.fits"))
        let cut = try folder.write(Array(good.prefix(2880 * 3 + 40)), as: "cut.fits")
        let alone = try image(-32, ["BUNIT   = 'adu'"], [UInt8](repeating: 0, count: 48), name: "alone.fits")
        for path in [cut, alone, try master("unit.fits")] {
            func fault(_ body: (inout FITSFile) throws -> Void) throws -> String {
                var file = try FITSFile(reading: path)
                do { try body(&file) } catch { return "\(error)" }
                return ""
            }
            let whole = try fault { _ = try $0.readMaster(of: Relative.self) }
            #expect(try !whole.isEmpty && fault { _ = try $0.masterRows(of: Relative.self) } == whole)
            let adu = try fault { _ = try $0.readMaster(of: ADU.self) }
            #expect(try fault { _ = try $0.masterRows(of: ADU.self) } == adu)
        }
    }

    @Test("that the file has lost since are an error that names it")
    func lost() throws {
        let path = try master("lost.fits")
        var file = try FITSFile(reading: path)
        let rows = try #require(try file.masterRows(of: ADU.self))
        try Data(bytes(of: path).prefix(2880)).write(to: URL(filePath: path + ".cut"))
        let handle = try FileHandle(forWritingTo: URL(filePath: path))
        try handle.truncate(atOffset: 2880)
        try handle.close()
        var bits = [UInt16](repeating: 0, count: 20)
        let error = #expect(throws: FITSError.self) { try rows.mask.readBits(0..<4, into: &bits) }
        #expect(error?.file == path)
    }
}
