import FITS
import Foundation
import Imaging
import Testing

@testable import nightjar

/// Sixty stars of FWHM 3 px on a noisy sky, moved by (dx, dy), with a world coordinate system or none.
private func write(
    _ name: String, in shop: FrameShop, dx: Double = 0, dy: Double = 0, world: [(String, HeaderValue)] = []
) throws {
    let side = 256
    var state: UInt64 = 77
    func next() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) / Double(1 << 53)
    }
    let stars = (0..<60).map { _ in (x: 256 * next(), y: 256 * next(), flux: 4000 / (0.05 + next())) }
    for byte in name.utf8 { state = state &* 31 &+ UInt64(byte) }
    var pixels = (0..<side * side).map { _ in 300 + 17 * (next() + next() + next() - 1.5) }
    let sigma = 3 / 2.3548
    for star in stars {
        let (x0, y0) = (star.x + dx, star.y + dy)
        for y in max(0, Int(y0) - 8)..<max(0, min(side, Int(y0) + 9)) {
            for x in max(0, Int(x0) - 8)..<max(0, min(side, Int(x0) + 9)) {
                let square = pow(Double(x) - x0, 2) + pow(Double(y) - y0, 2)
                pixels[y * side + x] += star.flux / (2 * .pi * sigma * sigma) * exp(-square / (2 * sigma * sigma))
            }
        }
    }
    var header = Header()
    for (keyword, value) in cards("Light Frame", seconds: 60, filter: "V") + world { header.append(keyword, value) }
    header.append("DATE-OBS", .string("2026-03-20T22:00:00"))
    let counts = pixels.map { UInt16(max(0, min($0.rounded(), 65_535))) }
    try FITSWriter.write(counts: counts, width: side, height: side, header: header, to: shop.path(name))
}

/// Tangent plane of 1 arcsec per pixel, with the reference pixel of frames moved by (dx, dy).
private func world(dx: Double = 0, dy: Double = 0, cd: [Double] = [-1, 0, 0, 1]) -> [(String, HeaderValue)] {
    [
        ("CTYPE1", .string("RA---TAN")), ("CTYPE2", .string("DEC--TAN")), ("CRVAL1", .real(31)),
        ("CRVAL2", .real(46)), ("CRPIX1", .real(128 + dx)), ("CRPIX2", .real(128 + dy)), ("CD1_1", .real(cd[0] / 3600)),
        ("CD1_2", .real(cd[1] / 3600)), ("CD2_1", .real(cd[2] / 3600)), ("CD2_2", .real(cd[3] / 3600)),
    ]
}

private func aligned(
    _ file: String, to reference: String, in shop: FrameShop, by relation: FrameAligner.Relation = .auto
) throws -> FrameAligner.Summary {
    let document = try InstrumentOption.read(Arguments([], options: []))
    let masters = try MasterFiles(Arguments([], options: []), document: document)
    let aligner = try FrameAligner(
        to: shop.path(reference), document: document, masters: masters, by: relation)
    return try aligner.align(shop.path(file), out: shop.path("out.fits")).summary
}

@Suite("aligning frames")
struct AlignTests {
    @Test("a moved frame is aligned by a shift, and header and summary say how well")
    func shift() throws {
        let shop = try FrameShop()
        try write("a.fits", in: shop)
        try write("b.fits", in: shop, dx: 5.3, dy: -3.8)
        let summary = try aligned("b.fits", to: "a.fits", in: shop)
        #expect(summary.by == "stars" && ["shift", "rigid"].contains(summary.model))
        #expect(abs(summary.transform.x0 + 5.3) < 0.05 && abs(summary.transform.y0 - 3.8) < 0.05)
        let header = try shop.header("out.fits")
        #expect(header.number("NJALRMS") == summary.rmsPixels && summary.rmsPixels! < 0.3)
        #expect(header.number("NJALSTAR") == summary.matchedStars.map(Double.init) && summary.matchedStars! > 25)
        #expect(header.text("NJALMODL") == summary.model && header.number("NJALCERR")! < 0.1)
    }

    @Test("world coordinates that agree with the stars are used, and the stars say how well they do")
    func goodWorld() throws {
        let shop = try FrameShop()
        try write("a.fits", in: shop, world: world())
        try write("b.fits", in: shop, dx: 6, dy: 2, world: world(dx: 6.2, dy: 2))
        let summary = try aligned("b.fits", to: "a.fits", in: shop)
        #expect(summary.by == "wcs" && summary.notes == [])
        #expect(abs(summary.rmsPixels! - 0.25) < 0.12)
    }

    @Test("world coordinates that are 4 px off are noticed: the stars are used, or a remark is made where they insist")
    func wrongWorld() throws {
        let shop = try FrameShop()
        try write("a.fits", in: shop, world: world())
        try write("b.fits", in: shop, dx: 6, dy: 2, world: world(dx: 10, dy: 2))
        let summary = try aligned("b.fits", to: "a.fits", in: shop)
        #expect(summary.by == "stars" && abs(summary.transform.x0 + 6) < 0.05)
        #expect(summary.notes.contains { $0.contains("4.0 px") && $0.contains("aligned by stars") })
        let insisted = try aligned("b.fits", to: "a.fits", in: shop, by: .wcs)
        #expect(insisted.by == "wcs" && insisted.notes.contains { $0.contains("4.0 px") })
    }

    @Test(
        "world coordinates that lead elsewhere give way to stars that match; where these insist, the way out is said"
    )
    func elsewhere() throws {
        let shop = try FrameShop()
        try write("a.fits", in: shop, world: world())
        for (name, far) in [("near.fits", 400.0), ("far.fits", 200_000)] {
            // 400 px leave no pixel in common; 200,000 px are beyond the tangent plane's reach.
            let cards = far > 1000 ? world().map { $0.0 == "CRVAL1" ? ($0.0, .real(211)) : $0 } : world(dx: 6 + far)
            try write(name, in: shop, dx: 6, dy: 2, world: cards)
            let summary = try aligned(name, to: "a.fits", in: shop)
            #expect(summary.by == "stars" && abs(summary.transform.x0 + 6) < 0.05)
            #expect(summary.notes.contains { $0.contains("aligned by stars") })
            let error = #expect(throws: FrameError.self) { _ = try aligned(name, to: "a.fits", in: shop, by: .wcs) }
            #expect(error?.description.contains("--by stars") == true && error?.description.contains(name) == true)
        }
        // Nothing but sky: no star can mend it.
        try shop.write(
            "empty.fits", level: 300, side: 256, cards("Light Frame", seconds: 60, filter: "V") + world(dx: 900))
        let error = #expect(throws: FrameError.self) { _ = try aligned("empty.fits", to: "a.fits", in: shop) }
        #expect(
            error?.description.contains("shares no pixel") == true && error?.description.contains("--by stars") == true)
    }

    @Test("a singular matrix is named by its keywords, and the stars are used where that is allowed")
    func singular() throws {
        let shop = try FrameShop()
        try write("a.fits", in: shop, world: world())
        try write("b.fits", in: shop, dx: 6, world: world(dx: 6, cd: [1, 1, 1, 1]))
        let summary = try aligned("b.fits", to: "a.fits", in: shop)
        #expect(summary.by == "stars" && summary.notes.contains { $0.contains("CD1_1") && $0.contains("b.fits") })
        let error = #expect(throws: FrameError.self) { _ = try aligned("b.fits", to: "a.fits", in: shop, by: .wcs) }
        #expect(error?.description.contains("CD1_1") == true)
    }

    @Test("errors measured on an aligned stack are those of its noise: the pulls of empty sky have width 1")
    func pulls() throws {
        let shop = try FrameShop()
        #expect(
            try shop.run(
                "simulate", "--scenario", "isolated", "--same-stars", "--shift", "0.37,0.43", "--frames", "5", "--size",
                "400", "--stars", "30", "--snr", "80:400", "--even-detector", "--seed", "11", "--out", "@sim") == 0)
        let frames = (1...5).map { "@sim/frames/test-light-000\($0).fits" }
        let masters = ["--bias", "@sim/masters/bias.fits"]
        let words = ["align"] + frames[1...] + ["--to", frames[0], "--out", "@al", "--stack", "mean"] + masters
        #expect(try Nightjar.run(shop.words(words)) == 0)
        let truth = try String(contentsOfFile: shop.path("sim/truth.csv"), encoding: .utf8).split(separator: "\n")
            .dropFirst().prefix(30).map { $0.split(separator: ",").map { Double($0) ?? .nan } }
        var places = "x,y\n"
        for y in stride(from: 25.0, to: 375, by: 14) {
            for x in stride(from: 25.3, to: 375, by: 14) where truth.allSatisfy({ hypot($0[2] - x, $0[3] - y) > 22 }) {
                places += "\(x),\(y)\n"
            }
        }
        try Data(places.utf8).write(to: URL(filePath: shop.path("places.csv")))
        #expect(
            try shop.run(
                "measure", "@al/stack.fits", "--positions", "@places.csv", "--aperture", "5", "--out", "@p.csv") == 0)
        let lines = try String(contentsOfFile: shop.path("p.csv"), encoding: .utf8).split(separator: "\n")
        let names = lines[0].split(separator: ",").map(String.init)
        let (flux, error) = (names.firstIndex(of: "flux_aperture")!, names.firstIndex(of: "flux_aperture_err")!)
        let pulls = lines.dropFirst().compactMap { line -> Double? in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
            return fields[error] > 0 ? fields[flux] / fields[error] : nil
        }
        let width = (pulls.reduce(0) { $0 + $1 * $1 } / Double(pulls.count)).squareRoot()
        let factor = try #require(try shop.header("al/stack.fits").number("NJCORREL"))
        #expect(pulls.count > 250 && factor > 1.08)
        // Without the factor it would be above 1.08; one standard error of the width is 0.04.
        #expect(abs(width - 1) < 0.06)
    }

    @Test("frames of another filter are put on the grid, and left out of the stack by name")
    func filters() throws {
        let shop = try FrameShop()
        #expect(
            try shop.run(
                "simulate", "--scenario", "isolated", "--bayer", "RGGB", "--frames", "1", "--size", "500", "--stars",
                "25", "--snr", "100:400", "--fwhm", "6", "--seed", "3", "--out", "@sim") == 0)
        #expect(try shop.run("calibrate", "@sim/frames/test-light-0001.fits", "--out", "@c.fits") == 0)
        #expect(
            try shop.run("align", "@c.TG.fits", "@c.TR.fits", "--to", "@c.TG.fits", "--out", "@al", "--stack", "mean")
                == 1)
        #expect(FileManager.default.fileExists(atPath: shop.path("al/c.TR.aligned.fits")))
        #expect(try shop.header("al/stack.fits").number("NCOMBINE") == 1)
        #expect(try shop.header("al/stack.fits").text("FILTER") == "TG")
    }
}
