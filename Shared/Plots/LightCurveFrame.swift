internal import Foundation

/// The plotting area of a light curve: turns times and magnitudes into positions.
struct LightCurveFrame {
    let area: Box
    private let plot: LightCurvePlot
    private let time: Axis
    private let magnitude: Axis
    private let originDays: Double
    private let unitsPerDay: Double

    init(area: Box, series: [PlotSeries], plot: LightCurvePlot) {
        self.area = area
        self.plot = plot
        let points = series.flatMap(\.points)
        let times = points.map(\.timeDays)
        switch plot.timeAxis {
        case .days:
            originDays = (times.min() ?? 0).rounded(.down)
            unitsPerDay = 1
        case .hours(let origin, _):
            originDays = origin.isFinite && abs(origin) < 1e8 ? origin : (times.min() ?? 0)
            unitsPerDay = 24
        }
        let origin = originDays
        let units = unitsPerDay
        time = Axis(
            values: times.map { ($0 - origin) * units }, minimumSpan: units * 10 / 1440, padding: 0.03,
            ticks: max(3, Int(area.width / 110)))
        magnitude = Axis(
            values: Self.magnitudes(points), minimumSpan: 0.02, padding: 0.07, ticks: max(3, Int(area.height / 58)))
    }

    /// What the magnitude axis must show: values and limits, and error bars that are not far longer than the scatter.
    private static func magnitudes(_ points: [PlotPoint]) -> [Double] {
        let centres = points.compactMap { $0.magnitude ?? $0.limitMagnitude }
        guard let low = centres.min(), let high = centres.max() else { return [] }
        let reach = max(0.05, high - low)
        return centres
            + points.flatMap { point -> [Double] in
                guard let magnitude = point.magnitude, let error = point.magnitudeError, error < reach else {
                    return []
                }
                return [magnitude - error, magnitude + error]
            }
    }

    private func x(_ timeDays: Double) -> Double {
        area.x + time.fraction((timeDays - originDays) * unitsPerDay) * area.width
    }

    /// Bright is up.
    private func y(_ value: Double) -> Double { area.y + magnitude.fraction(value) * area.height }

    private func isInside(_ timeDays: Double) -> Bool { time.contains((timeDays - originDays) * unitsPerDay) }

    // MARK: Points

    func draw(_ series: PlotSeries, dense: Bool, on drawing: inout Drawing) {
        let radius = dense ? 2.2 : 3.4
        for point in series.points where point.magnitude != nil {
            let shade = series.colour.lighter(point.isProvisional ? 0.6 : 0)
            drawBar(point, Stroke(colour: Self.faded(shade), width: 1), on: &drawing)
        }
        for point in series.points {
            let shade = series.colour.lighter(point.isProvisional ? 0.6 : 0)
            guard let value = point.magnitude else {
                let tip = Position(x: x(point.timeDays), y: y(point.limitMagnitude ?? 0))
                for shape in PlotSeries.limitArrow(at: tip, colour: shade) { drawing.add(shape) }
                continue
            }
            let centre = Position(x: x(point.timeDays), y: y(value))
            let fill = point.isFlagged ? Colour.white : shade
            let stroke = point.isFlagged ? Stroke(colour: shade, width: 1.3) : Stroke(colour: .white, width: 0.6)
            drawing.add(series.marker.shape(at: centre, radius: radius, fill: fill, stroke: stroke))
        }
    }

    func drawBins(_ series: PlotSeries, minutes: Double, on drawing: inout Drawing) {
        for point in PlotPoint.binned(series.points, minutes: minutes) {
            drawBar(point, Stroke(colour: .ink, width: 1.6), on: &drawing)
            let centre = Position(x: x(point.timeDays), y: y(point.magnitude ?? 0))
            drawing.add(.circle(centre, radius: 4.6, fill: .ink, stroke: Stroke(colour: .white, width: 1.2)))
        }
    }

    func draw(_ model: LightCurvePlot.Model, on drawing: inout Drawing) {
        let positions = zip(model.timesDays, model.magnitudes)
            .filter { $0.isFinite && $1.isFinite && isInside($0) && magnitude.contains($1) }
            .map { Position(x: x($0), y: y($1)) }
        drawing.add(.path(positions, closed: false, fill: nil, stroke: LightCurvePlot.modelStroke))
    }

    private func drawBar(_ point: PlotPoint, _ stroke: Stroke, on drawing: inout Drawing) {
        guard let value = point.magnitude, let error = point.magnitudeError, error > 0 else { return }
        let top = max(area.y, y(value - error))
        let bottom = min(area.bottom, y(value + error))
        let centre = x(point.timeDays)
        drawing.add(.line(Position(x: centre, y: top), Position(x: centre, y: bottom), stroke))
    }

    private static func faded(_ colour: Colour) -> Colour {
        var colour = colour
        colour.alpha = 0.45
        return colour
    }

    // MARK: Marks

    func draw(_ span: LightCurvePlot.Span, on drawing: inout Drawing) {
        guard span.startDays.isFinite, span.endDays.isFinite, span.startDays < span.endDays else { return }
        let left = min(max(x(span.startDays), area.x), area.right)
        let right = min(max(x(span.endDays), area.x), area.right)
        guard right > left else { return }
        let box = Box(x: left, y: area.y, width: right - left, height: area.height)
        drawing.add(.box(box, fill: Colour(0xF59E0B, alpha: 0.11), stroke: nil))
        let style = TextStyle(size: 11.5, colour: Colour(0x92600A))
        drawing.add(.text(span.label, Position(x: left + 8, y: area.bottom - 12), style))
    }

    /// Lines over the whole height, labels above the frame; of labels that would overlap only the first is written.
    func draw(_ marks: [LightCurvePlot.Mark], on drawing: inout Drawing) {
        let visible = marks.filter { $0.timeDays.isFinite && isInside($0.timeDays) }
        var free = area.x
        for mark in visible.sorted(by: { ($0.timeDays, $0.label) < ($1.timeDays, $1.label) }) {
            let reach = 3.6 * Double(mark.label.count)
            let centre = min(max(x(mark.timeDays), area.x + reach), area.right - reach)
            draw(mark, labelAt: centre - reach >= free ? centre : nil, on: &drawing)
            if centre - reach >= free { free = centre + reach + 6 }
        }
    }

    private func draw(_ mark: LightCurvePlot.Mark, labelAt centre: Double?, on drawing: inout Drawing) {
        let colour = mark.kind == .alert ? Colour(0xB91C1C) : Colour(0x92600A)
        let place = x(mark.timeDays)
        let dashes = mark.kind == .alert ? [] : [5.0, 4.0]
        let stroke = Stroke(colour: colour, width: 1.3, dashes: dashes)
        drawing.add(.line(Position(x: place, y: area.y), Position(x: place, y: area.bottom), stroke))
        guard let centre else { return }
        let style = TextStyle(size: 11.5, colour: colour, bold: mark.kind == .alert, anchor: .middle)
        drawing.add(.text(mark.label, Position(x: centre, y: area.y - 6), style))
    }

    // MARK: Axes

    func drawGrid(on drawing: inout Drawing) {
        let stroke = Stroke(colour: .grid, width: 1)
        for tick in time.majorTicks {
            let place = area.x + time.fraction(tick) * area.width
            drawing.add(.line(Position(x: place, y: area.y), Position(x: place, y: area.bottom), stroke))
        }
        for tick in magnitude.majorTicks {
            drawing.add(.line(Position(x: area.x, y: y(tick)), Position(x: area.right, y: y(tick)), stroke))
        }
    }

    func drawAxes(on drawing: inout Drawing) {
        let stroke = Stroke(colour: .ink, width: 1.1)
        drawing.add(.box(area, fill: nil, stroke: stroke))
        for (ticks, length) in [(time.minorTicks, 3.5), (time.majorTicks, 7)] {
            for tick in ticks {
                let place = area.x + time.fraction(tick) * area.width
                drawing.add(
                    .line(Position(x: place, y: area.bottom), Position(x: place, y: area.bottom - length), stroke))
                drawing.add(.line(Position(x: place, y: area.y), Position(x: place, y: area.y + length), stroke))
            }
        }
        for (ticks, length) in [(magnitude.minorTicks, 3.5), (magnitude.majorTicks, 7)] {
            for tick in ticks {
                drawing.add(.line(Position(x: area.x, y: y(tick)), Position(x: area.x + length, y: y(tick)), stroke))
                drawing.add(
                    .line(Position(x: area.right, y: y(tick)), Position(x: area.right - length, y: y(tick)), stroke))
            }
        }
    }

    func drawLabels(on drawing: inout Drawing) throws(PlotError) {
        for tick in time.majorTicks {
            let place = area.x + time.fraction(tick) * area.width
            drawing.add(.text(time.label(tick), Position(x: place, y: area.bottom + 19), TextStyle(anchor: .middle)))
        }
        for tick in magnitude.majorTicks {
            drawing.add(
                .text(magnitude.label(tick), Position(x: area.x - 8, y: y(tick) + 4.5), TextStyle(anchor: .end)))
        }
        let below = Position(x: area.x + area.width / 2, y: area.bottom + 44)
        drawing.add(.text(timeLabel, below, TextStyle(size: 14, anchor: .middle)))
        let beside = Position(x: 22, y: area.y + area.height / 2)
        drawing.add(.text(plot.magnitudeLabel, beside, TextStyle(size: 14, anchor: .middle, turned: true)))
    }

    func drawEmpty(on drawing: inout Drawing) {
        let centre = Position(x: area.x + area.width / 2, y: area.y + area.height / 2)
        drawing.add(.text("no points", centre, TextStyle(size: 16, colour: .grey, anchor: .middle)))
    }

    private var timeLabel: String {
        switch plot.timeAxis {
        case .days: "\(plot.timeStandard) \u{2212} \(String(format: "%.0f", originDays)) [d]"
        case .hours(_, let label): label
        }
    }
}
