internal import Calibration
internal import FITS
internal import Imaging
internal import Instruments
internal import Sky

/// What header and instrument document say of one file, as far as single steps need it.
///
/// A step on a file asks for less than a night: a frame without a time or an exposure time can be measured all the
/// same. What is missing is said in `notes`.
struct FrameFacts {
    let exposure: ExposureFacts
    /// Nil where the header does not say it [s].
    let exposureSeconds: Double?
    /// Nil where the header does not say it, MJD UTC [d].
    let midpointMJD: Double?
    let detector: Calibration.DetectorFacts
    /// As the header states them, for comparison with other frames.
    let settings: FrameSettings
    var notes: [String]

    /// - Parameter kind: what the frame is used as, whatever its header calls it.
    /// - Throws: `FrameError` when the instrument document does not accept the frame.
    init(
        _ header: Header, width: Int, height: Int, path: String, document: InstrumentDocument,
        usedAs kind: Instruments.FrameKind
    ) throws {
        settings = FrameSettings(header: header, fileName: fileName(path), instrument: document)
        var document = document
        document.kindFromFileName = [KindPattern(pattern: "*", kind: kind)]
        var header = header
        var missing: [HeaderRejection.Code: String] = [:]
        while true {
            do {
                exposure = try normalise(
                    header: header, width: width, height: height, fileName: fileName(path), instrument: document)
                break
            } catch {
                guard missing[error.code] == nil, Self.supply(error.code, &header, &document) else {
                    throw FrameError(path, error.text)
                }
                missing[error.code] = error.text
            }
        }
        let hasExposure = missing[.exposureMissing] == nil && missing[.exposureUnreadable] == nil
        let hasTime = missing[.timeMissing] == nil && missing[.timeUnreadable] == nil
        exposureSeconds = hasExposure ? exposure.exposureSeconds : nil
        midpointMJD = hasTime ? exposure.midpointMJDUTC : nil
        let instrument = exposure.instrument
        // A frame in electrons has been calibrated by others: one electron makes one unit.
        let isElectrons = ["electron", "electrons", "e-"].contains(header.text("BUNIT")?.lowercased())
        var detector = Calibration.DetectorFacts(
            gain: isElectrons ? 1 : instrument.gainElectronsPerADU,
            readNoiseElectrons: instrument.readNoiseElectrons, saturationADU: instrument.saturationADU)
        if exposure.channel == .green, !isElectrons { detector.pixelsAveraged = 2 }
        self.detector = detector
        let important: Set<HeaderNote.Code> = [
            .alreadyCalibrated, .cameraMismatch, .colourFilterArray, .correctionSkipped,
        ]
        notes =
            missing.values.sorted() + exposure.notes.filter { important.contains($0.code) }.map(\.text)
    }

    /// Of a calibration frame or a master.
    ///
    /// - Throws: `FrameError` also for a dark without an exposure time.
    init(
        calibration header: Header, _ shape: FITSImageShape, path: String, document: InstrumentDocument,
        usedAs kind: Calibration.FrameKind
    ) throws {
        try self.init(
            header, width: shape.width, height: shape.height, path: path, document: document,
            usedAs: Instruments.FrameKind(kind))
        if kind == .dark, exposureSeconds == nil {
            throw FrameError(path, notes.first ?? "its exposure time is not known")
        }
    }

    /// Puts something in the place of what is missing, so that the rest of the header can be read.
    private static func supply(
        _ code: HeaderRejection.Code, _ header: inout Header, _ document: inout InstrumentDocument
    ) -> Bool {
        switch code {
        case .timeMissing, .timeUnreadable:
            header.append("NJ-DATE", .string("2000-01-01T00:00:00"))
            document.time = TimeRule()
            document.time.dateKeywords = ["NJ-DATE"]
        case .exposureMissing, .exposureUnreadable:
            header.append("NJ-EXP", .real(0))
            document.keywords = KeywordPreferences(document.keywords.lists.merging([.exposure: ["NJ-EXP"]]) { $1 })
        default: return false
        }
        return true
    }

    /// What is done to raw pixels first.
    var corrections: DetectorCorrections { exposure.instrument.corrections }

    /// - Throws: `FrameError` when a section of the document does not lie in the frame.
    func prepared(
        _ raw: Image<ADU>, kind: Calibration.FrameKind, path: String, threads: Int = 1
    ) throws -> PreparedFrame {
        do {
            return try corrections.prepare(
                raw, kind: kind, saturationADU: detector.saturationADU, threads: threads)
        } catch {
            throw FrameError(path, "\(error)")
        }
    }

    /// How this frame can be combined with others or calibrate them.
    func calibrationFacts(id: String, kind: Calibration.FrameKind) -> CalibrationFrameFacts {
        let size = corrections.preparedSize(width: exposure.width, height: exposure.height)
        let mode = DetectorMode(
            instrument: exposure.instrument.id, width: size.width, height: size.height,
            binningX: exposure.binningX, binningY: exposure.binningY, readout: exposure.channel?.rawValue ?? "")
        var facts = CalibrationFrameFacts(
            id: id, kind: kind, mode: mode, filter: exposure.filter, exposureSeconds: exposureSeconds ?? 0,
            temperatureCelsius: exposure.temperatureCelsius, midpointMJD: midpointMJD ?? 0,
            night: midpointMJD == nil ? "" : exposure.night.date)
        facts.instrumentRevision = exposure.instrument.revision
        return facts
    }
}

/// What is wrong with one file: names it.
struct FrameError: Error, CustomStringConvertible {
    let path: String
    let text: String

    init(_ path: String, _ text: String) {
        self.path = path
        self.text = text
    }

    var description: String { "\(path): \(text)" }
}

/// A path without its folders.
func fileName(_ path: String) -> String {
    String(path.split(separator: "/").last ?? "")
}
