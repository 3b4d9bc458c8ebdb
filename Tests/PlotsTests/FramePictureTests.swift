import Foundation
import Testing

@testable import Plots

@Suite("Pictures of frames, and the report")
struct FramePictureTests {
    private func picture(_ drawing: Drawing) -> GreyPicture? {
        for case .picture(let picture, _) in drawing.shapes { return picture }
        return nil
    }

    /// A sky of noise with stars of many brightnesses.
    private func sky(width: Int, height: Int, stars: [(x: Double, y: Double, peak: Double)]) -> [Float] {
        var state: UInt64 = 7
        var pixels = (0..<width * height).map { _ -> Float in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return 200 + Float(state >> 40) / Float(1 << 24) * 20
        }
        for star in stars {
            for y in max(0, Int(star.y) - 15)..<min(height, Int(star.y) + 16) {
                for x in max(0, Int(star.x) - 15)..<min(width, Int(star.x) + 16) {
                    let squared = pow(Double(x) - star.x, 2) + pow(Double(y) - star.y, 2)
                    pixels[y * width + x] += Float(star.peak * exp(-squared / 8))
                }
            }
        }
        return pixels
    }

    @Test("row 0 is at the bottom, and a mark lies on its star")
    func orientation() throws {
        let pixels = sky(width: 100, height: 50, stars: [(20, 10, 5000)])
        var frame = FramePicture(title: "", pixels: pixels, width: 100, height: 50)
        frame.maximumSide = 100
        frame.marks = [.init(x: 20, y: 10, radiusPixels: 8, label: "star", kind: .target)]
        let drawing = try frame.drawing()
        let grey = try #require(picture(drawing))
        let brightest = try #require(grey.values.indices.max { grey.values[$0] < grey.values[$1] })
        #expect(grey.values[39 * 100 + 20] == grey.values[brightest])
        let centres = drawing.shapes.compactMap { shape -> Position? in
            if case .circle(let centre, _, _, _) = shape { centre } else { nil }
        }
        #expect(centres.first == Position(x: 20.5, y: 39.5))
    }

    @Test("large frames are averaged in blocks, partial ones at the edge included")
    func blocks() {
        let blocks = BlockAverage(pixels: [1, 3, 5, 5, 7, .nan], width: 3, height: 2, maximumSide: 2)
        #expect(blocks.side == 2 && blocks.width == 2 && blocks.height == 1)
        #expect(blocks.values == [4, 5])
        #expect(BlockAverage(pixels: [.nan], width: 1, height: 1, maximumSide: 9).values[0].isNaN)
    }

    @Test("black lies in the sky, and a faint star and a core differ from it and from each other")
    func stretch() throws {
        let pixels = sky(width: 200, height: 200, stars: [(50, 50, 60), (150, 150, 30_000)])
        let stretch = Stretch(pixels)
        let grey = stretch.grey(pixels, inverted: false)
        let skyLevel = grey[100 * 200 + 20]
        #expect(stretch.black >= 200 && stretch.black < 215)
        #expect(grey[50 * 200 + 50] > skyLevel)
        #expect(grey[150 * 200 + 150] > grey[50 * 200 + 50])
        #expect(stretch.grey(pixels, inverted: true)[0] == 255 - grey[0])
    }

    @Test(
        "constant, empty of numbers and one-pixel frames are drawn; a wrong size is an error",
        arguments: [
            [Float](repeating: 5, count: 64), [Float](repeating: .nan, count: 64),
            [.infinity] + [Float](repeating: 1, count: 63),
            (0..<64).map { Float($0) * 1e36 },
        ])
    func hard(pixels: [Float]) throws {
        var frame = FramePicture(title: "t", pixels: pixels, width: 8, height: 8)
        frame.marks = [.init(x: .nan, y: 0, radiusPixels: 3, label: "", kind: .rejected)]
        #expect(try frame.png().count > 100)
        frame.width = 9
        #expect(throws: PlotError.self) { try frame.png() }
        #expect(throws: PlotError.self) { try FramePicture(title: "", pixels: [], width: 0, height: 0).png() }
        #expect(try FramePicture(title: "", pixels: [1], width: 1, height: 1).png().count > 100)
    }

    private func report(text: String, rows: Int = 2) -> NightReport {
        let pixels = sky(width: 300, height: 200, stars: [(100, 80, 4000), (220, 140, 9000), (60, 150, 700)])
        let marks: [FramePicture.Mark] = [
            .init(x: 100, y: 80, radiusPixels: 9, label: text, kind: .target),
            .init(x: 220, y: 140, radiusPixels: 9, label: "C1", kind: .comparison),
        ]
        return NightReport(
            title: text, subtitle: text, isComplete: true, summary: [.init(name: text, value: "142")],
            ledger: .init(headings: ["file", text], rows: Array(repeating: [text], count: rows)),
            lightCurves: [
                .init(caption: text, content: .lightCurve(LightCurvePlot(title: text, points: transit()))),
                .init(
                    caption: text,
                    content: .frame(FramePicture(title: text, pixels: pixels, width: 300, height: 200, marks: marks))),
            ],
            alerts: [.init(title: text, explanation: text, kind: text, facts: [.init(name: text, value: text)])],
            rejectedFrames: [.init(file: text, reason: text, text: text)])
    }

    @Test("hostile text stays text everywhere in the report")
    func escaping() throws {
        let html = try report(text: "\"><script>alert('x')</script>&lt;<img src=x onerror=y>\u{0}\u{7F}").html()
        #expect(!html.contains("<script") && !html.contains("<img src=x") && !html.contains("\u{0}"))
        #expect(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;lt;"))
    }

    @Test("the report needs nothing but itself, and is the same every time")
    func selfContained() throws {
        let html = try report(text: "Night of 2025-01-01", rows: 60).html()
        #expect(try html == report(text: "Night of 2025-01-01", rows: 60).html())
        let outside = html.replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")
        #expect(!outside.contains("http:") && !outside.contains("https:") && !outside.contains("url("))
        #expect(html.contains("<details><summary>60 rows</summary>"))
        for name in ["Summary", "Light curves", "Alerts", "Rejected frames", "Ledger"] {
            #expect(html.contains("<h2>\(name)</h2>"))
        }
        try Figures.keep(Data(html.utf8), as: "report.html")
    }

    @Test("a night without alerts, figures or rejections says none")
    func empty() throws {
        var empty = report(text: "t")
        empty.lightCurves = []
        empty.alerts = []
        empty.rejectedFrames = []
        empty.isComplete = false
        let html = try empty.html()
        #expect(html.components(separatedBy: "<p class=\"none\">none</p>").count == 4)
        #expect(html.contains("ledger does not add up"))
    }

    @Test("a star field is drawn, and kept where NIGHTJAR_FIGURES says")
    func gallery() throws {
        var stars: [(x: Double, y: Double, peak: Double)] = []
        for index in 0..<300 {
            stars.append((Double(index * 97 % 1500), Double(index * 61 % 1000), 20_000 / pow(Double(index + 1), 1.2)))
        }
        var frame = FramePicture(
            title: "nova.fits, V, 60 s", pixels: sky(width: 1500, height: 1000, stars: stars), width: 1500, height: 1000
        )
        frame.marks = [
            .init(x: stars[3].x, y: stars[3].y, radiusPixels: 16, label: "nova", kind: .target),
            .init(x: stars[9].x, y: stars[9].y, radiusPixels: 16, label: "C1", kind: .comparison),
        ]
        let png = try frame.png()
        #expect(try png == frame.png())
        try Figures.keep(png, as: "frame.png")
    }
}
