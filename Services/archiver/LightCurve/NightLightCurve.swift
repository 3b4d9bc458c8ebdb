internal import Events
internal import Foundation
internal import Hashing
internal import Imaging
internal import Instruments
internal import LightCurves
internal import PhotometricCalibration
internal import Sky

/// One target's light curve in one night, field and filter: a pure function of its frames and their fluxes.
struct NightLightCurve {
    /// A star with one of these is not used as a comparison on that frame.
    static let unusable: SourceFlags = [.saturated, .noData, .apertureTruncated]

    let target: RecordedTarget
    /// In order of mid-exposure.
    let versions: [FrameVersion]
    let ensemble: Ensemble
    let noise: EffectiveNoise?
    /// What puts the curve on a catalogue's scale; nil: it stays as the ensemble has it.
    private(set) var level: CatalogueLevel?
    /// Of the frames that have one, by frame.
    private(set) var zeroPoints: [String: ZeroPointRecord.Current] = [:]
    /// How good the level is that a comparison sequence gives; nil: none does.
    let sequenceLevel: SequenceLevel?

    /// The solution and its name: a digest of all that it depends on.
    struct Ensemble {
        let id: String
        let solution: EnsembleSolution?
        /// `AB`, `Vega` or `differential`.
        let system: String
    }

    /// What is kept of an ensemble: the solution and, for an unknown gain, the noise that was learnt.
    struct Kept: Codable {
        let solution: EnsembleSolution
        let inverseGain: Double?
        let floorMagnitudes: Double?
    }

    var kept: Kept? {
        ensemble.solution.map {
            Kept(solution: $0, inverseGain: noise?.inverseGain, floorMagnitudes: noise?.floorMagnitudes)
        }
    }

    /// - Parameter noise: learnt from the field's stars where the gain is not known; nil: from the comparison stars
    ///   alone.
    init(
        target: RecordedTarget, versions: [FrameVersion], fluxes: [String: [StarFlux]],
        noise given: EffectiveNoise? = nil
    ) {
        self.target = target
        self.versions = versions.sorted(by: FrameVersion.inOrder)
        let filter = versions.first?.filter ?? "none"
        let documented = target.givenStars(in: filter, fluxes)
        var stars = documented.stars
        if stars.isEmpty {
            let chosen = Set(fluxes.values.joined().map(\.star)).filter(target.isComparison)
            stars = chosen.sorted().map { LightCurves.ComparisonStar(id: $0) }
        }
        let input = EnsembleInput(
            stars: stars, frames: versions.map { Self.frame($0, target, fluxes[$0.frameID] ?? []) })
        let gainKnown = versions.allSatisfy { $0.instrument.gainElectronsPerADU != nil }
        let (solution, learnt) = Self.solve(input, gainKnown: gainKnown, given)
        noise = learnt
        let systems = documented.systems
        let system = solution?.isAbsolute == true && systems.count == 1 ? systems.first ?? "" : "differential"
        sequenceLevel = target.sequence.flatMap { SequenceLevel($0, filter: filter, solution) }
        let named = input.canonicalText + (given.map { "noise\t\($0.inverseGain)\t\($0.floorMagnitudes)\n" } ?? "")
        ensemble = Ensemble(
            id: String(SHA256.hex(of: Data(named.utf8)).prefix(32)), solution: solution, system: system)
    }

    /// The same on the scale of a catalogue. Magnitudes that the target's document gives its comparison stars come
    /// first; and zero points are for the aperture that the frame's stars were measured in.
    ///
    /// - Parameter earlier: the level of the night's first provisional point.
    func calibrated(
        by zeroPoints: [String: ZeroPointRecord.Current], _ fluxes: [String: [StarFlux]], colour: Measured?,
        after earlier: FirstLevel? = nil
    ) -> NightLightCurve {
        let radius = target.document.photometry?.apertureRadiusPixels
        let alike = versions.filter { radius == nil || radius == $0.measured.apertureRadiusPixels }
        var curve = self
        curve.zeroPoints = zeroPoints
        guard ensemble.system == "differential" else { return curve }
        let places = fluxes.compactMapValues { stars -> (x: Double, y: Double)? in
            guard let own = stars.first(where: { $0.star == RecordedTarget.ownStar }), let x = own.x, let y = own.y
            else { return nil }
            return (x, y)
        }
        curve.level = CatalogueLevel(
            alike.compactMap { zeroPoints[$0.frameID] }, ensemble: ensemble.solution, places: places, colour: colour
        )?.held(at: earlier, ensemble.solution)
        return curve
    }

    private static func frame(_ version: FrameVersion, _ target: RecordedTarget, _ fluxes: [StarFlux]) -> EnsembleFrame
    {
        let usable = fluxes.filter {
            target.isComparison($0.star) && SourceFlags(rawValue: $0.flags).isDisjoint(with: unusable)
        }
        // Bad pixels in an aperture are filled in, which moves bright stars by up to a hundredth: left out where three
        // others remain.
        let clean = usable.filter { !SourceFlags(rawValue: $0.flags).contains(.masked) }
        let comparisons = (clean.count >= 3 ? clean : usable).compactMap { star -> ComparisonFlux? in
            guard let flux = star.flux, let error = star.fluxError else { return nil }
            return ComparisonFlux(starID: star.star, flux: flux, fluxError: error)
        }
        return EnsembleFrame(
            frameID: version.frameID, midExposureMJD: version.midpoint,
            scintillationMagnitudes: scintillation(version, target), fluxes: comparisons)
    }

    /// With the gain unknown, source noise and floor are learnt from the comparison stars' own scatter, and the
    /// solution is made again with errors that contain them.
    private static func solve(
        _ input: EnsembleInput, gainKnown: Bool, _ given: EffectiveNoise?
    ) -> (EnsembleSolution?, EffectiveNoise?) {
        do {
            let first = try solveEnsemble(input)
            guard !gainKnown, let noise = given ?? EffectiveNoise(input, first), given != nil || noise.gain != nil
            else {
                return (first, nil)
            }
            var full = input
            for frame in full.frames.indices {
                for star in full.frames[frame].fluxes.indices {
                    let flux = full.frames[frame].fluxes[star]
                    full.frames[frame].fluxes[star].fluxError = noise.fluxError(
                        flux: flux.flux, skyError: flux.fluxError)
                }
            }
            return (try solveEnsemble(full), noise)
        } catch {
            // No comparison star was measured on any frame: the points say so with a flag.
            return (nil, nil)
        }
    }

    // MARK: Points

    func point(
        on frame: FrameVersion, _ fluxes: [StarFlux], version: Int, provisional: Bool, ensemble ensembleID: String?
    ) -> PhotometryMeasured {
        let own = fluxes.first { $0.star == RecordedTarget.ownStar }
        var flags = SourceFlags(rawValue: own?.flags ?? SourceFlags.noData.rawValue)
        var point = PhotometryMeasured(
            measurementID: "", target: target.id, frameID: frame.frameID, version: version, provisional: provisional,
            filter: frame.filter, magnitudeSystem: ensemble.system, midpointMJDUTC: frame.midpoint, flags: 0,
            instrument: frame.instrument.id, field: frame.field, source: "nightjar")
        point.fwhmPixels = frame.measured.fwhmPixels
        point.calibrationFlags = frame.measured.frame.flags
        point.ensemble = ensembleID
        point.frameZeroPoint = zeroPoints[frame.frameID]?.facts
        Self.addTimes(&point, frame, target)
        if let zeroPoint = ensemble.solution?.zeroPoint(of: frame.frameID) {
            if !addBrightness(&point, own, zeroPoint, frame) { flags.insert(.noData) }
        } else if level?.ofFrames[frame.frameID] == nil {
            flags.insert(.noZeroPoint)
        }
        addLevel(&point, own, frame)
        addSequence(&point, fluxes, frame)
        point.flags = flags.rawValue
        point.measurementID = Self.identity(of: point, recipe: frame.recipe)
        return point
    }

    /// - Returns: whether there was a flux.
    private func addBrightness(
        _ point: inout PhotometryMeasured, _ own: StarFlux?, _ zeroPoint: FrameZeroPoint, _ frame: FrameVersion
    ) -> Bool {
        guard let solution = ensemble.solution, let flux = own?.flux, let error = own?.fluxError else { return false }
        let full = noise?.fluxError(flux: flux, skyError: error) ?? error
        let target = TargetFlux(
            flux: flux, fluxError: full, scintillationMagnitudes: Self.scintillation(frame, self.target))
        guard let measured = solution.point(target, at: zeroPoint, isAB: ensemble.system == "AB") else { return false }
        point.magnitude = measured.magnitude
        point.magnitudeError = measured.magnitudeError
        point.levelError = measured.levelError
        point.limitMagnitude = measured.limitMagnitude
        point.limitSigma = measured.limitSigma
        point.fluxNanojansky = measured.fluxNanojansky
        point.fluxErrorNanojansky = measured.fluxErrorNanojansky
        return true
    }

    /// Which version of which point this is: a digest of all it says.
    static func identity(of point: PhotometryMeasured, recipe: String) -> String {
        let numbers = [
            point.magnitude, point.magnitudeError, point.limitMagnitude, point.fluxNanojansky, point.midpointBJDTDB,
        ]
        let parts =
            [
                point.target, point.frameID, recipe, String(point.version), String(point.withdrawn),
                point.ensemble ?? "-",
            ] + [point.zeroPoint, point.levelError.map { "level \($0)" }].compactMap { $0 }
            + numbers.map { $0.map { String($0) } ?? "-" }
        let more = (point.frameZeroPoint?.listed ?? []) + (point.checkStar.map(Self.listed) ?? [])
        return String(SHA256.hex(of: Data((parts + more).joined(separator: "|").utf8)).prefix(32))
    }

    // MARK: Time and place

    private static func addTimes(_ point: inout PhotometryMeasured, _ frame: FrameVersion, _ target: RecordedTarget) {
        do {
            guard let position = try target.document.position() else { return }
            let instant = try UTCInstant(mjd: frame.midpoint)
            let site = try site(of: frame)
            point.midpointBJDTDB = position.barycentricJulianDateTDB(at: instant, from: site)
            point.airmass = site.flatMap { position.horizontal(at: instant, from: $0).airmass }
            point.circumstances = ObservingCircumstances(position, at: instant, from: site)
        } catch {
            // A document's position and a frame's time were checked when they came in; without them there is no BJD.
            point.midpointBJDTDB = nil
        }
    }

    private static func site(of frame: FrameVersion) throws -> Site? {
        try frame.instrument.site.map {
            try Site(
                latitudeDegrees: $0.latitudeDegrees, longitudeDegrees: $0.longitudeDegrees,
                elevationMeters: $0.elevationMeters)
        }
    }

    /// Young's approximation [mag]; 0 where telescope, site or position are not known.
    static func scintillation(_ frame: FrameVersion, _ target: RecordedTarget) -> Double {
        do {
            guard let aperture = frame.instrument.telescopeApertureMeters, let site = try site(of: frame),
                let position = try target.document.position(),
                let airmass = position.horizontal(at: try UTCInstant(mjd: frame.midpoint), from: site).airmass
            else { return 0 }
            return scintillationMagnitudes(
                apertureMeters: aperture, exposureSeconds: frame.exposure.exposureSeconds, airmass: airmass,
                elevationMeters: site.elevationMeters)
        } catch {
            return 0
        }
    }
}
