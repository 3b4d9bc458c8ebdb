import Foundation
import Testing

@testable import Plots

/// A transit of 26 mmag with noise of 4 mmag from a fixed generator.
func transit(count: Int = 140) -> [PlotPoint] {
    var state: UInt64 = 42
    func deviate() -> Double {
        (0..<12).reduce(-6.0) { sum, _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return sum + Double(state >> 11) / Double(1 << 53)
        }
    }
    return (0..<count).map { index in
        let time = 2_460_676.30 + Double(index) * 0.00165
        let distance = abs(time - 2_460_676.41) / 0.063
        let depth = distance < 0.85 ? 0.026 : distance < 1 ? 0.026 * (1 - distance) / 0.15 : 0
        return PlotPoint(
            timeDays: time, magnitude: 11.29 + depth + 0.004 * deviate(), magnitudeError: 0.004, filter: "R",
            instrument: "t05", isProvisional: index > 120, isFlagged: index % 40 == 7)
    }
}

@Suite("Light-curve figures")
struct LightCurvePlotTests {
    private func circles(_ drawing: Drawing) -> [(Position, Colour?)] {
        drawing.shapes.compactMap { shape in
            guard case .circle(let centre, _, let fill, _) = shape else { return nil }
            return (centre, fill)
        }
    }

    private func point(_ time: Double, _ magnitude: Double?, limit: Double? = nil, filter: String = "V") -> PlotPoint {
        PlotPoint(
            timeDays: time, magnitude: magnitude, magnitudeError: 0.01, limitMagnitude: limit, filter: filter,
            instrument: "")
    }

    @Test("bright is up and later is right")
    func orientation() throws {
        let plot = LightCurvePlot(title: "t", points: [point(10.0, 12), point(10.5, 9)])
        let drawn = circles(try plot.drawing()).map(\.0).suffix(2)
        let first = try #require(drawn.first)
        let last = try #require(drawn.last)
        #expect(last.x > first.x)
        #expect(last.y < first.y)
    }

    @Test("the same value gives the same PNG and SVG, whatever the order of its points")
    func deterministic() throws {
        let plot = LightCurvePlot(title: "t", points: transit())
        var reversed = plot
        reversed.points.reverse()
        #expect(try plot.png() == reversed.png())
        #expect(try plot.svg() == reversed.svg())
        #expect(try plot.png().starts(with: [0x89, 0x50, 0x4E, 0x47]))
    }

    @Test(
        "no point, one point, equal points and points that are no numbers give a figure",
        arguments: [
            [], [(1.0, 12.0)], [(1.0, 12.0), (1.0, 12.0)], [(.nan, 12.0), (1.0, .nan), (.infinity, -.infinity)],
            [(1e300, 1.0), (1.0, 1e300), (2.0, 12.0)], [(-9e7, -999.0), (9e7, 999.0)],
            [(2_460_676.5, 12.0), (2_460_676.5, 12.0)],
        ])
    func hard(values: [(Double, Double)]) throws {
        let plot = LightCurvePlot(title: "t", points: values.map { point($0.0, $0.1) })
        let svg = try plot.svg()
        #expect(!svg.contains("nan") && !svg.contains("inf"))
        #expect(XMLText.isWellFormed(svg))
        #expect(try plot.png().count > 1000)
        if values.isEmpty { #expect(svg.contains("no points")) }
    }

    @Test("a limit is an arrow towards fainter, a provisional point lighter, a flagged one hollow")
    func kinds() throws {
        var points = [point(1, 12), point(1.1, nil, limit: 13), point(1.2, 12), point(1.3, 12)]
        points[2].isProvisional = true
        points[3].isFlagged = true
        let drawing = try LightCurvePlot(title: "t", points: points).drawing()
        let fills = circles(drawing).suffix(3).map(\.1)
        #expect(fills[fills.startIndex] == Colour(0x15803D))
        #expect(fills[fills.startIndex + 1] == Colour(0x15803D).lighter(0.6))
        #expect(fills[fills.startIndex + 2] == .white)
        let arrow = drawing.shapes.compactMap { shape -> [Position]? in
            guard case .path(let positions, false, _, let stroke) = shape, stroke?.width == 1.4, positions.count == 3
            else { return nil }
            return positions
        }
        let head = try #require(arrow.last)
        #expect(head[1].y > head[0].y, "downwards is fainter")
    }

    @Test("ticks are round, inside the axis, and enough of them", arguments: [1e-6, 0.03, 0.7, 5, 123, 4.4e6])
    func ticks(span: Double) {
        let axis = Axis(values: [11.3, 11.3 + span], minimumSpan: 1e-9, padding: 0.05, ticks: 6)
        #expect((3...9).contains(axis.majorTicks.count))
        #expect(axis.majorTicks.allSatisfy(axis.contains))
        #expect(Set(axis.majorTicks.map(axis.label)).count == axis.majorTicks.count)
        #expect(axis.minorTicks.count > axis.majorTicks.count)
    }

    @Test("titles, labels and filters are text, never markup")
    func escaping() throws {
        var plot = LightCurvePlot(title: "<script>alert(1)</script>", points: [point(1, 12, filter: "<&\"'\u{0}>")])
        plot.marks = [.init(timeDays: 1, label: "]]><b>", kind: .alert)]
        let svg = try plot.svg()
        #expect(!svg.contains("<script") && !svg.contains("<b>"))
        #expect(XMLText.isWellFormed(svg))
    }

    @Test("binned means are weighted by the errors")
    func bins() throws {
        var points = [point(1, 10), point(1.001, 13)]
        points[1].magnitudeError = 0.02
        let bin = try #require(PlotPoint.binned(points, minutes: 10).first)
        #expect(abs((bin.magnitude ?? 0) - 10.6) < 1e-12)
        #expect(abs((bin.magnitudeError ?? 0) - 1 / (12500.0).squareRoot()) < 1e-12)
        #expect(PlotPoint.binned([point(1, 10)], minutes: 10).isEmpty)
    }

    @Test("an impossible size is an error that names it")
    func size() {
        var plot = LightCurvePlot(title: "t", points: [])
        plot.width = 1e9
        #expect(throws: PlotError.self) { try plot.png() }
    }

    @Test("numbers in SVG have at most two decimals")
    func numbers() {
        #expect(
            [0, 1, -1.5, 2.004, -0.001, 3.456, 12.05].map(SVG.number) == ["0", "1", "-1.5", "2", "0", "3.46", "12.05"])
        #expect(SVG.number(.nan) == "0")
    }

    @Test("a full figure is drawn, and kept where NIGHTJAR_FIGURES says")
    func gallery() throws {
        var plot = LightCurvePlot(title: "HAT-P-32 b", subtitle: "simulated transit, R, 2025-01-01", points: transit())
        plot.binMinutes = 12
        plot.spans = [.init(startDays: 2_460_676.347, endDays: 2_460_676.473, label: "predicted transit")]
        plot.marks = [.init(timeDays: 2_460_676.41, label: "mid-transit", kind: .prediction)]
        plot.timeAxis = .hours(origin: 2_460_676.41, label: "hours from predicted mid-transit")
        let nova = (0..<90).map { index -> PlotPoint in
            let erupted = index >= 40
            let magnitude = erupted ? 8.2 + 0.02 * Double(index - 40) : nil
            return PlotPoint(
                timeDays: 2_460_676.2 + Double(index) * 0.08, magnitude: magnitude, magnitudeError: 0.02,
                limitMagnitude: erupted ? nil : 14.5 + 0.1 * Double(index % 5), filter: index % 3 == 0 ? "B" : "V",
                instrument: index % 2 == 0 ? "dome-east" : "dome-west", isProvisional: index > 80)
        }
        var second = LightCurvePlot(title: "Nova", points: nova)
        second.marks = [.init(timeDays: 2_460_676.2 + 41 * 0.08, label: "alert: brighter than 9.5", kind: .alert)]
        for (name, figure) in [("transit", plot), ("nova", second)] {
            let png = try figure.png()
            #expect(png.count > 10_000)
            try Figures.keep(png, as: "\(name).png")
            try Figures.keep(Data(try figure.svg().utf8), as: "\(name).svg")
        }
    }
}

enum Figures {
    /// Writes a figure for people to look at, where the environment asks for it.
    static func keep(_ bytes: Data, as name: String) throws {
        guard let folder = ProcessInfo.processInfo.environment["NIGHTJAR_FIGURES"] else { return }
        try bytes.write(to: URL(filePath: folder).appending(path: name))
    }
}

/// Checks that tags nest and that nothing looks like markup which is not.
enum XMLText {
    static func isWellFormed(_ text: String) -> Bool {
        var open: [Substring] = []
        var rest = text[...]
        while let start = rest.firstIndex(of: "<") {
            guard let end = rest[start...].firstIndex(of: ">") else { return false }
            let tag = rest[rest.index(after: start)..<end]
            let name = tag.drop { $0 == "/" }.prefix { $0 != " " && $0 != "/" }
            if tag.first == "/" {
                guard open.popLast() == name else { return false }
            } else if tag.last != "/" {
                open.append(name)
            }
            guard !tag.dropFirst().contains("<"), name.allSatisfy(\.isLetter) else { return false }
            rest = rest[rest.index(after: end)...]
        }
        return open.isEmpty
    }
}
