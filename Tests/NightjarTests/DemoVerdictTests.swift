import Events
import Foundation
import Testing

@testable import nightjar

@Suite struct DemoVerdictTests {
    private let eruption = 61_119.93

    private func alert(
        _ type: AlertType, rule: String = DemoDocuments.novaRule, target: String = DemoDocuments.nova, at mjd: Double?,
        id: String = "one"
    ) -> AlertRaised {
        var alert = AlertRaised(
            alertID: id, alertType: type, sequence: 0, rule: rule, ruleRevision: 1, target: target, filter: "g",
            text: "g 13 mag", confirmations: 2, historical: true)
        alert.midpointMJDUTC = mjd
        return alert
    }

    private func ledger(pending: Int = 0, rejected: Int = 0) throws -> Ledger {
        let json = """
            {"files": 10, "duplicates": 0, "received": 10, "measured": \(10 - pending - rejected), "calibration": 0,
            "rejected": \(rejected), "deadLettered": 0, "pending": \(pending), "frames": []}
            """
        return try JSONDecoder().decode(Ledger.self, from: Data(json.utf8))
    }

    private func passes(_ alerts: [AlertRaised], eruptionMJD: Double?) throws -> Bool {
        DemoVerdict(ledger: try ledger(), files: 10, alerts: alerts, eruptionMJD: eruptionMJD).passed
    }

    @Test("a nova alerted after its eruption by its rule passes, and nothing less does")
    func nova() throws {
        let good = alert(.initial, at: eruption + 0.001)
        #expect(try passes([good, alert(.update, at: eruption + 0.002)], eruptionMJD: eruption))
        #expect(try !passes([], eruptionMJD: eruption))
        #expect(try !passes([alert(.initial, at: eruption - 0.001)], eruptionMJD: eruption))
        #expect(try !passes([alert(.initial, at: nil)], eruptionMJD: eruption))
        let leap = alert(.initial, rule: "demo-anything-leaps", at: eruption + 0.001)
        #expect(try !passes([leap], eruptionMJD: eruption))
        #expect(try !passes([good, alert(.retraction, at: eruption + 0.001)], eruptionMJD: eruption))
        #expect(try !passes([good, alert(.initial, at: eruption - 0.01, id: "early")], eruptionMJD: eruption))
        let other = alert(.initial, target: DemoDocuments.variable, at: eruption + 0.001, id: "variable")
        #expect(try !passes([good, other], eruptionMJD: eruption))
    }

    @Test("an alert that was taken back and raised again under another name still stands")
    func again() throws {
        let alerts = [
            alert(.initial, at: eruption + 0.002, id: "late"), alert(.retraction, at: eruption + 0.002, id: "late"),
            alert(.initial, at: eruption + 0.001, id: "true"),
        ]
        #expect(try passes(alerts, eruptionMJD: eruption))
        #expect(DemoVerdict.standing(alerts).map(\.alertID) == ["true"])
    }

    @Test("a quiet night passes only without any alert, taken back or not")
    func quiet() throws {
        #expect(try passes([], eruptionMJD: nil))
        #expect(try !passes([alert(.initial, at: eruption), alert(.retraction, at: eruption)], eruptionMJD: nil))
    }

    @Test("a ledger that does not add up, misses files or has lost good frames never passes")
    func ledgers() throws {
        let alerts = [alert(.initial, at: eruption + 0.001)]
        for (ledger, files) in [(try ledger(pending: 1), 10), (try ledger(rejected: 1), 10), (try ledger(), 11)] {
            let verdict = DemoVerdict(ledger: ledger, files: files, alerts: alerts, eruptionMJD: eruption)
            #expect(verdict.problems.count == 1)
        }
    }
}

@Suite struct LightCurveSketchTests {
    private func point(
        _ minutes: Double, magnitude: Double?, limit: Double? = nil, flags: UInt32 = 0
    ) -> PhotometryMeasured {
        var point = PhotometryMeasured(
            measurementID: "m", target: "t", frameID: "f", version: 1, provisional: false, filter: "g",
            magnitudeSystem: "AB", midpointMJDUTC: 60_000 + minutes / 1440, flags: flags, instrument: "i", field: "f",
            source: "nightjar")
        point.magnitude = magnitude
        point.limitMagnitude = limit
        return point
    }

    @Test("bright is up, time goes to the right, limits and saturated points have their own signs")
    func places() {
        let points = [point(0, magnitude: nil, limit: 20), point(5, magnitude: 15), point(10, magnitude: 10, flags: 1)]
        var sketch = LightCurveSketch(points: points, marks: [(letter: "E", mjd: 60_000 + 5.0 / 1440)], saturated: 1)
        sketch.columns = 11
        sketch.rows = 3
        #expect(
            sketch.lines == [
                " 10.00 |          ^", " 15.00 |     g", " 20.00 |v", "       +-----E-----", "        0    10 min",
            ])
    }

    @Test("no points and a single point are drawn, too")
    func few() {
        #expect(LightCurveSketch(points: [], marks: [], saturated: 1).lines == ["no points"])
        let one = LightCurveSketch(points: [point(0, magnitude: 12)], marks: [], saturated: 1).lines
        #expect(one[0] == " 12.00 |g")
    }
}
