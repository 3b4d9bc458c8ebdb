internal import Calibration
internal import Events
internal import FITS
internal import Foundation
internal import FrameStore
internal import Hashing
internal import Imaging
internal import Pipeline

/// A master as it lies in the store: its event, and its facts for choosing among masters.
struct MasterCard: Codable, Equatable {
    let built: MasterBuilt
    let facts: MasterFacts
}

/// Masters of the store. Built once: a master's id is a digest of what goes into it, so what is there need not be made
/// again.
struct MasterShelf {
    let store: FrameStore
    let nights: NightShelf
    var builder: (DetectorFacts) -> MasterBuilder = { MasterBuilder(detector: $0) }

    /// What a visit to the shelf brought: the masters that stand for all calibration frames known now, in a fixed
    /// order; and what was new.
    struct Visit {
        var current: [MasterCard] = []
        var built: [MasterBuilt] = []
        var refused: [FrameRejected] = []
    }

    /// Builds what is missing. Bias first, then darks, then flats: each uses the best of the kinds before it. Master
    /// fringes are finished when they come.
    func visit(instrument: String) throws -> Visit {
        var visit = Visit()
        let frames = try nights.nights(of: instrument).flatMap {
            try nights.frames(of: instrument, night: $0, calibration: true)
        }
        let byID = Dictionary(frames.map { ($0.frameID, $0) }, uniquingKeysWith: { first, _ in first })
        let raw = frames.filter { !$0.isFinishedMaster }
        // What another program has combined already is a master of its own, never one frame among raw ones.
        let finished = try frames.filter(\.isFinishedMaster).flatMap {
            MasterGroup.groups(of: [try CalibrationFrameFacts($0)])
        }
        let groups = MasterGroup.groups(of: try raw.map { try CalibrationFrameFacts($0) }) + finished
        for kind in [Calibration.FrameKind.bias, .dark, .flat, .fringe] {
            for group in groups where group.kind == kind { try add(group, frames: byID, to: &visit) }
        }
        return visit
    }

    private func add(_ group: MasterGroup, frames: [String: FrameReceived], to visit: inout Visit) throws {
        let members = group.frames.compactMap { frames[$0.id] }
        let parents = parents(of: group, among: visit.current.map(\.facts))
        let id = try Self.identity(of: group, members: members, parents: parents)
        let name = StoreNames.master(id: id, instrument: group.mode.instrument)
        if let outcome = try known(name) {
            if let card = outcome.card {
                visit.current.append(card)
                visit.built.append(card.built)
            }
            visit.refused += outcome.refused
            return
        }
        let outcome = try buildOfReadable(group, members: members, id: id, name: name, parents: parents)
        try store.write(name + ".json", data: EventCodec.json(outcome), durable: true)
        if let card = outcome.card {
            visit.current.append(card)
            visit.built.append(card.built)
        }
        visit.refused += outcome.refused
    }

    /// What came of building this master before; nil when it was not built, or when its image has been lost since.
    private func known(_ name: String) throws -> Outcome? {
        guard try store.contains(name + ".json") else { return nil }
        let outcome = try JSONDecoder().decode(Outcome.self, from: store.read(name + ".json"))
        if outcome.card != nil, try !store.contains(name) { return nil }
        return outcome
    }

    /// What came of building one master: kept, so that frames refused once are refused the same way after a restart.
    private struct Outcome: Codable {
        var card: MasterCard?
        var refused: [FrameRejected]
    }

    /// The masters that go into another: what is subtracted from its frames, and what they are compared with.
    private struct Parents {
        var bias: MasterFacts?
        var dark: MasterFacts?
        var previous: MasterFacts?
    }

    private func parents(of group: MasterGroup, among masters: [MasterFacts]) -> Parents {
        guard group.kind != .fringe else { return Parents() }
        var parents = Parents(previous: MasterSelection.previous(to: group, among: masters))
        guard group.kind != .bias else { return parents }
        let first = group.frames[0]
        parents.bias = MasterSelection.best(.bias, for: first, among: masters).choice?.master
        guard group.kind == .flat else { return parents }
        parents.dark =
            MasterSelection.best(.dark, for: first, among: masters, hasBias: parents.bias != nil).choice?.master
        return parents
    }

    /// The master before counts by its frames, not by its id: otherwise a frame that comes late into an old night
    /// would make all masters since anew.
    private static func identity(
        of group: MasterGroup, members: [FrameReceived], parents: Parents
    ) throws -> String {
        let previous = parents.previous.map { ($0.inputIDs + [$0.biasID ?? "-", $0.darkID ?? "-"]) } ?? []
        let corrections = try Set(
            members.compactMap(\.instrument.corrections).map { corrections in
                String(decoding: try EventCodec.json(corrections), as: UTF8.self)
            })
        let parts =
            [
                Release.version, group.key, group.frames.map(\.id).joined(separator: ","), parents.bias?.id ?? "-",
                parents.dark?.id ?? "-", previous.joined(separator: ","),
            ] + corrections.sorted()
        return String(SHA256.hex(of: Data(parts.joined(separator: "|").utf8)).prefix(32))
    }

    // MARK: Building

    /// Frames that cannot be read any more are refused; the others make the master.
    private func buildOfReadable(
        _ group: MasterGroup, members: [FrameReceived], id: String, name: String,
        parents: Parents
    ) throws -> Outcome {
        var left = group.frames
        var refused: [FrameRejected] = []
        while !left.isEmpty {
            let readable = MasterGroup(
                kind: group.kind, mode: group.mode, night: group.night, filter: group.filter, frames: left)
            let ids = Set(left.map(\.id))
            do {
                var outcome = try build(
                    readable, members: members.filter { ids.contains($0.frameID) }, id: id, name: name, parents: parents
                )
                outcome.refused += refused
                return outcome
            } catch let error as UnreadableMember {
                left.removeAll { $0.id == error.frameID }
                refused += members.filter { $0.frameID == error.frameID }.map { rejection(of: $0, error.reason) }
            }
        }
        return Outcome(card: nil, refused: refused)
    }

    private func build(
        _ group: MasterGroup, members: [FrameReceived], id: String, name: String,
        parents: Parents
    ) throws -> Outcome {
        if members[0].isFinishedMaster { return try adopt(members[0], group, id: id, name: name) }
        let builder = builder(DetectorFacts(members[0]))
        let rows = RawFrame.rows(of: members, in: store)
        do {
            let bias = try parents.bias.map { try master($0, unit: ADU.self) }
            switch group.kind {
            case .bias:
                let previous = try parents.previous.map { try master($0, unit: ADU.self) }
                return try keep(builder.bias(group, id: id, previous: previous, rows: rows.rows), members, name)
            case .dark:
                let previous = try parents.previous.map { try master($0, unit: ADU.self) }
                return try keep(
                    builder.dark(group, id: id, bias: bias, previous: previous, rows: rows.rows), members, name)
            case .flat:
                let dark = try parents.dark.map { try master($0, unit: ADU.self) }
                let previous = try parents.previous.map { try master($0, unit: Relative.self) }
                return try keep(
                    builder.flat(group, id: id, bias: bias, dark: dark, previous: previous, rows: rows.rows), members,
                    name)
            case .light, .fringe: preconditionFailure("lights make no master")
            }
        } catch let error as CalibrationError {
            guard case .noUsableFrame(_, let refused) = error else { throw error }
            return Outcome(card: nil, refused: rejections(refused, members))
        }
    }

    /// A dark or flat that another program has subtracted and combined is used as it is; a flat is brought to median 1.
    /// A master fringe is checked and otherwise taken bit for bit.
    private func adopt(_ frame: FrameReceived, _ group: MasterGroup, id: String, name: String) throws -> Outcome {
        if group.kind == .fringe {
            return try keep(HandedFringe.master(frame, id: id, in: store), refused: [], [frame], name)
        }
        let image = try RawFrame.member(frame, from: store)
        let facts = MasterFacts(external: try CalibrationFrameFacts(frame), id: id)
        if group.kind == .flat {
            let flat = Image<Relative>(width: image.width, height: image.height, pixels: image.pixels)
            return try keep(Master(external: facts, image: flat).normalisedToMedian(), refused: [], [frame], name)
        }
        return try keep(Master(external: facts, image: image), refused: [], [frame], name)
    }

    private func keep<Unit: PixelUnit>(
        _ build: MasterBuild<Unit>, _ members: [FrameReceived], _ name: String
    ) throws -> Outcome {
        try keep(build.master, refused: build.refused, members, name)
    }

    private func keep<Unit: PixelUnit>(
        _ master: Master<Unit>, refused: [RefusedFrame], _ members: [FrameReceived], _ name: String
    ) throws -> Outcome {
        let facts = master.facts
        let header = facts.cards(
            names: Dictionary(members.map { ($0.frameID, $0.originalName) }, uniquingKeysWith: { first, _ in first }))
        let file = try store.write(name, durable: true) { path in
            try FITSWriter.write(
                image: master.image, error: master.error, mask: master.mask, header: header, to: path)
        }
        var built = MasterBuilt(
            masterID: facts.id, kind: MasterKind(facts.kind), instrument: facts.mode.instrument,
            night: facts.night,
            file: file, exposureSeconds: facts.exposureSeconds, binningX: facts.mode.binningX,
            binningY: facts.mode.binningY,
            width: facts.mode.width, height: facts.mode.height, midpointMJDUTC: facts.midpointMJD,
            inputs: facts.inputIDs,
            parents: [facts.biasID, facts.darkID].compactMap { $0 }, flags: facts.flags.names)
        built.filter = facts.filter
        built.channel = facts.mode.readout.isEmpty ? nil : facts.mode.readout
        built.temperatureCelsius = facts.temperatureCelsius
        built.measuredGainElectronsPerADU = facts.measuredGain
        built.measuredGainError = facts.measuredGainError
        return Outcome(card: MasterCard(built: built, facts: facts), refused: rejections(refused, members))
    }

    private func rejections(_ refused: [RefusedFrame], _ members: [FrameReceived]) -> [FrameRejected] {
        refused.compactMap { refusal in
            members.first { $0.frameID == refusal.id }.map {
                rejection(of: $0, "\($0.originalName): \(refusal.refusal)")
            }
        }
    }

    private func rejection(of frame: FrameReceived, _ reason: String) -> FrameRejected {
        FrameRejected(
            frameID: frame.frameID, originalName: frame.originalName, instrument: frame.instrument.id, raw: frame.raw,
            stage: "calibrator", code: RejectionCode.calibrationUnusable.rawValue, reason: reason)
    }

    // MARK: Reading

    func master<Unit: PixelUnit>(_ facts: MasterFacts, unit: Unit.Type) throws -> Master<Unit> {
        let name = StoreNames.master(id: facts.id, instrument: facts.mode.instrument)
        var file = try store.openFITS("frames:" + name)
        let planes = try file.readMaster(of: unit)
        return Master(facts: facts, image: planes.image, error: planes.error, mask: planes.mask)
    }
}
