internal import Detection
internal import Foundation
internal import Imaging
internal import Statistics

/// One frame being measured: what all its sources share, and room to work in.
struct Photometer {
    private let detections: Detections
    private let planes: FramePlanes
    private let parameters: MeasurementParameters
    /// Of the frame's aperture [px].
    private let radius: Double
    /// All circular apertures by size [px], and which of them is the frame's and the extra ones.
    private let radii: [Double]
    private let main: Int
    private let extras: [Int]
    private let curve: GrowthCurve?
    private let correction: ApertureCorrection?
    private let image: any StarImage
    private let extended: ExtendedLight
    private var optimal: OptimalWeights?

    private var outlines: [EllipseOverlap]
    private var sums: [PixelSums]
    private var scratch = OrderStatistics()
    private var stamp = StarStamp()

    init(
        _ detections: Detections, _ planes: FramePlanes, _ parameters: MeasurementParameters,
        starImage: (any StarImage)?
    ) {
        (self.detections, self.planes, self.parameters) = (detections, planes, parameters)
        let radius = parameters.radiusPixels(seeing: detections.seeing)
        let extraRadii = parameters.extraRadii.map { parameters.pixels($0, seeing: detections.seeing) }
        // A radius that no aperture can have measures nothing.
        let sizes = ([radius] + extraRadii).map { $0.isFinite && $0 > 0 && $0 < 1e6 ? $0 : 0 }
        let order = sizes.indices.sorted { (sizes[$0], $0) < (sizes[$1], $1) }
        radii = order.map { sizes[$0] }
        let ranks = sizes.indices.map { index in order.firstIndex(of: index) ?? 0 }
        (self.radius, main, extras) = (sizes[0], ranks[0], Array(ranks.dropFirst()))
        outlines = radii.map { EllipseOverlap(x: 0, y: 0, radius: $0) }
        sums = radii.map { _ in PixelSums() }

        curve = GrowthCurve(detections, planes, radius: sizes[0], parameters)
        correction = curve?.correction(planes, annulus: parameters.annulusPixels(radius: sizes[0]))
        let width = min(max(parameters.fwhmPixels(seeing: detections.seeing), 0.5), 100)
        image = starImage ?? curve?.starImage(detections) ?? MoffatStarImage(fwhmPixels: width)
        extended = ExtendedLight(detections, planes, parameters)
        guard let curve, correction != nil else { return }
        optimal = OptimalWeights(
            planes, curve, image: image, annulus: parameters.annulusPixels(radius: sizes[0]),
            tailError: GrowthCurveError(curve, annulus: nil).tail,
            sourceNoise: parameters.gainKnown, threads: parameters.threads)
    }

    // MARK: One source

    /// Tells which source comes next.
    func prepare(for source: Source) {
        planes.prefetch(x: source.x, y: source.y, reach: parameters.annulusPixels(radius: radius)?.outer ?? 2 * radius)
    }

    mutating func measure(_ source: Source, owner: Int32, isForced: Bool) -> Measurement {
        let (x, y) = (source.x, source.y)
        let sky = LocalSky(
            detections, planes, x: x, y: y, owner: owner, radius: radius, parameters, scratch: &scratch)
        let apertures = apertureFluxes(x: x, y: y, sky: sky)
        let aperture = apertures[main]
        var flags = source.flags.union(aperture.flags)
        if sky.isPoor { flags.insert(.poorAnnulus) }
        if !isForced, extended.carries(source, owner: owner, sky: sky) { flags.insert(.onExtendedLight) }
        var peak = isForced ? Double.nan : source.peak
        if planes.isNear(x: x, y: y, reach: radius) {
            let census = planes.census(outlines[main], owner: owner)
            let bits = PixelFlags(rawValue: census.maskBits)
            if bits.contains(.saturated) { flags.insert(.saturated) }
            if bits.contains(.cosmicRay) { flags.insert(.cosmicRay) }
            if bits.contains(.trail) { flags.insert(.trail) }
            if bits.contains(.nonLinear) { flags.insert(.nonLinear) }
            if census.hasNeighbour { flags.insert(.neighbour) }
            if isForced { peak = planes.peak(outlines[main]) }
        }
        var row = Measurement(
            x: x, y: y, xError: source.xError, yError: source.yError, raDegrees: nil, decDegrees: nil,
            fluxAperture: aperture.flux, fluxApertureError: aperture.fluxError,
            extraFluxes: extras.map { rank in
                ApertureFlux(
                    radiusPixels: radii[rank], flux: apertures[rank].flux, fluxError: apertures[rank].fluxError)
            }, fluxAuto: .nan, fluxAutoError: .nan, background: sky.level, peak: peak.isFinite ? peak : .nan,
            fwhmPixels: source.fwhmPixels, ellipticity: source.ellipticity, thetaDegrees: source.thetaDegrees,
            flags: flags)
        addWhole(&row, sky: sky)
        if !isForced { addKron(&row, source, owner: owner, sky: sky) }
        return row
    }

    /// A flux above the sky with its error.
    private struct Flux {
        var flux = Double.nan
        var fluxError = Double.nan
        var flags: SourceFlags = []
    }

    /// Fluxes within all circular apertures, in the order of `radii`.
    private mutating func apertureFluxes(x: Double, y: Double, sky: LocalSky) -> [Flux] {
        guard radius > 0, planes.isNear(x: x, y: y, reach: radii[radii.count - 1]) else {
            return radii.map { _ in Flux(flags: [.noData, .apertureTruncated]) }
        }
        for index in outlines.indices { (outlines[index].x, outlines[index].y) = (x, y) }
        planes.sum(outlines, into: &sums)
        return sums.indices.map { flux(sums[$0], outlines[$0], sky: sky) }
    }

    private mutating func flux(_ sum: PixelSums, _ outline: EllipseOverlap, sky: LocalSky) -> Flux {
        let isOutside = sum.area + sum.missingArea <= 0
        guard sum.area > 0 else { return Flux(flags: isOutside ? [.noData, .apertureTruncated] : .noData) }
        var result = combined(sum, sky: sky)
        if outline.isTruncated(width: planes.width, height: planes.height) { result.flags.insert(.apertureTruncated) }
        guard sum.missingArea > 0 else { return result }
        result.flags.insert(.masked)
        stamp.load(image, planes, x: outline.x, y: outline.y, reach: outline.halfWidth + 1)
        guard
            let filled = MaskedPixels.fill(
                planes, outline, level: sky.residualLevel, stamp: stamp, sourceNoise: parameters.gainKnown)
        else { return Flux(flags: .noData) }
        result = combined(sum, sky: sky, filled: filled)
        result.flags.insert(.masked)
        if filled.share > 0.5 { result.flags.insert(.mostlyFilled) }
        if outline.isTruncated(width: planes.width, height: planes.height) { result.flags.insert(.apertureTruncated) }
        return result
    }

    ///     flux    = sum w D - area * level + filled
    ///     error^2 = sum w^2 (D - level) + sum w^2 V + area^2 var(level) + var(filled) + (flux * flat)^2 / n
    ///
    /// The first term is the source's own photon noise, left out when the gain is not known or when it is negative.
    private func combined(_ sum: PixelSums, sky: LocalSky, filled: MaskedPixels = MaskedPixels()) -> Flux {
        let flux = sum.light - sum.area * sky.residualLevel + filled.light
        guard flux.isFinite, sum.variance.isFinite else { return Flux(flags: .noData) }
        let own = parameters.gainKnown ? max(0, sum.ownVariance - sum.squaredArea * sky.residualLevel) : 0
        let area = sum.area + filled.area
        var variance = own + sum.variance + area * area * sky.levelVariance + filled.variance
        if parameters.flatError > 0 {
            // A Gaussian star of this width is spread over as many pixels as 4 pi sigma^2.
            let sigma = parameters.fwhmPixels(seeing: detections.seeing) / 2.3548
            variance += pow(flux * parameters.flatError, 2) / max(1, 4 * .pi * sigma * sigma)
        }
        return Flux(flux: flux, fluxError: variance.squareRoot(), flags: flux <= 0 ? .negative : [])
    }

    /// Total and optimal flux.
    private mutating func addWhole(_ row: inout Measurement, sky: LocalSky) {
        guard let correction, row.fluxAperture.isFinite else {
            row.flags.formUnion([.apertureCorrectionUnknown, .optimalFailed])
            return
        }
        let factor = correction.factor(x: row.x, y: row.y)
        row.fluxTotal = factor * row.fluxAperture
        let common = row.fluxTotal * hypot(correction.relativeError, correction.relativeScatter)
        row.fluxTotalError = (factor * factor * row.fluxApertureError * row.fluxApertureError + common * common)
            .squareRoot()
        guard
            let weighted = optimal?.measure(
                planes, x: row.x, y: row.y, sky: sky, aperture: row.fluxTotal, stamp: &stamp)
        else {
            row.flags.insert(.optimalFailed)
            return
        }
        (row.fluxOptimal, row.fluxOptimalError) = weighted
    }

    private mutating func addKron(_ row: inout Measurement, _ source: Source, owner: Int32, sky: LocalSky) {
        guard let kron = KronAperture(source, owner: owner, planes) else {
            row.flags.insert(.kronFailed)
            return
        }
        // Only the aperture proper reports on masks and edges.
        if !kron.isGood { row.flags.insert(.kronFailed) }
        let sum = kron.sum(planes, owner: owner)
        guard sum.area > 0 else {
            row.flags.insert(.kronFailed)
            return
        }
        let around = self.sky(around: kron, usual: sky)
        let flux = combined(sum, sky: around)
        (row.fluxAuto, row.fluxAutoError) = (flux.flux, flux.fluxError)
        let isCut = kron.outline.isTruncated(width: planes.width, height: planes.height)
        if isCut || !(flux.flux > 0) || kron.isOpen || sum.missingArea > Self.mostMissing * kron.outline.area {
            row.flags.insert(.kronUncertain)
        }
    }

    /// Part of a Kron ellipse that may be lost to other sources without a word.
    private static let mostMissing = 0.1

    /// The frame's annulus lies within the light of an extended source, and would take it for sky: a source whose
    /// ellipse reaches it has an annulus of its own, from 1.5 to 2 half axes, or where that has no sky, the mesh.
    private mutating func sky(around kron: KronAperture, usual: LocalSky) -> LocalSky {
        guard let annulus = parameters.annulusPixels(radius: radius), kron.reach > annulus.inner else { return usual }
        var sky = usual
        (sky.residualLevel, sky.levelVariance) = (0, usual.meshVariance)
        guard kron.reach < Self.farthestAnnulus / 2 else { return sky }
        let measured = Annulus.measure(
            planes, x: kron.outline.x, y: kron.outline.y, inner: 1.5 * kron.reach, outer: 2 * kron.reach, owner: 0,
            estimator: parameters.estimator, scratch: &scratch)
        if let measured { (sky.residualLevel, sky.levelVariance) = (measured.level, measured.levelVariance) }
        return sky
    }

    /// Larger ones would hold the frame's own structure [px].
    private static let farthestAnnulus = 300.0

    // MARK: The frame

    func summary() -> FrameSummary {
        let variance = typicalVariance()
        let background = detections.background
        let area = Double.pi * radius * radius
        var levelVariance = variance / Double(background.tileSize * background.tileSize)
        if let annulus = parameters.annulusPixels(radius: radius) {
            levelVariance = variance / (.pi * (annulus.outer * annulus.outer - annulus.inner * annulus.inner))
        }
        return FrameSummary(
            backgroundElectrons: background.globalLevel, skyRMSElectrons: background.globalRMS,
            noiseRatio: background.globalRMS / variance.squareRoot(), seeing: detections.seeing,
            count: detections.sources.count, apertureRadiusPixels: radius, apertureCorrection: correction,
            bestRadiusPixels: curve?.bestRadius(),
            limitingFlux: 5 * (area * variance + area * area * levelVariance).squareRoot())
    }

    /// Median over the good pixels of the variance plane, or over 20,000 of them [e-^2]; NaN for none.
    private func typicalVariance() -> Double {
        let step = max(1, planes.variance.count / 20_000)
        var sample: [Double] = []
        sample.reserveCapacity(planes.variance.count / step + 1)
        for index in stride(from: 0, to: planes.variance.count, by: step) {
            planes.prefetch(index + 16 * step)
            if !planes.isExcluded(index) { sample.append(Double(planes.variance[index])) }
        }
        return RobustStatistics.median(sample) ?? .nan
    }
}
