import Astrometry
import CatalogueTiles
import FITS
import Foundation
import FrameSolving
import Imaging
import Instruments
import PhotometricCalibration
import PlateSolving
import PortableNumbers
import ReferenceCatalogue
import Sky
import Testing

@testable import nightjar

@Suite("nightjar solve, and measure --catalog")
struct SolveCommandTests {
    @Test("a frame gets a copy with coordinates to a tenth of a pixel; it and what is there stay as they are")
    func copy() throws {
        let observatory = try SolvingObservatory()
        try observatory.expose("light.fits")
        let before = try Data(contentsOf: URL(fileURLWithPath: observatory.shop.path("light.fits")))
        for (words, suffix) in [([], ""), (["--distortion", "tpv", "--order", "2"], "2")] {
            let place = observatory.shop.path("solved\(suffix).fits")
            let command = ["solve", observatory.shop.path("light.fits"), "--catalog", observatory.shop.path("stars")]
            #expect(try Nightjar.run(command + ["--out", place] + words) == 0)
            #expect(try Nightjar.run(command + ["--out", place] + words) == 1)
            var file = try FITSFile(reading: place)
            let image = try file.firstImage()
            let world = try WorldCoordinates(image.header)
            for x in [0.0, 199.5, 399] {
                let expected = observatory.truth.position(x: x, y: 300)
                let position = world.position(x: x, y: 300)
                let found = try #require(position)
                #expect(found.separationDegrees(from: expected) * 3600 < 1)
            }
            #expect(image.header.text("OBSERVER") == "somebody" && image.header.number("NJWCSTAR") ?? 0 > 40)
            #expect(image.header.cards.count { $0.keyword == "CRVAL1" } == 1)
            #expect(suffix != "" || image.header.text("CTYPE1")?.hasPrefix("RA---TAN") == true)
            #expect(suffix == "" || image.header.text("CTYPE1") == "RA---TPV")
            #expect(image.header.number("A_ORDER") == nil || image.header.text("CTYPE1") == "RA---TAN-SIP")
            var original = try FITSFile(reading: observatory.shop.path("light.fits"))
            #expect(try original.firstImage().pixels == image.pixels)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: observatory.shop.path("light.fits"))) == before)
    }

    @Test("several frames: one that is not solved does not keep the others, and the exit status says so")
    func several() throws {
        let observatory = try SolvingObservatory()
        try observatory.expose("good.fits")
        try observatory.expose("dark.fits", stars: false)
        try observatory.expose("far.fits", ra: 83.2 + 3)
        let shop = { (name: String) in observatory.shop.path(name) }
        let files = ["good.fits", "dark.fits", "far.fits"].map(shop)
        let words = ["--catalog", shop("stars"), "--out-dir", shop("out")]
        #expect(try Nightjar.run(["solve"] + files + words) == 1)
        #expect(FileManager.default.fileExists(atPath: shop("out/good.wcs.fits")))
        #expect(FileManager.default.fileExists(atPath: shop("out/far.wcs.fits")))
        #expect(!FileManager.default.fileExists(atPath: shop("out/dark.wcs.fits")))
    }

    @Test("a list of stars is solved like a frame")
    func list() throws {
        let observatory = try SolvingObservatory()
        let lines = observatory.images.map { "\($0.flux),\($0.y),\($0.x)" }
        try (["flux,y,x"] + lines).joined(separator: "\n").write(
            toFile: observatory.shop.path("list.csv"), atomically: true, encoding: .utf8)
        let words = ["solve", "--stars", observatory.shop.path("list.csv"), "--catalog"]
        let stars = [observatory.shop.path("stars"), "--near", "83.4,22", "--json", "--times", "2"]
        #expect(try Nightjar.run(words + stars + ["--size", "400,400"]) == 0)
        #expect(try Nightjar.run(words + stars + ["--size", "400,400", "--scale", "1,1.1"]) == 1)
        #expect(throws: UsageError.self) { try Nightjar.run(words + stars) }
        #expect(throws: UsageError.self) { try Nightjar.run(words + stars + ["--size", "400"]) }
        #expect(throws: FrameError.self) { try StarList.parse("x,y\n1,2", path: "a.csv") }
        #expect(throws: FrameError.self) { try StarList.parse("x,y,flux\n1,two,3", path: "a.csv") }
        #expect(
            try StarList.parse("# by hand\nx,y,mag\n1,2,5\n", path: "a.csv").first.map { abs($0.flux - 0.01) < 1e-12 }
                == true)
    }

    @Test("a list is read as spreadsheets of all kinds write it; what is no list is refused in plain words")
    func listText() throws {
        let rows = "\u{FEFF}X , \"y\",Flux,x_err\r\n\r\n# by hand\r\n 1.5,\t-2e1,\"300\",nan\r\n4,5,,0.1\r6,7,8"
        let stars = try StarList.parse(rows, path: "a.csv")
        #expect(stars.map(\.x) == [1.5, 4, 6] && stars.map(\.y) == [-20, 5, 7])
        #expect(stars[0].flux == 300 && stars[1].flux.isNaN && stars[0].xErrorPixels.isNaN)
        #expect(stars[1].xErrorPixels == 0.1 && stars[2].xErrorPixels.isNaN && stars[2].yErrorPixels.isNaN)
        let said = { (text: String) in
            do {
                _ = try StarList.parse(text, path: "a.csv")
                return ""
            } catch { return "\(error)" }
        }
        #expect(said("x,y,flux\n1,2,3\n\n1,2x,3").contains("line 4: '1,2x,3' does not give x and y as numbers"))
        for wrong in [
            "", " \n", "x,y,flux", "x,y,flux\n\n# none\n", "x,y,flux\n1", "x,y,flux\n,1,1", "x,y,flux\ninf,1,1",
            "x,y,flux\n1 2,1,1", "x,flux\n1,2",
        ] {
            #expect(!said(wrong).isEmpty, "\(wrong)")
        }
        // Bytes that would steer a terminal.
        let hostile = ["x,y,flux\n\u{1B}[2J\u{07},2,3", "\u{1B}]0;title\u{07},b\n1,2", "x\0y"]
        for text in hostile {
            #expect(said(text).utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "\(text.debugDescription)")
        }
        #expect(said("x\0y").contains("this is no text"))
        #expect(
            said("x,y,flux\n") == "a.csv: there is a heading, and no star in it: give columns x, y and flux, and a "
                + "line for each star")
        // Without end, and no regular file.
        let zero = #expect(throws: FrameError.self) { try StarList.read("/dev/zero") }
        #expect(zero?.text.contains("this is no text") == true)
        let folder = #expect(throws: FrameError.self) { try StarList.read("/") }
        #expect(folder?.text.hasSuffix("cannot be read: Is a directory") == true)
        #expect(throws: FrameError.self) { try StarList.parse([0x78, 0xFF, 0xFE, 0x9B, 0x0A], path: "a.csv") }
    }

    @Test("options without an effect are refused, and limits are told")
    func options() throws {
        let observatory = try SolvingObservatory()
        try observatory.expose("light.fits")
        let shop = { (name: String) in observatory.shop.path(name) }
        try "x,y,flux\n1,2,3".write(toFile: shop("list.csv"), atomically: true, encoding: .utf8)
        let frame = ["solve", shop("light.fits"), "--catalog", shop("stars")]
        let list = ["solve", "--stars", shop("list.csv"), "--size", "400,400", "--catalog", shop("stars")]
        let cases: [([String], String)] = [
            (frame + ["--size", "4,4"], "--size"), (frame + ["--epoch", "2000"], "--epoch"),
            (frame + ["--times", "2"], "--json"), (frame + ["--distortion", "tpv"], "--out"),
            (list + ["--threshold", "3"], "--threshold"), (list + ["--threads", "2"], "--threads"),
            (list + ["--channel", "TG"], "--channel"), (list + ["--radius", "2"], "--near"),
            (list + ["--near", "400,46"], "0 to 360"),
            (frame + ["--out", shop("a.fits.gz")], "leave .gz off"),
            (frame + ["--out", shop("a.FZ")], "leave .fz off"),
            (frame + ["--scale", "0,2"], "from 0.001 to 30000"), (frame + ["--scale", "2,1"], "from 0.001 to 30000"),
            (frame + ["--times", "0", "--json"], "from 1 to 1000000"),
            (
                ["solve", "--stars", shop("list.csv"), "--catalog", shop("stars"), "--size", "0,4"],
                "from 1 to 16777216"
            ),
        ]
        for (words, text) in cases {
            let error = #expect(throws: UsageError.self, "\(words.dropFirst(2))") { try Nightjar.run(words) }
            #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
        }
    }

    @Test("a link is not replaced, even one that leads nowhere")
    func danglingLink() throws {
        let observatory = try SolvingObservatory()
        try observatory.expose("light.fits")
        let shop = { (name: String) in observatory.shop.path(name) }
        try FileManager.default.createSymbolicLink(atPath: shop("out.fits"), withDestinationPath: shop("nowhere.fits"))
        let words = ["solve", shop("light.fits"), "--catalog", shop("stars"), "--out", shop("out.fits")]
        #expect(try Nightjar.run(words) == 1)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: shop("out.fits")) == shop("nowhere.fits"))
        #expect(!FileManager.default.fileExists(atPath: shop("nowhere.fits")))
    }

    @Test("what a header says of pointing and scale that cannot be used is named")
    func unusableHeader() throws {
        let document = try InstrumentOption.read(try Arguments([], options: [InstrumentOption.option]))
        let notes = { (cards: [(String, HeaderValue)]) in
            var header = Header()
            for (keyword, value) in cards { header.append(keyword, value) }
            let facts = try FrameFacts(
                header, width: 10, height: 10, path: "a.fits", document: document, usedAs: .light)
            return SeenFrame.unusable(facts.exposure)
        }
        let good: [(String, HeaderValue)] = [("RA", .real(10)), ("DEC", .real(20)), ("PIXSCALE", .real(1.5))]
        #expect(try notes(good).isEmpty)
        #expect(
            try notes([("RA", .string("north")), ("DEC", .real(20)), good[2]]).contains { $0.contains("RA \"north") })
        #expect(try notes([("RA", .real(10)), ("DEC", .real(95)), good[2]]).contains { $0.contains("95") })
        #expect(try notes(good.prefix(2) + [("PIXSCALE", .real(-3))]).contains { $0.contains("PIXSCALE '-3") })
        #expect(try notes(good.prefix(2) + [("PIXSCALE", .real(99_999))]).contains { $0.contains("99999") })
    }

    @Test("measure --catalog places its rows, names their stars and gives magnitudes of the filter's band")
    func measured() throws {
        let observatory = try SolvingObservatory()
        try observatory.expose("light.fits")
        let words = ["--catalog", observatory.shop.path("stars"), "--out", observatory.shop.path("rows.csv")]
        #expect(try Nightjar.run(["measure", observatory.shop.path("light.fits")] + words) == 0)
        let rows = try observatory.shop.table("rows.csv")
        let known = rows.filter { ($0["catalog_id"] ?? -1) > 0 }
        #expect(known.count > 40 && known.count <= rows.count)
        for row in rows {
            let place = observatory.truth.position(x: row["x"]!, y: row["y"]!)
            let found = try SkyPosition(raDegrees: row["ra_deg"]!, decDegrees: row["dec_deg"]!)
            #expect(found.separationDegrees(from: place) * 3600 < 1)
        }
        let truth = Dictionary(uniqueKeysWithValues: observatory.magnitudes)
        // Neither saturated nor faint; one in five may have a neighbour.
        let errors = known.compactMap { row -> Double? in
            guard let magnitude = truth[Int(row["catalog_id"]!)], (8.5...11.5).contains(magnitude) else { return nil }
            return abs(row["mag_aperture"]! - magnitude) / max(0.01, row["mag_aperture_err"]!)
        }
        #expect(errors.count > 8 && Double(errors.count { $0 < 4 }) > 0.8 * Double(errors.count))
    }

    /// Noise of 5 and a quantum in 4 pi 1.44 px in which a star image of that width weighs, at 21 mag for one electron.
    @Test("the depth by the catalogue is that of the matched filter, and where half of injected stars are found")
    func depth() throws {
        let observatory = try SolvingObservatory()
        try observatory.expose("light.fits")
        let words = ["--catalog", observatory.shop.path("stars"), "--completeness", "400"]
        let arguments = try Arguments(words, options: measureCommand.options)
        var measurer = FrameMeasurer(document: try FrameFile.document(arguments), masters: MasterFiles())
        measurer.sky = try MeasuredSky.wanted(arguments)
        measurer.artificialStars = 400
        let summary = try measurer.measure(observatory.shop.path("light.fits"), keepsMasters: false).summary
        let zero = try #require(summary.sky?.zeroPoints.first)
        let (three, five) = (try #require(zero.limitingMagnitude3Sigma), try #require(zero.limitingMagnitude5Sigma))
        let noise = ((25 + 1.0 / 12) * 4 * Double.pi * 1.44).squareRoot()
        #expect(abs(five - (21 - 2.5 * log10(5 * noise))) < 0.1, "\(five)")
        #expect(abs(three - five - 2.5 * log10(5.0 / 3)) < 1e-9 && zero.text.contains("5 sigma at"))
        let data = try JSONEncoder().encode(try #require(summary.completeness))
        let found = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let half = try #require(found["magnitude50"] as? Double)
        // The search's threshold is four sigmas; instrumental magnitudes are of one second here.
        #expect(abs(half + zero.zeroPoint - (five + 2.5 * log10(5.0 / 4))) < 0.1, "\(half) \(five)")
    }

    @Test("measure --sequence calibrates by its comparison stars and says how far off the check star is")
    func sequence() throws {
        let observatory = try SolvingObservatory()
        try observatory.expose("light.fits")
        let clear = observatory.clearStars
        let shop = { (name: String) in observatory.shop.path(name) }
        try observatory.sequence(of: clear).write(toFile: shop("x1.json"), atomically: true, encoding: .utf8)
        let words = ["measure", shop("light.fits"), "--catalog", shop("stars"), "--sequence", shop("x1.json")]
        #expect(try Nightjar.run(words + ["--out", shop("rows.csv")]) == 0)
        let rows = try observatory.shop.table("rows.csv")
        for (index, star) in clear.enumerated() {
            let row = try #require(rows.first { abs($0["x"]! - star.x) < 1 && abs($0["y"]! - star.y) < 1 })
            let off = row["mag_aperture"]! - (21 - 2.5 * log10(star.flux))
            #expect(abs(off) < 4 * row["mag_aperture_err"]!, "star \(index) is off by \(off)")
        }
        var measurer = FrameMeasurer(
            document: try InstrumentOption.read(Arguments([], options: [])), masters: MasterFiles())
        measurer.sequence = try ComparisonSequence(path: shop("x1.json"))
        #expect(try measurer.measure(shop("light.fits")).summary.sequence?.noZeroPoint?.contains("placed") == true)
        #expect(
            try Nightjar.run(["solve", shop("light.fits"), "--catalog", shop("stars"), "--out", shop("w.fits")]) == 0)
        let found = try #require(try measurer.measure(shop("w.fits")).summary.sequence)
        let zero = try #require(found.zeroPoints.first)
        #expect(abs(zero.zeroPoint - 21) < 0.05 && zero.stars == 5 && zero.band == "Johnson-Cousins V")
        let check = try #require(zero.check)
        #expect(check.id == "S5" && abs(check.residual - 0.1) < 4 * check.residualError && check.residualError < 0.06)
        #expect(found.text.contains("check star S5: ") && found.text.contains("off by +0."))
    }

    @Test("magnitudes that a sequence cannot calibrate stay instrumental, with a catalogue beside it too")
    func sequenceElsewhere() throws {
        let observatory = try SolvingObservatory()
        try observatory.expose("light.fits")
        let shop = { (name: String) in observatory.shop.path(name) }
        let elsewhere = observatory.clearStars.map { (x: $0.x + 5000, y: $0.y, flux: $0.flux) }
        try observatory.sequence(of: elsewhere).write(toFile: shop("off.json"), atomically: true, encoding: .utf8)
        let words = ["measure", shop("light.fits"), "--catalog", shop("stars"), "--sequence", shop("off.json")]
        #expect(try Nightjar.run(words + ["--out", shop("off.csv")]) == 0)
        #expect(try Nightjar.run(["measure", shop("light.fits"), "--out", shop("plain.csv")]) == 0)
        let magnitudes = try ["off.csv", "plain.csv"].map { name in
            try observatory.shop.table(name).map { $0["mag_aperture"] }
        }
        #expect(magnitudes[0] == magnitudes[1] && magnitudes[0].compactMap { $0 }.count > 5)
        var half = observatory.clearStars
        half[1].x += 5000
        try observatory.sequence(of: half).write(toFile: shop("half.json"), atomically: true, encoding: .utf8)
        #expect(
            try Nightjar.run(["solve", shop("light.fits"), "--catalog", shop("stars"), "--out", shop("w.fits")]) == 0)
        var measurer = FrameMeasurer(
            document: try InstrumentOption.read(Arguments([], options: [])), masters: MasterFiles())
        measurer.sequence = try ComparisonSequence(path: shop("half.json"))
        let found = try #require(try measurer.measure(shop("w.fits")).summary.sequence)
        #expect(found.unseen?.offFrame == ["S1"] && found.text.contains("off the frame: S1"))
    }

    @Test("without a catalogue the message says how to make one")
    func noCatalogue() throws {
        let arguments = try Arguments([], options: [CatalogueOption.option])
        do {
            _ = try CatalogueOption.open(arguments, environment: ["NIGHTJAR_CATALOG": "nowhere"])
            Issue.record("a catalogue was found")
        } catch let error as UsageError {
            #expect(error.description.contains("make catalog builds one in .catalogs/tycho-1"))
        }
    }
}
