import FITS
import Foundation
import Imaging
import Testing

@Suite("Writing FITS files")
struct WritingTests {
    let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }

    func frame() -> CalibratedFrame {
        var signal = Image<Electron>(width: 7, height: 5, pixels: (0..<35).map { Float($0) * 1.25 - 3 })
        signal[3, 2] = .nan
        var variance = Image<ElectronSquared>(width: 7, height: 5, filledWith: 42.5)
        variance[3, 2] = .infinity
        variance[0, 0] = 1e-37
        var mask = Mask(width: 7, height: 5)
        mask[3, 2] = [.noData, .saturated]
        mask.bits[34] = 0xFFFF
        return CalibratedFrame(signal: signal, variance: variance, mask: mask)
    }

    @Test("a calibrated frame reads back bit for bit, NaN, infinities and mask bits included")
    func calibratedFrame() throws {
        var header = Header()
        header.append("OBJECT", .string("HAT-P-32"))
        header.append("BITPIX", .integer(99))
        let path = folder.file("frame.fits")
        try FITSWriter.write(frame: frame(), header: header, to: path)
        var file = try FITSFile(reading: path)
        let (back, found) = try file.readCalibratedFrame()
        let expected = frame()
        #expect(back.signal.pixels.map(\.bitPattern) == expected.signal.pixels.map(\.bitPattern))
        #expect(back.variance.pixels.map(\.bitPattern) == expected.variance.pixels.map(\.bitPattern))
        #expect(back.mask == expected.mask)
        #expect(found.text("OBJECT") == "HAT-P-32")
        #expect(found.text("BUNIT") == "electron")
        #expect(found.number("BITPIX") == -32)
        #expect(FITSFile.isComplete(path))
    }

    @Test("the same frame written twice is the same file, and no temporary file stays behind")
    func sameBytes() throws {
        try FITSWriter.write(frame: frame(), header: Header(), to: folder.file("one.fits"))
        try FITSWriter.write(frame: frame(), header: Header(), to: folder.file("two.fits"))
        try FITSWriter.write(frame: frame(), header: Header(), to: folder.file("two.fits"))
        #expect(try bytes(of: folder.file("one.fits")) == bytes(of: folder.file("two.fits")))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["one.fits", "two.fits"])
    }

    @Test("a master keeps its unit, and is not read as something else")
    func master() throws {
        let flat = Image<Relative>(width: 3, height: 2, pixels: [0.9, 1, 1.1, 1, 1, .nan])
        let path = folder.file("flat.fits")
        try FITSWriter.write(image: flat, header: Header(), to: path)
        var file = try FITSFile(reading: path)
        #expect(try file.readImage(of: Relative.self).image.pixels[0..<5] == flat.pixels[0..<5])
        #expect(throws: FITSError.self) { try file.readImage(of: ADU.self) }
        #expect(throws: FITSError.self) { try file.readCalibratedFrame() }
    }

    @Test("unsigned 16-bit counts keep their whole range and are stored as cameras store them")
    func counts() throws {
        let values: [UInt16] = [0, 1, 32767, 32768, 65535, 12]
        let path = folder.file("raw.fits")
        try FITSWriter.write(counts: values, width: 3, height: 2, header: Header(), to: path)
        var file = try FITSFile(reading: path)
        let image = try file.firstImage()
        #expect(image.pixels.pixels == values.map(Float.init))
        #expect(image.shape.bitsPerPixel == 16)
        #expect(image.header.number("BZERO") == 32768)
    }

    @Test("a table reads back with names, units, descriptions and every value")
    func table() throws {
        let columns = [
            FITSColumn(
                name: "x", unit: "pix", description: "0-based column", values: .double([1.0 / 3, .nan, -1e300])),
            FITSColumn(name: "flux", unit: "electron", values: .float([1.5, .infinity, .nan])),
            FITSColumn(
                name: "flags", description: String(repeating: "long ", count: 30), values: .int32([0, .min, .max])),
            FITSColumn(name: "id", values: .int64([.min, 0, .max])),
        ]
        var header = Header()
        header.append("FRAMEID", .string("abc"))
        let path = folder.file("table.fits")
        try FITSTable(name: "DETECTIONS", columns: columns, header: header).write(to: path)
        var file = try FITSFile(reading: path)
        let back = try file.readTable(named: "detections")
        #expect(back.columns.map(\.name) == ["x", "flux", "flags", "id"])
        #expect(back["FLUX"]?.unit == "electron")
        #expect(
            back["flags"]?.description == String(repeating: "long ", count: 30).trimmingCharacters(in: .whitespaces))
        #expect(back["flags"]?.values == columns[2].values)
        #expect(back["id"]?.values == columns[3].values)
        guard case .double(let x) = back["x"]?.values, case .float(let flux) = back["flux"]?.values else {
            Issue.record("columns changed their type")
            return
        }
        #expect(x[0] == 1.0 / 3 && x[1].isNaN && x[2] == -1e300)
        #expect(flux[0] == 1.5 && flux[1] == .infinity && flux[2].isNaN)
        #expect(back.header.text("FRAMEID") == "abc")
        #expect(throws: FITSError.self) { try file.readTable(named: "absent") }
    }

    @Test("an empty table can be written and read")
    func emptyTable() throws {
        let path = folder.file("empty.fits")
        try FITSTable(name: "NONE", columns: [FITSColumn(name: "x", values: .double([]))]).write(to: path)
        var file = try FITSFile(reading: path)
        #expect(try file.readTable().columns == [FITSColumn(name: "x", values: .double([]))])
    }

    @Test("a folder that is not there is the machine's fault, says the error")
    func noFolder() {
        do throws(FITSError) {
            try FITSWriter.write(frame: frame(), header: Header(), to: folder.file("absent/frame.fits"))
            Issue.record("written into nothing")
        } catch {
            #expect(error.reason == .cannotWrite)
            #expect(error.isEnvironmental)
            #expect(error.description.contains("absent/frame.fits"))
        }
    }
}
