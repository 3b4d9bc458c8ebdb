public import Detection
internal import Imaging

extension DetectedStar {
    /// Of what the centroids of saturated stars and blends are wrong by, beside their noise [px].
    private static let doubtfulPixels = 0.5

    /// A source of the frame: of saturated stars and those at an edge the centroid is in doubt.
    public init(_ source: Source) {
        self.init(
            x: source.x, y: source.y, xErrorPixels: source.xError, yErrorPixels: source.yError,
            flux: source.isophotalFlux)
        let doubts: SourceFlags = [.saturated, .edge, .masked, .centroidFailed]
        if !source.flags.isDisjoint(with: doubts) { doubt() }
    }

    /// Gives the centroid an error that holds what may be wrong with it.
    private mutating func doubt() {
        let widened = { (error: Double) in
            error.isFinite ? (error * error + Self.doubtfulPixels * Self.doubtfulPixels).squareRoot() : 1
        }
        (xErrorPixels, yErrorPixels) = (widened(xErrorPixels), widened(yErrorPixels))
        isDoubtful = true
    }

    /// The sources of one frame, in their order. Where no saturation level is known, stars that are saturated all the
    /// same are found by their peaks (`commonPeak`).
    public static func stars(of sources: [Source]) -> [DetectedStar] {
        let ceiling = commonPeak(of: sources)
        return sources.map { source in
            var star = DetectedStar(source)
            if let ceiling, source.peak >= ceiling.least, !star.isDoubtful { star.doubt() }
            return star
        }
    }

    /// The height at which a frame's stars are cut off, by nothing but their peaks; `nil` where none shows.
    ///
    /// Stars of any brightness have one peak when their pixels are full. Stars that are not saturated do not: of 30
    /// stars over a factor of ten in light, three within a hundredth of the brightest one are there once in 200 frames,
    /// and then their light is alike, too.
    /// - Returns: the least peak that counts as full, in the sources' unit, and how many have it; only where no source
    ///   is known to be saturated, and at least `fewestFull` are within a hundredth of the highest peak, the brightest
    ///   of them with twice the light of the faintest.
    public static func commonPeak(of sources: [Source]) -> (least: Double, sources: Int)? {
        guard !sources.contains(where: { $0.flags.contains(.saturated) }) else { return nil }
        let highest = sources.lazy.map(\.peak).filter(\.isFinite).max() ?? 0
        guard highest > 0 else { return nil }
        let least = highest * (1 - fullShare)
        let full = sources.filter { $0.peak >= least }.map(\.isophotalFlux)
        guard full.count >= fewestFull, let faintest = full.min(), let brightest = full.max(), faintest > 0,
            brightest >= 2 * faintest
        else { return nil }
        return (least, full.count)
    }

    /// What sky and noise take from the height of a full pixel.
    private static let fullShare = 0.01
    private static let fewestFull = 3
}
