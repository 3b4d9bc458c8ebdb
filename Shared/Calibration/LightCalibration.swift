public import Imaging

/// A calibrated light with what was found on the way.
public struct CalibratedLight: Sendable, Equatable {
    public var frame: CalibratedFrame
    public var flags: CalibrationFlags
    /// Median over the frame of the local background [e-]; NaN where no pixel is usable.
    public var skyElectrons: Double
    /// Median over the frame of the local scatter of the sky [e-].
    public var noiseElectrons: Double
    /// Scatter of the sky over the noise model, median over the frame: 1 where gain, read noise and masters are what
    /// they say. Nil where the variance was taken from the scatter itself.
    public var noiseRatio: Double?
    /// Scatter of means over 4 x 4 px, times 4, over the scatter of pixels, median over the frame: 1 for white noise.
    /// Above 1 where a fixed pattern, fringes or unseen stars remain: sums over apertures scatter by about this
    /// factor more than the variance says. Nil for frames too small to tell.
    public var blockNoiseRatio: Double?
    /// Gain by photon transfer of the flats behind the master flat [e-/ADU].
    public var flatGain: Double?
    /// Gain by the scatter of this frame's own sky [e-/ADU]; nil where the sky is not most of the noise, where there
    /// is no flat, where noise is correlated, and where a fringe was subtracted.
    public var frameGain: Double?
    /// What the master fringe was multiplied by; nil where none was subtracted.
    public var fringeScale: FringeScale?
}

/// Removes bias and dark current, divides by the flat, and converts to electrons.
///
///     signal   = gain * (raw - bias - k * dark) / flat                                        k = t / t_dark
///     variance = [ sky * flat + gain * k * dark + readNoise^2 + gain^2/12 ] / flat^2      light, reading, rounding
///              + gain^2 * [ (1-k)^2 * sigma_bias^2 + k^2 * sigma_dark^2 ] / flat^2            errors of the masters
///              + ( sky * sigma_flat / flat )^2
///
/// `sky` is the local background of the calibrated frame (clipped mean of boxes of 64 px, without boxes on a star,
/// bilinear), never the pixel's own counts; the dark is its median except in pixels 5 sigma above it, so that its
/// noise does not become ours. (1-k)^2 holds where the dark was made with this very bias, whose error then partly
/// cancels; otherwise 1.
///
/// Where the model cannot be had the variance is the square of the local scatter of the calibrated frame, measured in
/// the same boxes, and `noiseFromScatter` says so:
/// - gain unknown: the signal stays in ADU (gain 1, flag `gainUnknown`);
/// - read noise unknown and no bias frames to take it from (`readNoiseUnknown`);
/// - pedestal unknown (neither bias nor dark, or a dark without its bias): the sky level contains it and sqrt(sky)
///   means nothing. A dark that contains the bias removes the pedestal but hides the level of the dark current. In
///   both cases the variance is the larger of scatter and known part of the model.
///
/// What `DetectorCorrections.prepare` added to the variance of a raw pixel (overscan, row levels) counts gain^2/flat^2
/// times. A master fringe of the light's filter is subtracted before the sky is measured, with its error and that of
/// its scale in the variance.
///
/// Pixels without data have the local background as signal (so that sums stay finite) and infinite variance.
///
/// - Source: Howell, Handbook of CCD Astronomy, 2nd ed., section 4.
public struct LightCalibration: Sendable {
    public var masters: LightMasters
    public var detector: DetectorFacts
    public var tolerance: MatchTolerance
    /// Size of the background boxes [px].
    public var meshSpacing: Int
    /// A master flat below this means nothing.
    public var lowestFlat: Float
    /// Lines along which saturated pixels bleed; nil: they do not.
    public var bleedingAlong: DetectorAxis? = .columns
    /// Threads that rows are split over; the bits do not depend on it.
    public var threads = 1

    /// By masters in memory.
    public init(
        masters: MasterSet, detector: DetectorFacts, tolerance: MatchTolerance = MatchTolerance(),
        meshSpacing: Int = 64,
        lowestFlat: Float = 0.1
    ) {
        self.init(
            masters: LightMasters(masters), detector: detector, tolerance: tolerance, meshSpacing: meshSpacing,
            lowestFlat: lowestFlat)
    }

    /// By masters of which some are read row by row.
    public init(
        masters: LightMasters, detector: DetectorFacts, tolerance: MatchTolerance = MatchTolerance(),
        meshSpacing: Int = 64, lowestFlat: Float = 0.1
    ) {
        precondition(meshSpacing > 0, "boxes have a size")
        self.masters = masters
        self.detector = detector
        self.tolerance = tolerance
        self.meshSpacing = meshSpacing
        self.lowestFlat = lowestFlat
    }

    /// A raw frame whose camera needs no corrections; otherwise prepare it first.
    ///
    /// - Throws: as `calibrate(_:exposureSeconds:)` of a prepared frame.
    public func calibrate(_ raw: Image<ADU>, exposureSeconds: Double) throws(CalibrationError) -> CalibratedLight {
        try calibrate(PreparedFrame(untouched: raw), exposureSeconds: exposureSeconds)
    }

    /// - Parameters:
    ///   - frame: one exposure after `DetectorCorrections.prepare` [ADU].
    ///   - exposureSeconds: shutter-open time [s], >= 0.
    /// - Returns: signal [e-], variance [e-^2] and mask, of the shape of the prepared frame.
    /// - Throws: `shapeMismatch` when a master does not fit, `darkNotScalable`, `masterNotReadable`.
    public func calibrate(
        _ frame: PreparedFrame, exposureSeconds: Double
    ) throws(CalibrationError) -> CalibratedLight {
        let raw = frame.pixels
        try requireShape(masters.bias, raw)
        try requireShape(masters.dark, raw)
        try requireShape(masters.flat, raw)
        try requireShape(masters.fringe.map { MasterPlanes($0.master) }, raw)
        let pedestal = try LightPedestal(
            bias: masters.bias, dark: masters.dark, exposureSeconds: exposureSeconds, tolerance: tolerance)
        var flags = missingFacts(pedestal).union(frame.flags)
        // A prepared frame knows its saturated pixels by their raw counts.
        let level = frame.mask == nil ? detector.saturationADU.map { Float($0) } ?? .infinity : .infinity
        var (signal, mask) = try SignalKernel(
            pedestal: pedestal, flat: masters.flat, gain: detector.gain ?? 1, saturation: level, lowestFlat: lowestFlat,
            threads: threads
        ).apply(to: raw)
        if let known = frame.mask { add(known, to: &mask) }
        if let bleedingAlong { BleedTrails(along: bleedingAlong, threads: threads).mark(&mask, in: signal) }
        let fringe = masters.fringe?.subtract(from: &signal, mask: &mask)
        if masters.fringe != nil { flags.insert(fringe == nil ? .fringeNotFitted : .fringeSubtracted) }
        let sky = Mesh(of: signal, spacing: meshSpacing, skipping: mask, threads: threads)
        var noise = noiseModel(pedestal, &flags)
        (noise.threads, noise.roundingVariance) = (threads, detector.roundingVariance)
        var variance = try noise.variance(of: sky, width: raw.width, height: raw.height, mask: mask)
        if let added = frame.variance { try add(added, to: &variance) }
        if let fringe { masters.fringe?.addVariance(of: fringe, to: &variance) }
        noise.fillMissing(in: &signal, mask: mask, from: sky)
        let ratio = noise.isModelOnly ? noise.ratio(of: sky, to: variance, mask: mask) : nil
        if let ratio, !(0.8...1.25).contains(ratio) { flags.insert(.noiseDisagrees) }
        let blockRatio = BlockNoise.ratio(of: signal, mask: mask, sky: sky, threads: threads)
        if let blockRatio, blockRatio > 1.25 { flags.insert(.noiseCorrelated) }
        var light = CalibratedLight(
            frame: CalibratedFrame(signal: signal, variance: variance, mask: mask), flags: flags,
            skyElectrons: sky.typicalLevel, noiseElectrons: sky.typicalNoise, noiseRatio: ratio,
            blockNoiseRatio: blockRatio)
        light.fringeScale = fringe
        checkGain(of: &light)
        return light
    }

    /// What the masters and the detector's facts leave open.
    private func missingFacts(_ pedestal: LightPedestal) -> CalibrationFlags {
        var flags = pedestal.flags
        if let flat = masters.flat {
            flags.formUnion(flat.facts.flags.intersection(.singleFrame))
        } else {
            flags.insert(.noFlat)
        }
        for facts in [pedestal.bias?.facts, pedestal.dark?.facts] {
            flags.formUnion(
                facts?.flags.intersection([.singleFrame, .temperatureUnknown, .darkInterpolated]) ?? [])
        }
        if detector.gain == nil { flags.insert(.gainUnknown) }
        if detector.saturationADU == nil { flags.insert(.saturationUnknown) }
        return flags
    }

    /// gain^2 / flat^2 times what preparing the frame added [ADU^2].
    private func add(
        _ added: Image<ADUSquared>, to variance: inout Image<ElectronSquared>
    ) throws(CalibrationError) {
        let (gain, width) = (Float(detector.gain ?? 1), added.width)
        let (height, fault) = (variance.height, FirstFault())
        variance.pixels.withUnsafeMutableBufferPointer { variance in
            added.pixels.withUnsafeBufferPointer { added in
                let (variance, added) = (variance.baseAddress!, added.baseAddress!)
                PinnedMaster.with(masters.flat, width: width, absent: 1) { master in
                    parallelRows(height, threads: threads) { range in
                        var flat = MasterCursor(master, .image)
                        for rows in MasterCursor.bands(of: range, width: width) {
                            do throws(CalibrationError) { try flat.move(to: rows) } catch {
                                return fault.note(error, row: rows.lowerBound)
                            }
                            for y in rows {
                                let (variance, added) = (variance + y * width, added + y * width)
                                Self.add(added, times: gain, over: flat.image(y), to: variance, count: width)
                            }
                        }
                    }
                }
            }
        }
        try fault.rethrow()
    }

    private static func add(
        _ added: UnsafePointer<Float>, times gain: Float, over flat: UnsafePointer<Float>,
        to variance: UnsafeMutablePointer<Float>, count: Int
    ) {
        for x in 0..<count {
            let scale = gain / flat[x]
            variance[x] += scale * scale * added[x]
        }
    }

    /// Takes over what was known of the pixels before.
    private func add(_ known: Mask, to mask: inout Mask) {
        mask.bits.withUnsafeMutableBufferPointer { bits in
            known.bits.withUnsafeBufferPointer { known in
                parallelRows(known.count, threads: threads) { range in
                    for i in range { bits[i] |= known[i] }
                }
            }
        }
    }

    /// Decides what the variance can be made of, and flags it.
    private func noiseModel(_ pedestal: LightPedestal, _ flags: inout CalibrationFlags) -> NoiseModel {
        var readNoise = detector.readNoiseElectrons
        if readNoise == nil, let gain = detector.gain, let bias = masters.bias, bias.facts.frameNoise > 0 {
            // The scatter of bias frames contains the rounding, which the model adds by itself.
            readNoise =
                gain * max(bias.facts.frameNoise * bias.facts.frameNoise - detector.roundingVariance, 0).squareRoot()
            flags.insert(.readNoiseFromBias)
        }
        if readNoise == nil { flags.insert(.readNoiseUnknown) }
        let containsBias = pedestal.dark?.facts.flags.contains(.containsBias) ?? false
        let isPedestalKnown = pedestal.bias != nil
        if !isPedestalKnown { flags.insert(.pedestalUnknown) }
        var parts = NoiseModel.Parts()
        if let gain = detector.gain, let readNoise {
            parts = NoiseModel.Parts(
                hasModel: true, hasSky: isPedestalKnown || containsBias, hasScatter: !isPedestalKnown)
            if parts.hasScatter { flags.insert(.noiseFromScatter) }
            return NoiseModel(pedestal: pedestal, flat: masters.flat, gain: gain, readNoise: readNoise, parts: parts)
        }
        flags.insert(.noiseFromScatter)
        return NoiseModel(pedestal: pedestal, flat: masters.flat, gain: detector.gain ?? 1, readNoise: 0, parts: parts)
    }

    private func requireShape<Unit>(_ master: MasterPlanes<Unit>?, _ raw: Image<ADU>) throws(CalibrationError) {
        guard let master, master.width != raw.width || master.height != raw.height else { return }
        throw .shapeMismatch(
            master: master.facts.id, expected: "\(raw.width) x \(raw.height)",
            found: "\(master.width) x \(master.height)")
    }
}
