public import Imaging
internal import Sky

/// Reads what a header says about one exposure, whatever program wrote it.
///
/// Pure: the same header, size, name and document give the same facts. The document outranks the presets, and those the
/// usual keywords; nothing is invented: what is not known is `nil` and has a note.
///
/// - Parameters:
///   - header: of the image HDU.
///   - width, height: of the image [px].
///   - fileName: without folders, for documents with file-name patterns; empty when there is none.
///   - instrument: a sound document (see `InstrumentDocument.problems`).
/// - Throws: `HeaderRejection` with the keyword and value when the frame can never be used.
public func normalise(
    header: Header, width: Int, height: Int, fileName: String = "", instrument: InstrumentDocument
) throws(HeaderRejection) -> ExposureFacts {
    guard width > 0, height > 0 else {
        throw HeaderRejection(.notAnImage, "the image is \(width) x \(height) pixels")
    }
    guard let (channel, mosaic) = BayerMosaic.channel(in: header) else {
        return try normalise(whole: header, width: width, height: height, fileName: fileName, instrument: instrument)
    }
    // A file that holds one channel is read as the mosaic that it was split from.
    var result = try normalise(
        whole: header, width: mosaic.width, height: mosaic.height, fileName: fileName, instrument: instrument)
    result.mosaic = mosaic
    result = result.channel(channel)
    result.mosaic = nil
    (result.width, result.height) = (width, height)
    return result
}

private func normalise(
    whole header: Header, width: Int, height: Int, fileName: String, instrument: InstrumentDocument
) throws(HeaderRejection) -> ExposureFacts {
    var reading = HeaderReading(header: header, fileName: fileName, document: instrument)
    let kind = try reading.kind()
    let exposure = try reading.exposure(of: kind)
    let times = try reading.times(exposureSeconds: exposure.seconds)
    let binning = reading.binning()
    let facts = reading.instrumentFacts(binning: binning, width: width, height: height)
    let object = reading.object(of: kind)
    let pointing = reading.pointing(of: kind)
    let temperature = reading.temperature(.temperature)
    if temperature == nil { reading.note(.temperatureMissing, "no sensor temperature in the header") }
    let mosaic = try reading.mosaic(width: width, height: height)
    try reading.accept(width: width, height: height, exposureSeconds: exposure.seconds, temperature: temperature)
    var result = ExposureFacts(
        instrument: facts, kind: kind, object: object, objectKey: object?.lowercased(),
        filter: reading.filter(of: kind),
        exposureSeconds: exposure.seconds, exposureText: exposure.text,
        startMJDUTC: times.start.mjd, midpointMJDUTC: times.midpoint.mjd, endMJDUTC: times.end.mjd,
        timeKeyword: times.keyword, night: ObservingNight(containing: times.midpoint, at: facts.site),
        width: width, height: height, binningX: binning.x, binningY: binning.y,
        temperatureCelsius: temperature, setTemperatureCelsius: reading.temperature(.setTemperature),
        raDegrees: pointing?.raDegrees, decDegrees: pointing?.decDegrees, airmass: reading.airmass(of: kind),
        mosaic: mosaic, channel: nil, pedestalADU: reading.firstNumber(.pedestal)?.value,
        appliedSteps: reading.appliedSteps(), stackCount: reading.stackCount(),
        software: reading.rules.presets.map(\.id), notes: [])
    result.notes = reading.sortedNotes
    return result
}

/// The documents whose patterns fit a header; more than one means that the patterns do not tell them apart.
public func instruments(
    matching header: Header, fileName: String, among documents: [InstrumentDocument]
) -> [InstrumentDocument] {
    documents.filter { document in
        let reading = HeaderReading(header: header, fileName: fileName, document: document)
        return document.recognises(
            camera: reading.firstText(.camera)?.text, telescope: reading.firstText(.telescope)?.text, fileName: fileName
        )
    }
}

extension HeaderReading {
    mutating func instrumentFacts(binning: (x: Int, y: Int), width: Int, height: Int) -> InstrumentFacts {
        var facts = InstrumentFacts(id: document.id, revision: document.revision)
        facts.camera = firstText(.camera)?.text
        checkCamera(facts.camera)
        fillDetector(&facts)
        fillOptics(&facts, binning: binning)
        facts.site = site()
        facts.corrections = corrections(width: width, height: height)
        let size = facts.corrections.preparedSize(width: width, height: height)
        facts.usableRegion = document.trim?.region(width: size.width, height: size.height)
        if document.trim != nil, facts.usableRegion == nil {
            note(.correctionSkipped, "trim leaves nothing of \(size.width) x \(size.height) pixels: all are used")
        }
        return facts
    }

    func accept(width: Int, height: Int, exposureSeconds: Double, temperature: Double?) throws(HeaderRejection) {
        let rule = document.acceptance
        if let sizes = rule.sizes, !sizes.contains(FrameSize(width: width, height: height)) {
            let allowed = sizes.map { "\($0.width) x \($0.height)" }.joined(separator: ", ")
            throw HeaderRejection(
                .sizeNotAccepted, "\(width) x \(height) pixels; instrument \(document.id) has \(allowed)")
        }
        if let longest = rule.maximumExposureSeconds, exposureSeconds > longest {
            throw HeaderRejection(
                .exposureOutsideLimits, "\(exposureSeconds) s of exposure; at most \(longest) s are accepted")
        }
        guard let temperature else { return }
        let lowest = rule.minimumTemperatureCelsius ?? -.infinity
        let highest = rule.maximumTemperatureCelsius ?? .infinity
        guard temperature >= lowest, temperature <= highest else {
            throw HeaderRejection(
                .temperatureOutsideLimits, "the sensor was at \(temperature) C; accepted is \(lowest) to \(highest) C")
        }
    }

    /// In the order of the registry, those of one code in the order they were made.
    var sortedNotes: [HeaderNote] {
        notes.enumerated().sorted { ($0.element.code, $0.offset) < ($1.element.code, $1.offset) }.map(\.element)
    }
}
