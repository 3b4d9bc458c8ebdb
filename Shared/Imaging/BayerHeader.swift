extension BayerMosaic {
    /// Says in a channel's header which channel it is.
    public static let channelKeyword = "NJCHAN"

    /// And of which mosaic; masters of a channel say it, too.
    public static let patternKeyword = "NJBAYER"

    private static let widthKeyword = "NJBAYW"
    private static let heightKeyword = "NJBAYH"

    /// Which channel of which mosaic a file holds, by its header; nil for any other file.
    public static func channel(in header: Header) -> (channel: BayerChannel, mosaic: BayerMosaic)? {
        guard let channel = header.text(channelKeyword).flatMap({ BayerChannel(rawValue: $0) }),
            let pattern = header.text(patternKeyword).flatMap({ BayerPattern(rawValue: $0) }),
            let width = header.number(widthKeyword).flatMap({ Int(exactly: $0) }), width < 1 << 20,
            let height = header.number(heightKeyword).flatMap({ Int(exactly: $0) }), height < 1 << 20,
            let mosaic = BayerMosaic(pattern: pattern, width: width, height: height)
        else { return nil }
        return (channel, mosaic)
    }

    /// The header of one channel: what the camera wrote, with all that counts pixels brought to the channel's grid.
    ///
    ///     x' = (x - o + 1) / 2        FITS pixel x of the mosaic, o the centre of the channel in its cell (0, 1/2, 1)
    ///     CRPIX' = (CRPIX - o + 1) / 2    CD' = 2 CD    CDELT' = 2 CDELT    A'_pq = 2^(p + q - 1) A_pq (SIP, all four)
    ///
    /// which maps the centre of each channel pixel to exactly the sky that the mosaic's world coordinates give it.
    /// Polynomials of world coordinates (TPV, TNX, ZPX) stay as they are; pixel size and scale double. Distortions
    /// given by tables or plate constants are left out.
    ///
    /// - Parameter filter: what FILTER says in the result; nil for a frame without one.
    /// - Returns: the header, and remarks on what was left out.
    public func header(
        of channel: BayerChannel, from header: Header, filter: String?
    ) -> (header: Header, remarks: [String]) {
        var cards: [HeaderCard] = []
        var dropped: [String] = []
        for card in header.cards {
            let keyword = card.keyword.uppercased()
            if Self.mosaicKeywords.contains(keyword) || keyword == "FILTER" { continue }
            if Self.isLookup(keyword) {
                dropped.append(keyword)
            } else if let value = Header([card]).number(keyword), let scaled = rescaled(value, keyword, channel) {
                cards.append(HeaderCard(keyword: card.keyword, value: .real(scaled), comment: card.comment))
            } else {
                cards.append(card)
            }
        }
        var result = Header(cards)
        if let filter { result.append("FILTER", .string(filter)) }
        result.append(Self.channelKeyword, .string(channel.rawValue), comment: "channel of a colour camera")
        result.append(Self.patternKeyword, .string(pattern.rawValue), comment: "its mosaic's first two rows")
        result.append(Self.widthKeyword, .integer(width), comment: "[pix] width of the mosaic")
        result.append(Self.heightKeyword, .integer(height), comment: "[pix] height of the mosaic")
        let remarks =
            dropped.isEmpty
            ? [] : ["distortions of the world coordinates were left out: \(dropped.joined(separator: ", "))"]
        return (result, remarks)
    }

    /// What describes the mosaic and would be wrong of a channel.
    private static let mosaicKeywords: Set<String> = [
        "BAYERPAT", "XBAYROFF", "YBAYROFF", "BAYOFFX", "BAYOFFY", "COLORTYP", "CFAIMAGE", channelKeyword,
        patternKeyword, widthKeyword, heightKeyword,
    ]

    private static let sizeKeywords: Set<String> = [
        "XPIXSZ", "YPIXSZ", "PIXSIZE1", "PIXSIZE2", "PIXSCALE", "SECPIX", "SECPIX1", "SECPIX2", "SCALE", "IM_SCALE",
        "PIXSCAL1", "PIXSCAL2",
    ]

    /// Distortion by tables (CPDIS, CQDIS, D2IM) and the plate constants of the Digitized Sky Survey.
    private static func isLookup(_ keyword: String) -> Bool {
        let stems = ["CPDIS", "CQDIS", "CPERR", "CQERR", "D2IM", "AXISCORR", "AMDX", "AMDY", "PPO", "DP", "DQ"]
        return stems.contains { stem in
            guard keyword.hasPrefix(stem) else { return false }
            let rest = keyword.dropFirst(stem.count)
            return ["D2IM", "AXISCORR"].contains(stem) || rest.first?.isNumber == true
        }
    }

    /// The value on the channel's grid; nil for a keyword that does not count pixels.
    private func rescaled(_ value: Double, _ keyword: String, _ channel: BayerChannel) -> Double? {
        let centre = centre(of: channel)
        switch Self.withoutAlternate(keyword) {
        case "CRPIX1", "LTV1": return (value - centre.x + 1) / 2
        case "CRPIX2", "LTV2": return (value - centre.y + 1) / 2
        case "CD1_1", "CD1_2", "CD2_1", "CD2_2", "CDELT1", "CDELT2": return 2 * value
        case "LTM1_1", "LTM1_2", "LTM2_1", "LTM2_2", "A_DMAX", "B_DMAX": return value / 2
        default: break
        }
        if Self.sizeKeywords.contains(keyword) { return 2 * value }
        let parts = keyword.split(separator: "_")
        guard parts.count == 3, ["A", "B", "AP", "BP"].contains(parts[0]), let p = Int(parts[1]), let q = Int(parts[2]),
            (0...9).contains(p), (0...9).contains(q)
        else { return nil }
        return p + q == 0 ? value / 2 : value * Double(1 << (p + q - 1))
    }

    /// "CRPIX1A", of the alternate description A, is scaled as CRPIX1.
    private static func withoutAlternate(_ keyword: String) -> String {
        let stems = ["CRPIX", "CD", "CDELT"]
        guard let last = keyword.last, last.isLetter, stems.contains(where: { keyword.hasPrefix($0) }) else {
            return keyword
        }
        return String(keyword.dropLast())
    }
}
