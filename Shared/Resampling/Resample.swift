public import Imaging

/// How a frame is resampled.
public struct ResamplingSettings: Sendable, Equatable {
    public var kernel: ResamplingKernel
    /// Multiplies by the area of a new pixel in the frame, so that a star keeps its electrons when the scale changes;
    /// else the surface brightness is kept.
    public var conservesFlux: Bool
    /// Flags of pixels that do not count. Saturated ones do, by default: their place stays flagged.
    public var excluded: PixelFlags
    /// Of the kernel's weight, that must lie on pixels that count, > 0; the result is divided by it.
    public var minimumWeight: Float

    public init(
        kernel: ResamplingKernel = .lanczos3, conservesFlux: Bool = true,
        excluded: PixelFlags = PixelFlags(rawValue: ~PixelFlags.saturated.rawValue), minimumWeight: Float = 0.5
    ) {
        self.kernel = kernel
        self.conservesFlux = conservesFlux
        self.excluded = excluded
        self.minimumWeight = minimumWeight
    }
}

/// A frame on another grid.
public struct ResampledFrame: Sendable, Equatable {
    /// Pixels without a value are NaN with infinite variance, flagged `noData` and with what lies there.
    public var frame: CalibratedFrame
    /// Share of the new grid's pixels that have a value.
    public var coverage: Double
    public var noise: ResampledNoise
}

/// What resampling does to white noise. Neighbouring pixels share inputs: the variance plane is that of each pixel by
/// itself, and the noise of a sum of many pixels is larger than it says.
public struct ResampledNoise: Sendable, Equatable {
    /// Mean of sum w^2: variance of a resampled pixel over that of the input, before any change of scale; NaN when no
    /// pixel has a value.
    public var varianceRatio: Double
    /// True standard deviation of the sum over a large aperture, over the one that the variance plane gives:
    ///
    ///     (area * mean of sum w^2)^(-1/2)      area: of a new pixel in the frame [px^2]
    public var correlationFactor: Double
}

/// Puts a frame on another grid.
///
///     signal   = area * sum w s / sum w        variance = area^2 * sum w^2 v / (sum w)^2
///
/// over the pixels under the kernel that count, with the weights w of the sub-pixel phase in both axes (a table of
/// 1024 phases, linear between them: within 1e-6 of the exact weights). The kernel has the size of the frame's pixels:
/// a new grid with pixels more than about twice as large skips light between them. A map by whole pixels copies.
///
/// The flags of a new pixel are those of the frame's pixels within 0.99 px in both axes, and `noData` beyond the edge.
/// - Parameters:
///   - frame: signal [e-], variance [e-^2], mask.
///   - width: of the new grid [px], > 0.
///   - height: of the new grid [px], > 0.
///   - map: from the new grid to the frame.
/// - Source: Duchon 1979, J. Appl. Meteor. 18, 1016 (the kernel); Fruchter & Hook 2002, PASP 114, 144, section 7
///   (correlated noise).
public func resample(
    _ frame: CalibratedFrame, width: Int, height: Int, by map: PixelMap, settings: ResamplingSettings = .init()
) -> ResampledFrame {
    precondition(width > 0 && height > 0, "a grid needs pixels")
    if let shift = map.wholeShift { return shifted(frame, by: shift, width: width, height: height) }
    var resampler = Resampler(frame, width: width, height: height, settings: settings)
    for y in 0..<height { resampler.fillRow(y, by: map) }
    return resampler.result()
}

/// The frame moved by whole pixels: new pixel (x, y) is the frame's (x + shift.x, y + shift.y), bit for bit.
private func shifted(_ frame: CalibratedFrame, by shift: (x: Int, y: Int), width: Int, height: Int) -> ResampledFrame {
    var moved = CalibratedFrame(
        signal: Image(width: width, height: height, filledWith: .nan),
        variance: Image(width: width, height: height, filledWith: .infinity),
        mask: Mask(
            width: width, height: height,
            bits: [UInt16](repeating: PixelFlags.noData.rawValue, count: width * height)))
    let columns = max(0, -shift.x)..<max(0, -shift.x, min(width, frame.signal.width - shift.x))
    var filled = 0
    for y in 0..<height where (0..<frame.signal.height).contains(y + shift.y) && !columns.isEmpty {
        let target = (y * width + columns.lowerBound)..<(y * width + columns.upperBound)
        let start = (y + shift.y) * frame.signal.width + columns.lowerBound + shift.x
        let source = start..<(start + columns.count)
        moved.signal.pixels.replaceSubrange(target, with: frame.signal.pixels[source])
        moved.variance.pixels.replaceSubrange(target, with: frame.variance.pixels[source])
        moved.mask.bits.replaceSubrange(target, with: frame.mask.bits[source])
        filled += columns.count
    }
    return ResampledFrame(
        frame: moved, coverage: Double(filled) / Double(width * height),
        noise: ResampledNoise(varianceRatio: filled > 0 ? 1 : .nan, correlationFactor: filled > 0 ? 1 : .nan))
}
