public import Foundation

/// A picture of a frame: grey-scale, bright stars compressed, circles around what matters.
///
/// Large frames are averaged down in whole blocks. The stretch runs from the lower zscale limit (black) to the 99.8th
/// percentile (white) as `asinh(v / s) / asinh(1 / s)`, `s` being where the upper zscale limit lies between the two,
/// so that the sky's noise and the stars' cores are both seen.
public struct FramePicture: Sendable {
    /// A circle around a position of the frame.
    public struct Mark: Sendable, Equatable {
        public enum Kind: Sendable {
            case target, comparison, rejected
        }

        /// 0-based pixel centres, as everywhere outside FITS files.
        public var x: Double
        public var y: Double
        /// [px] of the frame.
        public var radiusPixels: Double
        public var label: String
        public var kind: Kind

        public init(x: Double, y: Double, radiusPixels: Double, label: String, kind: Kind) {
            self.x = x
            self.y = y
            self.radiusPixels = radiusPixels
            self.label = label
            self.kind = kind
        }
    }

    public var title: String
    public var pixels: [Float]
    public var width: Int
    public var height: Int
    public var marks: [Mark]
    /// The longer side of the picture [drawing units].
    public var maximumSide = 900
    /// FITS frames have row 0 at the bottom.
    public var bottomUp = true
    /// Dark stars on a light sky, as on finding charts.
    public var inverted = false

    /// - Parameters:
    ///   - pixels: row-major, x fastest, any unit; values that are no numbers are black.
    public init(title: String, pixels: [Float], width: Int, height: Int, marks: [Mark] = []) {
        self.title = title
        self.pixels = pixels
        self.width = width
        self.height = height
        self.marks = marks
    }

    public func png(scale: Double = 1) throws(PlotError) -> Data {
        try drawing().png(scale: scale)
    }

    func drawing() throws(PlotError) -> Drawing {
        guard width > 0, height > 0, maximumSide > 0, pixels.count == width * height else {
            throw PlotError(description: "\(pixels.count) pixels are no frame of \(width) x \(height)")
        }
        let blocks = BlockAverage(pixels: pixels, width: width, height: height, maximumSide: maximumSide)
        let zoom = max(1, Double(maximumSide) / Double(max(blocks.width, blocks.height)))
        let head = title.isEmpty ? 0.0 : 34.0
        let area = Box(x: 0, y: head, width: Double(blocks.width) * zoom, height: Double(blocks.height) * zoom)
        var drawing = Drawing(width: area.width, height: area.bottom)
        if !title.isEmpty {
            drawing.add(.text(title, Position(x: 8, y: 23), TextStyle(size: 15, bold: true)))
        }
        let grey = Stretch(blocks.values).grey(blocks.values, inverted: inverted)
        drawing.add(.picture(picture(grey, blocks), area))
        let unitsPerPixel = zoom / Double(blocks.side)
        for mark in marks { draw(mark, area, unitsPerPixel, on: &drawing) }
        return drawing
    }

    private func picture(_ grey: [UInt8], _ blocks: BlockAverage) -> GreyPicture {
        guard bottomUp else { return GreyPicture(width: blocks.width, height: blocks.height, values: grey) }
        var flipped: [UInt8] = []
        flipped.reserveCapacity(grey.count)
        for row in (0..<blocks.height).reversed() { flipped += grey[row * blocks.width..<(row + 1) * blocks.width] }
        return GreyPicture(width: blocks.width, height: blocks.height, values: flipped)
    }

    private func draw(_ mark: Mark, _ area: Box, _ unitsPerPixel: Double, on drawing: inout Drawing) {
        guard mark.x.isFinite, mark.y.isFinite, mark.radiusPixels.isFinite else { return }
        let across = (mark.x + 0.5) * unitsPerPixel
        let along = (mark.y + 0.5) * unitsPerPixel
        let centre = Position(x: across, y: bottomUp ? area.bottom - along : area.y + along)
        guard across >= 0, across <= area.width, centre.y >= area.y, centre.y <= area.bottom else { return }
        let radius = min(max(mark.radiusPixels * unitsPerPixel, 7), area.width)
        let colour = mark.kind.colour
        let shadow = Stroke(colour: Colour(0x000000, alpha: 0.5), width: 3.4)
        drawing.add(.circle(centre, radius: radius, fill: nil, stroke: shadow))
        drawing.add(.circle(centre, radius: radius, fill: nil, stroke: Stroke(colour: colour, width: 1.8)))
        let atRight = centre.x > area.width * 0.8
        let place = Position(x: centre.x + (atRight ? -radius - 5 : radius + 5), y: centre.y + 4.5)
        let style = TextStyle(size: 13, colour: .ink, bold: true, anchor: atRight ? .end : .start)
        for (dx, dy) in [(1.0, 1.0), (-1, 1), (1, -1), (-1, -1)] {
            drawing.add(.text(mark.label, Position(x: place.x + dx, y: place.y + dy), style))
        }
        var bright = style
        bright.colour = colour
        drawing.add(.text(mark.label, place, bright))
    }
}

extension FramePicture.Mark.Kind {
    var colour: Colour {
        switch self {
        case .target: Colour(0xFFB020)
        case .comparison: Colour(0x4FD1FF)
        case .rejected: Colour(0xFF6B6B)
        }
    }
}
