internal import Astrometry
internal import AstrometryNet
internal import Calibration
internal import CatalogueTiles
internal import Detection
internal import FITS
internal import Foundation
internal import FrameSolving
internal import Imaging
internal import Instruments
internal import PlateSolving
internal import Sky

/// Solves files, one after another: the last one's solution is where the next one is looked for.
struct FrameSolver {
    let hints: SolvingHints
    let distortion: DistortionOptions
    var document: InstrumentDocument
    let catalogue: TileFolder
    var threads = 1
    /// [sigma]
    var threshold = 5.0
    /// How often the solving is done again, for its time.
    var repetitions = 0
    /// Whether the whole sky is searched where nothing else helps.
    var searchesWholeSky = false
    /// Where nothing else helps.
    var engine: SolveField?
    private var previous: PreviousSolution?

    init(hints: SolvingHints, distortion: DistortionOptions, document: InstrumentDocument, catalogue: TileFolder) {
        (self.hints, self.distortion, self.document, self.catalogue) = (hints, distortion, document, catalogue)
    }

    /// What became of one frame.
    struct Outcome {
        let frame: FrameToSolve
        let result: SolvingResult
        var times: StepTimes
        var notes: [String]
        /// CPU time of each repetition of the solving [s].
        var repeatedCPUSeconds: [Double] = []
    }

    private var ladder: SolvingLadder {
        var ladder = SolvingLadder(catalogue.starSource)
        ladder.orders = distortion.orders
        ladder.engine = engine?.search
        ladder.stopwatch = { StepTimes.seconds(CLOCK_PROCESS_CPUTIME_ID) }
        if searchesWholeSky {
            ladder.blind = { [catalogue] image, size, range, epoch in
                try catalogue.solveBlind(image: image, size: size, scaleRange: range, epoch: epoch).outcome.map(
                    \.tangent)
            }
        }
        return ladder
    }

    /// - Parameter place: where the copy with its coordinates goes, if anywhere.
    /// - Throws: `FITSError` or `FrameError` for a file that cannot be read or a copy that cannot be written.
    mutating func solve(_ path: String, writingTo place: String?) throws -> Outcome {
        var times = StepTimes()
        var file = try times.time("read") { try FrameFile(path, document) }
        let seen = try SeenFrame(
            &file, path, document, parameters: (threshold: threshold, threads: threads), times: &times)
        let (pointing, scale) = hints.filled(
            ra: seen.facts.exposure.raDegrees, dec: seen.facts.exposure.decDegrees,
            arcsecPerPixel: seen.arcsecPerPixel)
        let frame = FrameToSolve(
            stars: seen.stars, size: seen.size, epoch: seen.epoch ?? 2000, header: seen.header, pointing: pointing,
            scale: scale, previous: previous)
        var outcome = solve(frame, times)
        outcome.notes = seen.notes + outcome.notes
        if seen.epoch == nil {
            outcome.notes.append("no date of the exposure: the stars are taken where they were in 2000")
        }
        if let solution = outcome.result.solution {
            previous = PreviousSolution(tangent: solution.tangent, pointing: pointing?.centre)
            if let place {
                let cards = solution.fit.cards(distortion.writesTPV ? .tpv : .sip)
                try outcome.times.time("write") {
                    try file.writeCopy(to: place) { $0.replacingWorldCoordinates(by: cards) }
                }
            }
        }
        return outcome
    }

    /// A list of stars instead of a file.
    func solve(_ frame: FrameToSolve, _ times: StepTimes = StepTimes()) -> Outcome {
        var times = times
        let ladder = ladder
        let result = times.time("solve") { ladder.solve(frame) }
        var outcome = Outcome(frame: frame, result: result, times: times, notes: result.solution?.notes ?? [])
        for _ in 0..<repetitions {
            var again = StepTimes()
            _ = again.time("solve") { ladder.solve(frame) }
            outcome.repeatedCPUSeconds += again.steps.map(\.cpuSeconds)
        }
        return outcome
    }
}

/// The stars of a file, in the pixels of its image, whatever has been trimmed or split before they were found.
struct SeenFrame {
    let stars: [DetectedStar]
    /// Of the image in the file.
    let size: PlateSolving.FrameSize
    let header: Header
    let facts: FrameFacts
    /// Julian year; nil where the header has no date.
    let epoch: Double?
    /// Of the file's pixels; nil where neither document nor header gives it.
    let arcsecPerPixel: Double?
    let notes: [String]

    init(
        _ file: inout FrameFile, _ path: String, _ document: InstrumentDocument,
        parameters: (threshold: Double, threads: Int), times: inout StepTimes
    ) throws {
        let shape = try times.time("read") { try file.moveToFirstImage() }
        let channelHeader = try file.readHeader(of: shape)
        let facts = try FrameFacts(
            channelHeader, width: shape.width, height: shape.height, path: path, document: document, usedAs: .light)
        self.facts = facts
        let (frame, isGainKnown) = try Self.calibrated(
            &file, (shape, channelHeader), facts, path, threads: parameters.threads, times: &times)
        let found = times.time("detect") {
            detect(
                frame,
                DetectionParameters(
                    threshold: parameters.threshold, gainKnown: isGainKnown, threads: parameters.threads))
        }
        let trim = TrimmedPlaces(facts.corrections)
        let isChannel = document.channel != nil && file.whole.map { $0.shape.width != shape.width } == true
        stars = DetectedStar.stars(of: found.sources).map { star in
            var star = star
            (star.x, star.y) = trim.placeBefore(x: star.x, y: star.y)
            guard isChannel else { return star }
            (star.x, star.y) = file.placeInFile(x: star.x, y: star.y)
            (star.xErrorPixels, star.yErrorPixels) = (2 * star.xErrorPixels, 2 * star.yErrorPixels)
            return star
        }
        let whole = file.whole ?? (shape, channelHeader)
        size = PlateSolving.FrameSize(width: whole.shape.width, height: whole.shape.height)
        header = whole.header
        epoch = facts.midpointMJD.map { FrameToSolve.julianYear(mjd: $0) }
        arcsecPerPixel = facts.exposure.instrument.pixelScaleArcsec.map { isChannel ? $0 / 2 : $0 }
        let full = DetectedStar.commonPeak(of: found.sources)
        notes =
            facts.notes + file.notes + Self.unusable(facts.exposure)
            + (full.map {
                ["no saturation level is known; \($0.sources) stars have one peak and are taken as saturated"]
            } ?? [])
    }

    /// What a header has of pointing and scale that cannot be used; nothing where both are known.
    static func unusable(_ exposure: ExposureFacts) -> [String] {
        let scale = exposure.instrument.pixelScaleArcsec
        var notes: [String] = []
        if exposure.raDegrees == nil || scale == nil {
            let ignored: Set<HeaderNote.Code> = [.valueIgnored, .placeholder]
            notes = exposure.notes.filter { ignored.contains($0.code) }.map { "not used: \($0.text.printable)" }
        }
        if let scale, ScaleEstimate(arcsecPerPixel: scale) == nil {
            notes.append("not used: a pixel scale of \(scale) arcsec/px, which no camera has")
        }
        return notes
    }

    /// Signal, variance and mask without masters.
    private static func calibrated(
        _ file: inout FrameFile, _ image: (shape: FITSImageShape, header: Header), _ facts: FrameFacts, _ path: String,
        threads: Int, times: inout StepTimes
    ) throws -> (frame: CalibratedFrame, isGainKnown: Bool) {
        var frame: CalibratedFrame
        var isGainKnown = facts.detector.gain != nil
        if LoadedFrame.isCalibrated(image.header) {
            frame = try times.time("read") { try file.readCalibratedFrame().frame }
            isGainKnown = image.header.text("NJFLAGS")?.contains("gainUnknown") != true
        } else {
            let pixels = try times.time("read") { try file.readPixels(of: image.shape, threads: threads) }
            frame = try MasterFiles().calibrate(pixels, facts, path: path, threads: threads, times: &times).frame
        }
        if let region = facts.exposure.instrument.usableRegion {
            frame.mask.keepOnly(x: region.x0..<region.x1, y: region.y0..<region.y1)
        }
        return (frame, isGainKnown)
    }
}

/// From pixels of a frame whose overscan was cut away to those of the file.
private struct TrimmedPlaces {
    private let columns: [Int]
    private let rows: [Int]

    init(_ corrections: DetectorCorrections) {
        let regions = corrections.overscan?.regions ?? []
        columns = Set(regions.flatMap(\.data.columns)).sorted()
        rows = Set(regions.flatMap(\.data.rows)).sorted()
    }

    func placeBefore(x: Double, y: Double) -> (x: Double, y: Double) {
        (Self.before(x, columns), Self.before(y, rows))
    }

    private static func before(_ place: Double, _ lines: [Int]) -> Double {
        guard !lines.isEmpty, place.isFinite else { return place }
        let line = max(0, min(lines.count - 1, Int(place.rounded())))
        return place + Double(lines[line] - line)
    }
}
