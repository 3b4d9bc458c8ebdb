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
        let meter = Photometer(detections, planes, parameters, starImage: starImage)
        let sources = detections.sources
        let rows = measurements(sources.count, meter, threads: parameters.threads) { meter, index in
            if index + 1 < sources.count { meter.prepare(for: sources[index + 1]) }
            var row = meter.measure(sources[index], owner: Int32(index + 1), isForced: false)
            row.sourceIndex = index
            return row
        }
        let (order, summary) = parallelBoth(threads: parameters.threads, { brightestFirst(rows) }, meter.summary)
        let ordered = [Measurement](unsafeUninitializedCapacity: order.count) { ordered, used in
            parallelRows(order.count, threads: parameters.threads) { range in
                for place in range { ordered.initializeElement(at: place, to: rows[order[place]]) }
            }
            used = order.count
        }
        return FrameMeasurement(rows: ordered, summary: summary)
    }
}

/// Places of the rows: a row is too large to be moved about.
private func brightestFirst(_ rows: [Measurement]) -> [Int] {
    let keys = rows.enumerated().map { (flux: sortableFlux($1), y: $1.y, x: $1.x, place: $0) }
    return keys.sorted { left, right in
        left.flux != right.flux ? left.flux > right.flux : (left.y, left.x) < (right.y, right.x)
    }.map(\.place)
}

/// `count` rows in order, each made by one of the threads with room to work in of its own.
private func measurements(
    _ count: Int, _ meter: Photometer, threads: Int, _ row: (inout Photometer, Int) -> Measurement
) -> [Measurement] {
    [Measurement](unsafeUninitializedCapacity: count) { rows, used in
        parallelRows(count, threads: threads) { range in
            var own = meter
            for index in range { (rows.baseAddress! + index).initialize(to: row(&own, index)) }
        }
        used = count
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
        let meter = Photometer(detections, planes, parameters, starImage: starImage)
        return measurements(positions.count, meter, threads: parameters.threads) { meter, index in
            let source = forcedSource(
                detections, positions[index], fwhm: fwhm, recentre: recentre, gainKnown: parameters.gainKnown)
            let owner = detections.owner(x: source.x, y: source.y)
            return meter.measure(source, owner: owner, isForced: true)
        }
    }
}

private func sortableFlux(_ row: Measurement) -> Double {
    row.fluxAperture.isFinite ? row.fluxAperture : -.infinity
}
