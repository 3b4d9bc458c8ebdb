import Events
import Foundation
import FrameStore
import Pipeline
import TestKit
import Testing

@testable import ingest

/// A file that can never be a frame, and what must be said of it.
private struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let code: RejectionCode
    /// Parts of the reason, in any order.
    let says: [String]
    let bytes: @Sendable () -> [UInt8]

    init(_ name: String, _ code: RejectionCode, _ says: [String], _ bytes: @escaping @Sendable () -> [UInt8]) {
        self.name = name
        self.code = code
        self.says = says
        self.bytes = bytes
    }

    var testDescription: String { name }
}

private func changed(_ changes: (String, String?)...) -> [UInt8] { RawFITS.exposure(changes: changes) }

private func cards(_ cards: String...) -> [UInt8] {
    RawFITS.file(["SIMPLE  = T", "BITPIX  = 16"] + cards, data: [UInt8](repeating: 0, count: 5760))
}

private let notAnImage: [Case] = [
    Case("text.fits", .notFITS, ["SIMPLE"]) { Array("Dear diary, the sky was clear.\n".utf8) },
    Case("empty.fits", .notFITS, ["empty"]) { [] },
    Case("short.fits", .truncated, []) { Array(RawFITS.exposure().prefix(3000)) },
    Case("no-end.fits", .truncated, []) { Array(RawFITS.exposure().prefix(1000)) },
    Case("cube.fits", .notTwoDimensional, ["cube", "4 x 3 x 2"]) {
        cards("NAXIS   = 3", "NAXIS1  = 4", "NAXIS2  = 3", "NAXIS3  = 2")
    },
    Case("no-data.fits", .noImage, []) { cards("NAXIS   = 0") },
    Case("negative-axis.fits", .corrupt, ["NAXIS1"]) { cards("NAXIS   = 2", "NAXIS1  = -40", "NAXIS2  = 30") },
    Case("negative-axes.fits", .corrupt, ["NAXIS"]) { cards("NAXIS   = -2", "NAXIS1  = 40", "NAXIS2  = 30") },
    Case("many-axes.fits", .corrupt, ["NAXIS"]) { cards("NAXIS   = 12345678") },
    Case("huge-axis.fits", .truncated, []) { cards("NAXIS   = 2", "NAXIS1  = 1099511627776", "NAXIS2  = 30") },
    Case("huge-product.fits", .tooLarge, ["limit"]) {
        cards("NAXIS   = 2", "NAXIS1  = 4611686018427387904", "NAXIS2  = 4611686018427387904")
    },
    Case("beyond-integers.fits", .corrupt, ["NAXIS1"]) {
        cards("NAXIS   = 2", "NAXIS1  = 99999999999999999999999", "NAXIS2  = 30")
    },
    Case("bitpix.fits", .corrupt, ["BITPIX"]) {
        RawFITS.file(["SIMPLE  = T", "BITPIX  = 17", "NAXIS   = 2", "NAXIS1  = 4", "NAXIS2  = 3"], data: [0])
    },
]

private let unusableHeader: [Case] = [
    Case("kind.fits", .kindUnknown, ["IMAGETYP", "Sunset"]) { changed(("IMAGETYP", "'Sunset'")) },
    Case("no-kind.fits", .kindUnknown, []) { changed(("IMAGETYP", nil)) },
    Case("exposure.fits", .exposureUnknown, ["EXPTIME", "-5"]) { changed(("EXPTIME", "-5.0")) },
    Case("word-exposure.fits", .exposureUnknown, ["EXPTIME", "long"]) { changed(("EXPTIME", "'long'")) },
    Case("nan-exposure.fits", .exposureUnknown, ["EXPTIME"]) { changed(("EXPTIME", "'NaN'")) },
    Case("endless-exposure.fits", .exposureUnknown, ["EXPTIME"]) { changed(("EXPTIME", "1E300")) },
    Case("no-exposure.fits", .exposureUnknown, ["EXPTIME"]) { changed(("EXPTIME", nil)) },
    Case("time.fits", .timeUnknown, ["DATE-OBS", "yesterday"]) { changed(("DATE-OBS", "'yesterday'")) },
    Case("no-time.fits", .timeUnknown, ["DATE-OBS"]) { changed(("DATE-OBS", nil)) },
    Case("month-13.fits", .timeUnknown, ["DATE-OBS"]) { changed(("DATE-OBS", "'2025-13-01T21:00:00'")) },
    Case("30-february.fits", .timeUnknown, ["DATE-OBS"]) { changed(("DATE-OBS", "'2025-02-30T21:00:00'")) },
    Case("year-9999.fits", .timeUnknown, ["DATE-OBS", "9999"]) { changed(("DATE-OBS", "'9999-12-31T23:59:59'")) },
    Case("year-0.fits", .timeUnknown, ["DATE-OBS"]) { changed(("DATE-OBS", "'0000-01-01T00:00:00'")) },
]

@Suite("Files that can never be a frame")
struct UnusableFilesTests {
    @Test("it is moved to rejected/ beside its reason, announced once and kept", arguments: notAnImage + unusableHeader)
    fileprivate func rejected(_ file: Case) throws {
        try withBench { bench in
            let outcome = try bench.receive(file.bytes(), as: file.name)
            guard case .rejected(let code, let reason) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(code == file.code, "\(reason)")
            for words in file.says + [file.name] { #expect(reason.contains(words), "\(reason)") }
            #expect(try bench.rejected.map(\.reason) == [reason])
            #expect(try bench.received.isEmpty)
            #expect(bench.exists("rejected/\(file.name)") && !bench.exists(file.name))
            let note = try Data(contentsOf: bench.inbox.appending(path: "cam/rejected/\(file.name).reason.json"))
            #expect(try JSONDecoder().decode(RejectionNote.self, from: note).code == code.rawValue)
            let raw = try #require(try bench.rejected.first?.raw)
            #expect([UInt8](try bench.store.read(String(raw.url.dropFirst(7)))) == file.bytes())
        }
    }

    @Test("compressed files that were cut are rejected, not half read")
    func truncatedCompressed() throws {
        try withBench { bench in
            let zipped = try gzipped(RawFITS.exposure(width: 200, height: 200), in: bench.folder)
            let packed = try CompressedExposure.bytes(in: bench.folder)
            for (name, bytes) in [("a.fits.gz", zipped), ("a.fits.fz", packed)] {
                for part in [0.3, 0.6, 0.9] {
                    let outcome = try bench.receive(
                        Array(bytes.prefix(Int(part * Double(bytes.count)))), as: "\(part)\(name)")
                    guard case .rejected(let code, let reason) = outcome else {
                        Issue.record("\(part) of \(name): \(outcome)")
                        continue
                    }
                    #expect([.truncated, .corrupt].contains(code), "\(reason)")
                }
            }
            #expect(try bench.rejected.count == 6)
        }
    }

    @Test("a file refused for its header is taken once the instrument's document says what the header does not")
    func mendedDocument() throws {
        try withBench { bench in
            let bytes = RawFITS.exposure(changes: [("IMAGETYP", nil)])
            let watcher = try bench.watcher()
            try bench.drop(bytes, as: "a.fits")
            try bench.settle(watcher)
            #expect(try bench.rejected.count == 1)
            try bench.write(document: #"{"id": "cam", "defaults": {"kind": "light"}}"#, as: "cam.json")
            try bench.drop(bytes, as: "a.fits")
            try bench.settle(watcher)
            #expect(try bench.received.count == 1)
            #expect(bench.exists("accepted/a.fits"))
        }
    }
}

@Suite("Odd headers that are no reason to refuse a frame")
struct OddHeaderTests {
    @Test("twenty thousand HIERARCH cards, long keywords and broken values neither hang nor crash")
    func hierarch() throws {
        try withBench { bench in
            let many = (0..<20_000).map {
                "HIERARCH ESO INS \(String(repeating: "DEEP ", count: $0 % 9))K\($0) = '\($0)'"
            }
            let base = ["SIMPLE  = T", "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 4", "NAXIS2  = 3"]
            let facts = [
                RawFITS.card("IMAGETYP", "'Light Frame'"), RawFITS.card("DATE-OBS", "'2025-03-01T21:00:00'"),
                RawFITS.card("EXPTIME", "30.0"), "HIERARCH = = = '", "CONTINUE  'never begun", "HIERARCH",
            ]
            let bytes = RawFITS.file(base + many + facts, data: [UInt8](repeating: 1, count: 24))
            let outcome = try bench.receive(bytes, as: "many.fits")
            let frame = try #require(try bench.received.first)
            #expect(outcome == .accepted(frame.frameID))
        }
    }

    @Test("a scale beyond all numbers, a pixel size of zero, control characters in OBJECT: the frame comes in, noted")
    func values() throws {
        try withBench { bench in
            let odd: [[(String, String?)]] = [
                [("BZERO", "1E300")], [("BSCALE", "1E38")], [("XPIXSZ", "0"), ("FOCALLEN", "1000")],
                [("OBJECT", "'M 13\u{1}\u{7F}'")], [("RA", "'25:99:99'"), ("DEC", "'+99:00:00'")],
                [("XBINNING", "0")], [("XBINNING", "-3")], [("GAIN", "-1")], [("EGAIN", "0")], [("CCD-TEMP", "'NaN'")],
            ]
            for (number, changes) in odd.enumerated() {
                let bytes = RawFITS.exposure(changes: changes) { x, _ in UInt16(1000 + 10 * number + x) }
                let outcome = try bench.receive(bytes, as: "\(number).fits")
                guard case .accepted = outcome else {
                    Issue.record("\(changes): \(outcome)")
                    continue
                }
            }
            for frame in try bench.received {
                let scale = frame.instrument.pixelScaleArcsec ?? 1
                #expect(scale > 0 && scale.isFinite)
                #expect(frame.exposure.binningX >= 1)
                #expect((frame.instrument.gainElectronsPerADU ?? 1) > 0)
            }
        }
    }
}

/// The frame of `RawFITS.exposure()`, tile-compressed (Rice) by astropy 8.0.2 `CompImageHDU`, then gzipped for this
/// file.
enum CompressedExposure {
    static func bytes(in folder: URL) throws -> [UInt8] {
        let place = folder.appending(path: "packed-\(UUID().uuidString)")
        let packed = try #require(Data(base64Encoded: base64, options: .ignoreUnknownCharacters))
        try packed.write(to: place.appendingPathExtension("gz"))
        #expect(try runProgram(["gzip", "-d", place.path + ".gz"]) == 0)
        return [UInt8](try Data(contentsOf: place))
    }

    private static let base64 = """
        H4sIAAAAAAACA+1YPW/TUBRNERNIDN263aGSi9SP2GlLhWCIk5fiki9iU6VZKqdxG4skjmxXbYrEQFmQGCoWtg5IbAxI8AsY+AUM
        /AKEWNgQA0jYz7dqk2cncYtY+o7SHulUObqv7577nq0qhXKeANyFEGiwAFtWZ9uy2w64FuQUTQXH1TsN3W5AKGRFKyvVCL8Vz0+3
        bb0HDd3Vwe11DRiBYrqqqBDhl/T8OrvtumGDtX3ibLaNjmNaHSfUj1Q1UsxGrjc2qBkHBwcHBwcHB8elgX+dVJVS8S4IslLU0nKe
        CGf+vAB1s6PbPXD1essAY98NLqeRfv/1/izFvz9TP3FIfXtmw236dsGKzQ7Ue67hDK1PCvdL9d/vbWvP8f0C4wiUM6WHRS3Ub2mx
        32/Htna70NVtvW24hh1e4mq0H4DI+jkj9kPLKSSfVcfx2zaNVoOu2NC3mv7yw/y0jTKh+yFkSoVyhagqyW5m01paOFc/a7lSpRD4
        iWV5Rly5CcJF8lFTCunVYc+Xp5HwnjRd3fT6bstqd23DcYwGmG19p2+va6d5Q2foz5tCvzE6aCd+GLiw+sTl+HmrYeD+Vd5qGLgw
        P6+f4+8HBi4ib/H9MHBjPJ+PSBr6rQ7xO0feapqSJxHzis4Dxzww6LgyWwZ9yVE3zjZgqJ80ZB7E9csUyn6EvX6uKBmyKQ7288l3
        /V7WWzuWbbrN9tD9LeA8kPOlzH1VqZ09kPr96i1r61FQcaTfejovRpwfKb+fu+a+0XKg6+1JYDey/wrB/0+QNzTiR2/gvKSnhW9H
        nWFGnAVpFhZnwbLBm0Yh9UnDzreYfqSq+RUOzFM6agRaX8frYbq/TdMZ43CXa6RSCqsvJd1aXomfN1nNpCPf14nx/ejKvAb01ps3
        d5ou5PyQnn/keycPmSvJqucnJaWluWRqLilqkng7mfQ+8X1JtawpdD/YaTV/jnmVU/IaqdD+W0fpQudbSV4jGXo/EAogpi7sd9ne
        JyYSiclEgMkzP9PIy8j3kGvILeQnyEfIr5E/IH9C/oL8Hfl3wBM3kLGOCQk5i7yO3EQ+QH6BfIz8Dvkj8mfkr8i/Ar5y7fDb1PRL
        5eST9X4d/mCUn4zyZ1B5dpVRrjPKJKNMMQowisAo84yyxCh3GCXDKGuM8oBRqoyyySjbjNJmFJdRHjPKU0Z5zihHjPKKUY4Z5Q2j
        vGWU94NKgoODg4ODg4NjDPwF9rSljMAhAAA=
        """
}
