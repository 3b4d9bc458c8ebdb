import AlertRules
import Foundation
import Instruments
import Testing

@testable import nightjar

/// Runs commands in a folder of its own, as a user would.
struct Workshop: ~Copyable {
    let folder = FileManager.default.temporaryDirectory.appending(path: "frame-commands-\(UUID().uuidString)")

    init() throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    deinit {
        do { try FileManager.default.removeItem(at: folder) } catch { print("left behind: \(folder.path)") }
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    /// Exit status; words that begin with @ are files of the folder.
    func run(_ words: String...) throws -> Int32 {
        try Nightjar.run(words.map { $0.hasPrefix("@") ? path(String($0.dropFirst())) : $0 })
    }

    func frames(_ kind: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path("sim/frames")).sorted()
            .filter { $0.contains("-\(kind)-") }.map { "@sim/frames/\($0)" }
    }

    func table(_ name: String) throws -> [[String: Double]] {
        let lines = try String(contentsOfFile: path(name), encoding: .utf8).split(separator: "\n")
        let names = lines[0].split(separator: ",").map(String.init)
        return lines.dropFirst().map { line in
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
            return Dictionary(zip(names, fields), uniquingKeysWith: { first, _ in first })
        }
    }

    /// A night with masters: sim/, bias.fits, dark.fits, flat.fits.
    func simulate() throws {
        #expect(
            try run("simulate", "--out", "@sim", "--size", "400", "--frames", "1", "--stars", "60", "--seed", "5") == 0)
        for (kind, parents) in [("bias", []), ("dark", ["bias"]), ("flat", ["bias", "dark"])] {
            let given = parents.flatMap { ["--\($0)", path("\($0).fits")] }
            let files = try frames(kind).map { path(String($0.dropFirst())) }
            let words = ["master"] + files + ["--kind", kind, "--out", path("\(kind).fits")] + given
            #expect(try Nightjar.run(words) == 0)
        }
    }
}

private let masters = ["--bias", "@bias.fits", "--dark", "@dark.fits", "--flat", "@flat.fits"]

@Suite("single steps on files")
struct FrameCommandTests {
    @Test("a simulated frame, measured with its masters, gives the true places and fluxes within their errors")
    func truth() throws {
        let shop = try Workshop()
        try shop.simulate()
        let light = try #require(try shop.frames("light").first)
        #expect(
            try shop.run(
                "measure", light, "--bias", "@bias.fits", "--dark", "@dark.fits", "--flat", "@flat.fits", "--out",
                "@found.csv") == 0)
        let found = try shop.table("found.csv")
        let truth = try shop.table("sim/truth.csv")
        let lonely = truth.filter { star in
            let edge = min(star["x"]!, star["y"]!, 399 - star["x"]!, 399 - star["y"]!)
            let near = truth.filter { hypot($0["x"]! - star["x"]!, $0["y"]! - star["y"]!) < 25 }
            return near.count == 1 && edge > 20 && star["flux_electrons"]! > 5000
        }
        var (pulls, ratios): ([Double], [Double]) = ([], [])
        for star in lonely {
            let match = try #require(found.first { hypot($0["x"]! - star["x"]!, $0["y"]! - star["y"]!) < 1 })
            pulls += [(match["x"]! - star["x"]!) / match["x_err"]!, (match["y"]! - star["y"]!) / match["y_err"]!]
            ratios.append(match["flux_aperture"]! / star["flux_electrons"]!)
            let turn = cos(star["dec_deg"]! * .pi / 180)
            #expect(abs(match["ra_deg"]! - star["ra_deg"]!) * turn < 0.2 / 3600)
            #expect(abs(match["dec_deg"]! - star["dec_deg"]!) < 0.2 / 3600)
        }
        #expect(lonely.count >= 10)
        let width = (pulls.map { $0 * $0 }.reduce(0, +) / Double(pulls.count)).squareRoot()
        #expect((0.5...1.6).contains(width))
        // A Moffat star keeps 8 to 12 % of its light outside of 1.5 FWHM, the same part for all.
        let middle = ratios.sorted()[ratios.count / 2]
        #expect((0.85...0.95).contains(middle))
        #expect(ratios.allSatisfy { abs($0 / middle - 1) < 0.06 })
    }

    @Test("a frame calibrated first and measured then gives the same table, byte by byte, as in one go")
    func twoSteps() throws {
        let shop = try Workshop()
        try shop.simulate()
        let light = try #require(try shop.frames("light").first)
        let words = [light] + masters
        let expand = { (words: [String]) in words.map { $0.hasPrefix("@") ? shop.path(String($0.dropFirst())) : $0 } }
        #expect(try Nightjar.run(expand(["measure"] + words + ["--out", "@one.csv"])) == 0)
        #expect(try Nightjar.run(expand(["calibrate"] + words + ["--out", "@calibrated.fits"])) == 0)
        #expect(try shop.run("measure", "@calibrated.fits", "--out", "@two.csv") == 0)
        let (one, two) = (
            try Data(contentsOf: URL(filePath: shop.path("one.csv"))),
            try Data(contentsOf: URL(filePath: shop.path("two.csv")))
        )
        #expect(one == two && one.count > 1000)
        #expect(throws: (any Error).self) { try shop.run("measure", "@calibrated.fits", "--bias", "@nowhere.fits") }
    }

    @Test("given positions are measured where they are, found or not")
    func positions() throws {
        let shop = try Workshop()
        try shop.simulate()
        let light = try #require(try shop.frames("light").first)
        try Data("id,x,y\na,100.5,200\nb,-50,10\n".utf8).write(to: URL(filePath: shop.path("places.csv")))
        #expect(try shop.run("measure", light, "--positions", "@places.csv", "--out", "@forced.csv") == 0)
        let rows = try shop.table("forced.csv")
        #expect(rows.count == 2 && rows[0]["x"] == 100.5 && rows[0]["y"] == 200)
        #expect(rows[0]["flux_aperture"]!.isFinite && rows[1]["flux_aperture"]!.isNaN)
    }

    @Test("the same seed gives the same bytes, another seed others")
    func reproducible() throws {
        let shop = try Workshop()
        for (name, seed) in [("a", "1"), ("b", "1"), ("c", "2")] {
            #expect(
                try shop.run("simulate", "--out", "@\(name)", "--size", "64", "--frames", "1", "--seed", seed) == 0)
        }
        let light = { (name: String) in
            try Data(contentsOf: URL(filePath: shop.path("\(name)/frames/sim-a-light-0012.fits")))
        }
        #expect(try light("a") == light("b"))
        #expect(try light("a") != light("c"))
    }

    @Test("a simulated setup can be read back")
    func setup() throws {
        let shop = try Workshop()
        #expect(
            try shop.run("simulate", "--out", "@demo", "--scenario", "demo", "--size", "256", "--frames", "1") == 0)
        let setup = try SetupFolder(shop.path("demo/setup"))
        #expect(setup.instruments.map(\.document.id) == ["demo-a", "demo-b"])
        #expect(setup.targets.map(\.id) == ["demo-nova", "demo-variable"])
        #expect(setup.rules.map(\.id) == ["demo-anything-leaps", "demo-nova-erupts", "demo-variable-fades"])
        #expect(setup.targets.allSatisfy { $0.comparisonStars.count == 5 })
    }

    @Test("errors name the file and what is wrong with it")
    func errors() throws {
        let shop = try Workshop()
        try shop.simulate()
        try Data("not FITS".utf8).write(to: URL(filePath: shop.path("text.fits")))
        let light = try #require(try shop.frames("light").first)
        // Each file is on its own: the good one is measured all the same.
        #expect(try shop.run("measure", "@text.fits", light, "--out", "@tables/") == 1)
        #expect(FileManager.default.fileExists(atPath: shop.path("tables/sim-a-light-0012.detections.csv")))
        func message(_ words: String...) -> String {
            do {
                _ = try Nightjar.run(words.map { $0.hasPrefix("@") ? shop.path(String($0.dropFirst())) : $0 })
                return ""
            } catch {
                return "\(error)"
            }
        }
        #expect(message("calibrate", light, "--bias", "@flat.fits", "--out", "@x.fits").contains("flat.fits"))
        #expect(message("calibrate", light, "--bias", "@flat.fits", "--out", "@x.fits").contains("master flat"))
        #expect(message("calibrate", light, "--bias", "@none.fits", "--out", "@x.fits").contains("none.fits"))
        let before = try Data(contentsOf: URL(filePath: shop.path(String(light.dropFirst()))))
        #expect(message("calibrate", light, "--out", light).contains("this would replace an input file"))
        #expect(try Data(contentsOf: URL(filePath: shop.path(String(light.dropFirst())))) == before)
        #expect(message("master", light, "--kind", "light", "--out", "@x.fits").contains("--kind light"))
        #expect(message("master", light, light, "--kind", "flat", "--out", "@x.fits").contains("same bytes"))
        #expect(message("measure", light, "--positions", "@text.fits").contains("text.fits"))
        #expect(message("measure", light, "--treshold", "3").contains("--threshold"))
        #expect(message("simulate", "--out", "@x", "--scenario", "dmo").contains("demo, single, crowded"))
    }
}

@Suite("lists of positions")
struct PositionListTests {
    @Test(
        "columns by name or by place, in the usual separators",
        arguments: [
            "x,y\n1,2\n3.5,-4\n", "1 2\n3.5 -4", "# places\n\nid;Y;X\na;2;1\nb;-4;3.5", "1\t2\r\n3.5\t-4\r\n",
            "\"x\",\"y\",\"z\"\n1,2,9\n3.5,-4,9",
        ])
    func readable(text: String) throws {
        let positions = try PositionList.parse(text, path: "p")
        #expect(positions.map(\.x) == [1, 3.5] && positions.map(\.y) == [2, -4])
    }

    @Test(
        "what cannot be read is named with its line",
        arguments: [("x,y\n1,a\n", "line 2"), ("u,v\n1,2\n", "u, v"), ("1,nan\n", "line 1")])
    func unreadable(text: String, said: String) {
        let error = #expect(throws: FrameError.self) { try PositionList.parse(text, path: "places.csv") }
        #expect(error?.description.contains(said) == true && error?.description.contains("places.csv") == true)
    }
}
