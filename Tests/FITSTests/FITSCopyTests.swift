import FITS
import Foundation
import Imaging
import Testing

@Suite("Copies of files with other cards")
final class FITSCopyTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "copies-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        do { try FileManager.default.removeItem(at: folder) } catch { Issue.record(error) }
    }

    private func path(_ name: String) -> String { folder.appending(path: name).path }

    /// Copies with CRVAL1 = 5 in the place of every CRVAL1 and A_ORDER.
    private func copy(_ name: String, to other: String) throws {
        var file = try FITSFile(reading: path(name))
        let shape = try file.moveToFirstImage()
        try file.writeCopy(to: path(other), of: shape) { header in
            var changed = Header(header.cards.filter { !["CRVAL1", "A_ORDER"].contains($0.keyword) })
            changed.append("CRVAL1", .real(5), comment: "new")
            return changed
        }
    }

    private var header: Header {
        var header = Header()
        header.append("OBJECT", .string("M 1"), comment: "what")
        header.append("CRVAL1", .real(1))
        header.append("CRVAL1", .real(2))
        header.append("A_ORDER", .integer(3))
        header.append("HISTORY", .string("made for a test"))
        header.append("GAIN", .real(1.5))
        return header
    }

    @Test("an exposure keeps its pixels and its other cards, in their order")
    func exposure() throws {
        let counts = (0..<6000).map { UInt16(truncatingIfNeeded: $0 &* 7919) }
        try FITSWriter.write(counts: counts, width: 100, height: 60, header: header, to: path("a.fits"))
        try copy("a.fits", to: "b.fits")
        var before = try FITSFile(reading: path("a.fits"))
        var after = try FITSFile(reading: path("b.fits"))
        let (old, new) = (try before.firstImage(), try after.firstImage())
        #expect(old.pixels == new.pixels && old.shape == new.shape)
        let kept = old.header.cards.filter { !["CRVAL1", "A_ORDER"].contains($0.keyword) }
        #expect(new.header.cards.filter { $0.keyword != "CRVAL1" } == kept)
        #expect(new.header.cards.filter { $0.keyword == "CRVAL1" }.map(\.value) == [.real(5)])
        try FITSFile.requireComplete(path("b.fits"))
        try copy("a.fits", to: "c.fits")
        let bytes = try ["b.fits", "c.fits"].map { try Data(contentsOf: URL(fileURLWithPath: path($0))) }
        #expect(bytes[0] == bytes[1])
    }

    @Test("a calibrated frame keeps its three planes")
    func planes() throws {
        let frame = CalibratedFrame(
            signal: Image(width: 30, height: 20, pixels: (0..<600).map { Float($0) / 7 }),
            variance: Image(width: 30, height: 20, pixels: (0..<600).map { Float($0) + 1 }),
            mask: Mask(width: 30, height: 20, bits: (0..<600).map { UInt16($0 % 5) }))
        try FITSWriter.write(frame: frame, header: header, to: path("a.fits"))
        try copy("a.fits", to: "b.fits")
        var after = try FITSFile(reading: path("b.fits"))
        let read = try after.readCalibratedFrame()
        #expect(read.frame.signal == frame.signal && read.frame.variance == frame.variance)
        #expect(read.frame.mask == frame.mask && read.header.number("CRVAL1") == 5)
        #expect(read.header.text("EXTNAME") == "SIGNAL" && read.header.text("BUNIT") == "electron")
    }

    @Test("a place that cannot be written leaves nothing behind")
    func unwritable() throws {
        try FITSWriter.write(
            counts: [UInt16](repeating: 3, count: 16), width: 4, height: 4, header: header, to: path("a.fits"))
        #expect(throws: FITSError.self) { try copy("a.fits", to: "nowhere/b.fits") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a.fits"])
    }
}
