import Foundation
import PortableNumbers
import Testing

@testable import Photometry

/// Truth from geometry: closed forms, and Green's theorem on the unit circle as a second, independent way.
@Suite("Shared areas of ellipses and pixels")
struct OverlapTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        let (x, y, a, b, degrees): (Double, Double, Double, Double, Double)
        var testDescription: String { "\(a) x \(b) at \(degrees) deg around (\(x), \(y))" }
        var overlap: EllipseOverlap {
            let angle = degrees * .pi / 180
            return EllipseOverlap(x: x, y: y, a: a, b: b, cosine: cos(angle), sine: sin(angle))
        }
    }

    static let shapes: [Shape] = [
        Shape(x: 20.3, y: 19.7, a: 5, b: 5, degrees: 0), Shape(x: 20, y: 20, a: 0.3, b: 0.3, degrees: 0),
        Shape(x: 20.5, y: 20.5, a: 0.2, b: 0.1, degrees: 30), Shape(x: 20.5, y: 19.98, a: 1, b: 1, degrees: 0),
        Shape(x: 20.1, y: 20.9, a: 7, b: 3, degrees: 0), Shape(x: 19.9, y: 20.2, a: 9, b: 2, degrees: 37),
        Shape(x: 20.4, y: 20.4, a: 12, b: 0.2, degrees: -63), Shape(x: 20.1, y: 20.6, a: 15, b: 0.02, degrees: 45),
        Shape(x: 20.2, y: 20.1, a: 0.7, b: 0.6, degrees: 80), Shape(x: 20, y: 20, a: 6, b: 4, degrees: 90),
        Shape(x: 20, y: 20, a: 2.5, b: 2.5, degrees: 0), Shape(x: 21.5, y: 20.5, a: 0.5, b: 0.5, degrees: 0),
        Shape(x: 20, y: 20, a: 8, b: 7.9, degrees: 135), Shape(x: 18.77, y: 22.1, a: 11, b: 4.5, degrees: -10),
    ]

    /// Shared area by walking the mapped square around the unit circle: triangles inside, sectors outside.
    static func green(_ shape: Shape, column: Int, row: Int) -> Double {
        let (c, s) = (cos(shape.degrees * .pi / 180), sin(shape.degrees * .pi / 180))
        let corners = [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)].map { corner -> (Double, Double) in
            let (dx, dy) = (Double(column) + corner.0 - shape.x, Double(row) + corner.1 - shape.y)
            return ((c * dx + s * dy) / shape.a, (c * dy - s * dx) / shape.b)
        }
        func sector(_ p: (Double, Double), _ q: (Double, Double)) -> Double {
            atan2(p.0 * q.1 - p.1 * q.0, p.0 * q.0 + p.1 * q.1) / 2
        }
        var area = 0.0
        for index in 0..<4 {
            let (p, q) = (corners[index], corners[(index + 1) % 4])
            let (dx, dy) = (q.0 - p.0, q.1 - p.1)
            let (square, half) = (dx * dx + dy * dy, p.0 * dx + p.1 * dy)
            let root = half * half - square * (p.0 * p.0 + p.1 * p.1 - 1)
            guard root > 0 else {
                area += sector(p, q)
                continue
            }
            let enter = min(1, max(0, (-half - root.squareRoot()) / square))
            let leave = min(1, max(0, (-half + root.squareRoot()) / square))
            let (first, last) = ((p.0 + enter * dx, p.1 + enter * dy), (p.0 + leave * dx, p.1 + leave * dy))
            if enter > 0 { area += sector(p, first) }
            area += (first.0 * last.1 - first.1 * last.0) / 2
            if leave < 1 { area += sector(last, q) }
        }
        return shape.a * shape.b * area
    }

    @Test("each pixel's area is that of Green's theorem, and all of them make pi a b", arguments: shapes)
    func pixels(_ shape: Shape) {
        let overlap = shape.overlap
        var total = 0.0
        for row in 0..<42 {
            for column in 0..<42 {
                let area = overlap.overlap(column: column, row: row)
                total += area
                #expect(area >= 0 && area <= 1)
                // The oracle subtracts sectors, so that it errs by a few units of the last digit of a b.
                #expect(abs(area - Self.green(shape, column: column, row: row)) < 1e-12)
            }
        }
        #expect(abs(total / (.pi * shape.a * shape.b) - 1) < 1e-12)
    }

    @Test("rim and spans of rows are the same areas", arguments: shapes)
    func rows(_ shape: Shape) {
        let overlap = shape.overlap
        var areas = [Double](repeating: 0, count: 42 * 42)
        overlap.forEachPart(
            width: 42, height: 42, rim: { areas[$1 * 42 + $0] += $2 },
            span: { columns, row in for column in columns { areas[row * 42 + column] += 1 } })
        for row in 0..<42 {
            for column in 0..<42 {
                #expect(abs(areas[row * 42 + column] - overlap.overlap(column: column, row: row)) < 2e-13)
            }
        }
    }

    @Test("columns add up to the closed form of a strip", arguments: shapes)
    func strips(_ shape: Shape) {
        let overlap = shape.overlap
        // Area of the unit circle left of t.
        func left(_ t: Double) -> Double {
            let t = min(1, max(-1, t))
            return t * (1 - t * t).squareRoot() + asin(t)
        }
        for column in 0..<42 {
            let (low, high) = (Double(column) - 0.5 - shape.x, Double(column) + 0.5 - shape.x)
            let strip = shape.a * shape.b * (left(high / overlap.halfWidth) - left(low / overlap.halfWidth))
            let sum = (0..<42).reduce(0) { $0 + overlap.overlap(column: column, row: $1) }
            #expect(abs(sum - strip) < 1e-12 * max(1, shape.a * shape.b))
        }
    }

    @Test("a thousand random ellipses, cut by the frame too, agree with Green's theorem")
    func random() {
        var random = SplitMix64(seed: 7)
        var worst = 0.0
        for _ in 0..<1000 {
            let a = 0.1 + 12 * random.uniform()
            let shape = Shape(
                x: -4 + 38 * random.uniform(), y: -4 + 38 * random.uniform(), a: a,
                b: a * max(0.01, random.uniform()), degrees: 360 * random.uniform())
            shape.overlap.forEachPart(
                width: 30, height: 30,
                rim: { worst = max(worst, abs($2 - Self.green(shape, column: $0, row: $1))) },
                span: { columns, row in
                    for column in columns { worst = max(worst, 1 - Self.green(shape, column: column, row: row)) }
                })
        }
        #expect(worst < 1e-12)
    }

    @Test("large circles keep their accuracy")
    func large() {
        for radius in [100.0, 999.5, 3000] {
            let circle = EllipseOverlap(x: 3100.3, y: 3100.7, radius: radius)
            var area = 0.0
            circle.forEachPart(
                width: 6300, height: 6300, rim: { area += $2 }, span: { columns, _ in area += Double(columns.count) })
            #expect(abs(area / (.pi * radius * radius) - 1) < 1e-12)
        }
    }

    @Test("segments of a circle are those of the closed form, from slivers to half a circle")
    func segments() {
        for angle in stride(from: 1e-4, through: Double.pi / 2, by: 0.01) {
            let expected =
                angle < 0.02
                ? 2 * pow(angle, 3) / 3 * (1 - angle * angle / 5 + 2 * pow(angle, 4) / 105)
                : angle - sin(angle) * cos(angle)
            let area = circularSegment(squaredSine: pow(sin(angle), 2))
            #expect(abs(area / expected - 1) < (angle < 0.05 ? 1e-10 : 1e-12))
        }
        #expect(circularSegment(squaredSine: 0) == 0)
        #expect(abs(circularSegment(squaredSine: 1) - .pi / 2) < 1e-15)
    }

    @Test("shapes without area, outside the frame or beyond all limits share nothing and do not trap")
    func degenerate() {
        for (x, y, radius) in [
            (5.0, 5.0, 0.0), (-20, 5, 3), (5, 400, 3), (1e300, 5, 3), (.nan, 5, 3), (5, -.infinity, 3),
        ] {
            var area = 0.0
            EllipseOverlap(x: x, y: y, radius: radius).forEachPart(
                width: 10, height: 10, rim: { area += $2 }, span: { columns, _ in area += Double(columns.count) })
            #expect(area == 0)
        }
        var area = 0.0
        EllipseOverlap(x: 5, y: 5, radius: 1e5).forEachPart(
            width: 10, height: 10, rim: { area += $2 }, span: { columns, _ in area += Double(columns.count) })
        #expect(area == 100)
    }
}
