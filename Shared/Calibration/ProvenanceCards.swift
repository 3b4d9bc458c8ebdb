public import Imaging

/// A master that went into a light, and why it was chosen.
public struct UsedMaster: Sendable, Equatable {
    public var kind: FrameKind
    public var id: String
    public var reason: String

    public init(kind: FrameKind, id: String, reason: String) {
        self.kind = kind
        self.id = id
        self.reason = reason
    }
}

extension MasterFacts {
    /// Where a master comes from, as header cards; `init(header:width:height:)` reads them back.
    ///
    /// - Parameter names: of the inputs' files, by id, for people.
    public func cards(names: [String: String]) -> Header {
        var header = Header()
        header.append("IMAGETYP", .string("master \(kind.rawValue)"))
        header.append("INSTRUME", .string(mode.instrument))
        if let filter { header.append("FILTER", .string(filter)) }
        header.append("EXPTIME", .real(exposureSeconds), comment: "[s]")
        if let temperature = temperatureCelsius { header.append("CCD-TEMP", .real(temperature), comment: "[deg C]") }
        header.append("XBINNING", .integer(mode.binningX))
        header.append("YBINNING", .integer(mode.binningY))
        if !mode.readout.isEmpty { header.append("READOUT", .string(mode.readout), comment: "channel or mode") }
        header.append("MJD-AVG", .real(midpointMJD), comment: "[d] mean mid-exposure of the inputs, UTC")
        header.append("NIGHT", .string(night))
        header.append("NCOMBINE", .integer(count), comment: "frames combined")
        header.append("FRMNOISE", .real(frameNoise), comment: "noise of a pixel of one input")
        header.append("MASTERID", .string(id))
        if let biasID { header.append("BIASID", .string(biasID), comment: "master bias subtracted") }
        if let darkID { header.append("DARKID", .string(darkID), comment: "master dark subtracted") }
        if let measuredGain {
            header.append("GAINMEAS", .real(measuredGain), comment: "[electron/adu] photon transfer of the inputs")
            header.append("GAINERR", .real(measuredGainError ?? 0), comment: "[electron/adu] its standard error")
        }
        if let instrumentRevision {
            header.append("DOCREV", .integer(instrumentRevision), comment: "revision of the instrument document")
        }
        header.append("CALFLAGS", .string(flags.names.joined(separator: " ")))
        for (number, id) in inputIDs.enumerated() {
            header.append("HISTORY", .string("input \(number + 1): \(id) \(asciiOnly(names[id] ?? ""))"))
        }
        return header
    }

    /// Reads back what `cards(names:)` wrote; nil for the header of anything else.
    public init?(header: Header, width: Int, height: Int) {
        let kinds = FrameKind.allCases.filter { header.text("IMAGETYP") == "master \($0.rawValue)" }
        guard let kind = kinds.first, let id = header.text("MASTERID"), let seconds = header.number("EXPTIME") else {
            return nil
        }
        let mode = DetectorMode(
            instrument: header.text("INSTRUME") ?? "", width: width, height: height,
            binningX: Self.whole(header, "XBINNING") ?? 1, binningY: Self.whole(header, "YBINNING") ?? 1,
            readout: header.text("READOUT") ?? "")
        let inputs = header.cards.compactMap { card -> String? in
            guard card.keyword == "HISTORY", case .string(let text)? = card.value, text.hasPrefix("input ") else {
                return nil
            }
            let words = text.split(separator: " ")
            return words.count > 2 ? String(words[2]) : nil
        }
        let names = Set((header.text("CALFLAGS") ?? "").split(separator: " ").map(String.init))
        let flags = CalibrationFlags.registry.filter { names.contains($0.name) }.map(\.flag)
        self.init(
            id: id, kind: kind, mode: mode, filter: header.text("FILTER"), exposureSeconds: seconds,
            temperatureCelsius: header.number("CCD-TEMP"), midpointMJD: header.number("MJD-AVG") ?? .nan,
            night: header.text("NIGHT") ?? "", count: Self.whole(header, "NCOMBINE") ?? 1, inputIDs: inputs,
            biasID: header.text("BIASID"), darkID: header.text("DARKID"),
            frameNoise: header.number("FRMNOISE") ?? 0, flags: CalibrationFlags(flags))
        measuredGain = header.number("GAINMEAS")
        measuredGainError = header.number("GAINERR")
        instrumentRevision = Self.whole(header, "DOCREV")
    }

    /// Nil for a number that is none, or no whole one.
    private static func whole(_ header: Header, _ keyword: String) -> Int? {
        header.number(keyword).flatMap { Int(exactly: $0) }
    }
}

extension CalibratedLight {
    /// The raw frame's own cards, then what was done to it.
    public func cards(raw: Header, masters: [UsedMaster], recipe: String) -> Header {
        var header = raw
        header.append("NJRECIPE", .string(recipe), comment: "recipe of this calibration")
        header.append("NJFLAGS", .string(flags.names.joined(separator: " ")), comment: "calibration flags")
        header.append("NJSKY", .real(skyElectrons), comment: "[electron] typical level")
        header.append("NJNOISE", .real(noiseElectrons), comment: "[electron] typical noise of a pixel")
        if let flatGain { header.append("NJGFLAT", .real(flatGain), comment: "[electron/adu] of the flats") }
        if let frameGain { header.append("NJGFRAME", .real(frameGain), comment: "[electron/adu] of this sky") }
        if let fringeScale {
            header.append("NJFRINGE", .real(fringeScale.scale), comment: "[electron] scale of the fringe")
            header.append("NJFRGERR", .real(fringeScale.error), comment: "[electron] its error")
        }
        for master in masters {
            header.append(
                "HISTORY", .string("master \(master.kind.rawValue) \(master.id): \(asciiOnly(master.reason))"))
        }
        return header
    }
}

extension DetectorCorrections {
    /// The header of a frame whose overscan has been trimmed: CRPIX1 and CRPIX2 move by the columns and rows that were
    /// taken away before them. Sections are left as the camera wrote them, of the file as it was.
    public func trimmed(_ header: Header) -> Header {
        guard let overscan else { return header }
        let kept = [
            "CRPIX1": Set(overscan.regions.flatMap(\.data.columns)),
            "CRPIX2": Set(overscan.regions.flatMap(\.data.rows)),
        ]
        return Header(
            header.cards.map { card in
                guard let lines = kept[card.keyword.uppercased()], let first = lines.min(), let last = lines.max(),
                    let pixel = Header([card]).number(card.keyword)
                else { return card }
                // Outside the kept lines the nearest of them counts, so that the shift stays that of the edge.
                let line = max(first, min(Int(max(-1e6, min(pixel - 1, 1e6)).rounded()), last))
                let before = lines.count { $0 < line }
                return HeaderCard(
                    keyword: card.keyword, value: .real(pixel - Double(line - before)), comment: card.comment)
            })
    }
}

/// FITS headers hold printable ASCII.
private func asciiOnly(_ text: String) -> String {
    String(text.unicodeScalars.map { (32..<127).contains($0.value) ? Character($0) : "?" })
}
