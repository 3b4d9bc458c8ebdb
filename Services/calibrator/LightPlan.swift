internal import Calibration
internal import Events
internal import Foundation
internal import Hashing
internal import Imaging
internal import Pipeline

/// The best masters there are for a light, and the digest of all that goes into its calibration.
struct LightPlan {
    let choices: [Events.MasterChoice]
    let facts: [MasterFacts]
    /// Of which the dark is made, where one is not enough; both are among `facts`.
    let pair: DarkPair?
    let light: CalibrationFrameFacts
    let recipe: String

    /// - Throws: `Rejection` for corrections that this version does not know.
    init(for frame: FrameReceived, with cards: [MasterCard]) throws {
        let light = try CalibrationFrameFacts(frame)
        let facts = cards.map(\.facts)
        let applied = (frame.exposure.appliedSteps ?? []).map { Calibration.FrameKind($0) }
        let bias = MasterSelection.best(.bias, for: light, among: facts)
        let dark = MasterSelection.best(.dark, for: light, among: facts, hasBias: bias.choice != nil)
        let flat = MasterSelection.best(.flat, for: light, among: facts)
        let fringe = MasterSelection.best(.fringe, for: light, among: facts)
        let pair = MasterSelection.darkPair(
            for: light, among: facts, hasBias: bias.choice != nil,
            model: try frame.instrument.detectorCorrections().darkModel)
        var chosen = [bias].compactMap(\.choice).map { ($0.master, $0.reason) }
        if let pair {
            chosen += [(pair.first, pair.reason), (pair.second, pair.reason)]
        } else {
            chosen += [dark].compactMap(\.choice).map { ($0.master, $0.reason) }
        }
        chosen += [flat, fringe].compactMap(\.choice).map { ($0.master, $0.reason) }
        chosen = chosen.filter { !applied.contains($0.0.kind) }
        choices = chosen.map { master, reason in
            Events.MasterChoice(masterID: master.id, kind: MasterKind(master.kind), reason: reason)
        }
        self.facts = chosen.map(\.0)
        self.pair = applied.contains(.dark) ? nil : pair
        self.light = light
        recipe = try Self.recipe(frame.instrument, choices)
    }

    private static func recipe(_ instrument: InstrumentFacts, _ choices: [Events.MasterChoice]) throws -> String {
        let numbers = [instrument.gainElectronsPerADU, instrument.readNoiseElectrons, instrument.saturationADU]
        let corrections = try instrument.corrections.map {
            String(decoding: try EventCodec.json($0), as: UTF8.self)
        }
        let parts =
            [Release.version, instrument.id, String(instrument.revision)]
            + numbers.map { $0.map { String($0) } ?? "-" } + (instrument.usableRegion ?? []).map { String($0) }
            + choices.map(\.masterID) + [corrections ?? "-"]
        let digest = SHA256.hex(of: Data(parts.joined(separator: "|").utf8))
        return String(digest.prefix(16))
    }

    /// As the header of the calibrated light names them.
    var used: [UsedMaster] {
        zip(facts, choices).map { UsedMaster(kind: $0.kind, id: $0.id, reason: $1.reason) }
    }

    /// Whether a master that belongs to its night is of another. Fringes hold for months.
    func isOfOtherNight(than night: String) -> Bool { facts.contains { $0.kind != .fringe && $0.night != night } }
}
