import Foundation
import Testing

@testable import nightjar

/// A folder with a simulated field seen by a colour camera.
private final class ColourShop {
    let folder = FileManager.default.temporaryDirectory.appending(path: "colour-commands-\(UUID().uuidString)")

    init(_ words: String...) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let simulate = ["simulate", "--scenario", "isolated", "--out", folder.path + "/sim"]
        #expect(try Nightjar.run(simulate + words) == 0)
    }

    deinit {
        do { try FileManager.default.removeItem(at: folder) } catch { print("left behind: \(folder.path)") }
    }

    func path(_ name: String) -> String { folder.path + "/" + name }

    func run(_ words: String...) throws -> Int32 {
        try Nightjar.run(words.map { $0.hasPrefix("@") ? path(String($0.dropFirst())) : $0 })
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

    /// Rows by column; what is no number is left out.
    func table(_ name: String) throws -> [[String: Double]] {
        let lines = try String(contentsOfFile: path(name), encoding: .utf8).split(separator: "\n")
        let names = lines[0].split(separator: ",").map(String.init)
        return lines.dropFirst().map { line in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
            return Dictionary(zip(names, fields), uniquingKeysWith: { first, _ in first })
        }
    }
}

private func width(_ pulls: [Double]) -> Double {
    (pulls.map { $0 * $0 }.reduce(0, +) / Double(pulls.count)).squareRoot()
}

/// Where each channel of GRBG sees the first pixel of its cell.
private let centres: [String: (x: Double, y: Double)] = ["TR": (1, 0), "TG": (0.5, 0.5), "TB": (0, 1)]

@Suite("single steps on the files of colour cameras")
struct ColourCommandTests {
    @Test("in each channel places and fluxes are the true ones within their errors, and these have pull width 1")
    func truth() throws {
        let shop = try ColourShop(
            "--bayer", "GRBG", "--size", "801", "--frames", "2", "--density", "0.3", "--fwhm", "6", "--snr", "15:300",
            "--seed", "7", "--read-noise", "8", "--sky", "60")
        let masters = ["bias", "dark", "flat"].flatMap { ["--\($0)", shop.path("sim/masters/\($0).fits")] }
        let frames = ["test-light-0001", "test-light-0002"]
        let files = frames.map { shop.path("sim/frames/\($0).fits") }
        #expect(
            try Nightjar.run(["measure"] + files + masters + ["--aperture", "5", "--out", shop.path("tables/")]) == 0)
        let truth = try shop.table("sim/truth.csv")
        let names = try String(contentsOfFile: shop.path("sim/truth.csv"), encoding: .utf8).split(separator: "\n")
            .dropFirst().map { $0.prefix { $0 != "." } }
        for (channel, centre) in centres {
            var (places, fluxes): ([Double], [Double]) = ([], [])
            for frame in frames {
                let found = try shop.table("tables/\(frame).\(channel).detections.csv")
                for (star, name) in zip(truth, names) where name == frame {
                    let (x, y) = ((star["x"]! - centre.x) / 2, (star["y"]! - centre.y) / 2)
                    guard min(x, y, 399 - x, 399 - y) > 15,
                        let match = found.first(where: { hypot($0["x"]! - x, $0["y"]! - y) < 1.5 }),
                        match["snr"]! > 8
                    else { continue }
                    places += [(match["x"]! - x) / match["x_err"]!, (match["y"]! - y) / match["y_err"]!]
                    let flux = star["flux_\(channel.lowercased())"]!
                    fluxes.append((match["flux_aperture"]! - flux) / match["flux_aperture_err"]!)
                }
            }
            #expect(fluxes.count > 150, "\(channel): \(fluxes.count)")
            let bias = fluxes.reduce(0, +) / Double(fluxes.count)
            #expect(abs(bias) < 0.25, "\(channel): mean of the flux pulls \(bias)")
            #expect((0.87...1.13).contains(width(fluxes)), "\(channel): flux pulls \(width(fluxes))")
            #expect((0.8...1.2).contains(width(places)), "\(channel): place pulls \(width(places))")
        }
    }

    @Test("each channel gets an output of its own; --channel picks one, and masters of the three are found by name")
    func outputs() throws {
        let shop = try ColourShop("--bayer", "rggb", "--size", "128", "--frames", "3", "--stars", "5")
        let lights = (1...3).map { "@sim/frames/test-light-000\($0).fits" }
        #expect(
            try shop.run("master", lights[0], lights[1], lights[2], "--kind", "bias", "--force", "--out", "@bias.fits")
                == 0)
        for channel in ["TR", "TG", "TB"] { #expect(shop.exists("bias.\(channel).fits")) }
        #expect(!shop.exists("bias.fits"))
        #expect(try shop.run("calibrate", lights[0], "--bias", "@bias.fits", "--force", "--out", "@c.fits") == 0)
        for channel in ["TR", "TG", "TB"] { #expect(shop.exists("c.\(channel).fits")) }
        #expect(try shop.run("calibrate", lights[0], "--channel", "tg", "--out", "@one.fits") == 0)
        #expect(shop.exists("one.fits") && !shop.exists("one.TG.fits"))
        // A calibrated channel is a frame like any other.
        #expect(try shop.run("measure", "@c.TG.fits", "--out", "@c.csv") == 0)
        #expect(shop.exists("c.csv"))
        #expect(try shop.run("measure", lights[0], "--json") == 0)
        #expect(try shop.run("measure", lights[0]) == 1)
    }

    @Test("masters of another channel, or of frames that are no mosaic, are refused by name, and so is a wrong channel")
    func misfits() throws {
        let shop = try ColourShop("--bayer", "RGGB", "--size", "128", "--frames", "1", "--stars", "5")
        let light = "@sim/frames/test-light-0001.fits"
        #expect(
            try shop.run("master", light, "--kind", "bias", "--force", "--channel", "TR", "--out", "@red.fits") == 0)
        #expect(
            try shop.run("calibrate", light, "--channel", "TR", "--bias", "@red.fits", "--force", "--out", "@r.fits")
                == 0)
        #expect(throws: FrameError.self) {
            try shop.run("calibrate", light, "--channel", "TG", "--bias", "@red.fits", "--force", "--out", "@g.fits")
        }
        #expect(!shop.exists("g.fits"))
        #expect(throws: UsageError.self) { try shop.run("calibrate", light, "--channel", "R", "--out", "@x.fits") }
        let document = #"{"id": "mono", "bayer": "ignore"}"#
        try Data(document.utf8).write(to: URL(filePath: shop.path("mono.json")))
        let mono = ["--instrument", "@mono.json"]
        #expect(try shop.run("calibrate", light, mono[0], mono[1], "--out", "@m.fits") == 0)
        #expect(shop.exists("m.fits") && !shop.exists("m.TR.fits"))
        #expect(throws: FrameError.self) {
            try shop.run("calibrate", light, mono[0], mono[1], "--bias", "@red.fits", "--force", "--out", "@n.fits")
        }
        #expect(try shop.run("calibrate", light, mono[0], mono[1], "--channel", "TB", "--out", "@n.fits") == 1)
        #expect(throws: (any Error).self) { try shop.run("align", light, "--to", light, "--out", "@aligned") }
    }
}
