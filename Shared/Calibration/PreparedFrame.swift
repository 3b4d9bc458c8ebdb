public import Imaging

/// A raw frame after the corrections of its camera: still in ADU, still with bias and dark inside.
public struct PreparedFrame: Sendable, Equatable {
    public var pixels: Image<ADU>
    /// Saturated, non-linear and missing pixels; nil when nothing was done to the frame.
    public var mask: Mask?
    /// What the corrections added [ADU^2]: errors of overscan and row levels. Nil: nothing.
    public var variance: Image<ADUSquared>?
    public var flags: CalibrationFlags

    /// A frame to which nothing is done.
    public init(untouched raw: Image<ADU>) {
        pixels = raw
        mask = nil
        variance = nil
        flags = []
    }

    init(pixels: Image<ADU>, mask: Mask, variance: Image<ADUSquared>?, flags: CalibrationFlags) {
        self.pixels = pixels
        self.mask = mask
        self.variance = variance
        self.flags = flags
    }

    /// The pixels as they go into a master: those that were saturated in the raw frame are at least at the saturation
    /// level, so that over-exposed frames are refused although their overscan has been subtracted.
    public func forMaster(saturationADU: Double?) -> Image<ADU> {
        guard let mask, let saturationADU else { return pixels }
        var image = pixels
        let (level, bit) = (Float(saturationADU), PixelFlags.saturated.rawValue)
        image.pixels.withUnsafeMutableBufferPointer { pixels in
            mask.bits.withUnsafeBufferPointer { bits in
                for i in pixels.indices where bits[i] & bit != 0 { pixels[i] = max(pixels[i], level) }
            }
        }
        return image
    }
}

extension DetectorCorrections {
    /// Corrects a raw frame, light or calibration frame alike, before anything is combined or subtracted.
    ///
    /// In this order: pixels at or above saturation are marked, by their raw counts; the overscan's level is
    /// subtracted; crosstalk; linearity (pixels above its range are marked `nonLinear`); row noise; trim. Every step
    /// is ADU to ADU, so that bias, dark and flat go on as without it.
    ///
    /// - Parameters:
    ///   - raw: one exposure as the camera wrote it [ADU].
    ///   - kind: the rows of a flat keep their level where it would be taken from the sky: there it is response.
    ///   - saturationADU: of raw counts.
    ///   - threads: that rows are split over; the bits do not depend on it.
    /// - Returns: pixels of the size that `preparedSize` tells.
    /// - Throws: `sectionOutsideFrame` when a section does not fit.
    public func prepare(
        _ raw: Image<ADU>, kind: FrameKind, saturationADU: Double?, threads: Int = 1
    ) throws(CalibrationError) -> PreparedFrame {
        if leavesPixels { return PreparedFrame(untouched: raw) }
        try requireSections(width: raw.width, height: raw.height)
        var frame = PreparedFrame(
            pixels: raw, mask: Mask(width: raw.width, height: raw.height), variance: nil, flags: [])
        if let saturationADU { frame.markSaturated(from: Float(saturationADU)) }
        if let overscan {
            overscan.subtract(from: &frame, threads: threads)
            frame.flags.insert(.overscanUsed)
        }
        if let crosstalk {
            crosstalk.correct(&frame.pixels)
            frame.flags.insert(.crosstalkCorrected)
        }
        if let linearity {
            linearity.correct(&frame)
            frame.flags.insert(.linearised)
        }
        if let rowNoise, kind != .flat || rowNoise.from == .darkColumns {
            rowNoise.subtract(from: &frame, within: overscan?.regions.map(\.data), threads: threads)
            frame.flags.insert(.rowNoiseRemoved)
        }
        return overscan.map { $0.trimmed(frame) } ?? frame
    }

    private func requireSections(width: Int, height: Int) throws(CalibrationError) {
        var sections: [(String, FrameSection)] = []
        for region in overscan?.regions ?? [] { sections += [("overscan", region.bias), ("data", region.data)] }
        for amplifier in crosstalk?.amplifiers ?? [] { sections.append(("amplifier", amplifier.section)) }
        if rowNoise?.from == .darkColumns, let section = rowNoise?.darkColumns {
            sections.append(("dark columns", section))
        }
        for (name, section) in sections where !section.fits(width: width, height: height) {
            throw .sectionOutsideFrame(
                name: name, section: section.fitsText, frame: "\(width) x \(height)")
        }
    }
}

extension PreparedFrame {
    mutating func markSaturated(from level: Float) {
        guard var mask else { return }
        self.mask = nil
        let bit = PixelFlags.saturated.rawValue
        pixels.pixels.withUnsafeBufferPointer { pixels in
            mask.bits.withUnsafeMutableBufferPointer { bits in
                for i in pixels.indices { bits[i] |= pixels[i] >= level ? bit : 0 }
            }
        }
        self.mask = mask
    }

    /// Subtracts a level from each line of a section and adds its variance to that of the line's pixels.
    ///
    /// - Parameter levels: one for each line, from the section's first.
    mutating func subtract(_ levels: [LineLevel], along: DetectorAxis, in section: FrameSection, threads: Int) {
        let width = pixels.width
        var plane = variance ?? Self.noVariance(width: width, height: pixels.height)
        variance = nil
        let (offsets, variances) = (levels.map(\.level), levels.map { Float($0.variance) })
        pixels.pixels.withUnsafeMutableBufferPointer { pixels in
            plane.pixels.withUnsafeMutableBufferPointer { plane in
                let start = section.y0 * width + section.x0
                let (pixels, plane) = (pixels.baseAddress! + start, plane.baseAddress! + start)
                parallelRows(section.height, threads: threads) { range in
                    for line in range {
                        let (pixels, plane) = (pixels + line * width, plane + line * width)
                        if along == .rows {
                            let (offset, variance) = (offsets[line], variances[line])
                            for x in 0..<section.width { pixels[x] = Float(Double(pixels[x]) - offset) }
                            for x in 0..<section.width { plane[x] += variance }
                        } else {
                            for x in 0..<section.width { pixels[x] = Float(Double(pixels[x]) - offsets[x]) }
                            for x in 0..<section.width { plane[x] += variances[x] }
                        }
                    }
                }
            }
        }
        variance = plane
    }

    private static func noVariance(width: Int, height: Int) -> Image<ADUSquared> {
        Image(width: width, height: height, pixels: [Float](plane: width * height) { $0.initialize(repeating: 0) })
    }
}
