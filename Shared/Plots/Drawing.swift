/// A position on a drawing: x to the right, y downwards, in drawing units (CSS pixels) from the upper left corner.
struct Position: Equatable {
    var x: Double
    var y: Double
}

struct Box: Equatable {
    var x: Double
    var y: Double
    var width: Double
    var height: Double

    var right: Double { x + width }
    var bottom: Double { y + height }
}

/// sRGB, each from 0 to 1.
struct Colour: Equatable {
    var red: Double
    var green: Double
    var blue: Double
    var alpha = 1.0

    /// From `0xRRGGBB`.
    init(_ hex: UInt32, alpha: Double = 1) {
        red = Double(hex >> 16 & 0xFF) / 255
        green = Double(hex >> 8 & 0xFF) / 255
        blue = Double(hex & 0xFF) / 255
        self.alpha = alpha
    }

    /// Mixed with white: 0 leaves the colour, 1 is white.
    func lighter(_ amount: Double) -> Colour {
        var colour = self
        colour.red += (1 - red) * amount
        colour.green += (1 - green) * amount
        colour.blue += (1 - blue) * amount
        return colour
    }

    static let white = Colour(0xFFFFFF)
    static let ink = Colour(0x1B1F24)
    static let grey = Colour(0x6B7280)
    static let grid = Colour(0xE8EAEE)
}

struct Stroke: Equatable {
    var colour: Colour
    var width = 1.0
    var dashes: [Double] = []
}

struct TextStyle: Equatable {
    enum Anchor: String {
        case start, middle, end
    }

    var size = 13.0
    var colour = Colour.ink
    var bold = false
    var anchor = Anchor.start
    /// Turned by a quarter against the clock, for a vertical axis.
    var turned = false
}

/// Grey values, row 0 at the top.
struct GreyPicture: Equatable {
    var width: Int
    var height: Int
    var values: [UInt8]
}

enum Shape: Equatable {
    /// Closed paths are filled, then stroked.
    case path([Position], closed: Bool, fill: Colour?, stroke: Stroke?)
    case circle(Position, radius: Double, fill: Colour?, stroke: Stroke?)
    case box(Box, fill: Colour?, stroke: Stroke?)
    case text(String, Position, TextStyle)
    case picture(GreyPicture, Box)

    static func line(_ from: Position, _ to: Position, _ stroke: Stroke) -> Shape {
        .path([from, to], closed: false, fill: nil, stroke: stroke)
    }
}

/// A figure as a list of shapes, drawn in order; Cairo makes a PNG of it and `svg` a text.
struct Drawing: Equatable {
    var width: Double
    var height: Double
    var shapes: [Shape] = []

    mutating func add(_ shape: Shape) { shapes.append(shape) }
}

/// A figure could not be drawn.
public struct PlotError: Error, Equatable, CustomStringConvertible {
    public var description: String
}
