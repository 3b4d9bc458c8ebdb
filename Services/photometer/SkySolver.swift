internal import Astrometry
internal import CatalogueTiles
internal import Detection
internal import Events
internal import FrameSolving
internal import Imaging
internal import Pipeline
internal import PlateSolving
internal import Sky
internal import StoredCatalogues

/// Finds where frames lie on the sky, by their stars and a reference catalogue: of each frame a function of that frame
/// and the catalogue alone, so that any worker finds the same.
struct SkySolver {
    private let catalogue: CatalogueInUse

    init(_ catalogue: CatalogueInUse) {
        self.catalogue = catalogue
    }

    /// A frame's header with the world coordinates that were found, and what is said of them.
    struct Place {
        let header: Header
        let solution: SkySolution?
        /// In words, where there is none.
        let notSolved: String?

        func tell(_ event: inout FrameMeasured) {
            event.solution = solution
            event.notSolved = notSolved
            if notSolved != nil { event.flags += FrameFlags.notSolved.names }
        }
    }

    /// Which catalogue, to the last bit: part of the recipe.
    ///
    /// - Throws: `Unavailable` while there is none, as results of other workers are made with it.
    func digest() throws -> String {
        do {
            return try catalogue.using(\.digest)
        } catch let error as CatalogueError {
            throw Unavailable("reference catalogue: \(error)")
        }
    }

    /// - Throws: `Unavailable` while the catalogue cannot be reached. A damaged tile is a reason not to be solved.
    func place(_ detections: Detections, of frame: FrameCalibrated, header: Header) throws -> Place {
        let result = try solve(Self.frame(detections, frame, header))
        guard let solution = result.found.solution else {
            return Place(header: header, solution: nil, notSolved: result.found.notSolvedBecause)
        }
        return Place(
            header: header.replacingWorldCoordinates(by: solution.fit.cards(.sip)),
            solution: SkySolution(solution, by: result.found.attempts, catalogue: result.catalogue), notSolved: nil)
    }

    private func solve(
        _ frame: FrameToSolve
    ) throws -> (found: SolvingResult, catalogue: (id: String, digest: String)) {
        do {
            let result = try catalogue.using { opened in
                let ladder = SolvingLadder(
                    StarSource { cone in
                        try opened.tiles.stars(
                            in: Cone(
                                centre: cone.centre, radiusDegrees: cone.radiusDegrees, epoch: cone.epoch,
                                limit: cone.limit))
                    })
                return (found: ladder.solve(frame), catalogue: (id: opened.id, digest: opened.digest))
            }
            if let outage = catalogue.takeOutage() { throw outage }
            return result
        } catch let error as CatalogueError {
            throw Unavailable("reference catalogue: \(error)")
        }
    }

    private static func frame(
        _ detections: Detections, _ frame: FrameCalibrated, _ header: Header
    ) -> FrameToSolve {
        let exposure = frame.exposure
        return FrameToSolve(
            stars: detections.sources.map { DetectedStar($0) },
            size: FrameSize(width: exposure.width, height: exposure.height),
            epoch: FrameToSolve.julianYear(mjd: exposure.midpointMJDUTC), header: header,
            pointing: PointingEstimate(
                ra: exposure.raDegrees, dec: exposure.decDegrees, uncertaintyDegrees: pointingDegrees),
            scale: ScaleEstimate(arcsecPerPixel: frame.instrument.pixelScaleArcsec))
    }

    /// How far from its header's pointing a frame is looked for first [deg].
    private static let pointingDegrees = 1.0
}

extension SkySolution {
    init(_ solution: FrameSolution, by attempts: [RungAttempt], catalogue: (id: String, digest: String)) {
        let (centre, middle) = (solution.centre, solution.fit.middlePixel)
        let error = solution.fit.error(x: middle.x, y: middle.y)
        self.init(
            catalogue: catalogue.id, catalogueDigest: catalogue.digest, rung: solution.rung.rawValue,
            stars: solution.fit.residuals.used, rmsPixels: solution.rmsPixels, rmsArcsec: solution.rmsArcsec,
            expectedRMSArcsec: solution.expectedRMSArcsec, centreRADegrees: centre.raDegrees,
            centreDecDegrees: centre.decDegrees,
            centreCovarianceArcsec2: error.map { [$0.eastVariance, $0.covariance, $0.northVariance] },
            arcsecPerPixel: solution.fit.arcsecPerPixel, rotationDegrees: solution.rotationDegrees,
            isMirrored: solution.fit.isMirrored, distortionOrder: solution.fit.order, logOdds: solution.logOdds,
            attempts: attempts.map {
                SolvingAttempt(rung: $0.rung.rawValue, outcome: $0.outcome.rawValue, reason: $0.reason)
            },
            notes: solution.notes)
    }
}
