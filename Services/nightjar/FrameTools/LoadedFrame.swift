internal import Calibration
internal import CosmicRays
internal import FITS
internal import Imaging
internal import Instruments

/// A frame ready to be measured, from a raw file or from one that `nightjar calibrate` or a night has written.
struct LoadedFrame {
    private(set) var frame: CalibratedFrame
    let width: Int
    let height: Int
    let header: Header
    /// The header of a file with these planes, as `nightjar calibrate` writes it.
    let calibratedHeader: Header
    var facts: FrameFacts
    let isGainKnown: Bool
    /// Of the calibration.
    let flags: [String]
    /// What crossed the frame; nil when nobody asked.
    var artefacts: Artefacts?
    /// Whether the file was calibrated before.
    let wasCalibrated: Bool

    /// - Throws: `FITSError`; `FrameError` when the frame does not fit its masters or its instrument.
    init(
        _ path: String, document: InstrumentDocument, masters: MasterFiles, marksArtefacts: Bool = false,
        threads: Int = 1, times: inout StepTimes
    ) throws {
        var file = try times.time("read") { try FrameFile(path, document) }
        let shape = try times.time("read") { try file.moveToFirstImage() }
        let header = try file.readHeader(of: shape)
        var facts = try FrameFacts(
            header, width: shape.width, height: shape.height, path: path, document: document, usedAs: .light)
        self.header = Self.isCalibrated(header) ? header : facts.corrections.trimmed(header)
        wasCalibrated = Self.isCalibrated(header)
        if wasCalibrated {
            guard masters.used.isEmpty else { throw FrameError(path, "this frame is calibrated already") }
            frame = try times.time("read") { try file.readCalibratedFrame().frame }
            calibratedHeader = header
            flags = (header.text("NJFLAGS") ?? "").split(separator: " ").map(String.init)
            isGainKnown = !flags.contains("gainUnknown")
        } else {
            let pixels = try times.time("read") { try file.readPixels(of: shape, threads: threads) }
            facts.notes += file.notes
            facts.notes += try masters.requireFit(facts.settings, path)
            let light = try masters.calibrate(pixels, facts, path: path, threads: threads, times: &times)
            frame = light.frame
            calibratedHeader = light.cards(
                raw: self.header, masters: masters.used, recipe: calibrationRecipe(facts, document, masters))
            flags = light.flags.names
            isGainKnown = facts.detector.gain != nil
        }
        (width, height) = (frame.signal.width, frame.signal.height)
        self.facts = facts
        try maskUnusable(path)
        if marksArtefacts || !wasCalibrated && facts.corrections.marksArtefacts {
            artefacts = times.time("cosmic rays") { Artefacts.mark(in: &frame) }
        }
    }

    /// Rows and columns that hold no sky are masked; a frame with nothing left is refused.
    private mutating func maskUnusable(_ path: String) throws {
        if let region = facts.exposure.instrument.usableRegion {
            frame.mask.keepOnly(x: region.x0..<region.x1, y: region.y0..<region.y1)
        }
        guard frame.mask.bits.contains(where: { $0 & PixelFlags.noData.rawValue == 0 }) else {
            throw FrameError(path, "no pixel of the frame is a number")
        }
    }

    /// Gives the planes away: who gets them may change them without a copy. Leaves a frame of one pixel.
    mutating func takeFrame() -> CalibratedFrame {
        var taken = CalibratedFrame(
            signal: Image(width: 1, height: 1), variance: Image(width: 1, height: 1), mask: Mask(width: 1, height: 1))
        swap(&taken, &frame)
        return taken
    }

    /// Whether the file is one of ours: signal, variance and mask.
    static func isCalibrated(_ header: Header) -> Bool {
        header.text("EXTNAME") == "SIGNAL" && header.text("BUNIT") == "electron" && header.text("NJRECIPE") != nil
    }
}
