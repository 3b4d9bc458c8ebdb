internal import CatalogueTiles
internal import PhotometricCalibration
internal import ReferenceCatalogue
internal import Sky

extension ObjectStage {
    /// On the scale of the frames' zero points, with the stars of the reference catalogue, where there are any.
    init(archive: Archive, frames: FrameRecord, zeroPoints: ZeroPointRecord, reference: ReferenceStars?) {
        self.init(
            archive: archive, frames: frames,
            zeroPoint: { try zeroPoints.current([$0])[$0.frameID].map(ObjectZeroPoint.init) },
            references: { positions, year in try reference?.objects(around: positions, year: year) ?? [] })
    }
}

extension ObjectZeroPoint {
    /// For a star of the frame's pivot colour: an object's own colour is not known here.
    init(_ current: ZeroPointRecord.Current) {
        let (kept, zeroPoint) = (current.kept, current.kept.solution.zeroPoint)
        self.init(
            magnitude: zeroPoint.value, error: zeroPoint.error,
            system: "\(kept.band.id) \(kept.band.magnitudeSystem.rawValue)")
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
