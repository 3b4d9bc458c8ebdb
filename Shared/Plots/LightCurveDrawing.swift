extension LightCurvePlot {
    func drawing() throws(PlotError) -> Drawing {
        let series = PlotSeries.series(of: points)
        var drawing = Drawing(width: width, height: height)
        let legend = try Legend(entries: legendEntries(series), maximumWidth: width - 96)
        let top = 58 + (subtitle.isEmpty ? 0 : 20) + legend.height + (marks.isEmpty ? 0 : 18)
        let frame = LightCurveFrame(
            area: Box(x: 76, y: top, width: width - 100, height: height - top - 58), series: series, plot: self)
        drawing.add(.text(title, Position(x: 76, y: 36), TextStyle(size: 19, bold: true)))
        if !subtitle.isEmpty {
            drawing.add(.text(subtitle, Position(x: 76, y: 57), TextStyle(size: 12.5, colour: .grey)))
        }
        legend.draw(on: &drawing, at: Position(x: 76, y: 54 + (subtitle.isEmpty ? 0 : 20)))
        frame.drawGrid(on: &drawing)
        for span in spans { frame.draw(span, on: &drawing) }
        frame.draw(marks, on: &drawing)
        for one in series { frame.draw(one, dense: dense(series), on: &drawing) }
        if let model { frame.draw(model, on: &drawing) }
        if let binMinutes, series.count == 1 { frame.drawBins(series[0], minutes: binMinutes, on: &drawing) }
        frame.drawAxes(on: &drawing)
        try frame.drawLabels(on: &drawing)
        if series.isEmpty { frame.drawEmpty(on: &drawing) }
        return drawing
    }

    /// Many points are drawn smaller.
    private func dense(_ series: [PlotSeries]) -> Bool {
        series.reduce(0) { $0 + $1.points.count } > 400
    }

    private func legendEntries(_ series: [PlotSeries]) -> [Legend.Entry] {
        var entries = series.map { one in
            Legend.Entry(label: one.label, key: .marker(one.marker, one.colour, provisional: false))
        }
        let all = series.flatMap(\.points)
        if let first = series.first {
            if all.contains(where: \.isProvisional) {
                entries.append(.init(label: "provisional", key: .marker(first.marker, first.colour, provisional: true)))
            }
            if all.contains(where: { $0.magnitude == nil }) {
                entries.append(.init(label: "upper limit", key: .limit(first.colour)))
            }
            if let binMinutes, series.count == 1 {
                entries.append(
                    .init(label: "\(SVG.number(binMinutes)) min mean", key: .marker(.circle, .ink, provisional: false)))
            }
        }
        if let model { entries.append(.init(label: model.label, key: .line(Self.modelStroke))) }
        return entries
    }

    static let modelStroke = Stroke(colour: Colour(0x111827, alpha: 0.85), width: 1.8)
}
