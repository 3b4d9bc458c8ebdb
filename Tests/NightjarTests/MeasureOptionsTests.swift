import DetectionCatalogue
import Foundation
import Imaging
import PSF
import Testing

@testable import nightjar

@Suite("What nightjar measure writes beside its table")
struct MeasureOptionsTests {
    /// A frame of isolated stars with its true fluxes.
    private func simulate(_ shop: borrowing Workshop, frames: Int = 1) throws -> [String] {
        #expect(
            try shop.run(
                "simulate", "--scenario", "isolated", "--size", "400", "--frames", "\(frames)", "--seed", "3",
                "--even-detector", "--snr", "30:500", "--out", "@sim") == 0)
        return try shop.frames("light")
    }

    @Test("the residual is a frame without its stars, which can be measured again and has hardly any left")
    func residual() throws {
        let shop = try Workshop()
        let light = try #require(try simulate(shop).first)
        #expect(
            try shop.run("measure", light, "--residual", "@rest.fits", "--psf-out", "@frame.psf", "--out", "@a.csv")
                == 0)
        #expect(try shop.run("measure", "@rest.fits", "--threshold", "6", "--out", "@rest.csv") == 0)
        let (found, left) = (try shop.table("a.csv"), try shop.table("rest.csv"))
        #expect(found.count >= 50 && left.count * 10 < found.count)
        let chiSquared = found.map { $0["psf_chi2"] ?? .nan }.sorted()
        #expect(abs(chiSquared[chiSquared.count / 2] - 1) < 0.15)
    }

    @Test("a model that was written fits another run alike; one of another shape is refused by name")
    func stored() throws {
        let shop = try Workshop()
        let light = try #require(try simulate(shop).first)
        #expect(try shop.run("measure", light, "--psf", "--psf-out", "@frame.psf", "--out", "@own.csv") == 0)
        #expect(try shop.run("measure", light, "--psf-in", "@frame.psf", "--out", "@read.csv") == 0)
        for (own, read) in zip(try shop.table("own.csv"), try shop.table("read.csv")) {
            let error = try #require(own["flux_psf_err"])
            #expect(error.isNaN || abs(own["flux_psf"]! - read["flux_psf"]!) < 0.02 * error)
        }
        #expect(
            try shop.run("simulate", "--size", "300", "--scenario", "isolated", "--frames", "1", "--out", "@two") == 0)
        let other = try FileManager.default.contentsOfDirectory(atPath: shop.path("two/frames"))
            .first { $0.contains("-light-") }
        #expect(
            try shop.run("measure", "@two/frames/\(try #require(other))", "--psf-in", "@frame.psf", "--out", "@b.csv")
                == 1)
        #expect(throws: (any Error).self) { try shop.run("measure", light, "--psf-in", "@own.csv") }
    }

    /// What is said of a model for a frame; empty when it is taken without a word.
    private func words(_ shop: borrowing Workshop, model: String, for light: String, forced: Bool = false) throws
        -> String
    {
        var measurer = FrameMeasurer(
            document: try InstrumentOption.read(Arguments([], options: [])), masters: MasterFiles())
        do {
            measurer.starImage = StarImageWish(given: try GivenStarImage(shop.path(model), isForced: forced))
            let result = try measurer.measure(shop.path(String(light.dropFirst())))
            return result.summary.notes.filter { $0.contains(model) }.joined(separator: "\n")
        } catch let error as FrameError {
            return "error: \(error)"
        }
    }

    @Test("a model of wider or narrower stars is refused with both widths; forced, its fluxes are flagged")
    func otherWidth() throws {
        let shop = try Workshop()
        let light = try #require(try simulate(shop).first)
        #expect(try shop.run("measure", light, "--psf-out", "@own.psf", "--out", "@own.csv") == 0)
        #expect(try words(shop, model: "own.psf", for: light) == "")
        for (name, fwhm) in [("narrow", "2.5"), ("wide", "4.5")] {
            #expect(
                try shop.run(
                    "simulate", "--scenario", "isolated", "--size", "400", "--frames", "1", "--seed", "8",
                    "--even-detector", "--snr", "30:500", "--fwhm", fwhm, "--out", "@\(name)") == 0)
            #expect(
                try shop.run(
                    "measure", "@\(name)/frames/test-light-0001.fits", "--psf-out", "@\(name).psf", "--out",
                    "@\(name).csv") == 0)
            let said = try words(shop, model: "\(name).psf", for: light)
            #expect(said.contains("error:") && said.contains("it does not fit") && said.contains("--force"))
            #expect(said.contains("FWHM of 3") && said.contains("star image \(fwhm.first!)"), "\(said)")
            #expect(try shop.run("measure", light, "--psf-in", "@\(name).psf", "--out", "@a.csv") == 1)
            #expect(try words(shop, model: "\(name).psf", for: light, forced: true).contains("(forced)"))
            #expect(try shop.run("measure", light, "--psf-in", "@\(name).psf", "--force", "--out", "@a.csv") == 0)
            let uncertain = Double(SourceFlags.psfUncertain.rawValue)
            #expect(
                try shop.table("a.csv").allSatisfy { row in
                    Int(row["flags"] ?? 0) & Int(uncertain) != 0
                })
        }
    }

    @Test("a model of another filter, binning or camera, and one that is not normalised, are refused by name")
    func otherSettings() throws {
        let shop = try Workshop()
        let light = try #require(try simulate(shop).first)
        #expect(try shop.run("measure", light, "--psf-out", "@own.psf", "--out", "@own.csv") == 0)
        let (model, header) = try PointSpreadFile.readWithHeader(shop.path("own.psf"))
        let filter = try #require(header.text("FILTER"))
        for (keyword, value, said) in [
            ("FILTER", HeaderValue.string("other"), "FILTER other, but"),
            ("INSTRUME", .string("cam2"), "INSTRUME cam2"),
            ("XBINNING", .integer(2), "XBINNING 2"),
        ] {
            var changed = Header(header.cards.filter { $0.keyword != keyword })
            changed.append(keyword, value)
            try PointSpreadFile.write(model, frame: changed, to: shop.path("other.psf"))
            let text = try words(shop, model: "other.psf", for: light)
            // The frame does not say how it was binned.
            #expect(text.contains(said) && text.contains("error:") == (keyword != "XBINNING"), "\(text)")
            #expect(keyword != "FILTER" || text.contains("FILTER \(filter)"))
            #expect(try !words(shop, model: "other.psf", for: light, forced: true).contains("error:"))
        }
        var planes = model.planes
        planes = PointSpreadPlanes(
            side: planes.side, planeCount: planes.planeCount, values: planes.values.map { 1.19 * $0 },
            header: planes.header)
        try PointSpreadFile.write(try #require(PointSpreadModel(planes)), frame: header, to: shop.path("loud.psf"))
        let text = try words(shop, model: "loud.psf", for: light, forced: true)
        #expect(text.contains("loud.psf") && text.contains("1.1") && text.contains("not to 1"))
    }

    @Test("several frames write their models and residuals into folders, under their own names")
    func folders() throws {
        let shop = try Workshop()
        let lights = try simulate(shop, frames: 2)
        #expect(
            try shop.run(
                "measure", lights[0], lights[1], "--psf-out", "@models", "--residual", "@rest", "--out", "@tables") == 0
        )
        for folder in ["models", "rest", "tables"] {
            #expect(try FileManager.default.contentsOfDirectory(atPath: shop.path(folder)).count == 2)
        }
        try Data().write(to: URL(filePath: shop.path("one")))
        #expect(throws: UsageError.self) {
            try shop.run("measure", lights[0], lights[1], "--psf-out", "@one", "--out", "@tables")
        }
        #expect(throws: UsageError.self) {
            try shop.run("measure", lights[0], "--psf-out", lights[0], "--out", "@c.csv")
        }
        #expect(!FileManager.default.fileExists(atPath: shop.path("c.csv")))
    }

    @Test("a frame without stars is measured, and says that there is no star image to write")
    func noStars() throws {
        let shop = try Workshop()
        #expect(
            try shop.run(
                "simulate", "--scenario", "isolated", "--size", "200", "--frames", "1", "--stars", "0", "--out", "@sim")
                == 0)
        let light = try #require(try shop.frames("light").first)
        #expect(try shop.run("measure", light, "--psf", "--threshold", "7", "--out", "@none.csv") == 0)
        #expect(
            try shop.run("measure", light, "--psf-out", "@none.psf", "--threshold", "7", "--out", "@none.csv") == 1)
        #expect(!FileManager.default.fileExists(atPath: shop.path("none.psf")))
    }

    @Test("several apertures have columns of their own; what is no radius is refused")
    func apertures() throws {
        let shop = try Workshop()
        let light = try #require(try simulate(shop).first)
        #expect(try shop.run("measure", light, "--aperture", "3,5,2.5fwhm", "--out", "@a.csv") == 0)
        #expect(try shop.run("measure", light, "--aperture", "5", "--out", "@b.csv") == 0)
        let (several, one) = (try shop.table("a.csv"), try shop.table("b.csv"))
        let columns = ["flux_aperture", "flux_aperture_2", "flux_aperture_3", "flux_aperture_3_err"]
        #expect(columns.allSatisfy { several[0][$0]?.isFinite == true } && one[0]["flux_aperture_2"] == nil)
        for row in one where row["flags"] == 0 {
            let twin = several.first { $0["x"] == row["x"] && $0["y"] == row["y"] }
            // The annulus goes with the first radius, so the sky is not quite the same.
            let (other, flux) = (twin?["flux_aperture_2"] ?? .nan, row["flux_aperture"] ?? .nan)
            #expect(other.isNaN || abs(other - flux) < 2 * (row["flux_aperture_err"] ?? 0))
        }
        for wrong in ["", ",", "3,", "0", "-4", "3;5", "x", "2000", "0.01fwhm"] {
            #expect(throws: UsageError.self, "\(wrong)") {
                try shop.run("measure", light, "--aperture", wrong, "--out", "@c.csv")
            }
        }
    }

    @Test("two results for one file are refused before anything is written")
    func oneFileForTwo() throws {
        let shop = try Workshop()
        let light = try #require(try simulate(shop).first)
        #expect(throws: UsageError.self) {
            try shop.run("measure", light, "--residual", "@a.fits", "--out", "@a.fits")
        }
        #expect(throws: UsageError.self) {
            try shop.run("measure", light, "--background", "@x/../a.fits", "--psf-out", "@a.fits")
        }
        #expect(!FileManager.default.fileExists(atPath: shop.path("a.fits")))
    }
}
