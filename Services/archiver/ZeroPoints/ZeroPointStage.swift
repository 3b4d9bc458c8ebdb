internal import CatalogueTiles
internal import Events
internal import Foundation
internal import FrameStore
internal import PhotometricCalibration
internal import Pipeline

/// Fits the zero points of measured frames to the reference catalogue: provisional ones as frames come, final ones when
/// the night is closed. Without a catalogue it does nothing.
struct ZeroPointStage {
    let record: ZeroPointRecord
    let states: CalibrationState
    let reference: ReferenceStars?
    let store: FrameStore

    init(archive: Archive, store: FrameStore, reference: ReferenceStars?) {
        record = ZeroPointRecord(archive: archive)
        states = CalibrationState(archive: archive)
        self.store = store
        self.reference = reference
    }

    /// A provisional zero point: with the colour term of earlier nights and of this night's frames so far. Inside a
    /// transaction.
    func provisional(_ version: FrameVersion, _ table: DetectionTable) throws {
        guard let reference else { return }
        let rows = try attempt(version) {
            try reference.using { catalogue in
                if try record.has(version, digest: catalogue.digest) { return [] }
                return try self.rows(PreparedFrame(version, table, catalogue), catalogue)
            }
        }
        for row in rows { try record.add(row, revision: 0) }
    }

    /// What keeps a frame from having a zero point becomes its row: never the fault of the message.
    private func attempt(_ version: FrameVersion, _ body: () throws -> [ZeroPointRow]) throws -> [ZeroPointRow] {
        do {
            return try body()
        } catch let error as CatalogueError {
            return [none(version, NoCalibration(.catalogueUnavailable, "no zero point, because of \(error)"))]
        } catch let reason as NoCalibration {
            return [none(version, reason)]
        }
    }

    func none(_ version: FrameVersion, _ reason: NoCalibration) -> ZeroPointRow {
        ZeroPointRow(
            version: version, kind: .aperture, catalogue: nil, digest: nil, outcome: .failure(reason), airmass: nil)
    }

    private func rows(_ frame: PreparedFrame, _ catalogue: ReferenceStars.Opened) throws -> [ZeroPointRow] {
        let version = frame.version
        let (band, choice) = try Self.band(of: frame, catalogue)
        let key = StateKey(
            instrument: version.instrument.id, filter: version.filter, band: band, bands: catalogue.bands)
        let earlier = try states.nights(before: version.night, key)
        let others = try record.night(of: version).filter { $0.kept.band == band && $0.frameID != version.frameID }
        let known = solveColourTerm(
            prior: earlier.colourTerm(key),
            estimates: others.compactMap { other in
                other.kept.colourEstimate.map {
                    ColourTermEstimate(
                        frameID: other.frameID, fieldID: version.field, midExposureMJD: other.midpoint, colourTerm: $0)
                }
            })
        let fit = FrameFit(
            frame: frame, catalogue: catalogue, band: band, choice: choice,
            colourTerm: known.predicted(atMJD: version.midpoint), holdsColourTerm: false,
            scatterPrior: earlier.scatter.prior(without: version.field))
        var rows = frame.fluxKinds.map(fit.row)
        rows.shareErrors(colourTermError: 0)
        if let own = rows.first, own.kind == .aperture, let zeroPoint = own.atAirmass {
            let level = try earlier.reference(band, with: nil).level(
                of: others.compactMap(\.atAirmass) + [zeroPoint], date: version.night)
            let best = earlier.reference(band, with: level)
            rows[0].transparency = best.transparency(zeroPoint: zeroPoint.zeroPoint, airmass: zeroPoint.airmass)
        }
        return rows
    }

    /// - Throws: `NoCalibration` where no band fits.
    static func band(
        of frame: PreparedFrame, _ catalogue: ReferenceStars.Opened
    ) throws -> (band: PhotometricBand, choice: BandChoice?) {
        let filter = frame.version.exposure.filter
        switch BandOfFrame(filter: filter, bands: catalogue.bands, catalogue: catalogue.id) {
        case .known(let band): return (band, nil)
        case .none(let reason): throw reason
        case .toBeChosen:
            let choice = frame.choice()
            guard let chosen = choice.chosen else { throw NoCalibration(noBand: choice.rivals, filter: filter) }
            return (chosen.band, choice)
        }
    }
}

extension NoCalibration {
    /// No band of the catalogue fits a frame whose filter does not say.
    init(noBand rivals: [BandTrial], filter: String?) {
        let named = filter.map { "its filter '\($0)' names no band of the catalogue, and" } ?? "it names no filter, and"
        let objections = rivals.map { "\($0.band.id): \($0.objection ?? "-")" }
        self.init(
            .noZeroPoint, "no zero point, because \(named) no band fits: \(objections.joined(separator: "; "))")
    }
}

/// The fit of one frame in one band.
struct FrameFit {
    let frame: PreparedFrame
    let catalogue: ReferenceStars.Opened
    let band: PhotometricBand
    let choice: BandChoice?
    let colourTerm: ColourTermState
    /// The colour term holds this frame's own share already: the fit does not change it, and its error is added.
    let holdsColourTerm: Bool
    /// Of the intrinsic scatter, from other fields.
    var scatterPrior = ScatterPrior.usual
    /// What the frame alone said of the colour term, where it was asked before.
    var colourEstimate: Measured?

    /// The fit with all it says; nil without a zero point, for which `row` has the reason.
    func solution(_ kind: FluxKind) -> ZeroPointSolution? {
        do {
            let solution = try fitted(kind)
            return Self.objection(to: solution) == nil ? solution : nil
        } catch {
            return nil
        }
    }

    func row(_ kind: FluxKind) -> ZeroPointRow {
        let outcome: Result<KeptZeroPoint, NoCalibration>
        do {
            let kept = try kept(kind)
            outcome = Self.objection(to: kept.solution).map { .failure($0) } ?? .success(kept)
        } catch {
            outcome = .failure(NoCalibration(.noZeroPoint, error.description))
        }
        return ZeroPointRow(
            version: frame.version, kind: kind, catalogue: catalogue.id, digest: catalogue.digest, outcome: outcome,
            airmass: frame.airmass)
    }

    /// Stars that agree this badly are others than the catalogue's: chance matches of a frame that is elsewhere.
    private static func objection(to solution: ZeroPointSolution) -> NoCalibration? {
        let scatter = solution.robustScatterMagnitudes
        let numbers = solution.covariance + [scatter, solution.intrinsicScatter.value, solution.intrinsicScatter.error]
        guard numbers.allSatisfy(\.isFinite) else {
            return NoCalibration(.noZeroPoint, "no zero point, because the fit gives numbers beyond all reason")
        }
        guard scatter > largestScatter || solution.outlierFraction > largestOutlierFraction else { return nil }
        let text = (100 * scatter).rounded() / 100
        let outliers = (100 * solution.outlierFraction).rounded()
        return NoCalibration(
            .noZeroPoint,
            "no zero point, because \(solution.counts.usable) stars scatter by \(text) mag, \(outliers) % of them "
                + "outliers: are their places on the sky right?")
    }

    /// [mag]
    private static let largestScatter = 0.5
    private static let largestOutlierFraction = 0.5

    private func fitted(_ kind: FluxKind) throws(NoZeroPoint) -> ZeroPointSolution {
        var options = ZeroPointOptions()
        options.scatterPrior = scatterPrior
        return try fitZeroPoint(
            frame.stars(in: band, kind), frame: frame.frame(kind), colourTerm: colourTerm,
            holdsColourTerm: holdsColourTerm, options: options)
    }

    private func kept(_ kind: FluxKind) throws(NoZeroPoint) -> KeptZeroPoint {
        var solution = try fitted(kind)
        solution.scatterLikelihood = nil
        let estimate = colourEstimate ?? solution.colourEstimate
        solution.colourEstimate = nil
        let trials = choice.map { [$0.chosen].compactMap { $0 } + $0.rivals }
        var kept = KeptZeroPoint(
            solution: solution, band: band, colour: catalogue.bands.colour?.name, colourEstimate: estimate,
            choice: trials.map { $0.map(RivalBand.init) }, matchedStars: solution.counts.given,
            matchScatterArcsec: frame.matchScatterArcsec)
        if let depth = frame.depths[kind] {
            kept.depth3Sigma = solution.limitingMagnitude(significance: 3, depth: depth)
            kept.depth5Sigma = solution.limitingMagnitude(significance: 5, depth: depth)
        }
        return kept
    }
}

extension ZeroPointRow {
    /// For extinction and transparency; nil without a zero point or an airmass.
    var atAirmass: AirmassZeroPoint? {
        guard let kept, let airmass else { return nil }
        return AirmassZeroPoint(
            frameID: version.frameID, airmass: airmass, zeroPoint: kept.solution.zeroPoint,
            colourTerm: kept.colourEstimate)
    }
}
