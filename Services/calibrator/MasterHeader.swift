internal import Calibration
internal import Events
internal import Imaging

/// Where a calibrated file or a master comes from, as header cards.
enum MasterHeader {
    static func cards(for facts: MasterFacts, members: [FrameReceived]) -> Header {
        var header = Header()
        header.append("IMAGETYP", .string("master \(facts.kind.rawValue)"))
        header.append("INSTRUME", .string(facts.mode.instrument))
        if let filter = facts.filter { header.append("FILTER", .string(filter)) }
        header.append("EXPTIME", .real(facts.exposureSeconds), comment: "[s]")
        if let temperature = facts.temperatureCelsius {
            header.append("CCD-TEMP", .real(temperature), comment: "[deg C]")
        }
        header.append("XBINNING", .integer(facts.mode.binningX))
        header.append("YBINNING", .integer(facts.mode.binningY))
        header.append("MJD-AVG", .real(facts.midpointMJD), comment: "[d] mean mid-exposure of the inputs, UTC")
        header.append("NCOMBINE", .integer(facts.count), comment: "frames combined")
        header.append("MASTERID", .string(facts.id))
        if let bias = facts.biasID { header.append("BIASID", .string(bias), comment: "master bias subtracted") }
        if let dark = facts.darkID { header.append("DARKID", .string(dark), comment: "master dark subtracted") }
        header.append("CALFLAGS", .string(facts.flags.names.joined(separator: " ")))
        for (number, id) in facts.inputIDs.enumerated() {
            let name = members.first { $0.frameID == id }?.originalName ?? ""
            header.append("HISTORY", .string("input \(number + 1): \(id) \(asciiOnly(name))"))
        }
        return header
    }

    /// The raw frame's own cards, then what was done to it.
    static func cards(for light: CalibratedLight, raw: Header, masters: [Events.MasterChoice], recipe: String) -> Header
    {
        var header = raw
        header.append("NJRECIPE", .string(recipe), comment: "recipe of this calibration")
        header.append("NJFLAGS", .string(light.flags.names.joined(separator: " ")), comment: "calibration flags")
        header.append("NJSKY", .real(light.skyElectrons), comment: "[electron] typical level")
        header.append("NJNOISE", .real(light.noiseElectrons), comment: "[electron] typical noise of a pixel")
        for choice in masters {
            header.append(
                "HISTORY", .string("master \(choice.kind.rawValue) \(choice.masterID): \(asciiOnly(choice.reason))"))
        }
        return header
    }

    /// FITS headers hold printable ASCII.
    private static func asciiOnly(_ text: String) -> String {
        String(text.unicodeScalars.map { (32..<127).contains($0.value) ? Character($0) : "?" })
    }
}
