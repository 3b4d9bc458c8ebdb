internal import CCairo
internal import Foundation

/// Cairo's image surface and context, closed together.
struct CairoCanvas: ~Copyable {
    private let surface: OpaquePointer
    private let context: OpaquePointer
    static let font = "DejaVu Sans"

    /// A white canvas.
    ///
    /// - Parameter scale: pixels per drawing unit.
    init(width: Double, height: Double, scale: Double) throws(PlotError) {
        let columns = (width * scale).rounded(.up)
        let rows = (height * scale).rounded(.up)
        guard columns >= 1, rows >= 1, columns <= 20_000, rows <= 20_000 else {
            throw PlotError(description: "a figure of \(columns) x \(rows) pixels cannot be drawn; 1 to 20000 a side")
        }
        guard let surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, Int32(columns), Int32(rows)),
            let context = cairo_create(surface)
        else { throw PlotError(description: "Cairo gave no surface of \(columns) x \(rows) pixels") }
        do {
            try Self.check(cairo_status(context), "opening a surface of \(columns) x \(rows) pixels")
        } catch {
            cairo_destroy(context)
            cairo_surface_destroy(surface)
            throw error
        }
        self.surface = surface
        self.context = context
        cairo_scale(context, scale, scale)
        cairo_set_source_rgb(context, 1, 1, 1)
        cairo_paint(context)
        cairo_set_line_join(context, CAIRO_LINE_JOIN_ROUND)
    }

    deinit {
        cairo_destroy(context)
        cairo_surface_destroy(surface)
    }

    /// The advance of a text [drawing units].
    func width(of text: String, size: Double, bold: Bool) -> Double {
        selectFont(size: size, bold: bold)
        var extents = cairo_text_extents_t()
        cairo_text_extents(context, text, &extents)
        return extents.x_advance
    }

    func draw(_ shape: Shape) {
        switch shape {
        case .path(let positions, let closed, let fill, let stroke):
            guard let first = positions.first else { return }
            cairo_move_to(context, first.x, first.y)
            for position in positions.dropFirst() { cairo_line_to(context, position.x, position.y) }
            if closed { cairo_close_path(context) }
            paint(fill, stroke)
        case .circle(let centre, let radius, let fill, let stroke):
            cairo_arc(context, centre.x, centre.y, radius, 0, 2 * .pi)
            paint(fill, stroke)
        case .box(let box, let fill, let stroke):
            cairo_rectangle(context, box.x, box.y, box.width, box.height)
            paint(fill, stroke)
        case .text(let text, let position, let style): write(text, position, style)
        case .picture(let picture, let box): place(picture, box)
        }
    }

    /// The canvas as a PNG file's bytes.
    func png() throws(PlotError) -> Data {
        cairo_surface_flush(surface)
        try Self.check(cairo_status(context), "drawing")
        var bytes = Data()
        let status = withUnsafeMutablePointer(to: &bytes) { pointer in
            cairo_surface_write_to_png_stream(
                surface,
                { closure, data, length in
                    guard let closure, let data else { return CAIRO_STATUS_WRITE_ERROR }
                    closure.assumingMemoryBound(to: Data.self).pointee.append(data, count: Int(length))
                    return CAIRO_STATUS_SUCCESS
                }, pointer)
        }
        try Self.check(status, "writing a PNG")
        return bytes
    }

    private func paint(_ fill: Colour?, _ stroke: Stroke?) {
        if let fill {
            setSource(fill)
            if stroke == nil { cairo_fill(context) } else { cairo_fill_preserve(context) }
        }
        if let stroke {
            setSource(stroke.colour)
            cairo_set_line_width(context, stroke.width)
            cairo_set_dash(context, stroke.dashes, Int32(stroke.dashes.count), 0)
            cairo_stroke(context)
        }
        cairo_new_path(context)
    }

    private func write(_ text: String, _ position: Position, _ style: TextStyle) {
        setSource(style.colour)
        let width = width(of: text, size: style.size, bold: style.bold)
        cairo_save(context)
        cairo_translate(context, position.x, position.y)
        if style.turned { cairo_rotate(context, -.pi / 2) }
        switch style.anchor {
        case .start: cairo_move_to(context, 0, 0)
        case .middle: cairo_move_to(context, -width / 2, 0)
        case .end: cairo_move_to(context, -width, 0)
        }
        cairo_show_text(context, text)
        cairo_restore(context)
        cairo_new_path(context)
    }

    private func place(_ picture: GreyPicture, _ box: Box) {
        let stride = Int(cairo_format_stride_for_width(CAIRO_FORMAT_RGB24, Int32(picture.width)))
        var bytes = [UInt8](repeating: 0, count: stride * picture.height)
        for row in 0..<picture.height {
            for column in 0..<picture.width {
                let grey = picture.values[row * picture.width + column]
                let start = row * stride + column * 4
                for channel in 0..<4 { bytes[start + channel] = grey }
            }
        }
        bytes.withUnsafeMutableBufferPointer { buffer in
            let image = cairo_image_surface_create_for_data(
                buffer.baseAddress, CAIRO_FORMAT_RGB24, Int32(picture.width), Int32(picture.height), Int32(stride))
            cairo_save(context)
            cairo_translate(context, box.x, box.y)
            cairo_scale(context, box.width / Double(picture.width), box.height / Double(picture.height))
            cairo_set_source_surface(context, image, 0, 0)
            cairo_pattern_set_filter(cairo_get_source(context), CAIRO_FILTER_NEAREST)
            cairo_paint(context)
            cairo_restore(context)
            cairo_set_source_rgb(context, 0, 0, 0)
            cairo_surface_destroy(image)
        }
    }

    private func selectFont(size: Double, bold: Bool) {
        cairo_select_font_face(
            context, Self.font, CAIRO_FONT_SLANT_NORMAL, bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL)
        cairo_set_font_size(context, size)
    }

    private func setSource(_ colour: Colour) {
        cairo_set_source_rgba(context, colour.red, colour.green, colour.blue, colour.alpha)
    }

    private static func check(_ status: cairo_status_t, _ doing: String) throws(PlotError) {
        guard status == CAIRO_STATUS_SUCCESS else {
            throw PlotError(description: "\(doing): Cairo says \(String(cString: cairo_status_to_string(status)))")
        }
    }
}

extension Drawing {
    /// - Parameter scale: pixels per drawing unit; 2 is sharp on most screens.
    func png(scale: Double) throws(PlotError) -> Data {
        let canvas = try CairoCanvas(width: width, height: height, scale: scale)
        for shape in shapes { canvas.draw(shape) }
        return try canvas.png()
    }
}
