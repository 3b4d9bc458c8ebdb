public import Imaging

/// A master, and the frames that were not good enough for it.
public struct MasterBuild<Unit: PixelUnit>: Sendable {
    public let master: Master<Unit>
    public let refused: [RefusedFrame]
}

/// Makes masters from groups of frames.
///
///     bias = combine(bias_i)
///     dark = combine(dark_i - bias)                           without a bias: combine(dark_i), `containsBias`
///     flat = combine((flat_i - bias - dark * t / t_dark) / median_i), then divided by its median
///
/// Frames are read through a `RowProvider` whose index counts `group.frames`: each one whole for its check (one frame
/// in memory), then all together in bands of at most `bandBytes`. The same frames give the same bits, in whatever
/// order they were listed.
public struct MasterBuilder: Sendable {
    public var method: CombineMethod
    public var limits: CalibrationFrameLimits
    public var tolerance: MatchTolerance
    /// Gain sharpens the noise model of darks; saturation refuses over-exposed frames.
    public var detector: DetectorFacts
    public var bandBytes: Int
    /// Threads that combine rows; the bits do not depend on it.
    public var threads = 1

    public init(
        method: CombineMethod = .clippedMean(sigma: 4), limits: CalibrationFrameLimits = CalibrationFrameLimits(),
        tolerance: MatchTolerance = MatchTolerance(), detector: DetectorFacts, bandBytes: Int = 64 << 20
    ) {
        self.method = method
        self.limits = limits
        self.tolerance = tolerance
        self.detector = detector
        self.bandBytes = max(bandBytes, 1)
    }

    /// - Parameter id: name of the master, e.g. the store's; `master.facts.id` can also be set later.
    /// - Throws: `CalibrationError.noUsableFrame`, or what `rows` throws.
    public func bias(_ group: MasterGroup, id: String, rows: @escaping RowProvider) throws -> MasterBuild<ADU> {
        let nothing = try Pedestal(bias: nil, dark: nil, exposureSeconds: 0, tolerance: tolerance)
        let plan = StackPlan(group, kind: .bias, pedestals: group.frames.map { _ in nothing }, rows: rows)
        return try plan.build(id: id, poissonPerUnit: 0, with: self)
    }

    /// - Parameter bias: subtracted from every frame; nil leaves the bias inside.
    /// - Throws: as `bias`, and `shapeMismatch`.
    public func dark(
        _ group: MasterGroup, id: String, bias: Master<ADU>?, rows: @escaping RowProvider
    ) throws -> MasterBuild<ADU> {
        try requireShape(bias, group.mode)
        let pedestal = try Pedestal(bias: bias, dark: nil, exposureSeconds: 0, tolerance: tolerance)
        let plan = StackPlan(group, kind: .dark, pedestals: group.frames.map { _ in pedestal }, rows: rows)
        return try plan.build(id: id, poissonPerUnit: 1 / (detector.gain ?? 1), with: self)
    }

    /// - Parameters:
    ///   - bias: subtracted from every flat; nil leaves it inside, flagged `noBias` (the flat then looks flatter than
    ///     it is).
    ///   - dark: scaled to the exposure of the flats; one that contains the bias must have their exposure time.
    /// - Throws: as `bias`, `shapeMismatch` and `darkNotScalable`.
    public func flat(
        _ group: MasterGroup, id: String, bias: Master<ADU>?, dark: Master<ADU>?, rows: @escaping RowProvider
    ) throws -> MasterBuild<Relative> {
        try requireShape(bias, group.mode)
        try requireShape(dark, group.mode)
        // The frames may differ in exposure time (twilight): each has its own pedestal.
        let pedestals = try group.frames.map { frame in
            try Pedestal(bias: bias, dark: dark, exposureSeconds: frame.exposureSeconds, tolerance: tolerance)
        }
        let plan = StackPlan(group, kind: .flat, pedestals: pedestals, rows: rows)
        return try plan.build(id: id, poissonPerUnit: 0, with: self)
    }

    private func requireShape(_ master: Master<ADU>?, _ mode: DetectorMode) throws(CalibrationError) {
        guard let master, master.image.width != mode.width || master.image.height != mode.height else { return }
        throw .shapeMismatch(
            master: master.facts.id, expected: "\(mode.width) x \(mode.height)",
            found: "\(master.image.width) x \(master.image.height)")
    }
}
