internal import Astrometry
internal import AstrometryNet
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
    private let engine: SolveField?

    init(_ catalogue: CatalogueInUse, engine: SolveField? = nil) {
        (self.catalogue, self.engine) = (catalogue, engine)
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

    /// Which catalogue and which index for blind solving, to the last bit: parts of the recipe.
    ///
    /// - Throws: `Unavailable` while that is not known.
    func recipe() throws -> [String] {
        try waiting {
            let identity = try catalogue.identity()
            let own = ["catalogue \(identity.digest)", "blind index \(identity.blindIndex ?? "none")"]
            return try own + [engine?.identity()].compactMap { $0 }
        }
    }

    /// - Throws: `Unavailable` while a file of the catalogue that the frame needs is missing, damaged or away: what is
    ///   found without it would depend on this machine.
    func place(_ detections: Detections, of frame: FrameCalibrated, header: Header) throws -> Place {
        let frame = Self.frame(detections, frame, header)
        return try waiting {
            try catalogue.using { opened in
                let result = ladder(opened).solve(frame)
                if let error = result.catalogueError { throw error }
                guard let solution = result.solution else {
                    return Place(header: header, solution: nil, notSolved: result.notSolvedBecause)
                }
                let names = (id: opened.id, digest: opened.digest)
                return Place(
                    header: header.replacingWorldCoordinates(by: solution.fit.cards(.sip)),
                    solution: SkySolution(solution, by: result.attempts, catalogue: names), notSolved: nil)
            }
        }
    }

    private func waiting<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as CatalogueError {
            throw Unavailable("reference catalogue: \(error); \(catalogue.remedy)")
        } catch let error as EngineError {
            throw Unavailable("\(error)")
        }
    }

    private func ladder(_ opened: CatalogueInUse.Opened) -> SolvingLadder {
        let tiles = opened.tiles
        var ladder = SolvingLadder(
            StarSource { cone in
                try tiles.stars(
                    in: Cone(
                        centre: cone.centre, radiusDegrees: cone.radiusDegrees, epoch: cone.epoch, limit: cone.limit))
            })
        ladder.engine = engine?.search
        if opened.blindIndex != nil {
            ladder.blind = { image, size, range, epoch in
                try tiles.solveBlind(image: image, size: size, scaleRange: range, epoch: epoch).outcome.map(\.tangent)
            }
        } else {
            ladder.noBlindReason = "catalogue \(opened.id) has no index of the whole sky"
        }
        return ladder
    }

    private static func frame(
        _ detections: Detections, _ frame: FrameCalibrated, _ header: Header
    ) -> FrameToSolve {
        let exposure = frame.exposure
        return FrameToSolve(
            stars: DetectedStar.stars(of: detections.sources),
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
