internal import Events
internal import Foundation
internal import Imaging
internal import Sky
internal import Statistics

/// What a demonstration found, as `--json` prints it.
struct DemoResult: Encodable {
    var seed: Int
    var passed: Bool
    /// What is wrong, in words; empty when it passed.
    var problems: [String]
    /// The truth of the simulation; absent in a night without a nova.
    var eruptionMJDUTC: Double?
    /// Of the nova's first alert: from the eruption to the middle of the alerting exposure [min].
    var alertDelayMinutes: Double?
    var seconds: Double
    var out: String
    var agreement: [Agreement]
    var alerts: [AlertRaised]
    var nova: [PhotometryMeasured]
    var ledger: Ledger

    /// How measured magnitudes compare with the truth of the simulation: unsaturated points of at least ten sigma.
    struct Agreement: Encodable, Equatable {
        var target: String
        var filter: String
        var points: Int
        /// Of measured minus true [mag]: the night's zero point, good to the catalogue errors of the comparison stars.
        var medianDifference: Double
        /// Robust scatter of (measured - true - median difference) / error: 1 where errors are honest.
        var pullWidth: Double
    }

    static func agreement(_ points: [PhotometryMeasured], _ truth: [DemoFrames.Truth]) -> [Agreement] {
        let groups = Dictionary(grouping: points) { $0.filter }
        return groups.keys.sorted().compactMap { filter in
            let pairs = (groups[filter] ?? []).compactMap { point -> (difference: Double, error: Double)? in
                guard let magnitude = point.magnitude, let error = point.magnitudeError, error > 0, error < 0.1,
                    SourceFlags(rawValue: point.flags).isDisjoint(with: .saturated),
                    let known = truth.first(where: {
                        $0.target == point.target && $0.instrument == point.instrument
                            && abs($0.midpointMJDUTC - point.midpointMJDUTC) < 1e-5
                    })
                else { return nil }
                return (magnitude - known.magnitude, error)
            }
            guard let target = points.first?.target, let middle = RobustStatistics.median(pairs.map(\.difference)),
                let pullWidth = RobustStatistics.sigma(pairs.map { ($0.difference - middle) / $0.error }, about: 0)
            else { return nil }
            return Agreement(
                target: target, filter: filter, points: pairs.count, medianDifference: middle, pullWidth: pullWidth)
        }
    }
}

/// The same for people.
struct DemoPages {
    let result: DemoResult

    var text: String {
        let parts: [[String]] = [
            ["Ledger", result.ledger.text.indented],
            [
                "Light curve of \(DemoDocuments.nova)",
                "(g, r: magnitudes; v: upper limits; ^: saturated, at least as bright; E: eruption, A: alert)",
            ] + sketch, table, alertLines, agreementLines, [verdict],
        ]
        return parts.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
    }

    /// First alerts that were not taken back.
    private var firstAlerts: [AlertRaised] {
        let retracted = Set(result.alerts.filter { $0.alertType == .retraction }.map(\.alertID))
        return result.alerts.filter { $0.alertType == .initial && !retracted.contains($0.alertID) }
    }

    private var sketch: [String] {
        var marks = firstAlerts.compactMap { alert in alert.midpointMJDUTC.map { (letter: Character("A"), mjd: $0) } }
        if let eruption = result.eruptionMJDUTC { marks.append((letter: "E", mjd: eruption)) }
        return LightCurveSketch(points: result.nova, marks: marks, saturated: SourceFlags.saturated.rawValue).lines
    }

    /// The points around the eruption, else the first ones.
    private var table: [String] {
        let moment = result.eruptionMJDUTC ?? 0
        let before = result.nova.filter { $0.midpointMJDUTC < moment }.suffix(4)
        let after = result.nova.filter { $0.midpointMJDUTC >= moment }.prefix(8)
        let head = "  time (UTC)           BJD_TDB          filter  instrument  magnitude"
        var rows = before.map(row)
        if let eruption = result.eruptionMJDUTC { rows.append("  \(clock(eruption))  eruption") }
        return [head] + rows + after.map(row)
    }

    private func row(_ point: PhotometryMeasured) -> String {
        let brightness: String
        if let magnitude = point.magnitude {
            let bound = point.flags & SourceFlags.saturated.rawValue != 0 ? "  saturated" : ""
            brightness = String(format: "%.3f +- %.3f", magnitude, point.magnitudeError ?? 0) + bound
        } else if let limit = point.limitMagnitude {
            brightness = String(format: "> %.2f (%.0f sigma)", limit, point.limitSigma ?? 3)
        } else {
            brightness = "not measured"
        }
        let days = point.midpointBJDTDB.map { String(format: "%.6f", $0) } ?? "-"
        return "  \(clock(point.midpointMJDUTC))  \(days.padded(16)) \(point.filter.padded(7)) "
            + "\(point.instrument.padded(11)) \(brightness) \(point.magnitudeSystem)"
    }

    private var alertLines: [String] {
        guard !result.alerts.isEmpty else { return ["Alerts", "  none"] }
        return ["Alerts"]
            + result.alerts.map { alert in
                let time = alert.midpointMJDUTC.map(clock) ?? "-"
                let age = alert.historical ? ", historical: the simulated night is long over" : ""
                return "  \(time)  \(alert.alertType.rawValue) \(alert.sequence)  \(alert.rule)  \(alert.target)\n"
                    + "      \(alert.text)\n      alert \(alert.alertID)\(age)"
            }
    }

    private var agreementLines: [String] {
        ["Against the truth of the simulation"]
            + result.agreement.map { row in
                "  \(row.target.padded(14)) \(row.filter)  \(row.points) points, median difference "
                    + String(format: "%+.4f mag, pull width %.2f", row.medianDifference, row.pullWidth)
            }
    }

    private var verdict: String {
        guard result.passed else {
            return "FAILED (seed \(result.seed))\n" + result.problems.map { "  \($0)" }.joined(separator: "\n")
        }
        let delay = result.alertDelayMinutes.map {
            String(format: "the nova was alerted %.1f min after it erupted", $0)
        }
        return "Passed (seed \(result.seed)): every frame is accounted for, and "
            + (delay ?? "no alert was raised in a night without a nova")
    }

    private func clock(_ mjd: Double) -> String {
        do {
            let text = try UTCInstant(mjd: mjd).iso8601(fractionalDigits: 0)
            return text.replacingOccurrences(of: "T", with: " ").replacingOccurrences(of: "Z", with: "")
        } catch {
            return "MJD \(mjd)"
        }
    }
}

extension String {
    fileprivate func padded(_ width: Int) -> String {
        padding(toLength: max(width, count), withPad: " ", startingAt: 0)
    }

    fileprivate var indented: String { split(separator: "\n").map { "  " + $0 }.joined(separator: "\n") }
}
