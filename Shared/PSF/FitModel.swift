public import Detection
internal import Foundation
internal import Imaging

extension PointSpreadModel {
    /// Makes the model of a frame's star images from its own stars; nil when none is bright and clean enough.
    ///
    /// An elliptical Moffat whose width and ellipticity are polynomials in position is fitted to all stars at once,
    /// their fluxes, places and local skies being eliminated; the order 0, 1 or 2 is chosen by cross-validation. Then
    /// the stars' neighbours are fitted and subtracted, and the model is made again from larger stamps. Stars that it
    /// does not describe as well as the others are left out. What their images have beyond the Moffat profile goes
    /// into a table (`ResidualTable`) where that describes stars left out of the fit better.
    ///
    /// - Parameter starLimit: stars used at most; bright ones first, evenly over the frame.
    public static func fit(
        _ detections: Detections, _ parameters: PSFParameters = PSFParameters(), starLimit: Int = 300
    ) -> PointSpreadModel? {
        guard let seeing = detections.seeing, seeing.fwhmPixels.isFinite, seeing.fwhmPixels > 0.5, starLimit > 0
        else { return nil }
        let fwhm = min(seeing.fwhmPixels, 40)
        let chosen = detections.modelStars(fwhmPixels: fwhm, limit: starLimit)
        guard !chosen.isEmpty else { return nil }
        let stars = chosen.map { index in
            ModelStar(source: index, x: detections.sources[index].x, y: detections.sources[index].y, flux: .nan)
        }
        let planes = PixelPlanes(detections, gainKnown: parameters.gainKnown)
        let shape = MoffatShape(fwhmPixels: max((fwhm * fwhm - 0.5).squareRoot(), 0.5), tail: 0.25)
        let first = ModelFit(
            planes, table: SplineTable(fwhmPixels: fwhm), stars: stars,
            field: ShapeField(shape, width: planes.width, height: planes.height), radius: 2 * fwhm)
        first.refine(iterations: 3)
        guard first.stars.contains(where: \.isUsed), first.model.isSound else { return nil }
        let second = withoutNeighbours(detections, first, parameters, radius: 3 * fwhm)
        second.refine(iterations: 2)
        guard second.model.isSound else { return first.model }
        let improved = second.residualTable(radius: 2 * fwhm).improved()
        return improved.isSound ? improved : second.model
    }

    /// The same stars once the sources around them have been fitted and subtracted.
    private static func withoutNeighbours(
        _ detections: Detections, _ first: ModelFit, _ parameters: PSFParameters, radius: Double
    ) -> ModelFit {
        let places = first.stars.map { ($0.x, $0.y) }
        let grid = NeighbourGrid(places, cell: 2 * radius)
        let isNear = detections.sources.map { !grid.near(x: $0.x, y: $0.y, within: 2 * radius).isEmpty }
        var parameters = parameters
        parameters.skyTileSize = nil
        parameters.sweeps = 1
        let all = PSFFit(detections, first.model, at: [], parameters, only: isNear, planes: first.planes)
        let stars = first.stars.map { old -> ModelStar in
            guard let index = all.starOfSource[old.source] else { return old }
            let star = all.fit.stars[index]
            var new = ModelStar(source: old.source, x: star.x, y: star.y, flux: star.flux)
            new.fitted = index
            new.isUsed = !star.isDead && star.flux > 0
            return new
        }
        return ModelFit(
            all.fit.planes, table: first.table, stars: stars, field: first.field, radius: radius, removed: all.fit)
    }

    /// Whether the model is a peak of finite light.
    var isSound: Bool {
        coefficients.allSatisfy(\.isFinite) && fwhmPixels > 0.3 && chiSquaredPerDegree.isFinite
    }
}

extension ModelFit {
    /// Fits the shape, leaves out odd stars, and lets the shape vary over the frame where the stars ask for it.
    func refine(iterations: Int) {
        for _ in 0..<iterations { iterate() }
        reject()
        let before = field.order
        raiseOrder()
        for _ in 0..<(field.order > before ? 2 : 0) { iterate() }
        reject()
        iterate()
    }
}
