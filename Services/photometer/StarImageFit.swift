internal import Detection
internal import DetectionCatalogue
internal import Events
internal import FrameStore
internal import Imaging
internal import PSF
internal import Photometry

/// A frame's sources fitted by its own star image.
struct StarImageFit {
    let model: PointSpreadModel?
    /// chi^2 per degree of freedom of each row.
    let chiSquared: [Double]
    private let flags: FrameFlags

    /// Fits, and fills `flux_psf` of the rows. A frame without a star image is measured all the same: its rows say
    /// `psfFailed`, and a flag of the frame says why.
    init(_ detections: Detections, gainKnown: Bool, rows: inout [Measurement]) {
        let parameters = PSFParameters(gainKnown: gainKnown)
        model = PointSpreadModel.fit(detections, parameters)
        guard let model else {
            flags = FrameFlags(NoPointSpread(detections))
            chiSquared = DetectionCatalogue.add(nil, to: &rows)
            return
        }
        flags = model.starCount < PointSpreadModel.fewStars ? .psfFewStars : []
        chiSquared = DetectionCatalogue.add(psfPhotometry(detections, model, parameters), to: &rows)
    }

    /// Puts the model into the store and names it in the event.
    func keep(in store: FrameStore, header: Header, event: inout FrameMeasured) throws {
        event.flags += flags.names
        guard let model else { return }
        let name = StoreNames.pointSpread(frameID: event.frame.frameID, recipe: event.recipe)
        let file = try store.write(name) { try PointSpreadFile.write(model, frame: header, to: $0) }
        event.psf = PointSpreadFacts(
            file: file, fwhmPixels: model.fwhmPixels, starCount: model.starCount,
            chiSquaredPerDegree: model.chiSquaredPerDegree.isFinite ? model.chiSquaredPerDegree : nil)
    }
}
