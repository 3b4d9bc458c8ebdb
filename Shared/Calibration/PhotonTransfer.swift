public import Imaging

/// Gain by photon transfer, with its standard error.
public struct GainMeasurement: Sendable, Equatable {
    /// [e-/ADU]
    public var gain: Double
    public var error: Double
    /// Typical level of the flats above bias and dark [ADU].
    public var levelADU: Double
    /// Pairs of flats that were used.
    public var pairs: Int

    /// Whether a gain differs by more than 20 %, and by more than three standard errors.
    public func disagrees(with other: Double) -> Bool {
        abs(other - gain) > 0.2 * gain && abs(other - gain) > 3 * error
    }
}

/// Gain from the noise of flat pairs and read noise from bias pairs.
///
///     d = F_1 - r F_2,   r = m_1 / m_2                              m: mean level above bias and dark
///     var(d) = (1 + r) m_1 / gain + (1 + r^2) R^2                   so that the response of the pixels cancels
///     gain   = (1 + r) m_1 / [ var(d) - (1 + r^2) R^2 ]
///
/// in boxes of 32 px (r over the whole frame, m in the box), clipped at 3 sigma; the gain is the median over all boxes
/// of all pairs, its error 1.25 times their scatter over the root of their number. Frames of even number go in pairs in
/// order of time, so that every frame is used once and pairs are independent. With plain 2 mean / var a pair of
/// unequal levels would keep the flat's structure.
///
/// - Source: Janesick, Photon Transfer (SPIE 2007), chapter 5; Howell, Handbook of CCD Astronomy, 2nd ed., section 4.3.
public struct PhotonTransfer: Sendable {
    /// Read noise [ADU], rounding included.
    public var readNoiseADU: Double
    private let boxSize = 32

    public init(readNoiseADU: Double) { self.readNoiseADU = readNoiseADU }

    /// Read noise from two bias frames: the clipped scatter of their difference over sqrt(2) [ADU]; nil without pixels.
    public static func readNoiseADU(_ first: Image<ADU>, _ second: Image<ADU>) -> Double? {
        guard first.hasShape(of: second) else { return nil }
        let differences = zip(first.pixels, second.pixels).map { $0 - $1 }
        return Robust.clippedMoments(differences).map { $0.sigma / 2.0.squareRoot() }
    }

    /// Gains of the boxes of one pair [e-/ADU]; none where the frames are not alike (ratio of levels outside 0.5 to
    /// 2), without light, or of another shape.
    ///
    /// - Parameter first, second: flats above bias and dark [ADU].
    func gains(of first: Image<ADU>, _ second: Image<ADU>) -> (gains: [Float], levelADU: Double) {
        guard first.hasShape(of: second), let one = Robust.median(first.pixels), let two = Robust.median(second.pixels),
            one > 0, two > 0, (0.5...2).contains(one / two)
        else { return ([], 0) }
        let r = Double(one / two)
        var gains: [Float] = []
        for y in stride(from: 0, through: first.height - boxSize, by: boxSize) {
            for x in stride(from: 0, through: first.width - boxSize, by: boxSize) {
                if let gain = gain(of: first, second, x: x, y: y, ratio: r) { gains.append(Float(gain)) }
            }
        }
        return (gains, Double(one))
    }

    private func gain(of first: Image<ADU>, _ second: Image<ADU>, x: Int, y: Int, ratio r: Double) -> Double? {
        var levels: [Float] = []
        var differences: [Float] = []
        for j in y..<(y + boxSize) {
            for i in x..<(x + boxSize) {
                let (a, b) = (first[i, j], second[i, j])
                guard a.isFinite, b.isFinite else { continue }
                levels.append(a)
                differences.append(Float(Double(a) - r * Double(b)))
            }
        }
        guard differences.count >= boxSize * boxSize / 2, let mean = Robust.clippedMoments(levels)?.mean,
            let moments = Robust.clippedMoments(differences)
        else { return nil }
        let photons = moments.sigma * moments.sigma - (1 + r * r) * readNoiseADU * readNoiseADU
        guard photons > 0.1 * moments.sigma * moments.sigma, mean > 0 else { return nil }
        return (1 + r) * mean / photons
    }

    /// The gain of all pairs; nil with fewer than 9 boxes.
    ///
    /// - Parameter frame: flat number `index` above bias and dark [ADU].
    public func measure(count: Int, frame: (_ index: Int) throws -> Image<ADU>) rethrows -> GainMeasurement? {
        var gains: [Float] = []
        var levels: [Float] = []
        for index in stride(from: 0, to: count - 1, by: 2) {
            let pair = self.gains(of: try frame(index), try frame(index + 1))
            gains += pair.gains
            if !pair.gains.isEmpty { levels.append(Float(pair.levelADU)) }
        }
        guard gains.count >= 9, let gain = Robust.median(gains), let level = Robust.median(levels),
            let scatter = Robust.clippedMoments(gains)?.sigma
        else { return nil }
        return GainMeasurement(
            gain: Double(gain), error: 1.2533 * scatter / Double(gains.count).squareRoot(), levelADU: Double(level),
            pairs: levels.count)
    }
}

extension LightCalibration {
    /// Compares the gain with that of the flats and that of the frame's own noise.
    ///
    /// With the sky S [e-], the variance V of the model and the ratio q of scatter to model, the scatter leaves
    /// S / (q^2 V - (V - S)) times the assumed gain for the photons. Only where the sky makes at least half of the
    /// variance, the frame was divided by a flat, and 4 x 4 px scatter as their pixels promise: structure that remains
    /// is no photon noise. Not after a fringe was subtracted, which may be made of this very frame and then takes some
    /// of its noise along.
    func checkGain(of light: inout CalibratedLight) {
        light.flatGain = masters.flat?.facts.measuredGain
        guard let gain = detector.gain else { return }
        if let found = masters.flat?.facts.measuredGain {
            let error = masters.flat?.facts.measuredGainError ?? 0
            let measured = GainMeasurement(gain: found, error: error, levelADU: 0, pairs: 0)
            if measured.disagrees(with: gain) { light.flags.insert(.gainDisagrees) }
        }
        guard let ratio = light.noiseRatio, ratio > 0, masters.flat != nil, let block = light.blockNoiseRatio,
            block < 1.15, light.fringeScale == nil, !light.flags.contains(.noiseFromScatter)
        else { return }
        let scatter = light.noiseElectrons * light.noiseElectrons
        let model = scatter / (ratio * ratio)
        let sky = light.skyElectrons
        let photons = scatter - (model - sky)
        guard sky > 0, sky >= 0.5 * model, photons > 0 else { return }
        light.frameGain = gain * sky / photons
        if let found = light.frameGain, abs(gain - found) > 0.2 * found { light.flags.insert(.gainDisagrees) }
    }
}
