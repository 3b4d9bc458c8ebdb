import FITS
import Foundation
import Imaging
import Simulation
import Testing

@testable import nightjar

/// A field of stars seen through clouds: raw frames of 1 e-/ADU without a pedestal.
private struct CloudyField {
    static let side = 420
    let seed: UInt64
    var stars: [(x: Double, y: Double, flux: Double)] = []

    init(seed: UInt64) {
        self.seed = seed
        var random = RandomStream(seed: seed, 1)
        for y in stride(from: 30.0, to: 400, by: 30) {
            for x in stride(from: 30.0, to: 400, by: 30) {
                stars.append(
                    (x + random.uniform(-2...2), y + random.uniform(-2...2), 3000 * pow(33, random.uniform())))
            }
        }
    }

    func write(_ number: Int, transparency: Double, in shop: FrameShop) throws {
        var light = LightMap(width: Self.side, height: Self.side, level: 300)
        let (dx, dy) = (0.37 * Double(number), -0.43 * Double(number))
        for star in stars {
            light.addStar(
                x: star.x + dx, y: star.y + dy, flux: transparency * star.flux, fwhmPixels: 3.2, pointSpread: .gaussian,
                leavingOut: 0.01)
        }
        var random = RandomStream(seed: seed, 2, UInt64(number))
        let counts = light.electrons.map { UInt16(max(0, (random.poisson($0) + 5 * random.gaussian()).rounded())) }
        var header = Header()
        for (keyword, value) in [
            ("IMAGETYP", .string("Light Frame")), ("EXPTIME", .real(60)), ("FILTER", .string("V")), ("EGAIN", .real(1)),
            ("RDNOISE", .real(5)), ("SATURATE", .real(65_000)), ("DATE-OBS", .string("2026-03-20T22:00:00")),
        ] as [(String, HeaderValue)] { header.append(keyword, value) }
        try FITSWriter.write(
            counts: counts, width: Self.side, height: Self.side, header: header, to: shop.path("f\(number).fits"))
    }
}

@Suite("Frames of one stack through clouds")
struct StackScaleTests {
    /// 0.3 mag of cloud, and less.
    private let transparencies = [1, 0.76, 0.88, 0.76, 0.97]

    private func stacked(_ shop: FrameShop, _ field: CloudyField, _ more: String...) throws -> Header {
        for (number, transparency) in transparencies.enumerated() {
            try field.write(number, transparency: transparency, in: shop)
        }
        let frames = transparencies.indices.map { shop.path("f\($0).fits") }
        let words = ["align"] + frames + ["--to", frames[0], "--out", shop.path("al")] + more
        #expect(try Nightjar.run(words) == 0)
        return try shop.header("al/stack.fits")
    }

    /// (flux of the stack's photons, its error, the true flux), forced at the true places.
    private func fluxes(_ shop: FrameShop, _ field: CloudyField) throws -> [(
        found: Double, error: Double, truth: Double
    )] {
        let places = "x,y\n" + field.stars.map { "\($0.x),\($0.y)\n" }.joined()
        try Data(places.utf8).write(to: URL(filePath: shop.path("places.csv")))
        #expect(
            try shop.run(
                "measure", "@al/stack.fits", "--positions", "@places.csv", "--aperture", "6", "--out", "@p.csv") == 0)
        let lines = try String(contentsOfFile: shop.path("p.csv"), encoding: .utf8).split(separator: "\n")
        let names = lines[0].split(separator: ",").map(String.init)
        let (flux, error) = (names.firstIndex(of: "flux_aperture")!, names.firstIndex(of: "flux_aperture_err")!)
        return zip(lines.dropFirst(), field.stars).map { line, star in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
            return (fields[flux], fields[error], star.flux)
        }
    }

    @Test("the scales are the clouds', within their errors, and the stack's fluxes have pulls of width 1")
    func pulls() throws {
        var pulls: [(faint: Bool, pull: Double)] = []
        for seed in [5, 6] as [UInt64] {
            let (shop, field) = (try FrameShop(), CloudyField(seed: seed))
            let header = try stacked(shop, field, "--stack", "mean")
            #expect(header.text("NJSCALED") == "stars" && header.number("NJSCL1") == 1)
            for (index, transparency) in transparencies.enumerated().dropFirst() {
                let scale = try #require(header.number("NJSCL\(index + 1)"))
                let error = try #require(header.number("NJSCE\(index + 1)"))
                #expect(error < 0.004 && abs(scale - transparency) < 4 * error)
            }
            let frames = try #require(header.number("NJEFFN"))
            // Less than the light that came through, as sky-limited weights go by its square.
            #expect(frames > 4 && frames < transparencies.reduce(0, +))
            #expect(abs(try #require(header.number("EXPTIME")) - 60 * frames) < 1e-6)
            for star in try fluxes(shop, field) {
                pulls.append((star.truth < 20_000, (star.found - frames * star.truth) / star.error))
            }
        }
        for isFaint in [true, false] {
            let some = pulls.filter { $0.faint == isFaint }.map(\.pull)
            let mean = some.reduce(0, +) / Double(some.count)
            let width = (some.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(some.count - 1)).squareRoot()
            // 130 to 200 stars: 0.06.
            #expect(some.count > 100 && abs(width - 1) < 0.15 && abs(mean) < 0.35, "\(isFaint): \(mean) \(width)")
        }
    }

    @Test("a frame whose stars are gone is left out by name; where the reference has none, all are taken as they are")
    func thick() throws {
        let (shop, field) = (try FrameShop(), CloudyField(seed: 8))
        for (number, transparency) in [1, 0.9, 0.002].enumerated() {
            try field.write(number, transparency: transparency, in: shop)
        }
        let document = try InstrumentOption.read(Arguments([], options: []))
        for (reference, hasStars) in [("f0.fits", true), ("f2.fits", false)] {
            let aligner = try FrameAligner(
                to: shop.path(reference), document: document, masters: MasterFiles(), by: .stars)
            let stack = AlignedStack(on: aligner, isScaled: true)
            #expect(stack.notes.isEmpty == hasStars)
        }
        let aligner = try FrameAligner(
            to: shop.path("f0.fits"), document: document, masters: MasterFiles(), by: .stars)
        let meter = try #require(TransparencyMeter(aligner.reference, gainKnown: true))
        var times = StepTimes()
        for (name, truth) in [("f1.fits", 0.9), ("f2.fits", nil)] as [(String, Double?)] {
            let loaded = try LoadedFrame(shop.path(name), document: document, masters: MasterFiles(), times: &times)
            let scale = meter.scale(of: loaded.frame, noise: 1)
            #expect((scale == nil) == (truth == nil))
            // Not aligned: the shift of half a pixel loses little in wide apertures.
            if let truth, let scale { #expect(abs(scale.ratio - truth) < 0.01) }
        }
    }

    @Test("--scale none leaves the light of the clouds in")
    func unscaled() throws {
        let (shop, field) = (try FrameShop(), CloudyField(seed: 7))
        let header = try stacked(shop, field, "--stack", "mean", "--scale", "none")
        #expect(header.text("NJSCALED") == "none" && header["NJSCL2"] == nil)
        let frames = try #require(header.number("NJEFFN"))
        // The frames that were resampled have less noise in a pixel, and more weight than the one that was not.
        #expect(frames > 4.8 && frames <= 5)
        let ratios = try fluxes(shop, field).map { $0.found / $0.truth / frames }.sorted()
        #expect(abs(ratios[ratios.count / 2] - transparencies.reduce(0, +) / 5) < 0.01)
        #expect(throws: UsageError.self) {
            try shop.run("align", "@f1.fits", "--to", "@f0.fits", "--out", "@al", "--stack", "mean", "--scale", "two")
        }
    }

    @Test("the weighted median of ratios has the scatter that its error says, and wild stars do not move it")
    func median() throws {
        var random = RandomStream(seed: 3)
        var pulls: [Double] = []
        for _ in 0..<400 {
            var stars = (0..<41).map { index -> FluxScale.Star in
                let error = 0.002 * Double(1 + index % 7)
                return (0.76 + error * random.gaussian(), error)
            }
            for index in 0..<3 { stars[index].ratio = [0.1, 2, 5][index] }
            let scale = try #require(FluxScale(stars))
            pulls.append((scale.ratio - 0.76) / scale.error)
        }
        let width = (pulls.reduce(0) { $0 + $1 * $1 } / 400).squareRoot()
        #expect((0.85...1.1).contains(width), "\(width)")
        #expect(FluxScale([(1, 0.01), (1, 0.01)]) == nil && FluxScale([]) == nil)
        #expect(FluxScale([(1, 0.5), (1.1, 0.5), (0.9, 0.5)]) == nil)
        #expect(FluxScale([(.nan, 0.01), (-1, 0.01), (-1, 0.01), (-1, 0.01)]) == nil)
    }
}
