internal import Detection
internal import DetectionCatalogue
internal import Events
internal import FITS
internal import Foundation
internal import FrameStore
internal import Hashing
internal import Imaging
internal import Photometry
internal import Pipeline

/// Measures one calibrated frame: a pure function of that frame and its parameters.
final class MeasureStage {
    private let store: FrameStore
    private let threshold: Double
    /// Where the instrument's document does not say.
    private let fitsStarImage: Bool
    private let threads: Int
    private let artificialStars: ArtificialStars?
    /// nil without a reference catalogue: frames keep what their headers say.
    private let sky: SkySolver?
    /// The frames measured last: forced photometry is asked for soon after.
    private var recent = RecentFrames<(detections: Detections, header: Header)>()

    /// - Parameter threads: results do not depend on it.
    init(
        store: FrameStore, threshold: Double, fitsStarImage: Bool = false, threads: Int = 1,
        artificialStars: ArtificialStars? = nil, sky: SkySolver? = nil
    ) {
        self.store = store
        self.threshold = threshold
        self.fitsStarImage = fitsStarImage
        self.threads = threads
        self.artificialStars = artificialStars
        self.sky = sky
    }

    // MARK: Events in, events out

    /// `frame.calibrated`
    func calibrated(_ event: Event<FrameCalibrated>) throws -> [Outgoing] {
        let frame = event.payload
        let recipe = try recipe(of: frame)
        if let known = try known(frame, recipe: recipe) { return [Outgoing(known)] }
        let parameters = detectionParameters(frame)
        guard let (detections, ownHeader) = try search(frame, parameters) else {
            return [Outgoing(try received(frame))]
        }
        let place = try sky?.place(detections, of: frame, header: ownHeader)
        let header = place?.header ?? ownHeader
        let radius = ApertureChoice(frame.instrument).radius(seeing: detections.seeing)
        var measurement = measure(detections, Self.parameters(frame.instrument, parameters, radius: radius))
        let starImage =
            fitsStarImage(frame)
            ? StarImageFit(detections, gainKnown: parameters.gainKnown, rows: &measurement.rows) : nil
        let noWorld = DetectionCatalogue.addSkyPositions(to: &measurement.rows, header: header)
        let file = try keep(measurement, starImage, of: frame, recipe: recipe, header: header)
        var measured = summary(of: measurement, frame, recipe: recipe, file: file, noWorldCoordinates: noWorld)
        place?.tell(&measured)
        try starImage?.keep(in: store, header: header, event: &measured)
        measured.completeness = artificialStars?.completeness(of: detections, starImage?.model, frame.exposure)
        let name = StoreNames.event(of: StoreNames.detections(frameID: frame.frameID, recipe: recipe))
        try store.write(name, data: EventCodec.json(measured))
        return [Outgoing(measured)]
    }

    /// What was said of this measurement before: a frame that is announced again costs no pixels.
    private func known(_ frame: FrameCalibrated, recipe: String) throws -> FrameMeasured? {
        let name = StoreNames.detections(frameID: frame.frameID, recipe: recipe)
        guard try store.contains(name), try store.contains(StoreNames.event(of: name)) else { return nil }
        let known = try JSONDecoder().decode(FrameMeasured.self, from: store.read(StoreNames.event(of: name)))
        return known.frame == frame ? known : nil
    }

    /// `measurement.requested`
    func requested(_ event: Event<MeasurementRequested>) throws -> [Outgoing] {
        let request = event.payload
        guard request.apertureRadiusPixels > 0, request.apertureRadiusPixels < 1000 else {
            throw MalformedEvent(
                topic: MeasurementRequested.type.topic,
                reason:
                    "apertureRadiusPixels is \(request.apertureRadiusPixels), expected more than 0 and less than 1000")
        }
        let parameters = detectionParameters(request.frame)
        guard let detections = try detections(of: request.frame, parameters) else {
            return [Outgoing(try received(request.frame))]
        }
        let measured = forcedPhotometry(
            detections, at: request.positions.map { ($0.x, $0.y) },
            Self.parameters(request.frame.instrument, parameters, radius: request.apertureRadiusPixels))
        let fluxes = zip(request.positions, measured).map { position, row in
            let known = row.fluxAperture.isFinite && row.fluxApertureError.isFinite
            return ForcedMeasurement(
                star: position.star, x: position.x, y: position.y, fluxElectrons: known ? row.fluxAperture : nil,
                fluxErrorElectrons: known ? row.fluxApertureError : nil,
                backgroundElectrons: row.background.isFinite ? row.background : nil,
                flags: known ? row.flags.rawValue : row.flags.union(.noData).rawValue)
        }
        return [
            Outgoing(
                MeasurementMade(
                    requestID: request.requestID, frameID: request.frame.frameID, field: request.field,
                    calibratedRecipe: request.frame.recipe, measurements: fluxes))
        ]
    }

    // MARK: Parameters

    private func fitsStarImage(_ frame: FrameCalibrated) -> Bool { frame.instrument.psfPhotometry ?? fitsStarImage }

    private func detectionParameters(_ frame: FrameCalibrated) -> DetectionParameters {
        DetectionParameters(
            threshold: threshold, gainKnown: frame.instrument.gainElectronsPerADU != nil, threads: threads)
    }

    private static func parameters(
        _ instrument: InstrumentFacts, _ detection: DetectionParameters, radius: Double
    ) -> MeasurementParameters {
        ApertureChoice(instrument).parameters(
            detection, radius: radius, gainKnown: instrument.gainElectronsPerADU != nil)
    }

    private func recipe(of frame: FrameCalibrated) throws -> String {
        let instrument = frame.instrument
        let numbers = [
            instrument.apertureRadiusPixels, instrument.apertureRadiusFWHM, instrument.annulusInnerPixels,
            instrument.annulusOuterPixels,
        ]
        let parts = [Release.version, frame.recipe, String(threshold)] + numbers.map { $0.map { String($0) } ?? "-" }
        let fits = fitsStarImage(frame) ? ["psf"] : []
        let stars = ["artificial stars \(artificialStars?.count ?? 0)"]
        let catalogue = try sky?.recipe() ?? []
        return String(SHA256.hex(of: Data((parts + fits + stars + catalogue).joined(separator: "|").utf8)).prefix(16))
    }

    // MARK: Store

    /// - Returns: nil when the calibrated planes are not in the store any more: they are a cache.
    private func read(_ frame: FrameCalibrated) throws -> (CalibratedFrame, Header)? {
        do {
            var file = try store.openFITS(frame.calibrated.url)
            let (planes, header) = try file.readCalibratedFrame()
            return (planes, header)
        } catch is MissingObject {
            return nil
        }
    }

    /// The frame as ingest announced it. Said again, it makes the calibrator compute the planes again; a request
    /// without an answer is asked again by the archiver's sweep.
    ///
    /// - Throws: `Unavailable` when the raw frame is not there either: the photometer looks at another store, or at
    ///   none.
    private func received(_ frame: FrameCalibrated) throws -> FrameReceived {
        let name = StoreNames.envelope(raw: frame.raw, exposure: frame.exposure)
        guard try store.contains(name) else {
            let missing = "neither \(frame.calibrated.url) nor \(name) is there"
            throw Unavailable("frame store \(store.root): \(missing): is it the calibrator's store?")
        }
        return try EventCodec.decode(FrameReceived.self, from: Envelope(data: store.read(name)).message).payload
    }

    private func detections(of frame: FrameCalibrated, _ parameters: DetectionParameters) throws -> Detections? {
        try search(frame, parameters)?.detections
    }

    /// What is found once is kept for a while: a frame that waits for the catalogue is tried again and again.
    ///
    /// - Returns: nil when the calibrated planes are not in the store any more.
    private func search(
        _ frame: FrameCalibrated, _ parameters: DetectionParameters
    ) throws -> (detections: Detections, header: Header)? {
        if let known = recent[frame.calibrated.url] { return known }
        // The planes are given away, so that they are changed in place.
        guard let (planes, header) = try read(frame) else { return nil }
        let pixels = planes.signal.pixels.count
        let detections = detect(consume planes, parameters)
        recent.add((detections, header), url: frame.calibrated.url, pixels: pixels)
        return (detections, header)
    }

    private func keep(
        _ measurement: FrameMeasurement, _ starImage: StarImageFit?, of frame: FrameCalibrated, recipe: String,
        header: Header
    ) throws -> StoredFile {
        let table = DetectionCatalogue.table(
            of: measurement.rows, exposureSeconds: frame.exposure.exposureSeconds, header: header,
            psfChiSquared: starImage?.chiSquared, threads: threads)
        return try store.write(StoreNames.detections(frameID: frame.frameID, recipe: recipe)) { path in
            try table.write(to: path)
        }
    }

    private func summary(
        of measurement: FrameMeasurement, _ frame: FrameCalibrated, recipe: String, file: StoredFile,
        noWorldCoordinates: String?
    ) -> FrameMeasured {
        let summary = measurement.summary
        var flags: FrameFlags = []
        if summary.count == 0 { flags.insert(.noSources) }
        if summary.seeing == nil { flags.insert(.seeingUnknown) }
        var event = FrameMeasured(
            frame: frame, recipe: recipe, field: FieldKey.key(frame), detections: file,
            detectionCount: measurement.rows.count, apertureRadiusPixels: summary.apertureRadiusPixels,
            hasWorldCoordinates: noWorldCoordinates == nil, flags: frame.flags + flags.names)
        event.backgroundElectrons = finite(summary.backgroundElectrons)
        event.backgroundRMSElectrons = finite(summary.skyRMSElectrons)
        event.fwhmPixels = summary.seeing?.fwhmPixels
        event.ellipticity = summary.seeing?.ellipticity
        event.limitingMagnitudeInstrumental = summary.limitingMagnitude(exposureSeconds: frame.exposure.exposureSeconds)
        return event
    }

    private func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }
}

extension ApertureChoice {
    fileprivate init(_ instrument: InstrumentFacts) {
        self.init(
            radiusPixels: instrument.apertureRadiusPixels, radiusFWHM: instrument.apertureRadiusFWHM,
            annulusInnerPixels: instrument.annulusInnerPixels, annulusOuterPixels: instrument.annulusOuterPixels)
    }
}
