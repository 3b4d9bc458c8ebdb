internal import Calibration
internal import CosmicRays
internal import Events
internal import FITS
internal import Foundation
internal import FrameStore
internal import Imaging
internal import Pipeline

/// Turns raw lights into electrons with variance and mask, and calibration frames into masters.
///
/// Calibration frames are only noted when they come; masters are built when a light needs them, after `quietSeconds`
/// without a new calibration frame, or when the night is closed.
final class CalibrateStage {
    private let store: FrameStore
    private let nights: NightShelf
    private let masters: MasterShelf
    private let planes: PlaneCache
    private let quietSeconds: Double
    private let threads: Int
    private let elapsed: () -> Double
    /// Instruments with calibration frames that are in no master yet, and when the last one came.
    private var waiting: [String: Double] = [:]
    /// Calibration frames that came since the last announcement: masters they are in are said again.
    private var asked: Set<String> = []
    /// Masters as they stood when the store last changed.
    private var visits: [String: (stamp: [String: Double], visit: MasterShelf.Visit)] = [:]
    /// Masters and refused frames this process has spoken of. A new process says all again; the ids are the same.
    private var announced: Set<String> = []
    /// The masters used last, kept decoded.
    private var lastSet: (ids: [String], set: MasterSet)?

    /// - Parameters:
    ///   - cacheBytes: limit of the calibrated planes; 0 for none.
    ///   - threads: results do not depend on it.
    init(
        store: FrameStore, quietSeconds: Double, cacheBytes: Int = 0, threads: Int = 1, elapsed: @escaping () -> Double
    ) {
        self.store = store
        planes = PlaneCache(store: store, limitBytes: cacheBytes)
        nights = NightShelf(store: store)
        var masters = MasterShelf(store: store, nights: nights)
        masters.builder = { detector in
            var builder = MasterBuilder(detector: detector)
            builder.threads = threads
            return builder
        }
        self.masters = masters
        self.quietSeconds = quietSeconds
        self.threads = threads
        self.elapsed = elapsed
    }

    // MARK: Events in, events out

    func received(_ event: Event<FrameReceived>) throws -> [Outgoing] {
        let frame = event.payload
        guard frame.exposure.kind == .light else {
            waiting[frame.instrument.id] = elapsed()
            asked.insert(frame.frameID)
            return []
        }
        let visit = try visit(frame.instrument.id)
        let calibrated = try calibrate(frame, with: visit.current, masterRank: 0)
        return announcements(of: visit, instrument: frame.instrument.id) + [Outgoing(calibrated)]
    }

    /// Builds the masters of instruments whose calibration frames have stopped coming.
    func quiet() throws -> [Outgoing] {
        let now = elapsed()
        let due = waiting.filter { now - $0.value >= quietSeconds }.keys.sorted()
        return try due.flatMap { instrument in announcements(of: try visit(instrument), instrument: instrument) }
    }

    /// Calibrates the night's lights again whose best masters have changed, now that all calibration frames are here.
    func closed(_ event: Event<NightClosed>) throws -> [Outgoing] {
        let night = event.payload
        let visit = try visit(night.instrument)
        var outgoing = announcements(of: visit, instrument: night.instrument, all: true)
        var recipes: [String: String] = [:]
        for frame in try nights.frames(of: night.instrument, night: night.night, calibration: false) {
            let plan = try LightPlan(for: frame, with: visit.current)
            let name = StoreNames.calibrated(frameID: frame.frameID, recipe: plan.recipe)
            do {
                if try !store.contains(name), try !planes.isDone(name) {
                    let calibrated = try readably(frame) {
                        try calibrate(frame, with: visit.current, masterRank: night.revision)
                    }
                    outgoing.append(Outgoing(calibrated))
                }
                recipes[frame.frameID] = plan.recipe
            } catch let rejection as Rejection {
                outgoing.append(Outgoing(reject(frame, rejection)))
            }
        }
        outgoing.append(
            Outgoing(
                NightRecalibrated(
                    instrument: night.instrument, night: night.night, revision: night.revision, recipes: recipes)))
        return outgoing
    }

    /// A frame whose raw file is lost or damaged does not keep the night from being closed.
    private func readably(_ frame: FrameReceived, _ body: () throws -> FrameCalibrated) throws -> FrameCalibrated {
        do {
            return try body()
        } catch let missing as MissingObject where missing.url == frame.raw.url {
            throw Rejection(.unreadable, "\(frame.originalName): \(missing)")
        } catch let error as FITSError where error.file.hasSuffix(StoreNames.raw(sha256: frame.raw.sha256)) {
            throw Rejection(.corrupt, "\(frame.originalName): \(error)")
        }
    }

    // MARK: One light

    private func calibrate(_ frame: FrameReceived, with cards: [MasterCard], masterRank: Int) throws -> FrameCalibrated
    {
        let plan = try LightPlan(for: frame, with: cards)
        let name = StoreNames.calibrated(frameID: frame.frameID, recipe: plan.recipe)
        if let known = try known(name, of: frame) { return known }
        let raw = try RawFrame.read(frame, from: store)
        let set: MasterSet
        do {
            set = try masterSet(plan)
        } catch let missing as MissingObject {
            forgetMasters()
            throw missing
        }
        let corrections = try frame.instrument.detectorCorrections()
        let calibration = calibration(of: frame, by: set, corrections)
        let prepared = try RawFrame.prepared(raw.pixels, frame)
        var light: CalibratedLight
        do {
            light = try calibration.calibrate(prepared, exposureSeconds: frame.exposure.exposureSeconds)
        } catch {
            throw Rejection(.shapeMismatch, "\(frame.originalName): \(error)")
        }
        try maskUnusable(&light.frame, frame)
        if corrections.marksArtefacts, !Artefacts.mark(in: &light.frame).trails.isEmpty { light.flags.insert(.trail) }
        if plan.isOfOtherNight(than: frame.night) { light.flags.insert(.masterOfOtherNight) }
        let header = light.cards(raw: corrections.trimmed(raw.header), masters: plan.used, recipe: plan.recipe)
        let file = try store.write(name) { try FITSWriter.write(frame: light.frame, header: header, to: $0) }
        try planes.added(bytes: file.bytes)
        var calibrated = FrameCalibrated(
            received: frame, recipe: plan.recipe, masterRank: masterRank, calibrated: file, masters: plan.choices,
            flags: light.flags.names)
        (calibrated.exposure.width, calibrated.exposure.height) = (light.frame.signal.width, light.frame.signal.height)
        calibrated.flatGainElectronsPerADU = light.flatGain
        calibrated.frameGainElectronsPerADU = light.frameGain
        calibrated.fringeScaleElectrons = light.fringeScale?.scale
        calibrated.fringeScaleErrorElectrons = light.fringeScale?.error
        try planes.announce(EventCodec.json(calibrated), of: name)
        return calibrated
    }

    private func calibration(
        of frame: FrameReceived, by set: MasterSet, _ corrections: DetectorCorrections
    ) -> LightCalibration {
        var calibration = LightCalibration(masters: set, detector: DetectorFacts(frame))
        calibration.bleedingAlong = corrections.bleedingAlong
        calibration.threads = threads
        return calibration
    }

    /// What was said of this calibration before: a frame that is announced again costs no pixels.
    private func known(_ name: String, of frame: FrameReceived) throws -> FrameCalibrated? {
        guard try store.contains(name), try store.contains(StoreNames.event(of: name)) else { return nil }
        let known = try JSONDecoder().decode(FrameCalibrated.self, from: store.read(StoreNames.event(of: name)))
        var exposure = frame.exposure
        (exposure.width, exposure.height) = (known.exposure.width, known.exposure.height)
        return known.raw == frame.raw && known.instrument == frame.instrument && known.exposure == exposure
            ? known : nil
    }

    /// Rows and columns that hold no sky are masked; a frame with nothing left is refused.
    private func maskUnusable(_ frame: inout CalibratedFrame, _ received: FrameReceived) throws {
        if let region = received.instrument.usableRegion, region.count == 4 {
            frame.mask.keepOnly(x: region[0]..<max(region[0], region[1]), y: region[2]..<max(region[2], region[3]))
        }
        guard frame.mask.bits.contains(where: { $0 & PixelFlags.noData.rawValue == 0 }) else {
            throw Rejection(.noUsablePixels, "\(received.originalName): no pixel of the frame is a number")
        }
    }

    private func masterSet(_ plan: LightPlan) throws -> MasterSet {
        let key = plan.facts.map(\.id) + (plan.pair == nil ? [] : [plan.light.id])
        if let lastSet, lastSet.ids == key { return lastSet.set }
        var set = MasterSet()
        for master in plan.facts {
            switch master.kind {
            case .bias: set.bias = try masters.master(master, unit: ADU.self)
            case .dark where plan.pair == nil: set.dark = try masters.master(master, unit: ADU.self)
            case .flat: set.flat = try masters.master(master, unit: Relative.self)
            case .fringe: set.fringe = FringeMaster(try masters.master(master, unit: Relative.self))
            case .dark, .light: break
            }
        }
        if let pair = plan.pair {
            set.dark = try pair.dark(
                for: plan.light, first: masters.master(pair.first, unit: ADU.self),
                second: masters.master(pair.second, unit: ADU.self))
        }
        lastSet = (key, set)
        return set
    }

    /// A master that is not where it was is built again with the next attempt.
    private func forgetMasters() {
        visits = [:]
        lastSet = nil
    }

    // MARK: Masters

    private func visit(_ instrument: String) throws -> MasterShelf.Visit {
        let stamp = try nights.stamp(of: instrument)
        if let known = visits[instrument], known.stamp == stamp { return known.visit }
        let visit = try masters.visit(instrument: instrument)
        visits[instrument] = (stamp, visit)
        return visit
    }

    /// What is to be said of a visit: what this process has not said yet or is asked for again, or all of it.
    private func announcements(of visit: MasterShelf.Visit, instrument: String, all: Bool = false) -> [Outgoing] {
        waiting[instrument] = nil
        let built = visit.built.filter {
            all || !announced.contains($0.masterID) || !asked.isDisjoint(with: $0.inputs)
        }
        let refused = visit.refused.filter { all || !announced.contains($0.frameID) || asked.contains($0.frameID) }
        asked.subtract(visit.built.flatMap(\.inputs))
        asked.subtract(visit.refused.map(\.frameID))
        announced.formUnion(built.map(\.masterID))
        announced.formUnion(refused.map(\.frameID))
        return built.map { Outgoing($0) } + refused.map { Outgoing($0) }
    }

    private func reject(_ frame: FrameReceived, _ rejection: Rejection) -> FrameRejected {
        FrameRejected(
            frameID: frame.frameID, originalName: frame.originalName, instrument: frame.instrument.id, raw: frame.raw,
            stage: "calibrator", code: rejection.code.rawValue, reason: rejection.reason)
    }
}
