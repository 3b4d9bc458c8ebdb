internal import Events
internal import Foundation
internal import Plots

/// What a light curve can be written as.
enum LightCurveFormat: String, CaseIterable {
    case csv, json, votable, fits, aavso, alcdef, png, svg

    init(_ arguments: Arguments) throws(UsageError) {
        guard let name = arguments.text("format") else {
            self = arguments.has("json") ? .json : .csv
            return
        }
        guard let format = LightCurveFormat(rawValue: name) else {
            let choices = Self.allCases.map(\.rawValue)
            throw UsageError(
                "--format \(name.printable): give one of \(choices.joined(separator: ", "))"
                    + Arguments.suggestion(for: name, among: choices, prefix: ""))
        }
        guard format == .json || !arguments.has("json") else {
            throw UsageError("--json and --format \(name) contradict each other")
        }
        self = format
    }

    /// Not for a terminal.
    var isBinary: Bool { self == .png || self == .fits }

    /// - Throws: `ExportError` naming the field that a format must have and the light curve has not.
    func content(
        of exported: ExportedCurve, _ report: ReportOptions, check: LightCurve?, alerts: [AlertRaised]
    ) throws -> Data {
        let (curve, detrended) = (exported.curve, exported.detrended)
        switch self {
        case .csv: return Data((detrended?.csv ?? curve.csv).utf8)
        case .json:
            return try prettyJSON(
                LightCurveDocument(
                    target: curve.target, points: curve.points, airmassTrends: detrended?.series,
                    detrended: detrended?.points))
        case .votable: return Data(LightCurveTable(exported).votable(exported).utf8)
        case .fits: throw ExportError("--format fits: give --out FILE")
        case .aavso: return Data(try report.aavso(exported, check: check).utf8)
        case .alcdef: return Data(try report.alcdef(exported).utf8)
        case .png: return try plot(curve, detrended, alerts).png()
        case .svg: return Data((try plot(curve, detrended, alerts).svg() + "\n").utf8)
        }
    }

    private func plot(_ curve: LightCurve, _ detrended: DetrendedCurve?, _ alerts: [AlertRaised]) -> LightCurvePlot {
        var plot = LightCurvePlot(detrended?.replaced ?? curve, alerts: alerts)
        if detrended != nil { plot.magnitudeLabel += ", line in airmass taken out" }
        return plot
    }
}

/// Points as `photometry.measured` has them; the other two only with `--detrend`.
private struct LightCurveDocument: Encodable {
    let target: String
    let points: [PhotometryMeasured]
    let airmassTrends: [DetrendedCurve.Series]?
    let detrended: [DetrendedCurve.Point]?
}
