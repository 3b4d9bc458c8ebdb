internal import Calibration
internal import Events
internal import FITS
internal import Foundation
internal import Hashing
internal import Imaging
internal import Instruments
internal import Pipeline
internal import Sky

/// What a raw file turned out to be.
struct Inspection: Codable {
    /// One, or the three channels of a mosaic in the order of `FrameName.channels`.
    var frames: [InspectedFrame]
    var night: String
    /// SHA-256 of shape, decompressed pixels and the header's clocks, DATE-OBS before all; of a master fringe also of
    /// the cards that say which lights it serves.
    var contentSHA256: String
}

extension Inspection {
    /// What is announced of the file.
    func received(_ raw: StoredFile, originalName: String) -> [FrameReceived] {
        frames.map { part in
            FrameReceived(
                frameID: FrameName.id(ofFile: raw.sha256, channel: part.exposure.bayer?.channel), raw: raw,
                originalName: originalName, contentSHA256: contentSHA256, night: night, instrument: part.instrument,
                exposure: part.exposure, notes: part.notes)
        }
    }
}

/// What is said of one frame of a file.
struct InspectedFrame: Codable {
    var instrument: Events.InstrumentFacts
    var exposure: Events.ExposureFacts
    var notes: [String]

    init(_ facts: Instruments.ExposureFacts) {
        instrument = Events.InstrumentFacts(facts.instrument)
        exposure = Events.ExposureFacts(facts)
        notes = facts.notes.map(\.description)
    }
}

/// Opens a file of the store as FITS and reads what its header says.
enum Inspector {
    /// - Parameters:
    ///   - path: of the copy in the store, which does not change any more.
    ///   - name: the user's, for messages and file-name patterns.
    static func inspect(_ path: String, name: String, document: InstrumentDocument) throws -> Inspection {
        let image = try read(path, name: name)
        if FinishedFringe.isClaimed(by: image.header) {
            let fringe = try FringeInspector.inspect(image, path, name: name, document: document)
            return Inspection(
                frames: [fringe.frame], night: fringe.night,
                contentSHA256: contentDigest(image, beside: FringeInspector.serving))
        }
        let facts = try facts(of: image, name: name, document: document)
        let frames = facts.mosaic == nil ? [facts] : BayerChannel.allCases.map { facts.channel($0) }
        return Inspection(
            frames: frames.map(InspectedFrame.init), night: facts.night.date, contentSHA256: contentDigest(image))
    }

    /// Whether the document, as it is now, calls the file a mosaic; by its header alone.
    static func isMosaic(_ path: String, name: String, document: InstrumentDocument) -> Bool {
        do {
            var file = try FITSFile(reading: path)
            let shape = try file.moveToFirstImage()
            let facts = try normalise(
                header: file.readHeader(of: shape), width: shape.width, height: shape.height, fileName: name,
                instrument: document)
            return facts.mosaic != nil
        } catch {
            // Nothing new is known of a file that cannot be read any more, or that the document would refuse now.
            return false
        }
    }

    private static func read(_ path: String, name: String) throws -> FITSImage {
        do {
            var file = try FITSFile(reading: path)
            return try file.firstImage()
        } catch {
            if error.isEnvironmental { throw Unavailable("reading \(name) back from the store: \(error)") }
            throw Rejection(code(of: error.reason), "\(name): \(explain(error))")
        }
    }

    private static func facts(
        of image: FITSImage, name: String, document: InstrumentDocument
    ) throws -> Instruments.ExposureFacts {
        do {
            return try normalise(
                header: image.header, width: image.shape.width, height: image.shape.height, fileName: name,
                instrument: document)
        } catch {
            throw Rejection(code(of: error.code), "\(name): \(error.text)")
        }
    }

    private static func contentDigest(_ image: FITSImage, beside keywords: [String] = []) -> String {
        var hash = SHA256()
        // A date without its time of day does not tell two saturated frames of one night apart.
        let clocks = ["DATE-OBS", "TIME-OBS", "UT", "UTC", "UTSTART", "MJD-OBS"] + keywords
        let clock = clocks.map { image.header.text($0) ?? "" }
        let facts = "\(image.shape.width)x\(image.shape.height)|\(clock.joined(separator: "|"))|"
        Array(facts.utf8).withUnsafeBytes { hash.update($0) }
        image.pixels.pixels.withUnsafeBytes { hash.update($0) }
        return hash.finalize()
    }

    static func explain(_ error: FITSError) -> String {
        let said = ([error.detail] + error.libraryMessages).filter { !$0.isEmpty }
        return said.isEmpty ? error.reason.rawValue : said.joined(separator: "; ")
    }

    static func code(of reason: FITSError.Reason) -> RejectionCode {
        switch reason {
        case .notFITS: .notFITS
        case .truncated: .truncated
        case .noImage, .emptyImage: .noImage
        case .notTwoDimensional: .notTwoDimensional
        case .tooLarge: .tooLarge
        case .corrupt, .missing: .corrupt
        case .cannotRead, .cannotWrite: .unreadable
        }
    }

    static func code(of code: HeaderRejection.Code) -> RejectionCode {
        switch code {
        case .kindMissing, .kindUnknown: .kindUnknown
        case .exposureMissing, .exposureUnreadable: .exposureUnknown
        case .timeMissing, .timeUnreadable: .timeUnknown
        case .temperatureOutsideLimits, .exposureOutsideLimits, .sizeNotAccepted: .notAccepted
        case .notAnImage: .noImage
        case .mosaicUnknown: .headerUnusable
        }
    }
}

extension Events.InstrumentFacts {
    init(_ facts: Instruments.InstrumentFacts) {
        self.init(id: facts.id, revision: facts.revision, gainSource: facts.gainSource.rawValue)
        camera = facts.camera
        telescope = facts.telescope
        gainElectronsPerADU = facts.gainElectronsPerADU
        readNoiseElectrons =
            facts.readNoiseElectrons
            ?? facts.readNoiseADU.flatMap { noise in facts.gainElectronsPerADU.map { noise * $0 } }
        saturationADU = facts.saturationADU
        pixelScaleArcsec = facts.pixelScaleArcsec
        site = facts.site.map {
            SiteFacts(
                latitudeDegrees: $0.latitudeDegrees, longitudeDegrees: $0.longitudeDegrees,
                elevationMeters: $0.elevationMeters)
        }
        telescopeApertureMeters = facts.telescopeApertureMeters
        apertureRadiusPixels = facts.apertureRadiusPixels
        apertureRadiusFWHM = facts.apertureRadiusFWHM
        annulusInnerPixels = facts.annulusInnerPixels
        annulusOuterPixels = facts.annulusOuterPixels
        psfPhotometry = facts.psfPhotometry
        usableRegion = facts.usableRegion.map { [$0.x0, $0.x1, $0.y0, $0.y1] }
        corrections = CorrectionFacts(facts.corrections)
    }
}

extension Events.ExposureFacts {
    init(_ facts: Instruments.ExposureFacts) {
        let kind: Events.FrameKind =
            switch facts.kind {
            case .bias: .bias
            case .dark: .dark
            case .flat: .flat
            case .light: .light
            }
        self.init(
            kind: kind, exposureSeconds: facts.exposureSeconds, midpointMJDUTC: facts.midpointMJDUTC,
            binningX: facts.binningX, binningY: facts.binningY, width: facts.width, height: facts.height)
        object = facts.object
        filter = facts.filter
        temperatureCelsius = facts.temperatureCelsius
        raDegrees = facts.raDegrees
        decDegrees = facts.decDegrees
        let steps: [(AppliedSteps, Events.FrameKind)] = [(.bias, .bias), (.dark, .dark), (.flat, .flat)]
        let applied = steps.filter { facts.appliedSteps.contains($0.0) }.map(\.1)
        appliedSteps = applied.isEmpty ? nil : applied
        if let mosaic = facts.mosaic, let channel = facts.channel {
            bayer = BayerFacts(
                channel: channel.rawValue, pattern: mosaic.pattern.rawValue, width: mosaic.width, height: mosaic.height)
        }
    }
}
