internal import Events
internal import Foundation
internal import Plots
internal import PostgresStore

/// Everything a night leaves behind for people: ledger, light curves with their pictures, alerts, detections, report.
struct NightOutput {
    let record: Record
    let out: URL
    /// The frame store's folder.
    let frames: URL

    func write() throws {
        let ledger = try Ledger(record)
        let alerts = try AlertHistory(record)
        try prettyJSON(ledger).write(to: out.appending(path: "ledger.json"))
        try alerts.jsonLines().write(to: out.appending(path: "alerts.jsonl"))
        let folder = out.appending(path: "lightcurves")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var plots: [(LightCurve, LightCurvePlot)] = []
        for target in try record.targets() {
            let curve = try LightCurve(record, target: target)
            let plot = LightCurvePlot(curve, alerts: alerts.alerts)
            try Data(curve.csv.utf8).write(to: folder.appending(path: Self.baseName(target) + ".csv"))
            try plot.png().write(to: folder.appending(path: Self.baseName(target) + ".png"))
            plots.append((curve, plot))
        }
        try writeDetections()
        var report = NightReport(ledger, curves: plots, alerts: alerts.alerts)
        let zeroPoints = try FrameZeroPoints(record)
        if !zeroPoints.rows.isEmpty {
            try Data(zeroPoints.csv.utf8).write(to: out.appending(path: "zero-points.csv"))
            report.zeroPoints = zeroPoints.section
        }
        try Data(try report.html().utf8).write(to: out.appending(path: "report.html"))
    }

    /// A copy of each frame's current table, under the name of the frame.
    private func writeDetections() throws {
        let folder = out.appending(path: "detections")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let rows = try record.database.execute(
            """
            select distinct on (frame_id) frame_id, measured->'detections'->>'url' as url,
                measured->'frame'->>'originalName' as name
            from archive.frame_version order by frame_id, chosen desc, master_rank desc, recipe desc
            """)
        for row in rows {
            let url = try row.text("url")
            let name = Self.baseName(try row.text("name")) + "-" + (try row.text("frame_id")).prefix(8) + ".fits"
            let source = frames.appending(path: String(url.dropFirst("frames:".count)))
            let place = folder.appending(path: name)
            if FileManager.default.fileExists(atPath: place.path) { try FileManager.default.removeItem(at: place) }
            try FileManager.default.copyItem(at: source, to: place)
        }
    }

    /// A user's file name without its endings, safe as a name of ours.
    static func baseName(_ name: String) -> String {
        let base = name.prefix { $0 != "." }
        let safe = base.map { $0.isLetter || $0.isNumber || "-_+ ".contains($0) ? $0 : "_" }
        return safe.isEmpty ? "frame" : String(safe.prefix(80))
    }
}

extension LightCurvePlot {
    init(_ curve: LightCurve, alerts: [AlertRaised]) {
        let usesBJD = curve.points.allSatisfy { $0.midpointBJDTDB != nil } && !curve.points.isEmpty
        let points = curve.points.map { point in
            PlotPoint(
                timeDays: (usesBJD ? point.midpointBJDTDB : nil) ?? point.midpointMJDUTC, magnitude: point.magnitude,
                magnitudeError: point.magnitudeError, limitMagnitude: point.limitMagnitude, filter: point.filter,
                instrument: point.instrument, isProvisional: point.provisional, isFlagged: false)
        }
        let systems = Set(curve.points.map(\.magnitudeSystem)).sorted().joined(separator: ", ")
        let remarks = ["\(curve.points.count) points", systems] + [curve.levelRemark].compactMap { $0 }
        self.init(title: curve.target, subtitle: remarks.joined(separator: ", "), points: points)
        timeStandard = usesBJD ? "BJD_TDB" : "MJD (UTC)"
        let times = points.map(\.timeDays)
        if let first = times.min(), let last = times.max(), last - first < 2 {
            let origin = first.rounded(.down)
            timeAxis = .hours(origin: origin, label: "hours since \(timeStandard) \(Int(origin))")
        }
        marks = alerts.filter { $0.target == curve.target && $0.alertType == .initial }.compactMap { alert in
            let time = usesBJD ? alert.midpointBJDTDB : alert.midpointMJDUTC
            return time.map { Mark(timeDays: $0, label: alert.rule, kind: .alert) }
        }
    }
}

extension LightCurve {
    /// What the error bars of a figure leave out; nil where nothing.
    fileprivate var levelRemark: String? {
        let errors = points.compactMap { $0.magnitude == nil ? nil : $0.levelError }
        guard let least = errors.min(), let most = errors.max() else { return nil }
        let range = [least, most].map { String(format: "%.3f", $0) }
        return "level of all points +- \(range[0] == range[1] ? range[0] : range.joined(separator: " to ")) mag"
    }
}

extension NightReport {
    init(_ ledger: Ledger, curves: [(LightCurve, LightCurvePlot)], alerts: [AlertRaised]) {
        let counts = [
            ("files", ledger.files), ("duplicates", ledger.duplicates), ("measured", ledger.measured),
            ("calibration", ledger.calibration), ("rejected", ledger.rejected), ("dead-lettered", ledger.deadLettered),
            ("pending", ledger.pending),
        ]
        let nights = Set(ledger.frames.compactMap(\.night)).sorted()
        let instruments = Set(ledger.frames.map(\.instrument)).sorted()
        self.init(
            title: "Night " + (nights.isEmpty ? "without frames" : nights.joined(separator: ", ")),
            subtitle: instruments.joined(separator: ", "), isComplete: ledger.addsUp,
            summary: counts.map { Fact(name: $0.0, value: String($0.1)) }
                + (ledger.calibrationGaps ?? []).map { Fact(name: "calibration", value: $0.text) },
            ledger: Table(
                headings: ["frame", "instrument", "night", "kind", "fate", "calibration"],
                rows: ledger.frames.map {
                    [
                        $0.originalName, $0.instrument, $0.night ?? "", $0.kind ?? "", $0.fate,
                        ($0.calibrationFlags ?? []).joined(separator: " "),
                    ]
                }),
            lightCurves: curves.map { curve, plot in
                Figure(caption: "\(curve.target): \(curve.points.count) points", content: .lightCurve(plot))
            },
            alerts: alerts.map { alert in
                Alert(
                    title: "\(alert.rule): \(alert.target)", explanation: alert.text, kind: alert.alertType.rawValue,
                    facts: [
                        Fact(name: "filter", value: alert.filter),
                        Fact(name: "sequence", value: String(alert.sequence)),
                        Fact(name: "historical", value: alert.historical ? "yes" : "no"),
                    ])
            },
            rejectedFrames: ledger.frames.filter { $0.reason != nil }.map {
                RejectedFrame(file: $0.originalName, reason: $0.reasonCode ?? $0.fate, text: $0.reason ?? "")
            })
    }
}
