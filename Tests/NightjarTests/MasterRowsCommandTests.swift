import Calibration
import FITS
import Foundation
import Imaging
import Testing

@testable import nightjar

/// bias, dark and flat as `nightjar master` writes them (`ours-`) and as others do, and light.fits.
private func stock(_ shop: FrameShop) throws {
    for number in 0..<4 {
        try shop.write("b\(number).fits", level: 300, cards("Bias Frame", seconds: 0))
        try shop.write("d\(number).fits", level: 330, cards("Dark Frame", seconds: 60))
        try shop.write("f\(number).fits", level: 20_000, cards("Flat Field", seconds: 2, filter: "V"))
    }
    try shop.write("light.fits", level: 900, cards("Light Frame", seconds: 60, filter: "V"))
    let names = { (letter: String) in (0..<4).map { "@\(letter)\($0).fits" } }
    for (letter, kind, with) in [
        ("b", "bias", [String]()), ("d", "dark", ["--bias", "@ours-bias.fits"]),
        ("f", "flat", ["--bias", "@ours-bias.fits", "--dark", "@ours-dark.fits"]),
    ] {
        let words = ["master", "--kind", kind] + names(letter) + with + ["--out", "@ours-\(kind).fits"]
        #expect(try Nightjar.run(shop.words(words)) == 0)
    }
}

@Suite("masters of a command by rows")
struct MasterRowsCommandTests {
    private func light(_ shop: FrameShop, _ masters: [String: String], mostBytes: Int) throws -> LoadedFrame {
        let document = try InstrumentOption.read(Arguments([], options: []))
        let words = shop.words(masters.sorted { $0.key < $1.key }.flatMap { ["--\($0.key)", "@\($0.value)"] })
        let files = try MasterFiles(
            Arguments(words, options: MasterFiles.options), document: document,
            holding: MasterHolding(mostBytes: mostBytes))
        var times = StepTimes()
        let light = try LoadedFrame(shop.path("light.fits"), document: document, masters: files, times: &times)
        #expect(times.steps.contains { $0.step == "masters" } == (mostBytes == 0))
        return light
    }

    @Test(
        "calibrate as they do in memory, ours and those of others",
        arguments: [
            ["bias": "ours-bias.fits", "dark": "ours-dark.fits", "flat": "ours-flat.fits"],
            ["bias": "b0.fits", "dark": "d0.fits", "flat": "f0.fits"], ["dark": "d0.fits"], ["flat": "ours-flat.fits"],
            ["bias": "ours-bias.fits", "dark": "d1.fits"],
        ])
    func alike(masters: [String: String]) throws {
        let shop = try FrameShop()
        try stock(shop)
        let rows = try light(shop, masters, mostBytes: 0)
        let whole = try light(shop, masters, mostBytes: .max)
        #expect(rows.frame.signal.pixels.map(\.bitPattern) == whole.frame.signal.pixels.map(\.bitPattern))
        #expect(rows.frame.variance.pixels.map(\.bitPattern) == whole.frame.variance.pixels.map(\.bitPattern))
        #expect(rows.frame.mask == whole.frame.mask && rows.flags == whole.flags)
        #expect(rows.calibratedHeader == whole.calibratedHeader && rows.facts.notes == whole.facts.notes)
    }

    @Test("that are cut, without a number or of another size are refused in the same words")
    func faults() throws {
        let shop = try FrameShop()
        try stock(shop)
        let good = try Data(contentsOf: URL(fileURLWithPath: shop.path("ours-bias.fits")))
        try good.prefix(good.count / 2).write(to: URL(fileURLWithPath: shop.path("cut.fits")))
        let raw = try Data(contentsOf: URL(fileURLWithPath: shop.path("b0.fits")))
        try raw.prefix(4000).write(to: URL(fileURLWithPath: shop.path("short.fits")))
        try shop.write("small.fits", level: 300, side: 47, cards("Bias Frame", seconds: 0))
        var header = Header()
        for (keyword, value) in cards("Bias Frame", seconds: 0) { header.append(keyword, value) }
        try FITSWriter.write(
            image: Image<ADU>(width: 48, height: 48, filledWith: .nan), header: header, to: shop.path("nan.fits"))
        for name in ["cut.fits", "short.fits", "small.fits", "nan.fits", "absent.fits", "ours-flat.fits"] {
            let said = [0, Int.max].map { mostBytes in
                do {
                    _ = try light(shop, ["bias": name], mostBytes: mostBytes)
                    return ""
                } catch { return "\(error)" }
            }
            #expect(said[0] == said[1] && said[0].contains(name), "\(said)")
        }
    }

    @Test("that are lost while frames are calibrated end the command with the master's name")
    func lost() throws {
        let shop = try FrameShop()
        try stock(shop)
        let document = try InstrumentOption.read(Arguments([], options: []))
        let words = shop.words(["--bias", "@ours-bias.fits"])
        let files = try MasterFiles(
            Arguments(words, options: MasterFiles.options), document: document, holding: MasterHolding(mostBytes: 0))
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: shop.path("ours-bias.fits")))
        try handle.truncate(atOffset: 5760)
        try handle.close()
        var times = StepTimes()
        let error = #expect(throws: ChannelMasters.Unusable.self) {
            _ = try LoadedFrame(shop.path("light.fits"), document: document, masters: files, times: &times)
        }
        #expect(error.map { "\($0.cause)".contains("ours-bias.fits") } == true)
    }

    @Test("one frame keeps small masters, several frames keep larger ones")
    func holding() {
        #expect(MasterHolding.forFrames(1).keeps(2048 * 2048) && !MasterHolding.forFrames(1).keeps(4096 * 4096))
        #expect(MasterHolding.forFrames(2).keeps(4096 * 4096) && !MasterHolding.forFrames(2).keeps(9000 * 9000))
        #expect(MasterHolding.all.keeps(1 << 31))
    }
}
