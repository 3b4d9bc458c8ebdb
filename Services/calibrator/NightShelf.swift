internal import Calibration
internal import Events
internal import Foundation
internal import FrameStore
internal import Imaging

/// What the store says a night of an instrument consists of. Holds no state: a calibrator that starts anywhere knows
/// all there is.
struct NightShelf {
    let store: FrameStore

    /// Nights of which the store has frames, in order.
    func nights(of instrument: String) throws -> [String] {
        try store.list(StoreNames.nights(of: instrument)).map { ($0 as NSString).lastPathComponent }
    }

    /// Frames of one night in order of mid-exposure.
    func frames(of instrument: String, night: String, calibration: Bool) throws -> [FrameReceived] {
        let names = try store.list(StoreNames.night(night, instrument: instrument, calibration: calibration))
        let frames = try names.compactMap { try Self.frame(store.read($0)) }
        return frames.sorted { ($0.exposure.midpointMJDUTC, $0.frameID) < ($1.exposure.midpointMJDUTC, $1.frameID) }
    }

    /// Nil for a frame of a kind that only a later version knows, whose ingest works on the same store.
    private static func frame(_ entry: Data) throws -> FrameReceived? {
        struct Entry: Decodable {
            struct Exposure: Decodable { let kind: String }
            let exposure: Exposure
        }
        let kind = try JSONDecoder().decode(Entry.self, from: entry).exposure.kind
        guard Events.FrameKind(rawValue: kind) != nil else { return nil }
        return try JSONDecoder().decode(FrameReceived.self, from: entry)
    }

    /// Changes whenever a calibration frame is added.
    func stamp(of instrument: String) throws -> [String: Double] {
        var stamp: [String: Double] = [:]
        for night in try nights(of: instrument) {
            stamp[night] = try store.lastChange(of: StoreNames.night(night, instrument: instrument, calibration: true))
        }
        return stamp
    }
}

extension CalibrationFrameFacts {
    /// Of the frame as it is calibrated: without its overscan.
    init(_ frame: FrameReceived) throws {
        let exposure = frame.exposure
        let size = try frame.instrument.detectorCorrections().preparedSize(
            width: exposure.width, height: exposure.height)
        let mode = DetectorMode(
            instrument: frame.instrument.id, width: size.width, height: size.height,
            binningX: exposure.binningX, binningY: exposure.binningY, readout: exposure.bayer?.channel ?? "")
        self.init(
            id: frame.frameID, kind: Calibration.FrameKind(exposure.kind), mode: mode, filter: exposure.filter,
            exposureSeconds: exposure.exposureSeconds, temperatureCelsius: exposure.temperatureCelsius,
            midpointMJD: exposure.midpointMJDUTC, night: frame.night)
        instrumentRevision = frame.instrument.revision
    }
}

extension Calibration.FrameKind {
    init(_ kind: Events.FrameKind) {
        switch kind {
        case .bias: self = .bias
        case .dark: self = .dark
        case .flat: self = .flat
        case .light: self = .light
        case .fringe: self = .fringe
        }
    }
}

extension MasterKind {
    init(_ kind: Calibration.FrameKind) { self.init(rawValue: kind.rawValue) }
}

extension DetectorFacts {
    init(_ frame: FrameReceived) {
        let instrument = frame.instrument
        self.init(
            gain: instrument.gainElectronsPerADU, readNoiseElectrons: instrument.readNoiseElectrons,
            saturationADU: instrument.saturationADU)
        if frame.exposure.bayer?.channel == BayerChannel.green.rawValue { pixelsAveraged = 2 }
    }
}

extension FrameReceived {
    /// A dark or flat from which another program has already subtracted bias or dark, or a master fringe.
    var isFinishedMaster: Bool {
        exposure.kind == .fringe || [.dark, .flat].contains(exposure.kind) && !(exposure.appliedSteps ?? []).isEmpty
    }
}

extension MasterFacts {
    /// A master that another program has made.
    init(external frame: CalibrationFrameFacts, id: String) {
        self.init(
            id: id, kind: frame.kind, mode: frame.mode, filter: frame.filter, exposureSeconds: frame.exposureSeconds,
            temperatureCelsius: frame.temperatureCelsius, midpointMJD: frame.midpointMJD, night: frame.night, count: 1,
            inputIDs: [frame.id], frameNoise: 0, flags: [.singleFrame, .externalMaster])
    }
}
