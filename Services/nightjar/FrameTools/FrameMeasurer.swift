internal import Calibration
internal import CosmicRays
internal import Detection
internal import DetectionCatalogue
internal import FITS
internal import Foundation
internal import Imaging
internal import Instruments
internal import PSF
internal import Photometry

/// Measures files, one by one, with the same rooms as the photometer.
struct FrameMeasurer {
    let document: InstrumentDocument
    let masters: MasterFiles
    var threshold = 4.0
    /// Whether cosmic rays and trails are looked for and left out.
    var marksArtefacts = false
    /// Whether sources are fitted by the frame's star image as well.
    var fitsStarImage = false
    /// Instead of the instrument's or 1.5 FWHM [px].
    var apertureRadiusPixels: Double?
    /// Forced photometry there, instead of detections.
    var positions: [(x: Double, y: Double)]?
    var recentre = false

    struct Result {
        var table: FITSTable
        var summary: Summary
        var times: StepTimes
    }

    func measure(_ path: String) throws -> Result {
        var times = StepTimes()
        let loaded = try LoadedFrame(
            path, document: document, masters: masters, marksArtefacts: marksArtefacts, times: &times)
        let parameters = DetectionParameters(threshold: threshold, gainKnown: loaded.isGainKnown)
        let detections = times.time("detect") { detect(loaded.frame, parameters) }
        let instrument = loaded.facts.exposure.instrument
        let choice = ApertureChoice(
            radiusPixels: apertureRadiusPixels ?? instrument.apertureRadiusPixels,
            radiusFWHM: instrument.apertureRadiusFWHM, annulusInnerPixels: instrument.annulusInnerPixels,
            annulusOuterPixels: instrument.annulusOuterPixels)
        let radius = choice.radius(seeing: detections.seeing)
        let measuring = choice.parameters(parameters, radius: radius, gainKnown: loaded.isGainKnown)
        var measurement = times.time("measure") { rows(of: detections, measuring) }
        if fitsStarImage { fit(&measurement, detections, loaded.isGainKnown, &times) }
        let noWorld = times.time("measure") {
            DetectionCatalogue.addSkyPositions(to: &measurement.rows, header: loaded.header)
        }
        let table = times.time("write") {
            DetectionCatalogue.table(
                of: measurement.rows, exposureSeconds: loaded.facts.exposureSeconds ?? .nan, header: loaded.header)
        }
        let summary = Summary(path, loaded, measurement, noWorldCoordinates: noWorld)
        return Result(table: table, summary: summary, times: times)
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

    /// Fluxes by the frame's star image; without stars to make it from they stay unknown, flagged `psfFailed`.
    private func fit(
        _ measurement: inout FrameMeasurement, _ detections: Detections, _ isGainKnown: Bool, _ times: inout StepTimes
    ) {
        let parameters = PSFParameters(gainKnown: isGainKnown)
        guard let model = times.time("psf model", { PointSpreadModel.fit(detections, parameters) }) else {
            for index in measurement.rows.indices { measurement.rows[index].flags.insert(.psfFailed) }
            return
        }
        let fitted = times.time("psf photometry") {
            guard let positions else { return psfPhotometry(detections, model, parameters) }
            return forcedPSFPhotometry(detections, model, at: positions, parameters)
        }
        for index in measurement.rows.indices {
            let star = fitted[measurement.rows[index].sourceIndex ?? index]
            measurement.rows[index].fluxPSF = star.flux
            measurement.rows[index].fluxPSFError = star.fluxError
            let own: SourceFlags = [.psfFailed, .psfPoorFit, .psfUncertain]
            measurement.rows[index].flags.formUnion(star.flags.intersection(own))
        }
    }
}

extension FrameMeasurer {
    /// One frame in a few numbers; what is not known is left out.
    struct Summary: Encodable {
        let file: String
        var out: String?
        let width: Int
        let height: Int
        let wasCalibrated: Bool
        let exposureSeconds: Double?
        let gainElectronsPerADU: Double?
        let flags: [String]
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
        let limitingMagnitudeInstrumental: Double?
        /// Why there are no sky positions.
        let noWorldCoordinates: String?
        var steps: [StepTimes.Step] = []

        init(_ path: String, _ loaded: LoadedFrame, _ measurement: FrameMeasurement, noWorldCoordinates: String?) {
            let summary = measurement.summary
            file = path
            width = loaded.frame.signal.width
            height = loaded.frame.signal.height
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
            let seconds = steps.reduce(0) { $0 + $1.wallSeconds }
            return "\(file): \(width) x \(height), \(count), \(seeing), \(sky), \(aperture), "
                + String(format: "%.2f s", seconds) + (out.map { " -> \($0)" } ?? "")
        }
    }
}
