import FITS
import Foundation
import Imaging
import Testing

/// Files with broken bytes, a thousand of them here; `make fuzz` reads ten thousand and more under the address
/// sanitizer (`NIGHTJAR_FUZZ` says how many, `NIGHTJAR_FUZZ_SEED` which).
///
/// Packed pixels are looked through before cfitsio 4.2, which believes them, unpacks them (`PackedTilesTests`). Ingest,
/// which meets a file first, reads its pixels in a child besides, once they have crashed it.
@Suite("mutated FITS files")
struct MutatedFilesTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    static let environment = ProcessInfo.processInfo.environment
    static let count = environment["NIGHTJAR_FUZZ"].flatMap(Int.init) ?? 1000
    static let firstSeed = environment["NIGHTJAR_FUZZ_SEED"].flatMap(UInt64.init) ?? 1

    @Test("each gives an image or a typed reason, soon, and asks for no more memory than its size warrants")
    func mutated() throws {
        let originals = try originals()
        var outcomes: [String: Int] = [:]
        var slow: [String] = []
        let before = peakBytes()
        for number in 0..<Self.count {
            let seed = Self.firstSeed &+ UInt64(number)
            var mutation = Mutation(seed: seed)
            let (name, bytes) = originals[Int(seed % UInt64(originals.count))]
            let path = try folder.write(mutation.applied(to: bytes), as: name)
            let start = ContinuousClock.now
            for outcome in read(path) { outcomes[outcome, default: 0] += 1 }
            if ContinuousClock.now - start > .seconds(20) { slow.append("\(name), seed \(seed)") }
        }
        print("mutated FITS files: \(outcomes.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })")
        // Some are still read, some are not: the injuries are neither all deadly nor all harmless.
        #expect(outcomes["image", default: 0] > Self.count / 30)
        #expect(outcomes["cell", default: 0] > 0 && outcomes["wrong cell"] == nil)
        #expect(outcomes["corrupt", default: 0] > 0)
        #expect(outcomes["truncated", default: 0] > 0)
        #expect(slow.isEmpty)
        #expect(peakBytes() - before < 1 << 30)
    }

    @Test("a compressed image that cannot be as described is refused with keyword and value, plain and gzipped")
    func impossibleCompression() throws {
        let bytes = try unpacked(packedImages[0].base64)
        for (keyword, value) in [("ZTILE1  ", "0"), ("ZNAXIS2 ", "-24"), ("ZNAXIS  ", "7"), ("ZTILE1  ", "many")] {
            var broken = bytes
            let card = try #require(
                stride(from: 0, to: bytes.count, by: 80).first { bytes[$0...].starts(with: Array(keyword.utf8)) })
            let padding = [UInt8](repeating: 0x20, count: 70 - value.utf8.count)
            broken.replaceSubrange(card + 10..<card + 80, with: Array(value.utf8) + padding)
            let plain = try folder.write(broken, as: "broken.fits.fz")
            let gzipped = try folder.write(gzip(["--stdout", plain]), as: "broken.fits.gz")
            for path in [plain, gzipped] {
                let error = #expect(throws: FITSError.self) { _ = try FITSFile(reading: path) }
                #expect(error?.reason == .corrupt)
                let named = "\(keyword.trimmingCharacters(in: .whitespaces)) = \(value)"
                #expect(error?.description.contains(named) == true, "\(path): \(named)")
            }
        }
    }

    /// Everything that is read from files of others: header, pixels, tables, completeness.
    private func read(_ path: String) -> [String] {
        [
            outcome {
                var file = try FITSFile(reading: path)
                let shape = try file.moveToFirstImage()
                guard try !file.readHeader(of: shape).cards.isEmpty else { return "no cards" }
                let pixels = try file.readPixels(of: shape)
                return pixels.width == shape.width && pixels.height == shape.height ? "image" : "wrong shape"
            },
            outcome {
                var file = try FITSFile(reading: path)
                return try file.readTable().columns.isEmpty ? "table without columns" : "table"
            },
            outcome {
                var file = try FITSFile(reading: path)
                let cell = try file.readCell(ofTable: "CUBE")
                return cell.values.count == cell.axes.reduce(1, *) ? "cell" : "wrong cell"
            },
            FITSFile.isComplete(path) ? "complete" : "incomplete",
        ]
    }

    private func outcome(_ body: () throws -> String) -> String {
        do {
            return try body()
        } catch let error as FITSError {
            return error.reason.rawValue
        } catch {
            Issue.record("an error of another type: \(error)")
            return "other"
        }
    }

    private func originals() throws -> [(name: String, bytes: [UInt8])] {
        let plain = handMadeFITS(
            [
                "SIMPLE  =                    T", "BITPIX  =                   16", "NAXIS   =                    2",
                "NAXIS1  =                   20", "NAXIS2  =                   24", "BZERO   =                32768",
                "EXPTIME =                 60.0", "OBJECT  = 'M 13    '",
            ],
            data: bigEndian((0..<480).map { Int16($0) }))
        let primary = [
            "SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0",
        ]
        let image = [
            "XTENSION= 'IMAGE   '", "BITPIX  =                  -32", "NAXIS   =                    2",
            "NAXIS1  =                   20", "NAXIS2  =                   24", "PCOUNT  =                    0",
            "GCOUNT  =                    1",
        ]
        let table = FITSTable(
            name: "STARS",
            columns: [
                FITSColumn(name: "x", unit: "px", values: .double((0..<40).map { Double($0) })),
                FITSColumn(name: "flags", values: .int32((0..<40).map { Int32($0) })),
            ])
        try table.write(to: folder.file("table.fits"))
        let cell = FITSCell(
            table: "CUBE", column: "VALUES", axes: [9, 9, 3], values: (0..<243).map { Float($0) }, header: Header())
        try cell.write(to: folder.file("cell.fits"))
        let extended =
            handMadeFITS(primary, data: []) + handMadeFITS(image, data: bigEndian((0..<480).map { Int32($0) }))
        let packed = try packedImages.map { (name: "\($0.name).fits.fz", bytes: try unpacked($0.base64)) }
        let zipped = try packedImages.map { (name: "\($0.name).fits.gz", bytes: try decoded($0.base64)) }
        return [
            ("plain.fits", plain), ("extended.fits", extended),
            ("table.fits", try bytes(of: folder.file("table.fits"))),
            ("cell.fits", try bytes(of: folder.file("cell.fits"))),
        ]
            + packed + [zipped[0]]
    }

    private func decoded(_ base64: String) throws -> [UInt8] {
        [UInt8](try #require(Data(base64Encoded: base64, options: .ignoreUnknownCharacters)))
    }

    private func unpacked(_ base64: String) throws -> [UInt8] {
        try gzip(["--decompress", "--stdout", folder.write(decoded(base64), as: "packed.gz")])
    }

    private func gzip(_ arguments: [String]) throws -> [UInt8] {
        let gzip = Process()
        gzip.executableURL = URL(filePath: "/usr/bin/env")
        gzip.arguments = ["gzip"] + arguments
        let output = Pipe()
        gzip.standardOutput = output
        try gzip.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        gzip.waitUntilExit()
        try #require(gzip.terminationStatus == 0)
        return [UInt8](data)
    }

    private func peakBytes() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }
}
