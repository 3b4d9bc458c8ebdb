internal import Events
internal import PhotometricCalibration
internal import ReferenceCatalogue

extension ZeroPointRecord.Current {
    /// As `photometry.measured` tells of it.
    var facts: FrameZeroPointFacts {
        let solution = kept.solution
        var facts = FrameZeroPointFacts(
            id: id, catalogue: catalogue, band: kept.band.id, magnitudeSystem: kept.band.magnitudeSystem.rawValue,
            magnitude: solution.zeroPoint.value, magnitudeError: solution.zeroPoint.error,
            stars: solution.counts.usable, scatter: solution.robustScatterMagnitudes,
            intrinsicScatter: solution.intrinsicScatter.value)
        facts.colourTerm = kept.colour.map { colour in
            let variance = solution.covariance[solution.parameters.count + 1]
            return ColourTermFacts(
                colour: colour, pivot: solution.pivotColour, value: solution.parameters[1],
                error: max(0, variance).squareRoot())
        }
        facts.airmass = airmass
        facts.extinction = kept.extinction.flatMap(Self.estimate)
        facts.transparency = transparency.flatMap(Self.estimate)
        facts.bandChoice = kept.choice.flatMap(bandChoice)
        return facts
    }

    private func bandChoice(_ tried: [RivalBand]) -> BandChoiceFacts? {
        guard let chosen = tried.first(where: { $0.band == kept.band.id }) else { return nil }
        return BandChoiceFacts(
            decidedBy: revision > 0 ? "night" : "frame", chosen: chosen.facts,
            rivals: tried.filter { $0.band != chosen.band }.map(\.facts))
    }

    private static func estimate(_ measured: Measured) -> EstimateFacts? {
        guard measured.value.isFinite, measured.error.isFinite, measured.error >= 0 else { return nil }
        return EstimateFacts(value: measured.value, error: measured.error)
    }
}

extension RivalBand {
    fileprivate var facts: BandTrialFacts {
        var facts = BandTrialFacts(band: band)
        if let stars, stars > 0 {
            (facts.stars, facts.scatter, facts.scatterPerRootN) = (stars, scatterMagnitudes, merit)
        }
        facts.objection = objection
        return facts
    }
}

extension FrameZeroPointFacts {
    /// What has a part in the identity of a point: the solution, and what may be said of it again otherwise.
    var listed: [String] {
        let numbers = [extinction?.value, extinction?.error, transparency?.value, transparency?.error]
        return [id] + numbers.map { $0.map { String($0) } ?? "-" }
    }
}
