public import Detection
internal import Foundation
internal import Imaging

extension PointSpreadModel {
    /// Makes the model of a frame's star images from its own stars; nil when none is bright and clean enough.
    ///
    /// An elliptical Moffat whose width and ellipticity are polynomials in position is fitted to all stars at once,
    /// their fluxes, places and local skies being eliminated; the order 0, 1 or 2 is chosen by cross-validation. Then
    /// all sources of the frame are fitted and subtracted, and the model is made again from stars without neighbours.
    ///
    /// - Parameter starLimit: stars used at most; they are taken bright ones first, evenly over the frame.
    public static func fit(
        _ detections: Detections, _ parameters: PSFParameters = PSFParameters(), starLimit: Int = 300
    ) -> PointSpreadModel? {
        guard let seeing = detections.seeing, seeing.fwhmPixels.isFinite, seeing.fwhmPixels > 0.5 else { return nil }
        let chosen = detections.modelStars(fwhmPixels: seeing.fwhmPixels, limit: starLimit)
        guard !chosen.isEmpty else { return nil }
        let stars = chosen.map { index -> ModelStar in
            let source = detections.sources[index]
            return ModelStar(
                source: index, x: source.x, y: source.y, flux: .nan, column: Int(source.x.rounded()),
                row: Int(source.y.rounded()))
        }
        let table = SplineTable(fwhmPixels: seeing.fwhmPixels)
        let shape = MoffatShape(
            fwhmPixels: max((seeing.fwhmPixels * seeing.fwhmPixels - 0.5).squareRoot(), 0.5), tail: 0.25)
        let planes = PixelPlanes(detections, gainKnown: parameters.gainKnown)
        let field = ShapeField(shape, width: planes.width, height: planes.height)
        let fit = ModelFit(planes, table: table, stars: stars, field: field)
        for _ in 0..<4 {
            fit.iterate(fitsSky: true)
        }
        return fit.model
    }
}
