internal import Events
internal import Foundation

/// A light curve in characters: bright is up, time goes to the right. Points carry the first letter of their filter,
/// upper limits are `v`, a saturated point (a bound, too) is `^`.
struct LightCurveSketch {
    var columns = 72
    var rows = 14
    let points: [PhotometryMeasured]
    /// Moments to be marked under the time axis: a letter and MJD UTC.
    let marks: [(letter: Character, mjd: Double)]
    /// Bits of points that are bounds because the detector was saturated.
    let saturated: UInt32

    var lines: [String] {
        let levels = points.compactMap { $0.magnitude ?? $0.limitMagnitude }
        let times = points.map(\.midpointMJDUTC)
        guard let brightest = levels.min(), let faintest = levels.max(), let first = times.min(), let last = times.max()
        else { return ["no points"] }
        var cells = Array(repeating: Array(repeating: Character(" "), count: columns), count: rows)
        func column(_ mjd: Double) -> Int {
            last > first ? Int(((mjd - first) / (last - first) * Double(columns - 1)).rounded()) : 0
        }
        func row(_ level: Double) -> Int {
            faintest > brightest ? Int(((level - brightest) / (faintest - brightest) * Double(rows - 1)).rounded()) : 0
        }
        for point in points {
            guard let level = point.magnitude ?? point.limitMagnitude else { continue }
            cells[row(level)][column(point.midpointMJDUTC)] = glyph(point)
        }
        let step = (faintest - brightest) / Double(max(rows - 1, 1))
        var lines = cells.enumerated().map { index, line in
            String(format: "%6.2f |", brightest + step * Double(index)) + String(line).trimmingEnd()
        }
        var axis = Array(repeating: Character("-"), count: columns)
        for mark in marks where (first...last).contains(mark.mjd) { axis[column(mark.mjd)] = mark.letter }
        lines.append("       +" + String(axis))
        let end = String(format: "%.0f min", (last - first) * 1440)
        lines.append("        0" + String(repeating: " ", count: max(columns - 1 - end.count, 1)) + end)
        return lines
    }

    private func glyph(_ point: PhotometryMeasured) -> Character {
        if point.magnitude == nil { return "v" }
        return point.flags & saturated != 0 ? "^" : point.filter.first ?? "*"
    }
}

extension String {
    fileprivate func trimmingEnd() -> String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
