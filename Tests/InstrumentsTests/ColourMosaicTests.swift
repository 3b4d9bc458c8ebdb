import Documents
import Foundation
import Imaging
import Instruments
import Testing

private func facts(
    _ cards: [(String, HeaderValue)], width: Int = 100, height: Int = 80, kind: String = "light",
    _ change: (inout InstrumentDocument) -> Void = { _ in }
) throws -> ExposureFacts {
    var header = Header()
    header.append("IMAGETYP", .string(kind))
    header.append("EXPTIME", .real(60))
    header.append("DATE-OBS", .string("2024-03-01T22:00:00"))
    for (keyword, value) in cards { header.append(keyword, value) }
    var document = InstrumentDocument(id: "osc")
    change(&document)
    return try normalise(header: header, width: width, height: height, instrument: document)
}

private func notes(_ facts: ExposureFacts, _ code: HeaderNote.Code) -> [String] {
    facts.notes.filter { $0.code == code }.map(\.text)
}

private let rggb: [(String, HeaderValue)] = [("BAYERPAT", .string("RGGB"))]

@Suite("Cameras whose pixels see one colour each")
struct ColourMosaicTests {
    @Test("pattern, offsets and order of rows are read together; the document's pattern outranks them")
    func pattern() throws {
        #expect(try facts(rggb).mosaic == BayerMosaic(pattern: .rggb, width: 100, height: 80))
        #expect(try facts(rggb + [("ROWORDER", .string("TOP-DOWN"))]).mosaic?.pattern == .rggb)
        #expect(try facts(rggb + [("ROWORDER", .string("bottom-up"))]).mosaic?.pattern == .gbrg)
        #expect(try facts(rggb + [("ROWORDER", .string("BOTTOM-UP"))], height: 81).mosaic?.pattern == .rggb)
        #expect(try facts(rggb + [("XBAYROFF", .integer(1))]).mosaic?.pattern == .grbg)
        #expect(try facts(rggb + [("YBAYROFF", .real(1))]).mosaic?.pattern == .gbrg)
        #expect(try facts(rggb + [("XBAYROFF", .string("1")), ("YBAYROFF", .integer(-1))]).mosaic?.pattern == .bggr)
        let odd = try facts(rggb + [("XBAYROFF", .string("left")), ("ROWORDER", .string("sideways"))])
        #expect(odd.mosaic?.pattern == .rggb && notes(odd, .valueIgnored).count == 2)
        let told = try facts(rggb + [("XBAYROFF", .integer(1))]) { $0.bayer = .bggr }
        #expect(told.mosaic?.pattern == .bggr)
        #expect(try facts([]) { $0.bayer = .grbg }.mosaic?.pattern == .grbg)
        #expect(try facts(rggb) { $0.bayer = .ignore }.mosaic == nil)
        #expect(try facts(rggb) { $0.bayer = .auto }.mosaic?.pattern == .rggb)
    }

    @Test("what is no pattern counts as none, with a word where it says something; other arrays are refused")
    func hostile() throws {
        for value: HeaderValue in [.string("RGB"), .integer(3), .real(-1e300)] {
            let result = try facts([("BAYERPAT", value)])
            #expect(result.mosaic == nil && notes(result, .colourFilterArray).count == 1, "\(value)")
        }
        for value: HeaderValue in [.string(""), .string("  "), .string("NONE"), .logical(false), .string("mono")] {
            let result = try facts([("BAYERPAT", value)])
            #expect(result.mosaic == nil && notes(result, .valueIgnored).isEmpty, "\(value)")
        }
        let sixBySix = String(repeating: "GBGGRG", count: 6)
        for text in ["XTRANS", "X-Trans III", "CMYG", "RGBW", "CYYM", "RRRR", "rggbrggb", sixBySix] {
            let refused = #expect(throws: HeaderRejection.self, "\(text)") {
                _ = try facts([("BAYERPAT", .string(text))])
            }
            #expect(refused?.code == .mosaicUnknown)
            #expect(try facts([("BAYERPAT", .string(text))]) { $0.bayer = .ignore }.mosaic == nil)
        }
        #expect(throws: HeaderRejection.self) { _ = try facts(rggb, width: 1) }
        #expect(try facts([("BAYERPAT", .string("rggb"))]).mosaic?.pattern == .rggb)
        #expect(try facts([("BAYERPAT", .integer(3)), ("COLORTYP", .string("BGGR"))]).mosaic?.pattern == .bggr)
    }

    @Test("a channel has half the size, twice the scale and its own filter; the mean of two greens its own noise")
    func channels() throws {
        let cards = rggb + [("EGAIN", .real(0.25)), ("RDNOISE", .real(1.6)), ("SATURATE", .real(65_000))]
        let whole = try facts(cards, width: 101, height: 81) {
            $0.pixelScaleArcsec = 1.1
            $0.trim = TrimMargins(firstRows: 3, lastColumns: 4)
            $0.photometry.apertureRadiusPixels = 5
        }
        #expect(notes(whole, .colourFilterArray).count == 2)
        let names = ["TR", "TG", "TB"]
        let parts = BayerChannel.allCases.map { whole.channel($0) }
        #expect(parts.map(\.filter) == names && parts.map { $0.channel?.rawValue } == names)
        for part in parts {
            #expect(part.width == 50 && part.height == 40)
            #expect(part.instrument.pixelScaleArcsec == 2.2 && part.instrument.saturationADU == 65_000)
            #expect(part.instrument.usableRegion == PixelRegion(x0: 0, x1: 48, y0: 2, y1: 40))
            #expect(part.instrument.apertureRadiusPixels == 5)
            #expect(notes(part, .filterMissing).isEmpty)
        }
        #expect(parts.map(\.instrument.gainElectronsPerADU) == [0.25, 0.5, 0.25])
        #expect(parts.map(\.instrument.readNoiseElectrons) == [1.6, 1.6 * 2.0.squareRoot(), 1.6])
        let dark = try facts(rggb, kind: "dark").channel(.green)
        #expect(dark.filter == nil && dark.channel == .green)
        #expect(try facts([]).channel(.red) == facts([]))
    }

    @Test("glass that leaves the colours alone is not named; a narrow filter is part of the band")
    func filters() throws {
        for (name, band) in [
            ("IRCUT", "TG"), ("UV/IR Cut", "TG"), ("Clear", "TG"), ("L", "TG"), ("RGB", "TG"), ("None", "TG"),
            ("TG", "TG"), ("LP", "TG+LP"), ("L-eNhance", "TG+L-eNhance"),
        ] {
            #expect(try facts(rggb + [("FILTER", .string(name))]).channel(.green).filter == band)
        }
        let aliased = try facts(rggb + [("FILTER", .string("LP"))]) { $0.filters = ["lp": "Clear"] }
        #expect(aliased.channel(.blue).filter == "TB")
    }

    @Test("a pattern in a binned frame is believed, as smart telescopes mean it, with a word")
    func binned() throws {
        let result = try facts(rggb + [("XBINNING", .integer(2)), ("YBINNING", .integer(2))])
        #expect(result.mosaic?.pattern == .rggb)
        #expect(notes(result, .colourFilterArray).contains { $0.contains("binning 2 x 2") && $0.contains("ignore") })
    }

    @Test("a file that holds one channel is not split again, whatever the document says")
    func channelFile() throws {
        let cards: [(String, HeaderValue)] = [
            ("FILTER", .string("LP")), ("BAYERPAT", .string("RGGB")), ("XPIXSZ", .real(3.76)),
            ("FOCALLEN", .real(500)), ("EGAIN", .real(0.25)), ("RDNOISE", .real(1.5)),
        ]
        for hasScale in [true, false] {
            let change = { (document: inout InstrumentDocument) in
                document.pixelScaleArcsec = hasScale ? 1.1 : nil
                document.trim = TrimMargins(firstRows: 4)
                document.acceptance.sizes = [FrameSize(width: 101, height: 80)]
            }
            let whole = try facts(cards, width: 101, height: 80, change)
            let mosaic = try #require(whole.mosaic)
            for channel in BayerChannel.allCases {
                let expected = whole.channel(channel)
                var header = Header()
                for (keyword, value) in cards { header.append(keyword, value) }
                let written = mosaic.header(of: channel, from: header, filter: expected.filter).header
                let again = try facts(
                    written.cards.compactMap { card in card.value.map { (card.keyword, $0) } },
                    width: 50, height: 40
                ) {
                    change(&$0)
                    $0.bayer = .bggr
                }
                #expect(again.mosaic == nil && again.channel == channel && again.filter == expected.filter)
                #expect(again.instrument == expected.instrument)
                #expect(again.width == 50 && again.height == 40)
            }
        }
    }

    @Test("headers of real programs: N.I.N.A., DWARF (binned within each colour) and PixInsight say their patterns")
    func realHeaders() throws {
        guard let shared = Places.shared else {
            print("skipped: no ../shared/data beside the checkout (headers of acquisition programs)")
            return
        }
        let file = shared.appending(path: "data/headers/acquisition-software-headers.json")
        let texts = try JSONDecoder().decode([String: String].self, from: Data(contentsOf: file))
        for (name, pattern, remarks) in [
            ("header_nina", BayerPattern.rggb, 1), ("header_dwarflab", .gbrg, 2), ("header_seestar", .grbg, 1),
        ] {
            let cards = header(try #require(texts[name]))
            let (width, height) = (Int(cards.number("NAXIS1") ?? 0), Int(cards.number("NAXIS2") ?? 0))
            let whole = try normalise(
                header: cards, width: width, height: height, instrument: .automatic(id: "osc"))
            #expect(whole.mosaic == BayerMosaic(pattern: pattern, width: width, height: height), "\(name)")
            #expect(notes(whole, .colourFilterArray).count == remarks, "\(name)")
            #expect(whole.channel(.green).filter == "TG", "\(name)")
        }
    }

    @Test("the document's word is checked")
    func document() throws {
        let good = try decodeDocument(
            InstrumentDocument.self, from: #"{"id": "a", "bayer": "GRBG"}"#.utf8, name: "a.json")
        #expect(good.bayer == .grbg)
        #expect(throws: DocumentError.self) {
            _ = try decodeDocument(
                InstrumentDocument.self, from: #"{"id": "a", "bayer": "RGB"}"#.utf8, name: "a.json")
        }
    }
}
