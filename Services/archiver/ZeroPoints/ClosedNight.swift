internal import CatalogueTiles
internal import Events
internal import Foundation
internal import PhotometricCalibration

// The zero points of a closed night: a pure function of its frames, of the nights before it and of the catalogue.
extension ZeroPointStage {
    /// Solves all frames of one night of one instrument again; inside a transaction.
    ///
    /// - Parameters:
    ///   - versions: all frames of the night, each in its final version.
    ///   - revision: which closing of the night this is.
    func final(_ versions: [FrameVersion], revision: Int) throws {
        guard reference != nil else { return }
        let groups = Dictionary(grouping: versions, by: \.filter)
        for filter in groups.keys.sorted() {
            for row in try rows((groups[filter] ?? []).sorted(by: FrameVersion.inOrder)) {
                try record.add(row, revision: revision)
            }
        }
    }

    private func rows(_ versions: [FrameVersion]) throws -> [ZeroPointRow] {
        guard let first = versions.first else { return [] }
        var night = PreparedNight(stage: self)
        let band = try night.band(versions)
        var rows: [ZeroPointRow] = []
        var fits: [FrameFit] = []
        for version in versions {
            switch try night.prepared(version) {
            case .failure(let reason): rows.append(none(version, reason))
            case .success(let (frame, catalogue)):
                guard let band else {
                    rows.append(none(version, night.withoutBand(frame, catalogue)))
                    continue
                }
                fits.append(
                    FrameFit(
                        frame: frame, catalogue: catalogue, band: band, choice: night.choices[version.frameID],
                        colourTerm: .none(pivotColour: 0), holdsColourTerm: false))
            }
        }
        guard let band, let bands = fits.first?.catalogue.bands else { return rows }
        let key = StateKey(instrument: first.instrument.id, filter: first.filter, band: band, bands: bands)
        return rows + (try solve(fits, key, night: first.night))
    }

    /// Colour term and intrinsic scatter from all frames, then every zero point with them, then the night's level and
    /// transparencies.
    private func solve(_ fits: [FrameFit], _ key: StateKey, night: String) throws -> [ZeroPointRow] {
        let earlier = try states.nights(before: night, key)
        let (learnt, state, scatter) = Self.learnt(fits, from: earlier, key)
        var fits = learnt
        for index in fits.indices {
            let version = fits[index].frame.version
            fits[index] = fits[index].with(state.predicted(atMJD: version.midpoint), holds: true)
            fits[index].scatterPrior = scatter.prior(without: version.field)
        }
        var rows = fits.flatMap { fit in fit.frame.fluxKinds.map(fit.row) }
        rows.shareErrors(colourTermError: state.error)
        let zeroPoints = rows.filter { $0.kind == .aperture }.compactMap(\.atAirmass)
        let level = try earlier.reference(key.band, with: nil).level(of: zeroPoints, date: night)
        let best = earlier.reference(key.band, with: level)
        let extinction = Self.extinction(zeroPoints)
        for index in rows.indices where rows[index].kind == .aperture {
            guard let own = rows[index].atAirmass, var kept = rows[index].kept else { continue }
            rows[index].transparency = best.transparency(zeroPoint: own.zeroPoint, airmass: own.airmass)
            kept.extinction = extinction
            rows[index].outcome = .success(kept)
        }
        if rows.contains(where: { $0.kept != nil }) {
            try states.keep(
                NightState(
                    colourTerm: state, level: level, extinction: extinction, scatter: scatter),
                night: night, key)
        }
        return rows
    }

    /// What the night's frames say of colour term and intrinsic scatter, each frame with what it said alone.
    private static func learnt(
        _ fits: [FrameFit], from earlier: [NightState], _ key: StateKey
    ) -> (fits: [FrameFit], colourTerm: ColourTermState, scatter: ScatterState) {
        let prior = earlier.colourTerm(key)
        var fits = fits
        var estimates: [ColourTermEstimate] = []
        var scatters = FieldScatters()
        for index in fits.indices {
            let version = fits[index].frame.version
            fits[index] = fits[index].with(prior.predicted(atMJD: version.midpoint), holds: false)
            fits[index].scatterPrior = earlier.scatter.prior(without: version.field)
            guard let solution = fits[index].solution(.aperture) else { continue }
            scatters.add(solution, version)
            guard let estimate = solution.colourEstimate else { continue }
            fits[index].colourEstimate = estimate
            estimates.append(
                ColourTermEstimate(
                    frameID: version.frameID, fieldID: version.field, midExposureMJD: version.midpoint,
                    colourTerm: estimate))
        }
        return (fits, solveColourTerm(prior: prior, estimates: estimates), scatters.added(to: earlier.scatter))
    }

    private static func extinction(_ zeroPoints: [AirmassZeroPoint]) -> Measured? {
        do {
            return try fitExtinction(zeroPoints).coefficient
        } catch {
            // Too few frames, or all at one airmass: the night does not tell.
            return nil
        }
    }
}

extension FrameFit {
    func with(_ colourTerm: ColourTermState, holds: Bool) -> FrameFit {
        FrameFit(
            frame: frame, catalogue: catalogue, band: band, choice: choice, colourTerm: colourTerm,
            holdsColourTerm: holds, scatterPrior: scatterPrior, colourEstimate: colourEstimate)
    }
}

/// What the fields of a night say of the intrinsic scatter, each by the frame with the most stars.
private struct FieldScatters {
    private var best: [String: (stars: Int, frameID: String, midpoint: Double, likelihood: ScatterLikelihood)] = [:]

    mutating func add(_ solution: ZeroPointSolution, _ version: FrameVersion) {
        guard let likelihood = solution.scatterLikelihood else { return }
        let stars = solution.counts.usable
        if let known = best[version.field], (known.stars, version.frameID) >= (stars, known.frameID) { return }
        best[version.field] = (stars, version.frameID, version.midpoint, likelihood)
    }

    func added(to state: ScatterState) -> ScatterState {
        best.sorted { $0.key < $1.key }.reduce(state) { state, field in
            state.updated(fieldID: field.key, midExposureMJD: field.value.midpoint, with: field.value.likelihood)
        }
    }
}

/// The frames of a night with their catalogue stars, and the band they are calibrated in.
private struct PreparedNight {
    typealias Prepared = Result<(PreparedFrame, ReferenceStars.Opened), NoCalibration>

    let stage: ZeroPointStage
    private(set) var choices: [String: BandChoice] = [:]
    private var kept: [String: Prepared] = [:]

    init(stage: ZeroPointStage) {
        self.stage = stage
    }

    mutating func prepared(_ version: FrameVersion) throws -> Prepared {
        if let known = kept[version.frameID] { return known }
        let prepared = try prepare(version)
        kept[version.frameID] = prepared
        return prepared
    }

    private func prepare(_ version: FrameVersion) throws -> Prepared {
        guard let reference = stage.reference else {
            return .failure(NoCalibration(.catalogueUnavailable, "no zero point, because there is no catalogue"))
        }
        let table = try DetectionTable(version.measured.detections, in: stage.store)
        do {
            return .success(try reference.using { (try PreparedFrame(version, table, $0), $0) })
        } catch let error as CatalogueError {
            return .failure(NoCalibration(.catalogueUnavailable, "no zero point, because of \(error)"))
        } catch let reason as NoCalibration {
            return .failure(reason)
        }
    }

    /// The band of all frames of one filter; nil where none fits.
    mutating func band(_ versions: [FrameVersion]) throws -> PhotometricBand? {
        for version in versions {
            guard case .success(let (frame, catalogue)) = try prepared(version) else { continue }
            switch Self.rule(frame, catalogue) {
            case .known(let band): return band
            case .none: return nil
            case .toBeChosen: choices[version.frameID] = frame.choice()
            }
        }
        return PreparedFrame.common(versions.compactMap { choices[$0.frameID] })
    }

    func withoutBand(_ frame: PreparedFrame, _ catalogue: ReferenceStars.Opened) -> NoCalibration {
        if case .none(let reason) = Self.rule(frame, catalogue) { return reason }
        let filter = frame.version.exposure.filter
        return NoCalibration(
            noBand: choices[frame.version.frameID]?.rivals ?? [], filter: filter)
    }

    private static func rule(_ frame: PreparedFrame, _ catalogue: ReferenceStars.Opened) -> BandOfFrame {
        BandOfFrame(filter: frame.version.exposure.filter, bands: catalogue.bands, catalogue: catalogue.id)
    }
}
