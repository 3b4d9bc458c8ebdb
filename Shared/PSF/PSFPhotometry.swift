internal import CKernels
public import Detection
internal import Foundation
public import Imaging

/// Fits every source of a frame by the model of its star images, neighbours at once.
///
///     data = sky + sum_i F_i P(u - x_i; x_i),  weights 1 / (V + sum_i F_i P)
///
/// V is the variance plane; a pixel's own counts are never its variance. Masked and saturated pixels have no weight:
/// saturated stars are fitted by their wings. The sky is the background map, corrected by the mean of the residual over
/// tiles after each sweep; its uncertainty is part of the flux's error.
///
/// - Returns: one measurement per source, in the order of `detections.sources`.
/// - Source: Stetson 1987, PASP 99, 191.
public func psfPhotometry(
    _ detections: Detections, _ model: PointSpreadModel, _ parameters: PSFParameters = PSFParameters()
) -> [PSFMeasurement] {
    PSFFit(detections, model, at: [], parameters).measurements(forced: false)
}

/// Fits fluxes at given positions, which do not move, together with the sources found on the frame; fluxes may be
/// negative. A source within half a FWHM of a position is taken to be the same star.
///
/// - Parameter positions: 0-based [px]; off the frame gives NaN and `psfFailed`.
/// - Returns: one measurement per position, in the order given.
public func forcedPSFPhotometry(
    _ detections: Detections, _ model: PointSpreadModel, at positions: [(x: Double, y: Double)],
    _ parameters: PSFParameters = PSFParameters()
) -> [PSFMeasurement] {
    PSFFit(detections, model, at: positions, parameters).measurements(forced: true)
}

/// What is left of a frame when sky and all fitted sources are subtracted [e-]; 0 where there is no measurement.
public func psfResidual(
    _ detections: Detections, _ model: PointSpreadModel, _ parameters: PSFParameters = PSFParameters()
) -> Image<Electron> {
    PSFFit(detections, model, at: [], parameters).residual()
}

/// The fit of one frame and what is asked of it afterwards.
struct PSFFit {
    private let detections: Detections
    let fit: CrowdedFit
    private let positionCount: Int
    /// Stars of the fit for each source that is in it.
    let starOfSource: [Int?]
    private let starOfPosition: [Int?]
    private let positions: [(x: Double, y: Double)]

    init(
        _ detections: Detections, _ model: PointSpreadModel, at positions: [(x: Double, y: Double)],
        _ parameters: PSFParameters, only chosen: [Bool]? = nil, planes: PixelPlanes? = nil
    ) {
        self.detections = detections
        self.positions = positions
        positionCount = positions.count
        let frame = detections.frame
        let fallback = StampLayout(radius: 7, table: model.table)
        var stars: [FittedStar] = []
        func add(_ x: Double, _ y: Double, isFixed: Bool) -> Int? {
            guard x > -0.5, y > -0.5, x < Double(frame.width) - 0.5, y < Double(frame.height) - 0.5 else { return nil }
            stars.append(
                FittedStar(x: x, y: y, startX: x, startY: y, flux: 0, layout: fallback, isFixed: isFixed))
            return stars.count - 1
        }
        starOfPosition = positions.map { add($0.x, $0.y, isFixed: true) }
        let taken = NeighbourGrid(positions, cell: model.fwhmPixels)
        starOfSource = detections.sources.enumerated().map { index, source in
            if let chosen, !chosen[index] { return nil }
            let same = taken.near(x: source.x, y: source.y, within: 0.5 * model.fwhmPixels)
            return same.isEmpty ? add(source.x, source.y, isFixed: false) : nil
        }
        let planes = planes ?? PixelPlanes(detections, gainKnown: parameters.gainKnown)
        fit = CrowdedFit(
            planes, model, parameters, skyDeviation: detections.background.globalRMS, stars: stars)
        var guesses = stars.map { fit.peakFlux(x: $0.x, y: $0.y) }
        for (source, star) in zip(detections.sources, starOfSource) {
            if let star, source.isophotalFlux > guesses[star] { guesses[star] = source.isophotalFlux }
        }
        fit.run(guesses: guesses, sweeps: parameters.sweeps)
    }

    func measurements(forced: Bool) -> [PSFMeasurement] {
        let rows = fit.measure(backgroundAt: level)
        if forced {
            return zip(positions, starOfPosition).map { position, star in
                guard let star else { return .failed(x: position.x, y: position.y, flags: [.forced, .noData]) }
                return finished(rows[star], source: nil)
            }
        }
        return zip(detections.sources, starOfSource).map { source, star in
            guard let star else { return .failed(x: source.x, y: source.y, flags: source.flags) }
            return finished(rows[star], source: source)
        }
    }

    private func level(_ x: Double, _ y: Double) -> Double {
        let frame = detections.frame
        // A fitted place may lie a little beyond the frame.
        let column = min(max(Int(x.rounded()), 0), frame.width - 1)
        let row = min(max(Int(y.rounded()), 0), frame.height - 1)
        return Double(detections.background.level[column, row])
    }

    private func finished(_ row: PSFMeasurement, source: Source?) -> PSFMeasurement {
        var row = row
        row.flags.formUnion(source?.flags ?? .forced)
        if !fit.parameters.gainKnown { row.flags.insert(.gainUnknown) }
        if row.flags.contains(.saturated) { row.flags.insert(.psfUncertain) }
        return row
    }

    func residual() -> Image<Electron> {
        let frame = detections.frame
        let pixels = (0..<(frame.width * frame.height)).map { index in
            !frame.isExcluded(index) ? fit.planes.residual[index] : 0
        }
        return Image(width: frame.width, height: frame.height, pixels: pixels)
    }
}
