public import Detection
internal import Imaging

extension DetectedStar {
    /// Of what the centroids of saturated stars and blends are wrong by, beside their noise [px].
    private static let doubtfulPixels = 0.5

    /// A source of the frame: saturated stars and blends get wider errors.
    public init(_ source: Source) {
        self.init(
            x: source.x, y: source.y, xErrorPixels: source.xError, yErrorPixels: source.yError,
            flux: source.isophotalFlux)
        let doubts: SourceFlags = [.saturated, .edge, .masked, .centroidFailed]
        guard !source.flags.isDisjoint(with: doubts) else { return }
        let widened = { (error: Double) in
            error.isFinite ? (error * error + Self.doubtfulPixels * Self.doubtfulPixels).squareRoot() : 1
        }
        (xErrorPixels, yErrorPixels) = (widened(xErrorPixels), widened(yErrorPixels))
    }
}
