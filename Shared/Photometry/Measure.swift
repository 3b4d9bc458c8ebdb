public import Detection
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
///
/// - Parameter starImage: the frame's point spread, for optimal weights and masked pixels; nil takes the Moffat
///   function that fits the curve of growth.
public func measure(
    _ detections: Detections, _ parameters: MeasurementParameters, starImage: (any StarImage)? = nil
) -> FrameMeasurement {
    FramePlanes.open(detections) { planes in
        var meter = Photometer(detections, planes, parameters, starImage: starImage)
        let sources = detections.sources
        let rows = sources.enumerated().map { index, source in
            if index + 1 < sources.count { meter.prepare(for: sources[index + 1]) }
            var row = meter.measure(source, owner: Int32(index + 1), isForced: false)
            row.sourceIndex = index
            return row
        }
        let sorted = rows.sorted { left, right in
            let (leftFlux, rightFlux) = (sortableFlux(left), sortableFlux(right))
            return leftFlux != rightFlux ? leftFlux > rightFlux : (left.y, left.x) < (right.y, right.x)
        }
        return FrameMeasurement(rows: sorted, summary: meter.summary())
    }
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
///
/// - Parameter starImage: as for `measure`.
public func forcedPhotometry(
    _ detections: Detections, at positions: [(x: Double, y: Double)], recentre: Bool = false,
    _ parameters: MeasurementParameters, starImage: (any StarImage)? = nil
) -> [Measurement] {
    let fwhm = parameters.fwhmPixels(seeing: detections.seeing)
    return FramePlanes.open(detections) { planes in
        var meter = Photometer(detections, planes, parameters, starImage: starImage)
        return positions.map { position in
            let source = forcedSource(
                detections, position, fwhm: fwhm, recentre: recentre, gainKnown: parameters.gainKnown)
            let owner = detections.owner(x: source.x, y: source.y)
            return meter.measure(source, owner: owner, isForced: true)
        }
    }
}

private func sortableFlux(_ row: Measurement) -> Double {
    row.fluxAperture.isFinite ? row.fluxAperture : -.infinity
}
