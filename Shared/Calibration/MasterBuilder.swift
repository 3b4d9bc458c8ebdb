public import Imaging

/// A master, and the frames that were not good enough for it.
public struct MasterBuild<Unit: PixelUnit>: Sendable {
    public let master: Master<Unit>
    public let refused: [RefusedFrame]
    /// Flats: gain by photon transfer of their pairs.
    public var gain: GainMeasurement?

    init(master: Master<Unit>, refused: [RefusedFrame], gain: GainMeasurement? = nil) {
        self.master = master
        self.refused = refused
        self.gain = gain
    }

    /// A master that was made in another way.
    public init(_ master: Master<Unit>) {
        self.init(master: master, refused: [])
    }
}

/// Makes masters from groups of frames.
///
///     bias = combine(bias_i)
///     dark = combine(dark_i - bias)                           without a bias: combine(dark_i), `containsBias`
///     flat = combine((flat_i - bias - dark * t / t_dark) / median_i), then divided by its median
///
/// Frames are read through a `RowProvider` whose index counts `group.frames`: each one whole for its check (one frame
/// in memory), then all together in bands of at most `bandBytes`. The same frames give the same bits, in whatever
/// order they were listed. Given the master before, each frame is compared with it first (`PreviousComparison`).
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

    /// - Parameters:
    ///   - id: name of the master, e.g. the store's; `master.facts.id` can also be set later.
    ///   - previous: the master before, to compare with.
    /// - Throws: `CalibrationError.noUsableFrame`, or what `rows` throws.
    public func bias(
        _ group: MasterGroup, id: String, previous: Master<ADU>? = nil, rows: @escaping RowProvider
    ) throws -> MasterBuild<ADU> {
        let nothing = try Pedestal(bias: nil, dark: nil, exposureSeconds: 0, tolerance: tolerance)
        return try build(group, id: id, previous: previous, rows: rows, poissonPerUnit: 0) { _ in nothing }
    }

    /// - Parameter bias: subtracted from every frame; nil leaves the bias inside.
    /// - Throws: as `bias`, and `shapeMismatch`.
    public func dark(
        _ group: MasterGroup, id: String, bias: Master<ADU>?, previous: Master<ADU>? = nil,
        rows: @escaping RowProvider
    ) throws -> MasterBuild<ADU> {
        try requireShape(bias, group.mode)
        let pedestal = try Pedestal(bias: bias, dark: nil, exposureSeconds: 0, tolerance: tolerance)
        // Only darks of the same making can be compared.
        let isAlike = previous.map { $0.facts.flags.contains(.containsBias) == (bias == nil) } ?? false
        return try build(
            group, id: id, previous: isAlike ? previous : nil, rows: rows, poissonPerUnit: 1 / (detector.gain ?? 1)
        ) { _ in pedestal }
    }

    /// - Parameters:
    ///   - bias: subtracted from every flat; nil leaves it inside, flagged `noBias` (the flat then looks flatter than
    ///     it is).
    ///   - dark: scaled to the exposure of the flats; one that contains the bias must have their exposure time.
    /// - Throws: as `bias`, `shapeMismatch` and `darkNotScalable`.
    public func flat(
        _ group: MasterGroup, id: String, bias: Master<ADU>?, dark: Master<ADU>?, previous: Master<Relative>? = nil,
        rows: @escaping RowProvider
    ) throws -> MasterBuild<Relative> {
        try requireShape(bias, group.mode)
        try requireShape(dark, group.mode)
        // The frames may differ in exposure time (twilight): each has its own pedestal.
        let pedestal = { (frame: CalibrationFrameFacts) throws(CalibrationError) -> Pedestal in
            try Pedestal(bias: bias, dark: dark, exposureSeconds: frame.exposureSeconds, tolerance: tolerance)
        }
        var result = try build(
            group, id: id, previous: previous, rows: rows, poissonPerUnit: 0, pedestal: pedestal)
        guard let bias, bias.facts.frameNoise > 0 else { return result }
        let used = Set(result.master.facts.inputIDs)
        let indices = group.frames.indices.filter { used.contains(group.frames[$0].id) }.prefix(10)
        let transfer = PhotonTransfer(readNoiseADU: bias.facts.frameNoise)
        let gain = try transfer.measure(count: indices.count) { number in
            let index = indices[indices.startIndex + number]
            return try corrected(index, of: group, pedestal: pedestal(group.frames[index]), rows: rows)
        }
        var master = result.master
        master.facts.measuredGain = gain?.gain
        master.facts.measuredGainError = gain?.error
        if let gain, let stated = detector.gain, gain.disagrees(with: stated) {
            master.facts.flags.insert(.gainDisagrees)
        }
        result = MasterBuild(master: master, refused: result.refused, gain: gain)
        return result
    }

    private func requireShape(_ master: Master<ADU>?, _ mode: DetectorMode) throws(CalibrationError) {
        guard let master, master.image.width != mode.width || master.image.height != mode.height else { return }
        throw .shapeMismatch(
            master: master.facts.id, expected: "\(mode.width) x \(mode.height)",
            found: "\(master.image.width) x \(master.image.height)")
    }
}

extension MasterBuilder {
    /// Frames that do not go with the master before are left out, then the rest is combined.
    private func build<Unit: PixelUnit>(
        _ group: MasterGroup, id: String, previous: Master<Unit>?, rows: @escaping RowProvider, poissonPerUnit: Double,
        pedestal: (CalibrationFrameFacts) throws -> Pedestal
    ) throws -> MasterBuild<Unit> {
        let previous = previous.flatMap { $0.canBeCompared(with: group.mode) ? $0 : nil }
        var kept: [Int] = []
        var refused: [RefusedFrame] = []
        for index in group.frames.indices {
            let frame = group.frames[index]
            let refusal = try previous.flatMap {
                try self.refusal(index, of: group, pedestal: pedestal(frame), previous: $0, rows: rows)
            }
            if let refusal { refused.append(RefusedFrame(id: frame.id, refusal: refusal)) } else { kept.append(index) }
        }
        guard !kept.isEmpty else { throw CalibrationError.noUsableFrame(group: group.key, refused: refused) }
        let rest = MasterGroup(
            kind: group.kind, mode: group.mode, night: group.night, filter: group.filter,
            frames: kept.map { group.frames[$0] })
        let plan = StackPlan(rest, kind: group.kind, pedestals: try rest.frames.map(pedestal)) { [kept] index, range in
            try rows(kept[index], range)
        }
        do {
            let build: MasterBuild<Unit> = try plan.build(id: id, poissonPerUnit: poissonPerUnit, with: self)
            var master = build.master
            guard master.hasUsablePixel else {
                let all = rest.frames.map { RefusedFrame(id: $0.id, refusal: .noUsablePixel) }
                throw CalibrationError.noUsableFrame(group: group.key, refused: all)
            }
            master.facts.instrumentRevision = group.frames[0].instrumentRevision
            if previous != nil { master.facts.flags.insert(.comparedWithPrevious) }
            return MasterBuild(master: master, refused: refused + build.refused)
        } catch CalibrationError.noUsableFrame(let key, let others) {
            throw CalibrationError.noUsableFrame(group: key, refused: refused + others)
        }
    }

    private func refusal<Unit: PixelUnit>(
        _ index: Int, of group: MasterGroup, pedestal: Pedestal, previous: Master<Unit>, rows: RowProvider
    ) throws -> CalibrationRefusal? {
        let mode = group.mode
        let raw = try rows(index, 0..<mode.height)
        // What is wrong by itself is said by that; a frame of another kind or shape is found by the stack.
        let isUnusable =
            group.frames[index].kind != group.kind || group.frames[index].mode != mode
            || limits.refusal(
                of: raw, expectedPixels: mode.width * mode.height, saturationADU: detector.saturationADU) != nil
        if isUnusable { return nil }
        var image = try corrected(index, of: group, pedestal: pedestal, rows: { _, _ in raw })
        if group.kind == .flat {
            guard let median = Robust.median(image.pixels), median > 0 else { return nil }
            for i in image.pixels.indices { image.pixels[i] /= median }
        }
        let frame = Image<Unit>(width: image.width, height: image.height, pixels: image.pixels)
        return PreviousComparison(sigmas: limits.previousSigmas, largestFraction: limits.previousFraction)
            .refusal(of: frame, comparedWith: previous)
    }

    /// A frame of a group without its pedestal.
    private func corrected(
        _ index: Int, of group: MasterGroup, pedestal: Pedestal, rows: RowProvider
    ) throws -> Image<ADU> {
        var pixels = try rows(index, 0..<group.mode.height)
        pedestal.subtract(from: &pixels, startRow: 0, width: group.mode.width)
        return Image(width: group.mode.width, height: group.mode.height, pixels: pixels)
    }
}
