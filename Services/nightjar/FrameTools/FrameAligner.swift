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
    var referenceStarCount: Int { seen.stars.count }
    let path: String
    let width: Int
    let height: Int
    let seen: SeenStars
    let reference: CalibratedFrame
    /// Of the reference, nil where its header does not say it [s].
    let exposureSeconds: Double?
    let isGainKnown: Bool
    private let document: InstrumentDocument
    private let masters: MasterFiles
    private let settings: ResamplingSettings
    let relation: Relation

    /// - Throws: `FrameError` or `FITSError` when the reference cannot be read.
    init(
        to path: String, document: InstrumentDocument, masters: MasterFiles,
        settings: ResamplingSettings = ResamplingSettings(), by relation: Relation
    ) throws {
        (self.path, self.document, self.masters) = (path, document, masters)
        (self.settings, self.relation) = (settings, relation)
        var times = StepTimes()
        let loaded = try LoadedFrame(path, document: document, masters: masters, times: &times)
        header = loaded.header
        reference = loaded.frame
        (exposureSeconds, isGainKnown) = (loaded.facts.exposureSeconds, loaded.isGainKnown)
        (width, height) = (loaded.frame.signal.width, loaded.frame.signal.height)
        seen = times.time("match") { SeenStars(of: loaded.frame, count: Self.starCount) }
        self.times = times
        if relation == .wcs { try requireWorld(header, path) }
    }

    static let starCount = 300

    /// - Throws: `FrameError` when the frame does not lie on the reference.
    func align(_ file: String, out: String) throws -> Aligned {
        var times = StepTimes()
        let loaded = try LoadedFrame(file, document: document, masters: masters, times: &times)
        var placement = try times.time("match") { try place(loaded, file) }
        placement.notes = loaded.facts.notes + placement.notes
        let result = times.time("resample") {
            resample(loaded.frame, width: width, height: height, by: placement.map, settings: settings)
        }
        guard result.coverage > 0 else { throw FrameError(file, sharesNothing(placement)) }
        let recipe = try recipe(of: file, placement)
        let written = AlignedHeader(of: loaded.header, on: header, reference: fileName(path))
            .cards(placement, result, flags: loaded.flags, recipe: recipe)
        try times.time("write") { try FITSWriter.write(frame: result.frame, header: written, to: out) }
        let summary = Summary(file: file, out: out, placement, result, steps: times.steps)
        return Aligned(result: result, facts: loaded.facts, recipe: recipe, flags: loaded.flags, summary: summary)
    }

    private func sharesNothing(_ placement: Placement) -> String {
        let hint = "by its world coordinates it shares no pixel with \(path)" + Self.starsHint
        return placement.by == "wcs" ? hint : "it shares no pixel with \(path)"
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
        /// Stars of both frames after the map: how many, and how far apart they still are.
        let matchedStars: Int?
        let rmsPixels: Double?
        /// shift, rigid, similarity, affine or quadratic: what the stars support; none for world coordinates.
        let model: String?
        /// Largest standard error of the star map among the corners.
        let cornerErrorPixels: Double?
        /// What the user should know.
        let notes: [String]
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
            matchedStars = placement.match?.count
            rmsPixels = placement.match?.rmsPixels
            model = placement.model?.rawValue
            cornerErrorPixels = placement.cornerErrorPixels
            notes = placement.notes
            coverage = result.coverage
            let noise = result.noise
            varianceRatio = noise.varianceRatio.isFinite ? noise.varianceRatio : nil
            noiseCorrelationFactor = noise.correlationFactor.isFinite ? noise.correlationFactor : nil
        }

        /// For people, one line.
        var text: String {
            let shift = String(
                format: "shift %.2f, %.2f px, turn %.3f deg", transform.x0, transform.y0, rotationDegrees)
            let match =
                rmsPixels.map {
                    String(format: "by %@, %d stars within %.3f px", model ?? by, matchedStars ?? 0, $0)
                } ?? "by \(by)"
            let remarks = notes.map { "\n  \($0)" }.joined()
            return "\(file): \(shift), scale " + String(format: "%.5f", scale) + (isMirrored ? ", mirrored" : "")
                + ", \(match), " + String(format: "%.1f %% covered", 100 * coverage) + " -> \(out)" + remarks
        }
    }
}
