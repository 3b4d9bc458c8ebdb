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
            zeroPoint: { version, table in
                try zeroPoints.current([version])[version.frameID].map { current in
                    let colours = try reference?.colours(named: current.kept.colour, of: table, on: version)
                    return ObjectZeroPoint(current, of: version, colours: colours ?? [:])
                }
            },
            references: { positions, year in try reference?.objects(around: positions, year: year) ?? [] })
    }
}

extension ObjectZeroPoint {
    init(_ current: ZeroPointRecord.Current, of version: FrameVersion, colours: [Int: Measured]) {
        let kept = current.kept
        self.init(
            solution: kept.solution, system: "\(kept.band.id) \(kept.band.magnitudeSystem.rawValue)",
            colours: colours, scintillation: version.scintillation(airmass: current.airmass))
    }
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

    /// Colours of the detections that are stars of the catalogue, by their numbers; none while the catalogue cannot be
    /// used.
    ///
    /// - Parameter name: of the colour that is wanted; nil: there is none.
    func colours(
        named name: String?, of table: DetectionTable, on version: FrameVersion
    ) throws -> [Int: Measured] {
        guard let name else { return [:] }
        do {
            return try using { catalogue in
                guard catalogue.bands.colour?.name == name,
                    let frame = try CatalogueStarsOfFrame(table, version, catalogue)
                else { return [:] }
                var colours: [Int: Measured] = [:]
                for pair in frame.matched.pairs {
                    let star = frame.stars[pair.star].star
                    colours[pair.detection] = catalogue.bands.colour(catalogue.bands.magnitudes(of: star))
                }
                return colours
            }
        } catch is CatalogueError {
            return [:]
        }
    }

    private static let marginDegrees = 0.02
    private static let fewestStars = 2000
}
