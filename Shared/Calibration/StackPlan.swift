internal import Imaging

/// One master in the making: which frames, what is subtracted from each, and what each is divided by.
struct StackPlan {
    let group: MasterGroup
    let kind: FrameKind
    /// One per frame of the group.
    let pedestals: [Pedestal]
    let rows: RowProvider

    init(_ group: MasterGroup, kind: FrameKind, pedestals: [Pedestal], rows: @escaping RowProvider) {
        self.group = group
        self.kind = kind
        self.pedestals = pedestals
        self.rows = rows
    }

    private struct UsableFrame {
        let index: Int
        /// Median above the pedestal for a flat, else 1.
        let divisor: Float
    }

    func build<Unit: PixelUnit>(
        id: String, poissonPerUnit: Double, with builder: MasterBuilder
    ) throws -> MasterBuild<Unit> {
        var usable: [UsableFrame] = []
        var refused: [RefusedFrame] = []
        for index in group.frames.indices {
            switch try checked(index, with: builder) {
            case .success(let divisor): usable.append(UsableFrame(index: index, divisor: divisor))
            case .failure(let refusal): refused.append(RefusedFrame(id: group.frames[index].id, refusal: refusal))
            }
        }
        guard !usable.isEmpty else { throw CalibrationError.noUsableFrame(group: group.key, refused: refused) }
        let width = group.mode.width
        let stack = Stack(
            width: width, height: group.mode.height, count: usable.count, method: builder.method,
            poissonPerUnit: poissonPerUnit, bandBytes: builder.bandBytes, threads: builder.threads
        ) { [usable] position, range in
            let frame = usable[position]
            var pixels = try rows(frame.index, range)
            guard pixels.count == range.count * width else { return pixels }
            pedestals[frame.index].subtract(from: &pixels, startRow: range.lowerBound, width: width)
            if frame.divisor != 1 { for i in pixels.indices { pixels[i] /= frame.divisor } }
            return pixels
        }
        let combined = try stack.combined()
        let frames = usable.map { group.frames[$0.index] }
        return MasterBuild(master: master(id: id, frames: frames, combined), refused: refused)
    }

    private func checked(
        _ index: Int, with builder: MasterBuilder
    ) throws -> Result<Float, CalibrationRefusal> {
        let facts = group.frames[index]
        let mode = group.mode
        if facts.kind != kind { return .failure(.wrongKind(expected: kind, found: facts.kind)) }
        if facts.mode != mode {
            return .failure(
                .wrongShape(expectedPixels: mode.width * mode.height, foundPixels: facts.mode.width * facts.mode.height)
            )
        }
        var pixels = try rows(index, 0..<mode.height)
        let refusal = builder.limits.refusal(
            of: pixels, expectedPixels: mode.width * mode.height, saturationADU: builder.detector.saturationADU)
        if let refusal { return .failure(refusal) }
        guard kind == .flat else { return .success(1) }
        pedestals[index].subtract(from: &pixels, startRow: 0, width: mode.width)
        let signal = Robust.median(pixels) ?? 0
        let noise = Stack.neighbourNoise(pixels, width: mode.width)
        if !(signal > 0) || Double(signal) < builder.limits.flatSignalToNoise * noise {
            return .failure(.tooFaint(signalADU: Double(signal), noiseADU: noise))
        }
        return .success(signal)
    }

    private func master<Unit: PixelUnit>(
        id: String, frames: [CalibrationFrameFacts], _ combined: Stack.Combined
    ) -> Master<Unit> {
        let mode = group.mode
        var values = combined.values
        var errors = combined.errors
        var noise = combined.frameNoise
        if kind == .flat, let median = Robust.median(values), median > 0 {
            for i in values.indices {
                values[i] /= median
                errors[i] /= median
            }
            noise /= Double(median)
        }
        let used = MasterGroup(kind: kind, mode: mode, night: group.night, filter: group.filter, frames: frames)
        let facts = MasterFacts(
            id: id, kind: kind, mode: mode, filter: group.filter, exposureSeconds: used.exposureSeconds,
            temperatureCelsius: used.temperatureCelsius, midpointMJD: used.midpointMJD, night: group.night,
            count: frames.count, inputIDs: frames.map(\.id), biasID: pedestals[0].bias?.facts.id,
            darkID: pedestals[0].dark?.facts.id, frameNoise: noise, flags: flags(count: frames.count, used))
        return Master(
            facts: facts, image: Image(width: mode.width, height: mode.height, pixels: values),
            error: Image(width: mode.width, height: mode.height, pixels: errors))
    }

    private func flags(count: Int, _ used: MasterGroup) -> CalibrationFlags {
        var flags: CalibrationFlags = count == 1 ? .singleFrame : []
        if kind == .dark, used.temperatureCelsius == nil { flags.insert(.temperatureUnknown) }
        if kind == .dark, pedestals[0].bias == nil { flags.insert(.containsBias) }
        if kind == .flat { flags.formUnion(pedestals[0].flags) }
        return flags
    }
}
