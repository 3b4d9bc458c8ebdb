internal import CatalogueTiles
internal import Events
internal import LightCurves
internal import PhotometricCalibration
internal import ReferenceCatalogue
internal import Sky

extension ObjectStage {
    /// On the scale of the frames' zero points, with the stars of the reference catalogue, where there are any.
    init(archive: Archive, frames: FrameRecord, zeroPoints: ZeroPointRecord, reference: ReferenceStars?) {
        self.init(
            archive: archive, frames: frames,
            zeroPoint: { version in
                try zeroPoints.current([version])[version.frameID].map { ObjectZeroPoint($0, of: version) }
            },
            references: { positions, year in try reference?.objects(around: positions, year: year) ?? [] })
    }
}

extension ObjectZeroPoint {
    /// For a star of the frame's pivot colour in the frame's middle: an object's own colour is not known here, and its
    /// place on the frame makes no difference.
    ///
    ///     level error^2 = common^2 + s^2 + (0.4 c)^2 + sum_j b_j^2 <B_j^2>
    ///
    /// common: error of the frames' zero points together; s: how far single stars are off on all frames; c: colour
    /// term, 0.4 mag the spread of colours; b_j B_j: the zero point's term in the position, whose mean square over the
    /// frame is taken for an error.
    init(_ current: ZeroPointRecord.Current, of version: FrameVersion) {
        let kept = current.kept
        let (solution, zeroPoint) = (kept.solution, kept.solution.zeroPoint)
        var levelError: Double?
        if let common = kept.levelError {
            let scatter = kept.starScatter ?? 0
            let colour = Self.colourSpread * solution.parameters[1]
            let position = zip(solution.parameters.dropFirst(2), Self.meanSquares).reduce(0) {
                $0 + $1.0 * $1.0 * $1.1
            }
            levelError = (common * common + scatter * scatter + colour * colour + position).squareRoot()
        }
        self.init(
            magnitude: zeroPoint.value, error: kept.frameError ?? zeroPoint.error,
            system: "\(kept.band.id) \(kept.band.magnitudeSystem.rawValue)", levelError: levelError,
            scatter: max(kept.repeatability ?? 0, version.scintillation(airmass: current.airmass)))
    }

    /// [mag]
    private static let colourSpread = 0.4
    /// Of u, v, P2(u), u v, P2(v) over the frame.
    private static let meanSquares = [1.0 / 3, 1.0 / 3, 1.0 / 5, 1.0 / 9, 1.0 / 5]
}

extension FrameVersion {
    /// Young's approximation [mag]; 0 where telescope, site or airmass are not known.
    fileprivate func scintillation(airmass: Double?) -> Double {
        guard let airmass, let site = instrument.site, let aperture = instrument.telescopeApertureMeters else {
            return 0
        }
        return scintillationMagnitudes(
            apertureMeters: aperture, exposureSeconds: exposure.exposureSeconds, airmass: airmass,
            elevationMeters: site.elevationMeters)
    }
}

extension ReferenceStars {
    /// Stars of the catalogue where these positions are, as objects; none while the catalogue cannot be used.
    ///
    /// - Parameter year: Julian year of the positions.
    func objects(around positions: [SkyPosition], year: Double) throws -> [NewObject] {
        guard !positions.isEmpty else { return [] }
        let centre = try FramePlane.middle(positions)
        let radius = positions.map { $0.separationDegrees(from: centre) }.max() ?? 0
        do {
            return try using { catalogue in
                let cone = try Cone(
                    centre: centre, radiusDegrees: min(180, radius + Self.marginDegrees),
                    epoch: Opened.epoch(year: year), limit: Self.fewestStars + 4 * positions.count)
                return try catalogue.tiles.stars(in: cone).map { NewObject($0.star, of: catalogue.id) }
            }
        } catch is CatalogueError {
            return []
        }
    }

    private static let marginDegrees = 0.02
    private static let fewestStars = 2000
}
