internal import AlertRules
internal import Events
internal import Foundation
internal import Hashing

extension RulePoint {
    init(_ point: PhotometryMeasured) {
        self.init(
            measurementKey: point.frameID, versionRank: point.version, midpointMJDUTC: point.midpointMJDUTC,
            magnitude: point.magnitude, magnitudeError: point.magnitudeError, levelError: point.levelError,
            limitMagnitude: point.limitMagnitude, limitSigma: point.limitSigma, filter: point.filter,
            magnitudeSystem: point.magnitudeSystem,
            instrument: point.instrument, flags: point.flags,
            provisional: point.provisional, transparency: point.frameZeroPoint?.transparency?.value)
    }
}

extension AlertRaised {
    /// One action of a rule as the event the world sees.
    init(_ action: AlertAction, rule: RuleDocument, points: [PhotometryMeasured]) {
        let identity = action.published.identity
        let report = action.published.report
        let type: AlertType =
            switch action.kind {
            case .initial: .initial
            case .update: .update
            case .retraction: .retraction
            }
        let explanation = report.explanation(filter: identity.filter, kind: rule.kind)
        let text =
            type == .retraction
            ? "Retracted: newer versions of the points do not bear it out. It said: \(explanation)" : explanation
        self.init(
            alertID: String(SHA256.hex(of: Data(identity.subject.utf8)).prefix(32)), alertType: type,
            sequence: action.published.sequence, rule: identity.ruleID, ruleRevision: identity.revision,
            target: identity.target, filter: identity.filter, text: text, confirmations: report.confirmingKeys.count,
            historical: action.historical)
        let latest = report.latest
        let point = points.first { $0.frameID == latest.measurementKey }
        measurementID = point?.measurementID
        midpointMJDUTC = latest.midpointMJDUTC
        midpointBJDTDB = point?.midpointBJDTDB
        // A magnitude without its system means nothing.
        magnitudeSystem = point?.magnitudeSystem
        magnitude = point == nil ? nil : latest.magnitude
        magnitudeError = point == nil ? nil : latest.magnitudeError
        levelError = point == nil ? nil : latest.levelError
        baselineMagnitude = report.evidence.baselineMagnitude
        baselineSigma = report.evidence.baselineSigma
    }

    /// The topic for subscribers of one rule: `nightjar.alerts.<rule>.v1`
    static func topic(ofRule rule: String) -> String { "nightjar.alerts.\(rule).v1" }
}
