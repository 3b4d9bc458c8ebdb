internal import Events
internal import Foundation
internal import Imaging
internal import LightCurves
internal import PhotometricCalibration

/// How well comparison stars agree with the magnitudes that their sequence gives them: what the error of a residual
/// holds beside the errors of the two magnitudes.
struct SequenceLevel: Equatable {
    let band: PhotometricBand
    /// Standard error of the level [mag].
    let error: Double
    /// By how much a star is off the scale of the others [mag]: flat fields are not flat, and pass bands differ.
    let scatter: Double

    /// - Parameter solution: on the sequence's scale.
    /// - Returns: nil where the sequence gives no level.
    init?(_ sequence: ComparisonSequence, filter: String, _ solution: EnsembleSolution?) {
        guard let solution, solution.isAbsolute, let band = sequence.band(ofFilter: filter) else { return nil }
        let means = solution.stars.compactMap { star -> SequenceMeasurement? in
            guard star.role == .used, let magnitude = star.magnitude else { return nil }
            let scatter = max(star.scatterMagnitudes ?? 0, 0.001)
            let flux = pow(10, -0.4 * magnitude)
            let relative = 0.921 * scatter / Double(max(1, star.measurements)).squareRoot()
            return SequenceMeasurement(starID: star.id, flux: Measured(flux, error: flux * relative), x: 0, y: 0)
        }
        let frame = CalibrationFrame(id: "night", exposureSeconds: 1, width: 1, height: 1, fluxKind: .aperture)
        do {
            let level = try calibrate(
                means, by: sequence, band: band, frame: frame, colourTerm: .none(pivotColour: 0)
            ).solution
            self.band = band
            error = level.zeroPoint.error
            let (value, uncertainty) = (level.intrinsicScatter.value, level.intrinsicScatter.error)
            scatter = (value * value + uncertainty * uncertainty).squareRoot()
        } catch {
            // No comparison star is good enough to say how good the others are.
            return nil
        }
    }
}

extension NightLightCurve {
    /// Adds band, flux and the level's error where the target's sequence gives the level (of a few stars the ensemble
    /// often sees no scatter at all; the fit of a zero point knows what is usual), and what its check star was measured
    /// at on the frame, as if it were the target.
    ///
    ///     residual = m_measured - m_sequence
    ///     error^2 = error_measured^2 + error_sequence^2 + error_level^2
    ///
    /// error_level: of the comparison stars' level and their scatter s about it, or of the catalogue's level, which
    /// holds that too.
    func addSequence(_ point: inout PhotometryMeasured, _ fluxes: [StarFlux], _ frame: FrameVersion) {
        guard let sequence = target.sequence else { return }
        if level == nil, let own = sequenceLevel {
            point.band = own.band.id
            if point.levelError != nil { point.levelError = hypot(own.error, own.scatter) }
            addFlux(&point, fluxes.first { $0.star == RecordedTarget.ownStar }, frame, own.band)
        }
        guard let star = sequence.checkStar, let shown = fluxes.first(where: { $0.star == star.id }),
            let flux = shown.flux, let skyError = shown.fluxError,
            SourceFlags(rawValue: shown.flags).isDisjoint(with: Self.unusable),
            let zeroPoint = ensemble.solution?.zeroPoint(of: frame.frameID)
        else { return }
        let seen = TargetFlux(
            flux: flux, fluxError: noise?.fluxError(flux: flux, skyError: skyError) ?? skyError,
            scintillationMagnitudes: Self.scintillation(frame, target))
        guard let measured = ensemble.solution?.point(seen, at: zeroPoint, isAB: false),
            let magnitude = measured.magnitude, let error = measured.magnitudeError
        else { return }
        if let level, level.offset == nil { return }
        var check = CheckStarFacts(
            sequence: sequence.id, id: star.id, magnitude: magnitude + (level?.offset?.value ?? 0),
            magnitudeError: error)
        addResidual(&check, sequence, star)
        point.checkStar = check
    }

    /// What of a check star has a part in the identity of a point.
    static func listed(_ check: CheckStarFacts) -> [String] {
        let numbers = [check.magnitude, check.magnitudeError, check.residual, check.residualError]
        return [check.sequence, check.id] + numbers.map { $0.map { String($0) } ?? "-" }
    }

    private func addResidual(
        _ check: inout CheckStarFacts, _ sequence: ComparisonSequence, _ star: ComparisonSequence.Star
    ) {
        guard let band = level == nil ? sequenceLevel?.band : level?.band,
            let published = sequence.magnitude(of: star, in: band)
        else { return }
        let known = published.error.isFinite ? published.error : nil
        check.catalogueMagnitude = published.value
        check.catalogueMagnitudeError = known
        let shared = level == nil ? [sequenceLevel?.error, sequenceLevel?.scatter] : [level?.offset?.error]
        let errors = ([check.magnitudeError, known] + shared).compactMap { $0 }
        check.residual = check.magnitude - published.value
        check.residualError = errors.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
}
