internal import Astrometry
internal import Calibration
internal import Detection
internal import FITS
internal import Foundation
internal import Hashing
internal import Imaging
internal import Instruments
internal import Pipeline
internal import Resampling

/// Puts frames on the grid of a reference frame, one by one.
struct FrameAligner {
    /// What relates two frames.
    enum Relation: String {
        case auto, stars, wcs
    }

    /// How a frame lies on the reference.
    struct Placement {
        /// From the reference's grid to the frame.
        let map: PixelMap
        /// From the frame to the reference; for world coordinates, at the middle of the reference.
        let transform: PixelTransform
        let by: String
        var registration: Registration?
        var stars: Int?
    }

    struct Aligned {
        let result: ResampledFrame
        let facts: FrameFacts
        let recipe: String
        /// Of the calibration.
        let flags: [String]
        let summary: Summary
    }

    let header: Header
    private(set) var times = StepTimes()
    var referenceStarCount: Int { stars.count }
    private let path: String
    private let width: Int
    private let height: Int
    private let stars: [StarPosition]
    private let reference: CalibratedFrame
    private let document: InstrumentDocument
    private let masters: MasterFiles
    private let settings: ResamplingSettings
    private let relation: Relation

    /// - Throws: `FrameError` or `FITSError` when the reference cannot be read.
    init(
        to path: String, document: InstrumentDocument, masters: MasterFiles, settings: ResamplingSettings,
        by relation: Relation
    ) throws {
        (self.path, self.document, self.masters) = (path, document, masters)
        (self.settings, self.relation) = (settings, relation)
        var times = StepTimes()
        let loaded = try LoadedFrame(path, document: document, masters: masters, times: &times)
        header = loaded.header
        reference = loaded.frame
        (width, height) = (loaded.frame.signal.width, loaded.frame.signal.height)
        stars = times.time("match") { brightStars(of: loaded.frame, count: Self.starCount) }
        self.times = times
        if relation == .wcs { try requireWorld(header, path) }
    }

    private static let starCount = 300

    /// - Throws: `FrameError` when the frame does not lie on the reference.
    func align(_ file: String, out: String) throws -> Aligned {
        var times = StepTimes()
        let loaded = try LoadedFrame(file, document: document, masters: masters, times: &times)
        let placement = try times.time("match") { try place(loaded, file) }
        let result = times.time("resample") {
            resample(loaded.frame, width: width, height: height, by: placement.map, settings: settings)
        }
        guard result.coverage > 0 else { throw FrameError(file, "it shares no pixel with \(path)") }
        let recipe = try recipe(of: file, placement)
        let written = AlignedHeader(of: loaded.header, on: header, reference: fileName(path))
            .cards(placement, result, flags: loaded.flags, recipe: recipe)
        try times.time("write") { try FITSWriter.write(frame: result.frame, header: written, to: out) }
        let summary = Summary(file: file, out: out, placement, result, steps: times.steps)
        return Aligned(result: result, facts: loaded.facts, recipe: recipe, flags: loaded.flags, summary: summary)
    }

    private func recipe(of file: String, _ placement: Placement) throws -> String {
        let map = placement.transform
        let numbers = [map.xx, map.xy, map.x0, map.yx, map.yy, map.y0].map { "\($0)" }
        let hashes = try [file, path].map { try SHA256.hex(of: Data(contentsOf: URL(fileURLWithPath: $0))) }
        let parts = [Release.version, document.id, "\(document.revision)", settings.kernel.rawValue, placement.by]
        let all = parts + numbers + hashes + masters.used.map(\.id)
        return String(SHA256.hex(of: Data(all.joined(separator: "|").utf8)).prefix(16))
    }
}

extension FrameAligner {
    private func place(_ loaded: LoadedFrame, _ file: String) throws -> Placement {
        let isReference =
            URL(fileURLWithPath: file).resolvingSymlinksInPath() == URL(fileURLWithPath: path).resolvingSymlinksInPath()
        if isReference { return Placement(map: .identity, transform: .identity, by: "identity") }
        switch relation {
        case .stars: return try placeByStars(loaded, file)
        case .wcs:
            try requireWorld(loaded.header, file)
            return try placeByWorld(loaded, file)
        case .auto:
            let haveWorld = Self.fault(of: header) == nil && Self.fault(of: loaded.header) == nil
            return haveWorld ? try placeByWorld(loaded, file) : try placeByStars(loaded, file)
        }
    }

    private func placeByStars(_ loaded: LoadedFrame, _ file: String) throws -> Placement {
        var found = brightStars(of: loaded.frame, count: Self.starCount)
        // The wide range only when need be: with it, chance has more to offer.
        var registration =
            register(found, to: stars)
            ?? register(found, to: stars, settings: RegistrationSettings(scaleRange: 0.25...4))
        if registration == nil {
            found = Self.faintStars(of: loaded.frame)
            registration = register(found, to: Self.faintStars(of: reference))
        }
        guard let registration, let map = PixelMap(inverseOf: registration.transform) else {
            throw FrameError(
                file, "its \(found.count) stars do not match those of \(path) beyond chance")
        }
        return Placement(
            map: map, transform: registration.transform, by: "stars", registration: registration, stars: found.count)
    }

    /// Those of a full detection, which sees fainter and wider stars, at several times the cost.
    private static func faintStars(of frame: CalibratedFrame) -> [StarPosition] {
        detect(frame, DetectionParameters(threshold: 4, gainKnown: false)).sources
            .map { StarPosition(x: $0.x, y: $0.y, flux: $0.isophotalFlux) }
    }

    private func placeByWorld(_ loaded: LoadedFrame, _ file: String) throws -> Placement {
        let own = try WorldCoordinates(header)
        let other = try WorldCoordinates(loaded.header)
        let place = { (x: Double, y: Double) -> (x: Double, y: Double)? in
            own.position(x: x, y: y).flatMap { other.pixel(of: $0) }
        }
        let map = SampledMap(width: width, height: height, place)
        let (x, y) = (Double(width) / 2, Double(height) / 2)
        guard let centre = place(x, y), let right = place(x + 1, y), let up = place(x, y + 1),
            let transform = PixelTransform(
                xx: right.x - centre.x, xy: up.x - centre.x, x0: 0, yx: right.y - centre.y, yy: up.y - centre.y, y0: 0
            ).through(x: x, y: y, to: centre).inverse()
        else { throw FrameError(file, "its world coordinates do not reach the middle of \(path)") }
        return Placement(map: .sampled(map), transform: transform, by: "wcs")
    }

    private func requireWorld(_ header: Header, _ path: String) throws {
        if let fault = Self.fault(of: header) { throw FrameError(path, fault) }
    }

    /// Why a header has no world coordinates that can be used.
    private static func fault(of header: Header) -> String? {
        do {
            _ = try WorldCoordinates(header)
            return nil
        } catch {
            return "\(error)"
        }
    }
}

extension PixelTransform {
    /// The same turn and scale, moved so that (x, y) comes to `place`.
    fileprivate func through(x: Double, y: Double, to place: (x: Double, y: Double)) -> PixelTransform {
        PixelTransform(
            xx: xx, xy: xy, x0: place.x - xx * x - xy * y, yx: yx, yy: yy, y0: place.y - yx * x - yy * y)
    }
}

extension FrameAligner {
    /// One frame in a few numbers; what is not known is left out.
    struct Summary: Encodable {
        struct Transform: Encodable {
            let xx, xy, x0, yx, yy, y0: Double
        }

        let file: String
        let out: String
        /// identity, stars or wcs.
        let by: String
        /// From pixels of the frame to pixels of the reference, 0-based.
        let transform: Transform
        let scale: Double
        let rotationDegrees: Double
        let isMirrored: Bool
        let stars: Int?
        let matchedStars: Int?
        let rmsPixels: Double?
        /// Share of the reference's grid that has a value.
        let coverage: Double
        let varianceRatio: Double?
        let noiseCorrelationFactor: Double?
        let steps: [StepTimes.Step]

        init(file: String, out: String, _ placement: Placement, _ result: ResampledFrame, steps: [StepTimes.Step]) {
            let map = placement.transform
            (self.file, self.out, self.steps) = (file, out, steps)
            by = placement.by
            transform = Transform(xx: map.xx, xy: map.xy, x0: map.x0, yx: map.yx, yy: map.yy, y0: map.y0)
            (scale, rotationDegrees, isMirrored) = (map.scale, map.rotationDegrees, map.isMirrored)
            stars = placement.stars
            matchedStars = placement.registration?.matched
            rmsPixels = placement.registration?.rmsPixels
            coverage = result.coverage
            let noise = result.noise
            varianceRatio = noise.varianceRatio.isFinite ? noise.varianceRatio : nil
            noiseCorrelationFactor = noise.correlationFactor.isFinite ? noise.correlationFactor : nil
        }

        /// For people, one line.
        var text: String {
            let shift = String(
                format: "shift %.2f, %.2f px, turn %.3f deg", transform.x0, transform.y0, rotationDegrees)
            let match = rmsPixels.map { String(format: "%d stars within %.3f px", matchedStars ?? 0, $0) } ?? "by \(by)"
            return "\(file): \(shift), scale " + String(format: "%.5f", scale) + (isMirrored ? ", mirrored" : "")
                + ", \(match), " + String(format: "%.1f %% covered", 100 * coverage) + " -> \(out)"
        }
    }
}
