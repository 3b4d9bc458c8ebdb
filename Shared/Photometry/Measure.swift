public import Detection
internal import Foundation
public import Imaging

/// Finds and measures all sources of a frame.
///
/// Fluxes are sums within circular apertures around windowed centroids, exact at the pixels' edges, above the local
/// sky; errors count the source's photons, the variance plane and the uncertainty of the sky. A frame without stars has
/// no rows and a summary all the same.
public func measure(
    _ frame: CalibratedFrame, _ parameters: MeasurementParameters = MeasurementParameters()
) -> FrameMeasurement {
    measure(detect(frame, parameters.detection), parameters)
}

/// Measures what `detect` found.
public func measure(_ detections: Detections, _ parameters: MeasurementParameters) -> FrameMeasurement {
    let radius = parameters.radiusPixels(seeing: detections.seeing)
    let rows = ApertureSums.open(detections, gainKnown: parameters.gainKnown) { sums in
        detections.sources.enumerated().map { index, source in
            measure(source, owner: Int32(index + 1), radius: radius, sums, detections, parameters)
        }
    }
    let sorted = rows.sorted { left, right in
        let (leftFlux, rightFlux) = (sortableFlux(left), sortableFlux(right))
        return leftFlux != rightFlux ? leftFlux > rightFlux : (left.y, left.x) < (right.y, right.x)
    }
    return FrameMeasurement(rows: sorted, summary: summarise(detections, radius: radius, parameters))
}

/// Measures at given positions, found or not: fluxes may be negative, and `Measurement.upperLimit` makes limits of
/// them.
///
/// - Parameters:
///   - positions: 0-based [px]; outside the frame gives NaN and flags.
///   - recentre: whether to move to the windowed centroid within one FWHM; biases faint fluxes high.
/// - Returns: one measurement per position, in the order given.
public func forcedPhotometry(
    _ frame: CalibratedFrame, at positions: [(x: Double, y: Double)], recentre: Bool = false,
    _ parameters: MeasurementParameters = MeasurementParameters()
) -> [Measurement] {
    forcedPhotometry(detect(frame, parameters.detection), at: positions, recentre: recentre, parameters)
}

/// Measures at given positions on a frame on which `detect` has run.
public func forcedPhotometry(
    _ detections: Detections, at positions: [(x: Double, y: Double)], recentre: Bool = false,
    _ parameters: MeasurementParameters
) -> [Measurement] {
    let radius = parameters.radiusPixels(seeing: detections.seeing)
    let fwhm = detections.seeing?.fwhmPixels ?? MeasurementParameters.fallbackFWHMPixels
    return ApertureSums.open(detections, gainKnown: parameters.gainKnown) { sums in
        positions.map { position in
            let source = forcedSource(
                detections, position, fwhm: fwhm, recentre: recentre,
                gainKnown: parameters.gainKnown)
            let owner = detections.owner(x: source.x, y: source.y)
            var row = measure(source, owner: owner, radius: radius, sums, detections, parameters, isForced: true)
            (row.fluxAuto, row.fluxAutoError) = (.nan, .nan)
            return row
        }
    }
}

private func measure(
    _ source: Source, owner: Int32, radius: Double, _ sums: ApertureSums, _ detections: Detections,
    _ parameters: MeasurementParameters, isForced: Bool = false
) -> Measurement {
    let (x, y) = (source.x, source.y)
    let sky = LocalSky(detections, x: x, y: y, owner: owner, radius: radius, parameters)
    let aperture = sums.circle(x: x, y: y, radius: radius, sky: sky)
    let auto = isForced ? ApertureSum() : sums.kron(source, owner: owner, sky: sky)
    let extras = parameters.extraRadiiPixels.map { extra in
        let sum = sums.circle(x: x, y: y, radius: extra, sky: sky)
        return ApertureFlux(radiusPixels: extra, flux: sum.flux, fluxError: sum.fluxError)
    }
    var flags = source.flags.union(aperture.flags).union(auto.flags)
    if sky.isPoor { flags.insert(.poorAnnulus) }
    var peak = isForced ? -Double.infinity : source.peak
    let frame = detections.frame
    frame.forEachPixel(x: x, y: y, radius: radius) { index, _ in
        if PixelFlags(rawValue: frame.maskBits[index]).contains(.saturated) { flags.insert(.saturated) }
        let segment = detections.segments[index]
        if segment != 0, segment != owner { flags.insert(.neighbour) }
        if isForced, frame.excluded[index] == 0 { peak = max(peak, Double(frame.residual[index])) }
    }
    return Measurement(
        x: x, y: y, xError: source.xError, yError: source.yError, raDegrees: nil, decDegrees: nil,
        fluxAperture: aperture.flux, fluxApertureError: aperture.fluxError, extraFluxes: extras, fluxAuto: auto.flux,
        fluxAutoError: auto.fluxError, background: sky.level, peak: peak.isFinite ? peak : .nan,
        fwhmPixels: source.fwhmPixels, ellipticity: source.ellipticity, thetaDegrees: source.thetaDegrees, flags: flags)
}

private func sortableFlux(_ row: Measurement) -> Double {
    row.fluxAperture.isFinite ? row.fluxAperture : -.infinity
}

private func summarise(
    _ detections: Detections, radius: Double, _ parameters: MeasurementParameters
) -> FrameSummary {
    let frame = detections.frame
    let stride = max(1, frame.variance.count / 200_000)
    let sample = Swift.stride(from: 0, to: frame.variance.count, by: stride)
        .filter { frame.excluded[$0] == 0 }.map { Double(frame.variance[$0]) }
    let variance = median(sample) ?? .nan
    let area = Double.pi * radius * radius
    var levelVariance = variance / Double(detections.background.tileSize * detections.background.tileSize)
    if let annulus = parameters.annulus {
        let inner = annulus.inner * radius
        let outer = max(annulus.outer * radius, inner + parameters.minimumAnnulusWidthPixels)
        levelVariance = variance / (.pi * (outer * outer - inner * inner))
    }
    return FrameSummary(
        backgroundElectrons: detections.background.globalLevel, skyRMSElectrons: detections.background.globalRMS,
        noiseRatio: detections.background.globalRMS / variance.squareRoot(), seeing: detections.seeing,
        count: detections.sources.count, apertureRadiusPixels: radius,
        limitingFlux: 5 * (area * variance + area * area * levelVariance).squareRoot())
}
