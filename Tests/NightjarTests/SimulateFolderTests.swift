import Foundation
import Testing

@testable import nightjar

@Suite("where simulations and positions are refused")
struct SimulateFolderTests {
    @Test("a folder with other files is refused, the same simulation may be made again, and --force writes")
    func usedFolder() throws {
        let shop = try FrameShop()
        let words = ["simulate", "--scenario", "isolated", "--size", "64", "--frames", "2", "--stars", "3"]
        func simulate(_ more: String...) -> String {
            do {
                return try Nightjar.run(shop.words(words + ["--out", "@sim"] + more)) == 0 ? "" : "status"
            } catch {
                return "\(error)"
            }
        }
        #expect(simulate() == "")
        let first = try Data(contentsOf: URL(filePath: shop.path("sim/frames/test-light-0001.fits")))
        #expect(simulate() == "")
        #expect(try Data(contentsOf: URL(filePath: shop.path("sim/frames/test-light-0001.fits"))) == first)
        let refusal = simulate("--seed", "2")
        #expect(refusal.contains("--force") && refusal.contains("simulate --frames 2"))
        #expect(try Data(contentsOf: URL(filePath: shop.path("sim/frames/test-light-0001.fits"))) == first)
        #expect(simulate("--seed", "2", "--force") == "")
        #expect(try Data(contentsOf: URL(filePath: shop.path("sim/frames/test-light-0001.fits"))) != first)
        try FileManager.default.createDirectory(atPath: shop.path("mine"), withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(filePath: shop.path("mine/notes")))
        #expect(shop.message("simulate", "--out", "@mine", "--size", "64", "--frames", "1").contains("something else"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: shop.path("mine")) == ["notes"])
    }

    @Test("a file for a folder, a shift of stars that change and an empty list of positions are said in words")
    func words() throws {
        let shop = try FrameShop()
        try Data("x".utf8).write(to: URL(filePath: shop.path("file")))
        #expect(shop.message("simulate", "--out", "@file").contains("this is a file"))
        #expect(shop.message("simulate", "--out", "@file/under").contains("cannot be made"))
        for option in ["--shift", "--rotate"] {
            let text = shop.message("simulate", "--scenario", "isolated", option, "1,1", "--out", "@sim")
            #expect(text.contains("--same-stars"))
        }
        try shop.write("light.fits", level: 900, cards("Light Frame", seconds: 60))
        for empty in ["", "x,y\n", "# nothing\n"] {
            try Data(empty.utf8).write(to: URL(filePath: shop.path("places.csv")))
            #expect(shop.message("measure", "@light.fits", "--positions", "@places.csv").contains("no position"))
        }
    }
}
