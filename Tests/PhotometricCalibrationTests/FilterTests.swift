internal import PhotometricCalibration
internal import ReferenceCatalogue
internal import Testing

private func band(_ system: PhotometricBand.System, _ name: String) throws -> PhotometricBand {
    try #require(PhotometricBand(system: system, name: name))
}

@Suite struct FilterTests {
    @Test(
        "names as cameras write them",
        arguments: [
            ("V", "Johnson-Cousins V"), ("Johnson V", "Johnson-Cousins V"), ("Bessell-V", "Johnson-Cousins V"),
            ("V_Johnson", "Johnson-Cousins V"), ("bessell_R", "Johnson-Cousins R"), ("Rc", "Johnson-Cousins R"),
            ("R_C", "Johnson-Cousins R"), ("Ic", "Johnson-Cousins I"), ("Cousins I", "Johnson-Cousins I"),
            ("B", "Johnson-Cousins B"), ("R", "Johnson-Cousins R"), ("r", "SDSS r"), ("g'", "SDSS g"),
            ("gp", "SDSS g"), ("rp", "SDSS r"), ("SDSS-G", "SDSS g"), ("sdss_i", "SDSS i"), ("Sloan r'", "SDSS r"),
            ("SDSS rp", "SDSS r"), ("SR", "SDSS r"), ("z", "SDSS z"), ("zs", "Pan-STARRS z"), ("PS1.g", "Pan-STARRS g"),
            ("ip1", "Pan-STARRS i"), ("Pan-STARRS Y", "Pan-STARRS y"), ("RP", "Gaia RP"), ("Gaia G", "Gaia G"),
            ("G_BP", "Gaia BP"), ("Ks", "2MASS K"), ("2MASS J", "2MASS J"), ("Clear", "clear clear"),
            ("L", "clear clear"), ("none", "clear clear"), ("UV/IR cut", "clear clear"), ("TG", "one-shot colour TG"),
            ("G", "one-shot colour TG"), ("Red", "one-shot colour TR"),
        ])
    func names(name: String, id: String) {
        guard case .band(let found) = FilterReading(cameraName: name) else {
            Issue.record("\(name) is not read")
            return
        }
        #expect(found.id == id)
    }

    @Test("nothing and `any` leave the choice open; narrow bands are unknown")
    func open() {
        for name in [nil, "", " ", "any", "Any", "unknown"] { #expect(FilterReading(cameraName: name) == .any) }
        for name in ["Ha", "OIII", "SDSS", "Johnson", "grism", "Sloan x", "R2D2", "日本"] {
            #expect(FilterReading(cameraName: name) == .unknown(name))
        }
    }

    @Test("every band is read back from its own id, except that of no filter")
    func roundTrip() {
        for band in PhotometricBand.all where band.system != .clear && band.system != .oneShotColour {
            #expect(FilterReading(cameraName: band.id) == .band(band))
        }
        #expect(PhotometricBand.all.count == Set(PhotometricBand.all).count)
        #expect(PhotometricBand(system: .sdss, name: "V") == nil)
    }

    @Test("AB and Vega are always named, and convert there and back")
    func systems() throws {
        #expect(try band(.sdss, "r").magnitudeSystem == .ab)
        #expect(try band(.gaia, "G").magnitudeSystem == .vega)
        let visual = try band(.johnsonCousins, "V")
        #expect(visual.magnitude(15, from: .vega, to: .ab) == 15.02)
        #expect(visual.magnitude(15, from: .vega, to: .vega) == 15)
        #expect(try band(.sdss, "u").magnitude(15, from: .ab, to: .vega) == nil)
        let flux = try #require(try band(.sdss, "r").nanojansky(Measured(23.9, error: 0.1)))
        #expect(abs(flux.value - 1000) < 0.01)
        #expect(abs(flux.error - 92.1) < 0.1)
        #expect(try band(.clear, "clear").calibrationBand == band(.gaia, "G"))
        #expect(try band(.oneShotColour, "TG").calibrationBand == visual)
        #expect(visual.calibrationBand == visual)
    }
}
