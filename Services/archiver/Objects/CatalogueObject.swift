internal import Association
internal import ReferenceCatalogue
internal import Sky

extension NewObject {
    /// Error of one coordinate of a star whose catalogue does not say [mas].
    private static let unknownErrorMas = 100.0
    /// Error of a motion whose catalogue does not say [mas/yr].
    private static let unknownMotionErrorMasPerYear = 10.0

    /// A star of a reference catalogue as an object that no frame has shown yet, at the catalogue's epoch.
    ///
    /// - Parameter catalogue: its name, which with the star's number makes the object the same for ever.
    init(_ star: CatalogueStar, of catalogue: String) {
        let error = Double(star.positionErrorMas)
        let motionError = Double(star.motionErrorMasPerYear)
        self.init(
            object: SkyObject(
                identifier: 0, position: star.position,
                covariance: PositionCovariance(
                    errorArcsec: (error.isFinite && error > 0 ? error : Self.unknownErrorMas) / 1000),
                epoch: star.epoch, motion: star.motion,
                motionErrorMasPerYear: motionError.isFinite ? motionError : Self.unknownMotionErrorMasPerYear),
            catalogue: (catalogue, star.identifier))
    }
}
