internal import Detection
internal import DetectionCatalogue
internal import Imaging
internal import PSF
internal import Photometry

/// What is wanted of a frame's star image.
struct StarImageWish {
    /// A model that was made before; nil makes it from the frame's own stars.
    var given: GivenStarImage?
    /// Whether the frame without its stars is wanted.
    var makesResidual = false
}

/// Sources fitted by the frame's star image.
struct StarImageFit {
    /// nil when the frame has no stars to make one from.
    let model: PointSpreadModel?
    /// The frame minus all stars that were fitted, with their photon noise in its variance.
    private(set) var residual: CalibratedFrame?
    /// chi^2 per degree of freedom of each row.
    let chiSquared: [Double]
    private(set) var flags: FrameFlags = []
    /// What the user should know.
    private(set) var notes: [String] = []

    /// Fits, and fills the rows' fluxes by the star image; without a model they stay unknown, flagged `psfFailed`.
    ///
    /// - Throws: `FrameError` when a given model is not that of the frame's stars.
    init(
        _ wish: StarImageWish, _ loaded: LoadedFrame, _ detections: Detections, at positions: [(x: Double, y: Double)]?,
        rows: inout [Measurement], path: String, times: inout StepTimes
    ) throws {
        let parameters = PSFParameters(gainKnown: loaded.isGainKnown)
        model = wish.given?.model ?? times.time("psf model") { PointSpreadModel.fit(detections, parameters) }
        guard let model else {
            flags = FrameFlags(NoPointSpread(detections))
            chiSquared = DetectionCatalogue.add(nil, to: &rows)
            return
        }
        if model.starCount < PointSpreadModel.fewStars { flags.insert(.psfFewStars) }
        let (fit, measured) = times.time("psf photometry") {
            let fit = PSFFrame(detections, model, at: positions, parameters)
            return (fit, fit.measurements)
        }
        chiSquared = DetectionCatalogue.add(measured, to: &rows)
        if let given = wish.given {
            let fault = times.time("psf model") { StarImageAgreement(measured, model, detections, parameters) }
            notes = try given.accepted(fault, path, &rows)
        }
        guard wish.makesResidual else { return }
        residual = times.time("residual") {
            loaded.frame.without(fit.starlight, photonNoise: loaded.isGainKnown)
        }
    }

    /// The model in a few numbers.
    struct Summary: Encodable {
        let starCount: Int
        let fwhmPixels: Double
        let polynomialOrder: Int
        let chiSquaredPerDegree: Double?
        /// Where the model and the residual were written.
        var out: String?
        var residual: String?
    }

    var summary: Summary? {
        model.map { model in
            Summary(
                starCount: model.starCount, fwhmPixels: model.fwhmPixels, polynomialOrder: model.polynomialOrder,
                chiSquaredPerDegree: model.chiSquaredPerDegree.isFinite ? model.chiSquaredPerDegree : nil)
        }
    }
}
