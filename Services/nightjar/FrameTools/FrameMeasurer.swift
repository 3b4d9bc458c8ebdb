internal import Calibration
internal import CosmicRays
internal import Detection
internal import DetectionCatalogue
internal import FITS
internal import Foundation
internal import FrameSolving
internal import Imaging
internal import Instruments
internal import PSF
internal import PhotometricCalibration
internal import Photometry

/// Measures files, one by one, with the same rooms as the photometer.
struct FrameMeasurer {
    var document: InstrumentDocument
    var masters: MasterFiles
    var threshold = 4.0
    /// Whether cosmic rays and trails are looked for and left out.
    var marksArtefacts = false
    /// Whether sources are fitted by the frame's star image as well, and what is wanted of it.
    var starImage: StarImageWish?
    /// Put into each frame to measure how faint it goes; 0 for none.
    var artificialStars = 0
    /// Instead of the instrument's or 1.5 FWHM; those after the first have columns of their own.
    var apertures: [MeasurementParameters.Radius] = []
    /// Forced photometry there, instead of detections.
    var positions: [(x: Double, y: Double)]?
    var recentre = false
    /// The results do not depend on it.
    var threads = 1
    /// Solves each frame and names its stars.
    var sky: MeasuredSky?
    /// Gives the zero point, whatever the catalogue says.
    var sequence: ComparisonSequence?

    struct Result {
        var table: FITSTable
        let background: Background
        var summary: Summary
        var times: StepTimes
        /// The model of the star images, and the frame without its stars, where they were wanted and could be made.
        var starImage: StarImageFit?
        /// Of a file with the frame's planes.
        var header: Header
    }

    /// - Parameter keepsMasters: false when no other frame comes: their planes are then let go before the search.
    mutating func measure(_ path: String, keepsMasters: Bool = true) throws -> Result {
        var times = StepTimes()
        var loaded = try LoadedFrame(
            path, document: document, masters: masters, marksArtefacts: marksArtefacts, threads: threads, times: &times)
        if !keepsMasters { masters.letGo() }
        loaded.facts.notes += try starImage?.given?.requireFitting(loaded, path, document) ?? []
        let parameters = DetectionParameters(threshold: threshold, gainKnown: loaded.isGainKnown, threads: threads)
        // The planes are given away, so that they are changed in place; who wants the residual needs them again.
        let keepsFrame = starImage?.makesResidual == true
        let detections = times.time("detect") {
            detect(keepsFrame ? loaded.frame : loaded.takeFrame(), parameters)
        }
        let measuring = self.parameters(loaded, parameters, seeing: detections.seeing)
        var measurement = times.time("measure") { rows(of: detections, measuring) }
        let fit = try starImage.map { wish in
            try StarImageFit(
                wish, loaded, detections, at: positions, rows: &measurement.rows, path: path, times: &times)
        }
        loaded.facts.notes += fit?.notes ?? []
        let noise = CorrelatedNoise(loaded.header)
        noise.widen(&measurement.rows, gainKnown: loaded.isGainKnown)
        loaded.facts.notes += [noise.note].compactMap { $0 }
        let (place, noWorld) = findPlace(loaded, detections, &measurement.rows, &times)
        let radii = [measurement.summary.apertureRadiusPixels] + measuring.extraRadiiPixels
        var table = times.time("write") {
            DetectionCatalogue.table(
                of: measurement.rows, exposureSeconds: loaded.facts.exposureSeconds ?? .nan,
                header: place?.header ?? loaded.header, radiiPixels: radii.count > 1 ? radii : [],
                psfChiSquared: fit?.chiSquared, threads: threads)
        }
        var summary = Summary(path, loaded, measurement, noWorldCoordinates: noWorld)
        calibrate(&table, &summary, measurement.rows, place, loaded, path)
        if radii.count > 1 { summary.apertureRadiiPixels = radii }
        summary.psf = fit?.summary
        summary.flags += fit?.flags.names ?? []
        summary.completeness = completeness(of: detections, fit?.model, loaded, &times)
        return Result(
            table: table, background: detections.background, summary: summary, times: times, starImage: fit,
            header: loaded.calibratedHeader)
    }

    /// Gives rows their positions, by a catalogue or by the header.
    ///
    /// - Returns: the solution where one was looked for, and why there are no positions.
    private mutating func findPlace(
        _ loaded: LoadedFrame, _ detections: Detections, _ rows: inout [Photometry.Measurement],
        _ times: inout StepTimes
    ) -> (place: MeasuredSky.Place?, noWorld: String?) {
        guard sky != nil, let place = times.time("solve", { sky?.place(loaded, detections) }) else {
            return (nil, times.time("measure") { DetectionCatalogue.addSkyPositions(to: &rows, header: loaded.header) })
        }
        place.fill(&rows)
        return (place, place.result.notSolvedBecause)
    }

    private func completeness(
        of detections: Detections, _ model: PointSpreadModel?, _ loaded: LoadedFrame, _ times: inout StepTimes
    ) -> CompletenessReport? {
        guard artificialStars > 0 else { return nil }
        return times.time("completeness") {
            CompletenessReport(
                detections, model: model, starCount: artificialStars, exposureSeconds: loaded.facts.exposureSeconds)
        }
    }

    private func parameters(
        _ loaded: LoadedFrame, _ detection: DetectionParameters, seeing: Seeing?
    ) -> MeasurementParameters {
        let instrument = loaded.facts.exposure.instrument
        let radii = apertures.map { radius in
            switch radius {
            case .pixels(let pixels): pixels
            case .seeing(let factor): factor * (seeing?.fwhmPixels ?? MeasurementParameters.fallbackFWHMPixels)
            }
        }
        let choice = ApertureChoice(
            radiusPixels: radii.first ?? instrument.apertureRadiusPixels,
            radiusFWHM: instrument.apertureRadiusFWHM, annulusInnerPixels: instrument.annulusInnerPixels,
            annulusOuterPixels: instrument.annulusOuterPixels)
        var parameters = choice.parameters(
            detection, radius: choice.radius(seeing: seeing), gainKnown: loaded.isGainKnown)
        parameters.extraRadiiPixels = Array(radii.dropFirst())
        return parameters
    }

    /// Detections measured, or the given positions; the summary is of the frame in both cases.
    private func rows(of detections: Detections, _ parameters: MeasurementParameters) -> FrameMeasurement {
        guard let positions else { return measure(detections, parameters) }
        var measurement = measure(detections, parameters)
        measurement.rows = forcedPhotometry(detections, at: positions, recentre: recentre, parameters)
        return measurement
    }

    private func measure(_ detections: Detections, _ parameters: MeasurementParameters) -> FrameMeasurement {
        Photometry.measure(detections, parameters)
    }
}

extension FrameMeasurer {
    /// One frame in a few numbers; what is not known is left out.
    struct Summary: Encodable {
        let file: String
        /// TR, TG or TB: of a colour camera.
        let channel: String?
        var out: String?
        let width: Int
        let height: Int
        let wasCalibrated: Bool
        let exposureSeconds: Double?
        let gainElectronsPerADU: Double?
        var flags: [String]
        let notes: [String]
        let rows: Int
        let detections: Int
        let backgroundElectrons: Double?
        let backgroundRMSElectrons: Double?
        let fwhmPixels: Double?
        let ellipticity: Double?
        let seeingStars: Int?
        /// Where they were looked for.
        let cosmicRays: Int?
        let trails: Int?
        let apertureRadiusPixels: Double
        /// Of all apertures, where several were asked for.
        var apertureRadiiPixels: [Double]?
        /// The model of the star images, where one was made.
        var psf: StarImageFit.Summary?
        let limitingMagnitudeInstrumental: Double?
        /// Where artificial stars were asked for.
        var completeness: CompletenessReport?
        /// Why there are no sky positions.
        let noWorldCoordinates: String?
        /// Where the frame was solved.
        var sky: SkySummary?
        /// Where a comparison sequence was given.
        var sequence: SequenceSummary?
        var steps: [StepTimes.Step] = []

        init(_ path: String, _ loaded: LoadedFrame, _ measurement: FrameMeasurement, noWorldCoordinates: String?) {
            let summary = measurement.summary
            file = path
            channel = loaded.facts.exposure.channel?.rawValue
            width = loaded.width
            height = loaded.height
            wasCalibrated = loaded.wasCalibrated
            exposureSeconds = loaded.facts.exposureSeconds
            gainElectronsPerADU = loaded.isGainKnown ? loaded.facts.detector.gain : nil
            flags = loaded.flags
            notes = loaded.facts.notes
            rows = measurement.rows.count
            detections = summary.count
            backgroundElectrons = summary.backgroundElectrons.isFinite ? summary.backgroundElectrons : nil
            backgroundRMSElectrons = summary.skyRMSElectrons.isFinite ? summary.skyRMSElectrons : nil
            fwhmPixels = summary.seeing?.fwhmPixels
            ellipticity = summary.seeing?.ellipticity
            seeingStars = summary.seeing?.starCount
            cosmicRays = loaded.artefacts?.cosmicRayCount
            trails = loaded.artefacts?.trails.count
            apertureRadiusPixels = summary.apertureRadiusPixels
            limitingMagnitudeInstrumental = loaded.facts.exposureSeconds.flatMap {
                summary.limitingMagnitude(exposureSeconds: $0)
            }
            self.noWorldCoordinates = noWorldCoordinates
        }

        /// For people, one line.
        var text: String {
            let unit = gainElectronsPerADU == nil ? "ADU" : "e-"
            let seeing = fwhmPixels.map { String(format: "FWHM %.2f px", $0) } ?? "seeing unknown"
            let sky = backgroundElectrons.map { String(format: "sky %.1f %@/px", $0, unit) } ?? "sky unknown"
            let count = rows == detections ? "\(rows) sources" : "\(rows) positions, \(detections) sources"
            let aperture = String(format: "aperture %.2f px", apertureRadiusPixels)
            let image = psf.map { String(format: "PSF of %d stars, ", $0.starCount) } ?? ""
            let seconds = steps.reduce(0) { $0 + $1.wallSeconds }
            let name = channel.map { "\(file) \($0)" } ?? file
            return "\(name): \(width) x \(height), \(count), \(seeing), \(sky), \(aperture), \(image)"
                + String(format: "%.2f s", seconds) + (out.map { " -> \($0)" } ?? "")
        }
    }
}
