internal import Foundation
internal import Hashing
internal import Imaging
internal import LightCurves
internal import PhotometricCalibration
internal import ReferenceCatalogue
internal import Statistics

/// What puts a differential light curve on the catalogue's scale: how far the zero points of its frames are from those
/// of its ensemble.
///
///     d_i = ZP_i(x, y, colour) + 2.5 log10 t_i - Z_i,   w_i = 1 / (e_i^2 + r^2)
///     level = sum w d / sum w
///     error^2 = (sum w e_common / sum w)^2 + sum w^2 max(r^2, e_own^2) / (sum w)^2 + s^2
///
/// r: robust scatter of the d. The frames' errors e have two parts (`ZeroPointSolution.zeroPoint(x:y:colour:)`, as for
/// the objects of the frames): e_own of each frame, which more frames make smaller; e_common from the errors of the
/// catalogue and what is odd about its stars, the same stars on every frame, which they do not. s: how far the target
/// may be off as any calibration star. So the shape of a light curve is the ensemble's and its level the catalogue's,
/// with one error for all of its points.
struct CatalogueLevel: Equatable {
    /// Digest of the zero points and of what they say for this target.
    private(set) var id: String
    /// Added to the ensemble's magnitudes [mag]; nil without an ensemble.
    private(set) var offset: Measured?
    let band: PhotometricBand
    let catalogue: String
    /// Magnitude of one electron over the whole exposure, by frame: for frames the ensemble says nothing of.
    let ofFrames: [String: OfFrame]
    /// The zero points' ids, in order of their frames' ids.
    let zeroPoints: [String]

    /// A frame's own zero point where the target is [mag].
    struct OfFrame: Equatable {
        let value: Double
        /// The frame's share in the error, independent from frame to frame.
        let ownError: Double
        /// Common to the frames, without the scatter of single stars.
        let commonError: Double
        /// The same with it.
        let levelError: Double
    }

    /// AB or Vega.
    var system: String { band.magnitudeSystem.rawValue }

    /// - Parameters:
    ///   - places: of the target on the frames, by frame [px].
    ///   - colour: of the target; nil: not known.
    /// - Returns: nil without a zero point.
    init?(
        _ zeroPoints: [ZeroPointRecord.Current], ensemble: EnsembleSolution?,
        places: [String: (x: Double, y: Double)], colour: Measured?
    ) {
        guard let band = Self.commonBand(zeroPoints) else { return nil }
        let used = zeroPoints.filter { $0.kept.band == band }.sorted { $0.frameID < $1.frameID }
        self.band = band
        catalogue = used.first?.catalogue ?? ""
        let scatter = RobustStatistics.median(used.map { $0.kept.solution.scatterOfStars.common }) ?? 0
        var ofFrames: [String: OfFrame] = [:]
        for own in used {
            let solution = own.kept.solution
            let place = places[own.frameID]
            let middle = (x: 0.5 * Double(solution.position.width), y: 0.5 * Double(solution.position.height))
            let value = solution.zeroPoint(x: place?.x ?? middle.x, y: place?.y ?? middle.y, colour: colour)
            ofFrames[own.frameID] = OfFrame(
                value: value.value + 2.5 * log10(solution.exposureSeconds), ownError: value.ownError,
                commonError: value.commonError,
                levelError: (value.commonError * value.commonError + scatter * scatter).squareRoot())
        }
        self.ofFrames = ofFrames
        offset = Self.offset(ofFrames, ensemble, scatter: scatter)
        self.zeroPoints = used.map(\.id)
        id = Self.id(self.zeroPoints, offset)
    }

    private static func id(_ zeroPoints: [String], _ offset: Measured?) -> String {
        let numbers = [offset?.value, offset?.error].map { $0.map { "\($0)" } ?? "-" }
        let named = (zeroPoints + numbers).joined(separator: "|")
        return String(SHA256.hex(of: Data("level 3|\(named)".utf8)).prefix(32))
    }

    /// The level that an earlier provisional point of the night was given: a level that followed the frames as they
    /// come would move from point to point, which no point's own error says.
    ///
    ///     offset = earlier offset + mean of (earlier M - M),   M: magnitudes of the stars that both ensembles use
    func held(at earlier: FirstLevel?, _ ensemble: EnsembleSolution?) -> CatalogueLevel {
        guard let earlier, earlier.band == band, earlier.catalogue == catalogue, let ensemble else { return self }
        let now = FirstLevel.magnitudes(ensemble)
        let moved = earlier.stars.keys.sorted().compactMap { id in now[id].map { (earlier.stars[id] ?? 0) - $0 } }
        guard !moved.isEmpty else { return self }
        var held = self
        let value = earlier.offset.value + moved.reduce(0, +) / Double(moved.count)
        held.offset = Measured(value, error: earlier.offset.error)
        held.id = Self.id(zeroPoints, held.offset)
        return held
    }

    private static func offset(
        _ ofFrames: [String: OfFrame], _ ensemble: EnsembleSolution?, scatter: Double
    ) -> Measured? {
        let pairs = (ensemble?.zeroPoints ?? []).compactMap { own in
            ofFrames[own.frameID].map { (difference: $0.value - own.magnitudes, errors: $0) }
        }
        guard let middle = RobustStatistics.median(pairs.map(\.difference)),
            let spread = RobustStatistics.sigma(pairs.map(\.difference), about: middle)
        else { return nil }
        // A frame further off than five spreads is not believed.
        let near = pairs.filter { abs($0.difference - middle) <= 5 * max(spread, 0.002) }
        let weights = near.map { frame in
            let (own, common) = (frame.errors.ownError, frame.errors.commonError)
            return 1 / (own * own + common * common + spread * spread + 1e-12)
        }
        let total = weights.reduce(0, +)
        let value = zip(weights, near).reduce(0) { $0 + $1.0 * $1.1.difference } / total
        let common = zip(weights, near).reduce(0) { $0 + $1.0 * $1.1.errors.commonError } / total
        let random =
            zip(weights, near).reduce(0) { sum, entry in
                let (weight, own) = (entry.0, entry.1.errors.ownError)
                return sum + weight * weight * max(own * own, spread * spread)
            } / (total * total)
        return Measured(value, error: (common * common + random + scatter * scatter).squareRoot())
    }

    /// That of most frames.
    private static func commonBand(_ zeroPoints: [ZeroPointRecord.Current]) -> PhotometricBand? {
        Dictionary(grouping: zeroPoints, by: \.kept.band).min { one, other in
            (-one.value.count, one.key.id) < (-other.value.count, other.key.id)
        }?.key
    }
}

/// The level of a target's first provisional point in a night, which those after it keep.
struct FirstLevel: Codable {
    let offset: Measured
    let band: PhotometricBand
    let catalogue: String
    /// Magnitudes of the stars that its ensemble used.
    let stars: [String: Double]

    /// - Returns: nil without a level or an ensemble.
    init?(_ night: NightLightCurve) {
        guard let level = night.level, let offset = level.offset, let solution = night.ensemble.solution else {
            return nil
        }
        (self.offset, band, catalogue) = (offset, level.band, level.catalogue)
        stars = Self.magnitudes(solution)
    }

    static func magnitudes(_ solution: EnsembleSolution) -> [String: Double] {
        var magnitudes: [String: Double] = [:]
        for star in solution.stars where star.role == .used { magnitudes[star.id] = star.magnitude }
        return magnitudes
    }
}
