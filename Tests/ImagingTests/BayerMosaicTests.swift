import Imaging
import Testing

/// A picture of which each pixel's colour is known from the definition: BAYERPAT read from the upper left corner of the
/// picture, its rows then written to the file in either order.
struct MosaicPicture: CustomTestStringConvertible {
    let named: BayerPattern
    let xOffset: Int
    let yOffset: Int
    let isBottomUp: Bool
    let width: Int
    let height: Int

    static let all: [MosaicPicture] = BayerPattern.allCases.flatMap { named in
        [(0, 0), (1, 0), (0, 1), (1, 1), (-1, 3)].flatMap { x, y in
            [true, false].flatMap { bottomUp in
                [(6, 4), (7, 5), (6, 5), (7, 4), (2, 2)].map {
                    MosaicPicture(named: named, xOffset: x, yOffset: y, isBottomUp: bottomUp, width: $0.0, height: $0.1)
                }
            }
        }
    }

    var testDescription: String {
        "\(named.rawValue) \(xOffset),\(yOffset) \(isBottomUp ? "BOTTOM-UP" : "TOP-DOWN") \(width)x\(height)"
    }

    /// Colour of a pixel of the file.
    func colour(_ x: Int, _ row: Int) -> Character {
        let y = isBottomUp ? height - 1 - row : row
        let (column, line) = ((x + xOffset) & 1, (y + yOffset) & 1)
        return Array(named.rawValue)[2 * line + column]
    }

    func value(_ x: Int, _ row: Int) -> Float { Float(100 * row + x) }

    var image: Image<ADU> {
        let pixels = (0..<height).flatMap { row in (0..<width).map { value($0, row) } }
        return Image(width: width, height: height, pixels: pixels)
    }

    /// Mean of the pixels of one colour in a cell of the file.
    func mean(_ letter: Character, _ i: Int, _ j: Int) -> Float {
        let places = [(0, 0), (1, 0), (0, 1), (1, 1)].map { (2 * i + $0.0, 2 * j + $0.1) }
        let values = places.filter { colour($0.0, $0.1) == letter }.map { value($0.0, $0.1) }
        return values.reduce(0, +) / Float(values.count)
    }
}

private let letters: [BayerChannel: Character] = [.red: "R", .green: "G", .blue: "B"]

private func mosaic(_ pattern: BayerPattern, _ pixels: [Float], width: Int = 2) throws -> (BayerMosaic, Image<ADU>) {
    let image = Image<ADU>(width: width, height: pixels.count / width, pixels: pixels)
    let mosaic = BayerMosaic(pattern: pattern, width: image.width, height: image.height)
    return (try #require(mosaic), image)
}

@Suite("A mosaic is split into the frames of its colours")
struct BayerMosaicTests {
    @Test(
        "pattern, offsets and order of rows: each channel holds its colour and no other, by the definition",
        arguments: MosaicPicture.all)
    func split(picture: MosaicPicture) throws {
        let pattern = BayerPattern(
            named: picture.named, xOffset: picture.xOffset, yOffset: picture.yOffset, isBottomUp: picture.isBottomUp,
            height: picture.height)
        let found = BayerMosaic(pattern: pattern, width: picture.width, height: picture.height)
        let mosaic = try #require(found)
        for (channel, letter) in letters {
            let image = mosaic.split(picture.image, channel)
            #expect(image.width == picture.width / 2 && image.height == picture.height / 2)
            for j in 0..<image.height {
                for i in 0..<image.width { #expect(image[i, j] == picture.mean(letter, i, j)) }
            }
        }
    }

    @Test("the centre of a channel is that of its pixels: a picture that grows linearly is sampled where it says")
    func centres() throws {
        for pattern in BayerPattern.allCases {
            let (mosaic, image) = try mosaic(
                pattern, (0..<48).map { Float(3 * ($0 % 8) + 10 * ($0 / 8)) }, width: 8)
            for channel in BayerChannel.allCases {
                let centre = mosaic.centre(of: channel)
                let expected = 3 * (4 + centre.x) + 10 * (2 + centre.y)
                #expect(Double(mosaic.split(image, channel)[2, 1]) == expected)
            }
            #expect(mosaic.centre(of: .green) == (0.5, 0.5))
        }
    }

    @Test("green is saturated where either of its pixels is, and no number where either is none")
    func saturation() throws {
        let (rggb, one) = try mosaic(.rggb, [9, 60_000, 100, 9])
        #expect(rggb.split(one, .green, saturation: 60_000)[0, 0] == 60_000)
        #expect(rggb.split(one, .green, saturation: 60_001)[0, 0] == 30_050)
        #expect(rggb.split(one, .green)[0, 0] == 30_050)
        let (_, other) = try mosaic(.rggb, [9, 100, 65_535, 9])
        #expect(rggb.split(other, .green, saturation: 60_000)[0, 0] == 65_535)
        let (_, missing) = try mosaic(.rggb, [9, .nan, 65_535, 9])
        #expect(rggb.split(missing, .green, saturation: 60_000)[0, 0].isNaN)
        #expect(rggb.split(missing, .red)[0, 0] == 9)
        let (_, huge) = try mosaic(.rggb, [9, 3e38, 3e38, 9])
        #expect(rggb.split(huge, .green)[0, 0] == 3e38)
    }

    @Test("what has no cell of two by two is no mosaic")
    func tooSmall() {
        #expect(BayerMosaic(pattern: .rggb, width: 1, height: 100) == nil)
        #expect(BayerMosaic(pattern: .rggb, width: 100, height: 0) == nil)
        #expect(BayerMosaic(pattern: .rggb, width: .min, height: -3) == nil)
    }

    @Test("sections become the whole cells in them; what would be torn or mixed is left out and named")
    func sections() throws {
        let even = FrameSection(x0: 2, x1: 10, y0: 0, y1: 6)
        #expect(even.wholeCells == FrameSection(x0: 1, x1: 5, y0: 0, y1: 3))
        #expect(FrameSection(x0: 1, x1: 10, y0: 3, y1: 7).wholeCells == FrameSection(x0: 1, x1: 5, y0: 2, y1: 3))
        #expect(FrameSection(x0: 1, x1: 3, y0: 0, y1: 1).wholeCells == nil)
        var corrections = DetectorCorrections()
        corrections.overscan = OverscanCorrection(
            regions: [OverscanRegion(bias: FrameSection(x0: 33, x1: 40, y0: 0, y1: 20), data: even)])
        let one = corrections.ofChannel()
        #expect(one.leftOut.isEmpty)
        #expect(one.corrections.overscan?.regions[0].bias == FrameSection(x0: 17, x1: 20, y0: 0, y1: 10))
        let odd = FrameSection(x0: 11, x1: 20, y0: 0, y1: 6)
        corrections.overscan?.regions.append(OverscanRegion(bias: odd, data: odd))
        corrections.linearity = LinearityCorrection(coefficients: [1e-6])
        let two = corrections.ofChannel()
        #expect(two.corrections.overscan == nil && two.corrections.linearity == nil && two.leftOut.count == 2)
        corrections = DetectorCorrections()
        let amplifiers = [
            AmplifierSection(section: FrameSection(x0: 0, x1: 8, y0: 0, y1: 8)),
            AmplifierSection(section: FrameSection(x0: 8, x1: 16, y0: 0, y1: 8)),
        ]
        corrections.crosstalk = CrosstalkCorrection(amplifiers: amplifiers, coefficients: [[0, 0.1], [0.1, 0]])
        let straight = corrections.ofChannel().corrections
        #expect(straight.crosstalk?.amplifiers[1].section == FrameSection(x0: 4, x1: 8, y0: 0, y1: 4))
        corrections.crosstalk?.amplifiers[1].flipX = true
        #expect(corrections.ofChannel().corrections.crosstalk == nil)
        #expect(DetectorCorrections().ofChannel().corrections == DetectorCorrections())
    }

    @Test("the header says which channel it is, and no longer that it is a mosaic; sizes of pixels double")
    func header() throws {
        var header = Header()
        for (keyword, text) in [("BAYERPAT", "RGGB"), ("FILTER", "IRCUT"), ("OBJECT", "M 13"), ("CPDIS1", "LOOKUP")] {
            header.append(keyword, .string(text))
        }
        header.append("XBAYROFF", .integer(0))
        header.append("XPIXSZ", .real(3.76))
        header.append("CRPIX1", .string("not a number"))
        let found = BayerMosaic(pattern: .rggb, width: 10, height: 8)
        let (result, remarks) = try #require(found).header(of: .green, from: header, filter: "TG")
        #expect(result.text("NJCHAN") == "TG" && result.text("FILTER") == "TG" && result.text("OBJECT") == "M 13")
        #expect(result.cards.filter { $0.keyword == "FILTER" }.count == 1)
        #expect(result["BAYERPAT"] == nil && result["XBAYROFF"] == nil && result["CPDIS1"] == nil)
        #expect(result.number("XPIXSZ") == 7.52 && result.text("CRPIX1") == "not a number")
        #expect(remarks.count == 1 && remarks[0].contains("CPDIS1"))
    }
}
