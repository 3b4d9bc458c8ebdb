internal import Calibration
internal import Events
internal import FITS
internal import Imaging
internal import Instruments
internal import Pipeline
internal import Sky

/// A finished master fringe that somebody drops beside raw frames: everything that can be wrong with it is found here,
/// so that its file is refused at once and with the reason.
enum FringeInspector {
    /// Cards that say which lights it serves: with others of them the same pixels are another master.
    static let serving = ["IMAGETYP", "FILTER", "XBINNING", "YBINNING", "READOUT", "MJD-AVG"]

    /// - Parameters:
    ///   - image: the first of the file, already read.
    ///   - path: of the copy in the store.
    /// - Throws: `Rejection`; `Unavailable`.
    static func inspect(
        _ image: FITSImage, _ path: String, name: String, document: InstrumentDocument
    ) throws -> (frame: InspectedFrame, night: String) {
        do {
            let (width, height) = (image.shape.width, image.shape.height)
            let facts = try FinishedFringe.facts(image.header, width: width, height: height, instrument: document.id)
            var file = try FITSFile(reading: path)
            let planes = try file.readMaster(of: Relative.self)
            _ = try FinishedFringe.checked(
                Master(facts: facts, image: planes.image, error: planes.error, mask: planes.mask))
            let exposure = try normalise(
                header: header(facts, camera: image.header.text("NJCAMERA")), width: width, height: height,
                instrument: reading(document))
            let doubts = exposure.notes.filter { [.cameraMismatch, .filterMissing].contains($0.code) }
            if let other = doubts.first(where: { $0.code == .cameraMismatch }) {
                throw Rejection(.notAccepted, "\(name): NJCAMERA: \(other.text)")
            }
            var frame = InspectedFrame(exposure)
            frame.exposure.kind = .fringe
            frame.notes = doubts.map(\.description)
            return (frame, exposure.night.date)
        } catch let error as UnusableFringe {
            throw Rejection(.calibrationUnusable, "\(name): not a master fringe that can be used: \(error)")
        } catch let error as HeaderRejection {
            throw Rejection(Inspector.code(of: error.code), "\(name): \(error.text)")
        } catch let error as FITSError {
            if error.isEnvironmental { throw Unavailable("reading \(name) back from the store: \(error)") }
            throw Rejection(
                .calibrationUnusable, "\(name): not a master fringe that can be used: \(Inspector.explain(error))")
        }
    }

    /// The checked cards, as a camera would write them.
    private static func header(_ facts: MasterFacts, camera: String?) -> Header {
        var header = Header(
            facts.cards(names: [:]).cards.filter { !["IMAGETYP", "INSTRUME"].contains($0.keyword) })
        header.append("IMAGETYP", .string("light"))
        if let camera { header.append("INSTRUME", .string(camera)) }
        return header
    }

    /// What the document says that is not about raw files: our own cards have our own names, the filter is called what
    /// the document called it when the master was made, and nothing is left to be corrected or trimmed.
    private static func reading(_ document: InstrumentDocument) -> InstrumentDocument {
        var result = InstrumentDocument(id: document.id, revision: document.revision)
        result.software = []
        result.bayer = .ignore
        result.match = document.match?.camera.map { MatchPatterns(camera: $0) }
        result.defaults.filter = document.defaults.filter
        result.gain = document.gain
        (result.readNoiseElectrons, result.readNoiseADU) = (document.readNoiseElectrons, document.readNoiseADU)
        result.saturationADU = document.saturationADU
        result.site = document.site
        return result
    }
}
