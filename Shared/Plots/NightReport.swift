internal import Documents
internal import Foundation

/// A night as one HTML page that needs nothing else: figures are inside, no scripts, nothing is loaded. All text is
/// escaped; a policy in the page forbids whatever might slip through.
public struct NightReport: Sendable {
    /// One number or word of the summary.
    public struct Fact: Sendable, Equatable {
        public var name: String
        public var value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Rows shorter than the headings are filled up; longer ones keep their cells.
    public struct Table: Sendable, Equatable {
        public var headings: [String]
        public var rows: [[String]]

        public init(headings: [String], rows: [[String]]) {
            self.headings = headings
            self.rows = rows
        }
    }

    public struct Figure: Sendable {
        public enum Content: Sendable {
            case lightCurve(LightCurvePlot)
            case frame(FramePicture)
        }

        public var caption: String
        public var content: Content

        public init(caption: String, content: Content) {
            self.caption = caption
            self.content = content
        }
    }

    public struct Alert: Sendable, Equatable {
        public var title: String
        public var explanation: String
        /// `initial`, `update`, `retraction`.
        public var kind: String
        public var facts: [Fact]

        public init(title: String, explanation: String, kind: String, facts: [Fact]) {
            self.title = title
            self.explanation = explanation
            self.kind = kind
            self.facts = facts
        }
    }

    /// A frame that was not measured, and why.
    public struct RejectedFrame: Sendable, Equatable {
        public var file: String
        public var reason: String
        public var text: String

        public init(file: String, reason: String, text: String) {
            self.file = file
            self.reason = reason
            self.text = text
        }
    }

    public var title: String
    public var subtitle: String
    /// Whether the ledger adds up.
    public var isComplete: Bool
    public var summary: [Fact]
    public var ledger: Table
    public var lightCurves: [Figure]
    public var alerts: [Alert]
    public var rejectedFrames: [RejectedFrame]
    /// Zero points of the frames over the night; without a table the page has no such section.
    public var zeroPoints: (figures: [Figure], table: Table)?

    public init(
        title: String, subtitle: String, isComplete: Bool, summary: [Fact], ledger: Table, lightCurves: [Figure],
        alerts: [Alert], rejectedFrames: [RejectedFrame]
    ) {
        self.title = title
        self.subtitle = subtitle
        self.isComplete = isComplete
        self.summary = summary
        self.ledger = ledger
        self.lightCurves = lightCurves
        self.alerts = alerts
        self.rejectedFrames = rejectedFrames
    }

    public func html() throws(PlotError) -> String {
        let body = [
            header, section("Summary", summaryBody), section("Light curves", try Self.html(lightCurves)),
            section("Alerts", alertsBody), try zeroPointsSection(), section("Rejected frames", rejectedBody),
            section("Ledger", ledgerBody),
        ]
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" \
            content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(XMLText.escaped(title))</title>
            <style>
            \(Self.style)
            </style>
            </head>
            <body>
            \(body.joined(separator: "\n"))
            </body>
            </html>

            """
    }

    // MARK: Sections

    private var header: String {
        let badge =
            isComplete
            ? "<span class=\"badge good\">ledger adds up</span>"
            : "<span class=\"badge bad\">ledger does not add up</span>"
        return "<header><h1>\(XMLText.escaped(title)) \(badge)</h1><p>\(XMLText.escaped(subtitle))</p></header>"
    }

    private func section(_ name: String, _ content: String) -> String {
        "<section><h2>\(name)</h2>\n\(content)\n</section>"
    }

    private var summaryBody: String {
        let tiles = summary.map { fact in
            "<div class=\"tile\"><b>\(XMLText.escaped(fact.value))</b><span>\(XMLText.escaped(fact.name))</span></div>"
        }
        return "<div class=\"tiles\">\(tiles.joined())</div>"
    }

    private func zeroPointsSection() throws(PlotError) -> String {
        guard let zeroPoints else { return "" }
        let figures = zeroPoints.figures.isEmpty ? "" : try Self.html(zeroPoints.figures)
        return section("Zero points", figures + Self.folded(zeroPoints.table))
    }

    private static func html(_ figures: [Figure]) throws(PlotError) -> String {
        guard !figures.isEmpty else { return "<p class=\"none\">none</p>" }
        var parts: [String] = []
        for figure in figures {
            let picture: String
            switch figure.content {
            case .lightCurve(let plot): picture = try plot.svg()
            case .frame(let frame):
                let bytes = try frame.png().base64EncodedString()
                picture = "<img alt=\"\(XMLText.escaped(figure.caption))\" src=\"data:image/png;base64,\(bytes)\">"
            }
            parts.append("<figure>\(picture)<figcaption>\(XMLText.escaped(figure.caption))</figcaption></figure>")
        }
        return parts.joined(separator: "\n")
    }

    private var alertsBody: String {
        guard !alerts.isEmpty else { return "<p class=\"none\">none</p>" }
        return alerts.map { alert in
            let facts = alert.facts.map { "<dt>\(XMLText.escaped($0.name))</dt><dd>\(XMLText.escaped($0.value))</dd>" }
                .joined()
            let kind = "<span class=\"badge alert\">\(XMLText.escaped(alert.kind))</span>"
            return "<article><h3>\(XMLText.escaped(alert.title)) \(kind)</h3>"
                + "<p>\(XMLText.escaped(alert.explanation))</p><dl>\(facts)</dl></article>"
        }.joined(separator: "\n")
    }

    private var rejectedBody: String {
        guard !rejectedFrames.isEmpty else { return "<p class=\"none\">none</p>" }
        return Self.html(
            Table(
                headings: ["file", "reason", "what was wrong"],
                rows: rejectedFrames.map { [$0.file, $0.reason, $0.text] }))
    }

    private var ledgerBody: String { Self.folded(ledger) }

    /// Long tables are folded.
    private static func folded(_ table: Table) -> String {
        let body = html(table)
        return table.rows.count > 30 ? "<details><summary>\(table.rows.count) rows</summary>\(body)</details>" : body
    }

    private static func html(_ table: Table) -> String {
        let head = table.headings.map { "<th>\(XMLText.escaped($0))</th>" }.joined()
        let rows = table.rows.map { row in
            let missing = max(0, table.headings.count - row.count)
            let cells = (row + Array(repeating: "", count: missing)).map { cell in
                "<td\(Double(cell) == nil ? "" : " class=\"number\"")>\(XMLText.escaped(cell))</td>"
            }
            return "<tr>\(cells.joined())</tr>"
        }
        return
            "<div class=\"wide\"><table><thead><tr>\(head)</tr></thead>\n<tbody>"
            + rows.joined(separator: "\n") + "</tbody></table></div>"
    }

    private static let style = """
        body { font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; color: #1b1f24; background: #f5f6f8; margin: 0 auto;
          max-width: 1040px; padding: 24px; }
        h1 { font-size: 26px; margin: 0; } h2 { font-size: 18px; margin: 0 0 12px; } h3 { font-size: 15px; margin: 0; }
        header p, figcaption, .tile span, dt, .none { color: #6b7280; }
        section { background: #fff; border: 1px solid #e3e6ea; border-radius: 10px; padding: 20px; margin: 18px 0; }
        .badge { font-size: 12px; font-weight: 600; border-radius: 99px; padding: 3px 10px; vertical-align: middle; }
        .good { background: #dcfce7; color: #166534; } .bad { background: #fee2e2; color: #991b1b; }
        .alert { background: #ffedd5; color: #9a3412; }
        .tiles { display: flex; flex-wrap: wrap; gap: 12px; }
        .tile { border: 1px solid #e3e6ea; border-radius: 8px; padding: 10px 16px; min-width: 96px; }
        .tile b { display: block; font-size: 20px; font-variant-numeric: tabular-nums; }
        figure { margin: 0 0 20px; } figure svg, figure img { max-width: 100%; height: auto; }
        article { border-left: 3px solid #ea580c; padding-left: 14px; margin-bottom: 16px; }
        article p { margin: 4px 0; }
        dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 14px; margin: 0; } dd { margin: 0; }
        .wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; width: 100%; }
        th, td { text-align: left; padding: 5px 10px; border-bottom: 1px solid #eceef1; overflow-wrap: anywhere; }
        .number { text-align: right; font-variant-numeric: tabular-nums; } summary { cursor: pointer; }
        """
}
