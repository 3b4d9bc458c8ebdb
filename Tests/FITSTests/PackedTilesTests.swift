import FITS
import Foundation
import Testing

/// Tile-compressed images whose packed pixels are not what their table says: cfitsio 4.2 crashes on some of them.
@Suite("broken packed pixels")
struct PackedTilesTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A packed image with the places of its table and heap.
    private struct Packed {
        var bytes: [UInt8]
        let table: Int
        let rowBytes: Int
        let rows: Int

        init(_ bytes: [UInt8]) throws {
            self.bytes = bytes
            let cards = stride(from: 2880, to: bytes.count, by: 80)
            func number(_ keyword: String) throws -> Int {
                let card = try #require(cards.first { bytes[$0...].starts(with: Array(keyword.utf8)) })
                let value = String(decoding: bytes[card + 10..<card + 30], as: UTF8.self)
                return try #require(Int(value.trimmingCharacters(in: .whitespaces)))
            }
            let end = try #require(cards.first { bytes[$0...].starts(with: Array("END     ".utf8)) })
            table = (end / 2880 + 1) * 2880
            (rowBytes, rows) = (try number("NAXIS1  "), try number("NAXIS2  "))
        }

        func word(_ place: Int) -> Int { (0..<4).reduce(0) { $0 << 8 | Int(bytes[place + $1]) } }

        mutating func set(_ place: Int, _ value: UInt32) {
            for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * index)) }
        }

        /// Bytes of a tile's packed pixels.
        func tile(_ row: Int) -> Range<Int> {
            let descriptor = table + row * rowBytes
            let start = table + rowBytes * rows + word(descriptor + 4)
            return start..<start + word(descriptor)
        }
    }

    private func packed(_ name: String) throws -> Packed {
        let image = try #require(packedImages.first { $0.name == name })
        let zipped = try #require(Data(base64Encoded: image.base64, options: .ignoreUnknownCharacters))
        let path = try folder.write([UInt8](zipped), as: "packed.gz")
        let gzip = Process()
        gzip.executableURL = URL(filePath: "/usr/bin/env")
        gzip.arguments = ["gzip", "--decompress", "--stdout", path]
        let output = Pipe()
        gzip.standardOutput = output
        try gzip.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        gzip.waitUntilExit()
        return try Packed([UInt8](data))
    }

    private func fault(_ packed: Packed, _ name: String) throws -> String {
        let path = try folder.write(packed.bytes, as: "\(name).fits.fz")
        do throws(FITSError) {
            _ = try FITSFile(reading: path)
            return ""
        } catch {
            return error.reason == .corrupt ? error.description : "another reason: \(error)"
        }
    }

    @Test("whole ones are read", arguments: packedImages.map(\.name))
    func whole(name: String) throws { #expect(try fault(packed(name), name) == "") }

    @Test("a descriptor that points out of the heap is named by its tile", arguments: packedImages.map(\.name))
    func descriptors(name: String) throws {
        let whole = try packed(name)
        for (shift, value) in [(0, 0x7FFF_FFFF), (0, 0xFFFF_FFFF), (4, 0x7FFF_FFF0), (4, 0x8000_0000)]
            as [(Int, UInt32)]
        {
            var broken = whole
            let row = min(1, whole.rows - 1)
            broken.set(whole.table + row * whole.rowBytes + shift, value)
            let said = try fault(broken, name)
            #expect(said.contains("tile \(row + 1): COMPRESSED_DATA has"), "\(said)")
        }
    }

    @Test("a Rice tile whose codes end before its pixels is refused", arguments: ["rice", "dither"])
    func rice(name: String) throws {
        let whole = try packed(name)
        // No bit is set any more: the search for one would run on beyond the tile.
        var zeros = whole
        let tile = whole.tile(3)
        for place in tile.dropFirst(5) { zeros.bytes[place] = 0 }
        zeros.bytes[tile.lowerBound + 4] = 0x10
        zeros.bytes[tile.lowerBound + 2] = 0x10
        var short = whole
        short.set(whole.table + 3 * whole.rowBytes, UInt32(tile.count - 3))
        for broken in [zeros, short] {
            let said = try fault(broken, name)
            #expect(said.contains("tile 4: COMPRESSED_DATA ends before its 20 pixels"), "\(said)")
        }
    }

    @Test("HCOMPRESS tiles of another size or with absurd bit planes, and cut line lists, are refused")
    func headersOfTiles() throws {
        let whole = try packed("hcompress")
        let start = whole.tile(0).lowerBound
        for (place, value) in [(0, 0x11), (2, 0x40), (6, 0x40), (22, 200)] as [(Int, UInt8)] {
            var broken = whole
            broken.bytes[start + place] = value
            #expect(try fault(broken, "hcompress").contains("tile 1: COMPRESSED_DATA"))
        }
        var list = try packed("plio")
        let first = list.tile(0).lowerBound
        (list.bytes[first + 6], list.bytes[first + 7]) = (0x7F, 0xFF)
        #expect(try fault(list, "plio").contains("promises 32767 words"))
    }

    @Test("a gzipped tile that is broken or cut is refused: cfitsio would never come to an end")
    func gzipped() throws {
        let whole = try packed("gzip")
        for row in [0, 5] {
            let tile = whole.tile(row)
            var broken = whole
            for place in tile.dropFirst(12) { broken.bytes[place] = 0xFF }
            var cut = whole
            cut.set(whole.table + row * whole.rowBytes, UInt32(tile.count - 9))
            for packed in [broken, cut] {
                let said = try fault(packed, "gzip")
                #expect(said.contains("tile \(row + 1): COMPRESSED_DATA is a broken gzip stream"), "\(said)")
            }
        }
    }

    @Test("too few rows for the tiles and an impossible seed of the dithering are refused")
    func header() throws {
        let whole = try packed("dither")
        for (keyword, value, said) in [
            ("ZNAXIS2 ", "9999", "rows of packed pixels"), ("ZDITHER0", "-7", "ZDITHER0 = -7"),
            ("ZBITPIX ", "5", "ZBITPIX = 5"),
        ] {
            var broken = whole
            let card = try #require(
                stride(from: 2880, to: whole.table, by: 80).first {
                    whole.bytes[$0...].starts(with: Array(keyword.utf8))
                })
            let text = Array(("                    " + value).utf8.suffix(20))
            broken.bytes.replaceSubrange(card + 10..<card + 30, with: text)
            #expect(try fault(broken, "dither").contains(said))
        }
    }

    /// `make fuzz` reads ten thousand of each kind under the address sanitizer.
    @Test("packed pixels with up to twenty broken bytes are read or refused", arguments: packedImages.map(\.name))
    func brokenBytes(name: String) throws {
        let whole = try packed(name)
        var (read, refused) = (0, 0)
        for number in 0..<max(200, MutatedFilesTests.count / 2) {
            var mutation = Mutation(seed: MutatedFilesTests.firstSeed &+ UInt64(number))
            let path = try folder.write(mutation.applied(to: whole.bytes, from: whole.table), as: "\(name).fits.fz")
            do throws(FITSError) {
                var file = try FITSFile(reading: path)
                let shape = try file.moveToFirstImage()
                _ = try file.readPixels(of: shape)
                read += 1
            } catch {
                refused += 1
            }
        }
        print("\(name): \(read) read, \(refused) refused")
        #expect(refused > 20)
    }
}
