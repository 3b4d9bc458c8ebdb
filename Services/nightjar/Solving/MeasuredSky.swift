internal import Astrometry
internal import AstrometryNet
internal import CatalogueTiles
internal import Detection
internal import FITS
internal import Foundation
internal import FrameSolving
internal import Imaging
internal import Instruments
internal import Photometry
internal import PlateSolving
internal import ReferenceCatalogue
internal import Sky

/// `nightjar measure --catalog`: the frame is solved first, its rows get places on the sky and names of stars, and
/// magnitudes where one of the catalogue's bands is the frame's.
struct MeasuredSky {
    let hints: SolvingHints
    let distortion: DistortionOptions
    let catalogue: TileFolder
    /// Where nothing else helps.
    let engine: SolveField?
    private var previous: PreviousSolution?

    init(_ arguments: Arguments) throws {
        hints = try SolvingHints(arguments)
        distortion = try DistortionOptions(arguments)
        catalogue = try CatalogueOption.open(arguments)
        engine = try EngineOption.read(arguments)
    }

    /// - Returns: nil where nothing is to be solved.
    /// - Throws: `UsageError` also for options that mean nothing without it.
    static func wanted(_ arguments: Arguments) throws -> MeasuredSky? {
        if arguments.has("solve") || arguments.text("catalog") != nil { return try MeasuredSky(arguments) }
        let own = SolvingHints.options + DistortionOptions.options + [EngineOption.option]
        if let stray = own.first(where: { arguments.text($0.name) != nil }) {
            throw UsageError("--\(stray.name) belongs to --solve or --catalog, which is missing")
        }
        return nil
    }

    /// What is known of one frame's sky.
    struct Place {
        let result: SolvingResult
        /// The frame's own with new world coordinates; as it was where it is not solved.
        let header: Header
        /// Of the detections that are catalogue stars.
        let stars: [Int: ReferenceStar]
        let catalogue: CatalogueDescription

        /// Places of rows by the solution; theirs are taken away where there is none.
        func fill(_ rows: inout [Photometry.Measurement]) {
            for index in rows.indices {
                let place = result.solution?.fit.position(x: rows[index].x, y: rows[index].y)
                (rows[index].raDegrees, rows[index].decDegrees) = (place?.raDegrees, place?.decDegrees)
            }
        }

        /// The catalogue star of a row.
        func star(_ row: Photometry.Measurement) -> ReferenceStar? { row.sourceIndex.flatMap { stars[$0] } }

        /// Numbers in the catalogue; -1 for a row that is not in it.
        func column(_ rows: [Photometry.Measurement]) -> FITSColumn {
            FITSColumn(
                name: "catalog_id", unit: "", description: "number of the star in \(catalogue.id); -1 for none",
                values: .int64(rows.map { star($0)?.star.identifier ?? -1 }))
        }
    }

    mutating func place(_ loaded: LoadedFrame, _ detections: Detections) -> Place {
        let exposure = loaded.facts.exposure
        let (pointing, scale) = hints.filled(
            ra: exposure.raDegrees, dec: exposure.decDegrees, arcsecPerPixel: exposure.instrument.pixelScaleArcsec)
        let frame = FrameToSolve(
            stars: DetectedStar.stars(of: detections.sources),
            size: PlateSolving.FrameSize(width: loaded.width, height: loaded.height),
            epoch: loaded.facts.midpointMJD.map { FrameToSolve.julianYear(mjd: $0) } ?? 2000, header: loaded.header,
            pointing: pointing, scale: scale, previous: previous)
        var ladder = SolvingLadder(catalogue.starSource)
        ladder.orders = distortion.orders
        ladder.engine = engine?.search
        let result = ladder.solve(frame)
        var header = loaded.header
        var stars: [Int: ReferenceStar] = [:]
        if let solution = result.solution {
            header = header.replacingWorldCoordinates(by: solution.fit.cards(distortion.writesTPV ? .tpv : .sip))
            previous = PreviousSolution(tangent: solution.tangent, pointing: pointing?.centre)
            let known = solution.isByOtherStars ? [] : solution.pairs.filter { $0.isUsed || $0.isLeftOut }
            for pair in known { stars[pair.detection] = pair.reference }
        }
        return Place(result: result, header: header, stars: stars, catalogue: catalogue.description)
    }
}

extension FrameMeasurer {
    /// Where the frame lies, in a few numbers.
    struct SkySummary: Encodable {
        let catalogue: String
        let solved: Bool
        let solution: SolutionReport.Solution?
        let notSolvedBecause: String?
        let notes: [String]
        var zeroPoints: [CatalogueZeroPoint.Summary] = []
        /// Why there is no zero point.
        var noZeroPoint: String?

        init(_ place: MeasuredSky.Place) {
            catalogue = place.catalogue.id
            solved = place.result.solution != nil
            solution = place.result.solution.map { SolutionReport.Solution($0) }
            notSolvedBecause = place.result.notSolvedBecause
            notes = place.result.solution?.notes ?? []
        }

        /// For people, one line.
        var text: String {
            guard let solution else { return "not solved, because \(notSolvedBecause ?? "")" }
            let place = String(
                format: "centre %.5f %+.5f, %.4f arcsec/px, %d stars of %@ within %.2f arcsec", solution.raDegrees,
                solution.decDegrees, solution.scaleArcsecPerPixel, solution.stars, catalogue, solution.rmsArcsec)
            return ([place] + zeroPoints.map(\.text) + [noZeroPoint].compactMap { $0 } + notes).joined(separator: "; ")
        }
    }
}
