public import Imaging

// Whether the pixels of a file see one colour each, and which.
extension HeaderReading {
    /// Whether the file holds one channel of a mosaic already.
    var isChannel: Bool { BayerMosaic.channel(in: header) != nil }

    /// The document's word, else what the header says.
    ///
    /// - Throws: `mosaicUnknown` for a colour filter array that cannot be split into red, green and blue.
    mutating func mosaic(width: Int, height: Int) throws(HeaderRejection) -> BayerMosaic? {
        guard !isChannel, document.bayer != .ignore else { return nil }
        var found = document.bayer?.pattern
        if found == nil { found = try headerPattern(height: height) }
        guard let pattern = found else { return nil }
        guard let mosaic = BayerMosaic(pattern: pattern, width: width, height: height) else {
            throw HeaderRejection(.notAnImage, "a mosaic of \(width) x \(height) pixels has no cell of 2 x 2")
        }
        note(
            .colourFilterArray,
            "\(pattern.rawValue) in the first two rows: split into TR, TG and TB of "
                + "\(mosaic.channelWidth) x \(mosaic.channelHeight) pixels")
        if !width.isMultiple(of: 2) || !height.isMultiple(of: 2) {
            note(.colourFilterArray, "\(width) x \(height) pixels: the odd last row or column is in no cell")
        }
        return mosaic
    }

    private mutating func headerPattern(height: Int) throws(HeaderRejection) -> BayerPattern? {
        for keyword in rules.keywords(.bayerPattern) {
            guard let text = header.text(keyword)?.uppercased() else { continue }
            guard let named = BayerPattern(rawValue: text) else {
                try passOver(text, keyword)
                continue
            }
            let pattern = BayerPattern(
                named: named, xOffset: offset(["XBAYROFF", "BAYOFFX"]), yOffset: offset(["YBAYROFF", "BAYOFFY"]),
                isBottomUp: isBottomUp(), height: height)
            let binning = binning()
            if binning.x > 1 || binning.y > 1 {
                note(
                    .colourFilterArray,
                    "\(keyword) '\(text)' and binning \(binning.x) x \(binning.y): taken as binned within each colour; "
                        + "bayer: \"ignore\" in the instrument document if the colours were added up")
            }
            return pattern
        }
        return nil
    }

    /// A word for "none" is nothing to speak of; other colours, or Fuji's six by six, are a mosaic that would be
    /// measured as if it saw one colour.
    private mutating func passOver(_ text: String, _ keyword: String) throws(HeaderRejection) {
        let isOtherArray =
            text.hasPrefix("XTRANS") || text.hasPrefix("X-TRANS")
            || text.count >= 4 && text.contains { !"RGB".contains($0) } && text.allSatisfy { "RGBCMYWE".contains($0) }
            || text.count >= 4 && text.allSatisfy { "RGB".contains($0) }
        guard !isOtherArray else {
            throw HeaderRejection(
                .mosaicUnknown,
                "\(keyword) '\(text.prefix(40))' is no Bayer pattern (RGGB, BGGR, GRBG, GBRG) and cannot be split; "
                    + "bayer: \"ignore\" in the instrument document measures it as it is")
        }
        let none: Set<String> = ["NONE", "NO", "F", "MONO", "MONOCHROME", "0", "UNKNOWN", "N/A"]
        if !none.contains(text) { note(.colourFilterArray, "\(keyword) '\(text.prefix(40))' is no Bayer pattern") }
    }

    private mutating func offset(_ keywords: [String]) -> Int {
        for keyword in keywords {
            guard let text = header.text(keyword) else { continue }
            if let number = header.number(keyword), let whole = Int(exactly: number), abs(whole) < 1 << 20 {
                return whole
            }
            note(.valueIgnored, "\(keyword) '\(text.prefix(40))' is no offset in pixels")
        }
        return 0
    }

    private mutating func isBottomUp() -> Bool {
        guard let text = header.text("ROWORDER") else { return false }
        switch text.uppercased() {
        case "BOTTOM-UP": return true
        case "TOP-DOWN": return false
        default:
            note(.valueIgnored, "ROWORDER '\(text.prefix(40))' is neither TOP-DOWN nor BOTTOM-UP")
            return false
        }
    }
}

/// What has to be known of a file before its mosaic can be split.
public struct ColourMosaic: Sendable, Equatable {
    public let mosaic: BayerMosaic
    /// Level from which a pixel is saturated [ADU]; nil where neither document nor header says it.
    public let saturationADU: Double?
    /// What is doubtful about the mosaic; that it is split goes without saying.
    public let doubts: [HeaderNote]
    /// In front of the camera, by the document's name for it.
    private let glass: String?

    /// What a light or flat through one channel calls its filter: TR, TG or TB, with the glass where that is coloured.
    public func filter(of channel: BayerChannel) -> String { ExposureFacts.band(of: channel, behind: glass) }

    /// Nil for a file whose pixels all see the same, and for one that holds a single channel already.
    ///
    /// - Throws: `HeaderRejection` for a colour filter array that cannot be split.
    public init?(
        of header: Header, width: Int, height: Int, instrument: InstrumentDocument
    ) throws(HeaderRejection) {
        var reading = HeaderReading(header: header, fileName: "", document: instrument)
        guard let mosaic = try reading.mosaic(width: width, height: height) else { return nil }
        self.mosaic = mosaic
        doubts = reading.notes.filter { !$0.text.contains(": split into ") }
        glass = reading.filter(of: .light)
        saturationADU = instrument.saturationADU ?? reading.firstPositive(.saturation)?.value
    }
}

extension ExposureFacts {
    /// One channel of a mosaic: half the size, twice the scale, the filter TR, TG or TB.
    ///
    /// The mean of two greens has twice the gain [e-/ADU] and, in electrons, sqrt 2 times the read noise. Sections and
    /// margins of the document, which are those of the file, become the whole cells in them; aperture radii are of the
    /// channel's pixels as they are. A filter in front of the camera that is more than clear glass or an infrared block
    /// is part of the band: "TG+L-eNhance".
    ///
    /// - Returns: the facts of a file that is no mosaic unchanged.
    public func channel(_ channel: BayerChannel) -> ExposureFacts {
        guard let mosaic else { return self }
        var result = self
        result.channel = channel
        result.filter = kind == .light || kind == .flat ? Self.band(of: channel, behind: filter) : nil
        (result.width, result.height) = (mosaic.channelWidth, mosaic.channelHeight)
        result.notes.removeAll { $0.code == .filterMissing }
        result.instrument.pixelScaleArcsec = instrument.pixelScaleArcsec.map { 2 * $0 }
        if channel == .green {
            result.instrument.gainElectronsPerADU = instrument.gainElectronsPerADU.map { 2 * $0 }
            result.instrument.readNoiseElectrons = instrument.readNoiseElectrons.map { $0 * 2.0.squareRoot() }
            result.instrument.readNoiseADU = instrument.readNoiseADU.map { $0 / 2.0.squareRoot() }
        }
        result.instrument.usableRegion = instrument.usableRegion?.wholeCells
        let corrections = instrument.corrections.ofChannel()
        result.instrument.corrections = corrections.corrections
        result.notes += corrections.leftOut.map { HeaderNote(.correctionSkipped, $0) }
        return result
    }

    static func band(of channel: BayerChannel, behind filter: String?) -> String {
        guard let filter, !noColour.contains(HeaderRules.plainSpelling(filter)) else { return channel.rawValue }
        let isNamed = filter == channel.rawValue || filter.hasPrefix(channel.rawValue + "+")
        return isNamed ? filter : "\(channel.rawValue)+\(filter)"
    }

    /// Names of glass that leaves the band as it is, and of the mosaic itself; letters and digits in lower case.
    private static let noColour: Set<String> = [
        "", "none", "nofilter", "open", "empty", "clear", "c", "l", "lum", "luminance", "ircut", "uvir", "uvircut",
        "irblock", "rgb", "osc", "color", "colour", "bayer", "rggb", "bggr", "grbg", "gbrg",
    ]
}

extension PixelRegion {
    /// The whole cells of a mosaic in it.
    var wholeCells: PixelRegion {
        let (x0, y0) = ((self.x0 + 1) / 2, (self.y0 + 1) / 2)
        return PixelRegion(x0: x0, x1: max(x0, x1 / 2), y0: y0, y1: max(y0, y1 / 2))
    }
}
