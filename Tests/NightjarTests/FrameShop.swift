import FITS
import Foundation
import Imaging
import Testing

@testable import nightjar

/// Makes small raw frames and runs commands on them, in a folder of its own.
final class FrameShop {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "frame-shop-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        do { try FileManager.default.removeItem(at: folder) } catch { print("left behind: \(folder.path)") }
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    /// Words that begin with @ are files of the folder.
    func words(_ words: [String]) -> [String] { words.map { $0.hasPrefix("@") ? path(String($0.dropFirst())) : $0 } }

    func run(_ words: String...) throws -> Int32 { try Nightjar.run(self.words(words)) }

    /// What a command that does not work says; empty when it works.
    func message(_ words: String...) -> String {
        do {
            _ = try Nightjar.run(self.words(words))
            return ""
        } catch {
            return "\(error)"
        }
    }

    /// A raw frame with noise that differs from name to name.
    func write(_ name: String, level: Int, side: Int = 48, _ cards: [(String, HeaderValue)]) throws {
        var state = UInt64(5381)
        for byte in name.utf8 { state = state &* 33 &+ UInt64(byte) }
        let counts = (0..<side * side).map { _ -> UInt16 in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt16(level + Int(state >> 59))
        }
        var header = Header()
        for (keyword, value) in cards { header.append(keyword, value) }
        header.append("DATE-OBS", .string("2026-03-20T22:00:00"))
        try FITSWriter.write(counts: counts, width: side, height: side, header: header, to: path(name))
    }

    /// The header of a file that a command has written.
    func header(_ name: String) throws -> Header {
        var file = try FITSFile(reading: path(name))
        return try file.readHeader(of: file.moveToFirstImage())
    }
}

/// Cards of a frame of the usual camera of these tests.
func cards(
    _ kind: String, seconds: Double, filter: String? = nil, celsius: Double? = -10, gain: Double = 100,
    binning: Int? = 1, mode: String = "fast"
) -> [(String, HeaderValue)] {
    var cards: [(String, HeaderValue)] = [
        ("IMAGETYP", .string(kind)), ("EXPTIME", .real(seconds)), ("INSTRUME", .string("cam")), ("GAIN", .real(gain)),
        ("EGAIN", .real(1.5)), ("READOUTM", .string(mode)),
    ]
    if let filter { cards.append(("FILTER", .string(filter))) }
    if let celsius { cards.append(("CCD-TEMP", .real(celsius))) }
    if let binning { cards.append(("XBINNING", .integer(binning))) }
    return cards
}
