internal import PhotometricCalibration

/// Which band of the catalogue a filter's frames are calibrated in.
enum BandOfFrame: Equatable {
    case known(PhotometricBand)
    /// The filter does not say: the one that fits best.
    case toBeChosen
    case none(NoCalibration)

    /// - Parameter filter: as the instrument document names it; nil where nothing is said.
    init(filter: String?, bands: CatalogueBands, catalogue: String) {
        switch FilterReading(cameraName: filter) {
        case .any, .unknown: self = .toBeChosen
        case .band(let band):
            let wanted = band.calibrationBand
            if bands.reachable.contains(wanted) {
                self = .known(wanted)
            } else if band.system == .clear {
                // What stands for no filter is Gaia's G; a catalogue without it may still have a band that fits.
                self = .toBeChosen
            } else {
                self = .none(
                    NoCalibration(
                        .filterNotInCatalogue,
                        "no zero point, because catalogue \(catalogue) has no magnitudes in \(wanted.id), measured or "
                            + "transformed"))
            }
        }
    }
}

/// One band that was tried for a filter that does not say.
struct RivalBand: Codable, Equatable {
    let band: String
    /// Scatter per root n [mag].
    let merit: Double?
    let scatterMagnitudes: Double?
    let stars: Int?
    /// Why it cannot be the one.
    let objection: String?

    init(_ trial: BandTrial) {
        band = trial.band.id
        merit = trial.merit
        scatterMagnitudes = trial.solution?.robustScatterMagnitudes
        stars = trial.solution?.counts.usable
        objection = trial.objection
    }
}

extension PreparedFrame {
    /// The frame's own choice among all bands of the catalogue.
    func choice() -> BandChoice {
        let candidates = bands.reachable.map { BandCandidate(band: $0, stars: stars(in: $0, .aperture)) }
        return chooseBand(candidates, frame: frame(.aperture), pivotColour: bands.colour?.pivot ?? 0)
    }

    /// The band that most frames of a night choose; of equal ones the one with the least merit in all.
    static func common(_ choices: [BandChoice]) -> PhotometricBand? {
        let chosen = Dictionary(grouping: choices.compactMap(\.chosen), by: \.band)
        return chosen.min { one, other in
            let sums = [one, other].map { $0.value.reduce(0) { $0 + ($1.merit ?? 0) } / Double($0.value.count) }
            return (-one.value.count, sums[0], one.key.id) < (-other.value.count, sums[1], other.key.id)
        }?.key
    }
}
