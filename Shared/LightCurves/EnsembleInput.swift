/// One comparison star's flux on one frame.
public struct ComparisonFlux: Sendable, Equatable {
    public var starID: String
    /// Instrumental flux [e-] (or ADU, with the gain unknown).
    public var flux: Double
    /// Its error from photons, sky and read noise [e-].
    public var fluxError: Double

    public init(starID: String, flux: Double, fluxError: Double) {
        self.starID = starID
        self.flux = flux
        self.fluxError = fluxError
    }
}

/// What the comparison stars were on one frame.
public struct EnsembleFrame: Sendable, Equatable {
    public var frameID: String
    /// Mid-exposure, any one time scale [d]; only the order counts.
    public var midExposureMJD: Double
    /// Scintillation of each star [mag].
    public var scintillationMagnitudes: Double
    /// In any order; a star that was not measured is left out.
    public var fluxes: [ComparisonFlux]

    public init(frameID: String, midExposureMJD: Double, scintillationMagnitudes: Double, fluxes: [ComparisonFlux]) {
        self.frameID = frameID
        self.midExposureMJD = midExposureMJD
        self.scintillationMagnitudes = scintillationMagnitudes
        self.fluxes = fluxes
    }
}

/// A comparison star as the target document or a catalogue gives it.
public struct ComparisonStar: Sendable, Equatable {
    public var id: String
    /// Magnitude in the filter's system; with none on any star the system is differential.
    public var catalogueMagnitude: Double?
    public var catalogueError: Double?

    public init(id: String, catalogueMagnitude: Double? = nil, catalogueError: Double? = nil) {
        self.id = id
        self.catalogueMagnitude = catalogueMagnitude
        self.catalogueError = catalogueError
    }
}

/// All that an ensemble solution depends on.
public struct EnsembleInput: Sendable, Equatable {
    public var stars: [ComparisonStar]
    public var frames: [EnsembleFrame]

    public init(stars: [ComparisonStar], frames: [EnsembleFrame]) {
        self.stars = stars
        self.frames = frames
    }

    /// Stars by id and frames by mid-exposure, then id, so that no order of arrival can show in a result.
    func sorted() -> EnsembleInput {
        var seen: Set<String> = []
        let stars = stars.sorted { $0.id < $1.id }.filter { seen.insert($0.id).inserted }
        var frames = frames.sorted { ($0.midExposureMJD, $0.frameID) < ($1.midExposureMJD, $1.frameID) }
        for index in frames.indices {
            frames[index].fluxes.sort { ($0.starID, $0.flux, $0.fluxError) < ($1.starID, $1.flux, $1.fluxError) }
        }
        return EnsembleInput(stars: stars, frames: frames)
    }

    /// A text that is the same for the same input in any order, and different otherwise; its hash names the solution.
    public var canonicalText: String {
        let input = sorted()
        var lines = ["nightjar ensemble 1"]
        for star in input.stars {
            let magnitude = star.catalogueMagnitude.map { "\($0)" } ?? "-"
            lines.append("star\t\(star.id)\t\(magnitude)\t\(star.catalogueError.map { "\($0)" } ?? "-")")
        }
        for frame in input.frames {
            lines.append("frame\t\(frame.frameID)\t\(frame.midExposureMJD)\t\(frame.scintillationMagnitudes)")
            lines += frame.fluxes.map { "flux\t\($0.starID)\t\($0.flux)\t\($0.fluxError)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
