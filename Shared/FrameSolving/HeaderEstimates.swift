internal import Sky

extension PointingEstimate {
    /// By a header; nil where it has no pointing, or none that can be.
    ///
    /// - Parameters:
    ///   - ra: right ascension [deg].
    ///   - dec: declination [deg].
    public init?(ra: Double?, dec: Double?, uncertaintyDegrees: Double) {
        guard let ra, let dec else { return nil }
        do {
            self.init(
                centre: try SkyPosition(raDegrees: ra, decDegrees: dec), uncertaintyDegrees: uncertaintyDegrees,
                origin: "the header's pointing")
        } catch {
            // A header's pointing that is none is as good as a missing one.
            return nil
        }
    }
}

extension ScaleEstimate {
    /// What a scale by focal length and pixel size is off by [ratio].
    private static let tolerance = 1.2

    /// By a header or an instrument's document; nil where they do not say, or nothing that can be.
    public init?(arcsecPerPixel: Double?) {
        guard let arcsecPerPixel, arcsecPerPixel.isFinite, arcsecPerPixel > 0.01, arcsecPerPixel < 3600 else {
            return nil
        }
        self.init(
            range: (arcsecPerPixel / Self.tolerance)...(arcsecPerPixel * Self.tolerance), isCertain: false,
            origin: "the header or the instrument document")
    }
}
