internal import Documents
internal import Foundation

extension Drawing {
    /// The drawing as one `<svg>` element that stands alone or inside HTML: no ids, no scripts, no outside references.
    func svg() throws(PlotError) -> String {
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(SVG.number(width)) \(SVG.number(height))\" "
                + "width=\"\(SVG.number(width))\" height=\"\(SVG.number(height))\" "
                + "font-family=\"'DejaVu Sans', Verdana, sans-serif\" stroke-linejoin=\"round\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>",
        ]
        for shape in shapes { lines.append(try SVG.element(shape)) }
        lines.append("</svg>")
        return lines.joined(separator: "\n")
    }
}

enum SVG {
    static func element(_ shape: Shape) throws(PlotError) -> String {
        switch shape {
        case .path(let positions, let closed, let fill, let stroke):
            let steps = positions.enumerated().map { index, position in
                "\(index == 0 ? "M" : "L")\(number(position.x)) \(number(position.y))"
            }
            return "<path d=\"\(steps.joined())\(closed ? "Z" : "")\"\(paint(fill, stroke))/>"
        case .circle(let centre, let radius, let fill, let stroke):
            let place = "cx=\"\(number(centre.x))\" cy=\"\(number(centre.y))\" r=\"\(number(radius))\""
            return "<circle \(place)\(paint(fill, stroke))/>"
        case .box(let box, let fill, let stroke): return "<rect \(frame(box))\(paint(fill, stroke))/>"
        case .text(let text, let position, let style): return write(text, position, style)
        case .picture(let picture, let box):
            var drawing = Drawing(width: Double(picture.width), height: Double(picture.height))
            drawing.add(.picture(picture, Box(x: 0, y: 0, width: drawing.width, height: drawing.height)))
            let bytes = try drawing.png(scale: 1).base64EncodedString()
            return "<image \(frame(box)) preserveAspectRatio=\"none\" href=\"data:image/png;base64,\(bytes)\"/>"
        }
    }

    /// At most two decimals, never an exponent.
    static func number(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e9 else { return "0" }
        let hundredths = Int((value * 100).rounded())
        let sign = hundredths < 0 ? "-" : ""
        let (whole, rest) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
        if rest == 0 { return "\(sign)\(whole)" }
        if rest % 10 == 0 { return "\(sign)\(whole).\(rest / 10)" }
        return "\(sign)\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }

    private static func frame(_ box: Box) -> String {
        "x=\"\(number(box.x))\" y=\"\(number(box.y))\" width=\"\(number(box.width))\" height=\"\(number(box.height))\""
    }

    private static func write(_ text: String, _ position: Position, _ style: TextStyle) -> String {
        var attributes = "x=\"\(number(position.x))\" y=\"\(number(position.y))\" font-size=\"\(number(style.size))\""
        attributes += " fill=\"\(hex(style.colour))\" text-anchor=\"\(style.anchor.rawValue)\""
        if style.bold { attributes += " font-weight=\"bold\"" }
        if style.turned { attributes += " transform=\"rotate(-90 \(number(position.x)) \(number(position.y)))\"" }
        return "<text \(attributes)>\(XMLText.escaped(text))</text>"
    }

    private static func paint(_ fill: Colour?, _ stroke: Stroke?) -> String {
        var text = fill.map { " fill=\"\(hex($0))\"" + opacity("fill", $0) } ?? " fill=\"none\""
        if let stroke {
            text += " stroke=\"\(hex(stroke.colour))\" stroke-width=\"\(number(stroke.width))\""
            text += opacity("stroke", stroke.colour)
            if !stroke.dashes.isEmpty {
                text += " stroke-dasharray=\"\(stroke.dashes.map(number).joined(separator: " "))\""
            }
        }
        return text
    }

    private static func opacity(_ name: String, _ colour: Colour) -> String {
        colour.alpha < 1 ? " \(name)-opacity=\"\(number(colour.alpha))\"" : ""
    }

    private static func hex(_ colour: Colour) -> String {
        "#"
            + [colour.red, colour.green, colour.blue].map { value in
                let byte = UInt8((min(max(value, 0), 1) * 255).rounded())
                return (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }.joined()
    }
}
