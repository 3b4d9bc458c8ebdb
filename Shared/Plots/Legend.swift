/// Rows of markers and labels under a figure's title.
struct Legend {
    enum Key: Equatable {
        case marker(PlotSeries.Marker, Colour, provisional: Bool)
        case limit(Colour)
        case line(Stroke)
    }

    struct Entry: Equatable {
        var label: String
        var key: Key
    }

    private struct Placed {
        var entry: Entry
        var x: Double
        var row: Int
    }

    private let placed: [Placed]
    let height: Double
    private static let rowHeight = 20.0
    private static let maximumRows = 6

    /// Entries that do not fit into six rows are left out.
    init(entries: [Entry], maximumWidth: Double) throws(PlotError) {
        let canvas = try CairoCanvas(width: 1, height: 1, scale: 1)
        var placed: [Placed] = []
        var x = 0.0
        var row = 0
        for entry in entries {
            let width = 18 + canvas.width(of: entry.label, size: 12.5, bold: false) + 22
            if x > 0, x + width > maximumWidth {
                x = 0
                row += 1
            }
            guard row < Self.maximumRows else { break }
            placed.append(Placed(entry: entry, x: x, row: row))
            x += width
        }
        self.placed = placed
        height = placed.isEmpty ? 0 : Double(row.clamped(to: 0...(Self.maximumRows - 1)) + 1) * Self.rowHeight
    }

    /// - Parameter position: the legend's upper left corner.
    func draw(on drawing: inout Drawing, at position: Position) {
        for one in placed {
            let centre = Position(x: position.x + one.x + 6, y: position.y + Double(one.row) * Self.rowHeight + 6)
            switch one.entry.key {
            case .marker(let marker, let colour, let provisional):
                let shade = provisional ? colour.lighter(0.6) : colour
                drawing.add(marker.shape(at: centre, radius: 4.2, fill: shade, stroke: nil))
            case .limit(let colour):
                for shape in PlotSeries.limitArrow(at: Position(x: centre.x, y: centre.y - 6), colour: colour) {
                    drawing.add(shape)
                }
            case .line(let stroke):
                drawing.add(
                    .line(Position(x: centre.x - 8, y: centre.y), Position(x: centre.x + 8, y: centre.y), stroke))
            }
            drawing.add(.text(one.entry.label, Position(x: centre.x + 12, y: centre.y + 4.5), TextStyle(size: 12.5)))
        }
    }
}

extension Int {
    fileprivate func clamped(to range: ClosedRange<Int>) -> Int {
        Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
    }
}

extension PlotSeries.Marker {
    func shape(at centre: Position, radius: Double, fill: Colour?, stroke: Stroke?) -> Shape {
        func corners(_ offsets: [(Double, Double)]) -> Shape {
            let positions = offsets.map { Position(x: centre.x + $0.0 * radius, y: centre.y + $0.1 * radius) }
            return .path(positions, closed: true, fill: fill, stroke: stroke)
        }
        switch self {
        case .circle: return .circle(centre, radius: radius, fill: fill, stroke: stroke)
        case .square: return corners([(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)])
        case .triangle: return corners([(0, -1.2), (1.1, 0.8), (-1.1, 0.8)])
        case .diamond: return corners([(0, -1.3), (1.1, 0), (0, 1.3), (-1.1, 0)])
        case .invertedTriangle: return corners([(0, 1.2), (1.1, -0.8), (-1.1, -0.8)])
        }
    }
}

extension PlotSeries {
    /// A bar at the limit and an arrow from it towards fainter.
    static func limitArrow(at tip: Position, colour: Colour) -> [Shape] {
        let stroke = Stroke(colour: colour, width: 1.4)
        let end = Position(x: tip.x, y: tip.y + 12)
        return [
            .line(Position(x: tip.x - 4, y: tip.y), Position(x: tip.x + 4, y: tip.y), stroke),
            .line(tip, end, stroke),
            .path(
                [Position(x: end.x - 3.2, y: end.y - 4), end, Position(x: end.x + 3.2, y: end.y - 4)],
                closed: false, fill: nil, stroke: stroke),
        ]
    }
}
