internal import Imaging

/// Compares calibration frames with the master before them: dust that has moved, a light leak, a shutter that stayed
/// open or a changed gain setting show before they get into a master.
///
///     away = | frame - master | > 6 sqrt(noise^2 + error^2)
///
/// `frame` is a bias; a dark without bias, over the master's dark of the same exposure; a flat above bias and dark over
/// its median. `noise` is the frame's own, from differences of neighbours; `error` the master's. Pixels that the
/// master marks as bad do not count. More than 5 % away is too many: hot pixels and cosmic rays are far fewer.
struct PreviousComparison {
    let sigmas: Double
    let largestFraction: Double

    /// - Parameters:
    ///   - frame: corrected as the frames of `master` were.
    /// - Returns: nil when the frame goes with the master.
    func refusal<Unit>(of frame: Image<Unit>, comparedWith master: Master<Unit>) -> CalibrationRefusal? {
        guard frame.hasShape(of: master.image) else { return nil }
        let noise = FrameNoise.ofNeighbours(frame)
        let (variance, reach) = (noise * noise, sigmas * sigmas)
        var away = 0
        var count = 0
        for i in frame.pixels.indices where master.mask.bits[i] == 0 && frame.pixels[i].isFinite {
            let difference = Double(frame.pixels[i]) - Double(master.image.pixels[i])
            let error = Double(master.error.pixels[i])
            count += 1
            if difference * difference > reach * (variance + error * error) { away += 1 }
        }
        guard count > 0 else { return nil }
        let fraction = Double(away) / Double(count)
        return fraction > largestFraction
            ? .differsFromPrevious(master: master.facts.id, fraction: fraction, sigmas: sigmas) : nil
    }
}

extension Master {
    /// Whether frames of this mode have a pixel in common with the master.
    public func canBeCompared(with mode: DetectorMode) -> Bool {
        guard image.width == mode.width, image.height == mode.height else { return false }
        return image.pixels.indices.contains { mask.bits[$0] == 0 && image.pixels[$0].isFinite }
    }
}

extension MasterSelection {
    /// The master to compare a group's frames with: of its kind, mode and revision of the instrument document, before
    /// it and of another night; a dark of its exposure time and temperature, a flat of its filter. Of several the
    /// latest, then the lower id.
    ///
    /// A camera that has really changed gets a new revision of its document, and so a new beginning.
    public static func previous(
        to group: MasterGroup, among candidates: [MasterFacts], tolerance: MatchTolerance = MatchTolerance()
    ) -> MasterFacts? {
        let first = group.frames[0]
        let fitting = candidates.filter { master in
            master.kind == group.kind && master.mode == group.mode && master.night != group.night
                && master.midpointMJD < group.midpointMJD && !master.flags.contains(.externalMaster)
                && master.instrumentRevision == first.instrumentRevision
                && (group.kind != .flat || master.filter == group.filter)
                && (group.kind != .dark || isSameDark(master, group, tolerance))
        }
        return fitting.min { ($1.midpointMJD, $0.id) < ($0.midpointMJD, $1.id) }
    }

    private static func isSameDark(_ master: MasterFacts, _ group: MasterGroup, _ tolerance: MatchTolerance) -> Bool {
        guard tolerance.sameExposure(master.exposureSeconds, group.exposureSeconds) else { return false }
        switch (master.temperatureCelsius, group.temperatureCelsius) {
        case (nil, nil): return true
        case (let a?, let b?): return abs(a - b) <= tolerance.temperatureCelsius
        default: return false
        }
    }
}
