import Calibration
import FITS
import Foundation
import Imaging
import Testing

@testable import nightjar

/// bias.fits, dark.fits (60 s at -10 C), flat.fits (V), each one frame, and light.fits (60 s, V).
private func stock(_ shop: FrameShop) throws {
    try shop.write("bias.fits", level: 300, cards("Bias Frame", seconds: 0))
    try shop.write("dark.fits", level: 320, cards("Dark Frame", seconds: 60))
    try shop.write("flat.fits", level: 20_000, cards("Flat Field", seconds: 2, filter: "V"))
    try shop.write("light.fits", level: 900, cards("Light Frame", seconds: 60, filter: "V"))
}

@Suite("masters that do not go with the frame")
struct MasterFitTests {
    @Test("masters of the frame's own settings are taken without a word")
    func fitting() throws {
        let shop = try FrameShop()
        try stock(shop)
        #expect(
            shop.message(
                "calibrate", "@light.fits", "--bias", "@bias.fits", "--dark", "@dark.fits", "--flat", "@flat.fits",
                "--out", "@c.fits") == "")
        #expect(shop.exists("c.fits"))
    }

    @Test(
        "another filter, temperature, gain, read-out mode, camera or kind is refused with keyword and both values",
        arguments: [
            ("flat", "FILTER", .string("R"), ["FILTER R", "FILTER V"]),
            ("dark", "CCD-TEMP", .real(-5), ["CCD-TEMP -5", "CCD-TEMP -10"]),
            ("bias", "GAIN", .real(0), ["GAIN 0", "GAIN 100"]),
            ("dark", "READOUTM", .string("slow"), ["READOUTM slow", "READOUTM fast"]),
            ("flat", "INSTRUME", .string("other"), ["INSTRUME other", "INSTRUME cam"]),
            ("flat", "IMAGETYP", .string("Light Frame"), ["IMAGETYP", "'Light Frame'", "given as flat"]),
        ] as [(String, String, HeaderValue, [String])])
    func refused(kind: String, keyword: String, value: HeaderValue, said: [String]) throws {
        let shop = try FrameShop()
        try stock(shop)
        let settings = [
            "bias": cards("Bias Frame", seconds: 0), "dark": cards("Dark Frame", seconds: 60),
            "flat": cards("Flat Field", seconds: 2, filter: "V"),
        ]
        let levels = ["bias": 300, "dark": 320, "flat": 20_000]
        let changed = settings[kind]!.map { $0.0 == keyword ? (keyword, value) : $0 }
        try shop.write("other.fits", level: levels[kind]!, changed)
        for command in ["calibrate", "measure"] {
            // One frame that fails is told on standard error; the loader is asked for the words.
            #expect(fault(shop, command, kind) == 1)
        }
        let text = try loaderMessage(shop, kind)
        #expect(said.allSatisfy { text.contains($0) } && text.contains("other.fits") && text.contains("--force"))
        #expect(
            try shop.run("calibrate", "@light.fits", "--\(kind)", "@other.fits", "--out", "@c.fits", "--force") == 0)
        let history = try shop.header("c.fits").cards.filter { $0.keyword == "HISTORY" }
        #expect(keyword == "IMAGETYP" || history.contains { "\($0)".contains("(forced)") })
    }

    /// Exit status; 1 also for an error before the first frame.
    private func fault(_ shop: FrameShop, _ command: String, _ kind: String) -> Int32 {
        do {
            return try shop.run(command, "@light.fits", "--\(kind)", "@other.fits", "--out", "@x.out")
        } catch {
            return error is FrameError ? 1 : 3
        }
    }

    private func loaderMessage(_ shop: FrameShop, _ kind: String) throws -> String {
        let document = try InstrumentOption.read(Arguments([], options: []))
        do {
            let words = shop.words(["--\(kind)", "@other.fits"])
            let masters = try MasterFiles(Arguments(words, options: MasterFiles.options), document: document)
            var times = StepTimes()
            _ = try LoadedFrame(shop.path("light.fits"), document: document, masters: masters, times: &times)
            return ""
        } catch {
            return "\(error)"
        }
    }

    @Test("another binning is refused, forced or not")
    func binning() throws {
        let shop = try FrameShop()
        try stock(shop)
        try shop.write("other.fits", level: 300, cards("Bias Frame", seconds: 0, binning: 2))
        #expect(try shop.run("calibrate", "@light.fits", "--bias", "@other.fits", "--out", "@c.fits", "--force") == 1)
        #expect(try loaderMessage(shop, "bias").contains("XBINNING 2 x 2, but"))
        #expect(!shop.exists("c.fits"))
    }

    @Test("what one header does not say is a remark; the gain of a flat, which is a ratio, too")
    func unknown() throws {
        let shop = try FrameShop()
        try stock(shop)
        try shop.write("flat2.fits", level: 20_000, cards("Flat Field", seconds: 2, gain: 0))
        try shop.write("dark2.fits", level: 320, cards("Dark Frame", seconds: 60, celsius: nil))
        let document = try InstrumentOption.read(Arguments([], options: []))
        let words = shop.words(["--dark", "@dark2.fits", "--flat", "@flat2.fits"])
        let masters = try MasterFiles(Arguments(words, options: MasterFiles.options), document: document)
        var times = StepTimes()
        let light = try LoadedFrame(shop.path("light.fits"), document: document, masters: masters, times: &times)
        let notes = light.facts.notes.joined(separator: "\n")
        #expect(notes.contains("its filter is not known") && notes.contains("FILTER V"))
        #expect(notes.contains("its temperature is not known") && notes.contains("GAIN 0"))
    }

    @Test("a master made here keeps the settings of its frames and is held to them")
    func ownMaster() throws {
        let shop = try FrameShop()
        try stock(shop)
        for index in 1...3 { try shop.write("b\(index).fits", level: 300, cards("Bias Frame", seconds: 0, gain: 0)) }
        #expect(
            try shop.run("master", "@b1.fits", "@b2.fits", "@b3.fits", "--kind", "bias", "--out", "@other.fits") == 0)
        let header = try shop.header("other.fits")
        #expect(header.number("GAIN") == 0 && header.text("READOUTM") == "fast" && header.text("NJCAMERA") == "cam")
        #expect(try loaderMessage(shop, "bias").contains("GAIN 0"))
    }
}

@Suite("frames of a master that do not go together")
struct MasterInputTests {
    private func frames(
        _ shop: FrameShop, _ count: Int, kind: String = "Flat Field", filter: String = "V", side: Int = 48,
        _ name: String = "f"
    ) throws -> [String] {
        try (0..<count).map { index in
            try shop.write(
                "\(name)\(index).fits", level: 20_000, side: side, cards(kind, seconds: 2, filter: filter))
            return shop.path("\(name)\(index).fits")
        }
    }

    private func message(_ shop: FrameShop, _ files: [String], _ more: String...) -> String {
        do {
            let words = ["master"] + files + ["--kind", "flat", "--out", shop.path("flat.fits")] + more
            let status = try Nightjar.run(words)
            return status == 0 ? "" : "status \(status)"
        } catch {
            return "\(error)"
        }
    }

    @Test("mixed filters and kinds stop with the names of both files; --force takes them")
    func mixed() throws {
        let shop = try FrameShop()
        let files = try frames(shop, 3)
        for (kind, filter, said) in [
            ("Flat Field", "R", "FILTER R, but"), ("Dark Frame", "V", "says dark, but it is given as flat"),
        ] {
            let odd = try frames(shop, 1, kind: kind, filter: filter, "odd")
            let text = message(shop, files + odd)
            #expect(text.contains(said) && text.contains("odd0.fits") && !shop.exists("flat.fits"))
            #expect(message(shop, files + odd, "--force") == "")
            try FileManager.default.removeItem(atPath: shop.path("flat.fits"))
        }
    }

    @Test("a truncated, an unreadable and a smaller file among 8 are left out by name, and 5 make the master")
    func leftOut() throws {
        let shop = try FrameShop()
        let files = try frames(shop, 6) + frames(shop, 1, side: 40, "small")
        let whole = try Data(contentsOf: URL(filePath: files[2]))
        try whole.prefix(whole.count / 2).write(to: URL(filePath: files[2]))
        try Data("no picture".utf8).write(to: URL(filePath: shop.path("text.fits")))
        let inputs = files + [shop.path("text.fits")]
        #expect(message(shop, inputs, "--strict").contains("--strict"))
        #expect(!shop.exists("flat.fits"))
        let run = MasterRun(
            files: inputs, kind: .flat, document: try InstrumentOption.read(Arguments([], options: [])),
            parents: try MasterFiles(
                Arguments([], options: []), document: InstrumentOption.read(Arguments([], options: []))),
            method: .median)
        let outcome = try run.run(out: shop.path("flat.fits"))
        #expect(outcome.facts.count == 5)
        let reasons = Dictionary(uniqueKeysWithValues: outcome.leftOut.map { (fileName($0.file), $0.reason) })
        #expect(Set(reasons.keys) == ["f2.fits", "small0.fits", "text.fits"])
        #expect(reasons["f2.fits"]?.contains("truncated") == true)
        #expect(reasons["small0.fits"]?.contains("40x40") == true)
        #expect(message(shop, inputs) == "")
        #expect(message(shop, inputs, "--minimum", "6").contains("5 flat frames remain, at least 6"))
    }

    @Test("one frame that is not as the others is left out with the reason; --strict stops, --force takes it")
    func deviating() throws {
        let shop = try FrameShop()
        let files = try frames(shop, 5)
        // Half of the light on one side, as by another lamp.
        let side = 48
        let counts = (0..<side * side).map { UInt16(15_000 + 200 * ($0 % side) + ($0 * 7919) % 31) }
        var header = Header()
        for (keyword, value) in cards("Flat Field", seconds: 2, filter: "V") { header.append(keyword, value) }
        try FITSWriter.write(counts: counts, width: side, height: side, header: header, to: shop.path("lamp.fits"))
        let inputs = [shop.path("lamp.fits")] + files
        #expect(message(shop, inputs, "--strict").contains("lamp.fits") && !shop.exists("flat.fits"))
        #expect(message(shop, inputs) == "")
        #expect(try shop.header("flat.fits").number("NCOMBINE") == 5)
        #expect(message(shop, inputs, "--force") == "")
        #expect(try shop.header("flat.fits").number("NCOMBINE") == 6)
        // Two against two: nobody can say.
        for name in ["lamp.fits", "lamp2.fits"] {
            let noisy = counts.enumerated().map { $1 + UInt16(($0 * (name.count + 5)) % 13) }
            try FITSWriter.write(counts: noisy, width: side, height: side, header: header, to: shop.path(name))
        }
        let four = ["lamp.fits", "lamp2.fits"].map(shop.path) + files.prefix(2)
        #expect(message(shop, four, "--strict").contains("nobody can say"))
        #expect(message(shop, four) == "")
        #expect(try shop.header("flat.fits").number("NCOMBINE") == 4)
    }

    @Test("a light that calls itself a bias is named among biases")
    func light() throws {
        let shop = try FrameShop()
        let names = (0..<6).map { "b\($0).fits" }
        for name in names {
            try shop.write(name, level: name == "b3.fits" ? 3000 : 300, cards("Bias Frame", seconds: 0))
        }
        let run = MasterRun(
            files: names.map(shop.path), kind: .bias, document: try InstrumentOption.read(Arguments([], options: [])),
            parents: MasterFiles(), method: .median)
        let outcome = try run.run(out: shop.path("bias.fits"))
        #expect(outcome.facts.count == 5 && outcome.leftOut.map { fileName($0.file) } == ["b3.fits"])
        #expect(outcome.leftOut[0].reason.contains("its level is 30") && outcome.leftOut[0].reason.contains("ADU"))
    }

    @Test("fewer than three that remain make no master unless that is asked for; two good ones do")
    func tooFew() throws {
        let shop = try FrameShop()
        let files = try frames(shop, 2)
        #expect(message(shop, files) == "")
        try Data("no picture".utf8).write(to: URL(filePath: shop.path("text.fits")))
        let text = message(shop, files + [shop.path("text.fits")])
        #expect(text.contains("text.fits") && text.contains("2 flat frames remain"))
        #expect(message(shop, files + [shop.path("text.fits")], "--minimum", "2") == "")
    }
}
