extension FrameSection {
    /// The cells of a mosaic that lie in the section as a whole; nil where there are none.
    public var wholeCells: FrameSection? {
        let cells = FrameSection(x0: (x0 + 1) / 2, x1: x1 / 2, y0: (y0 + 1) / 2, y1: y1 / 2)
        return cells.x0 < cells.x1 && cells.y0 < cells.y1 ? cells : nil
    }

    /// Whether it begins and ends with cells.
    fileprivate var isOfCells: Bool { [x0, x1, y0, y1].allSatisfy { $0.isMultiple(of: 2) } }
}

extension DetectorCorrections {
    /// What is done to a channel of a mosaic whose sections these are.
    ///
    /// A section becomes the whole cells in it. Where that would tear or mix what belongs together, the correction is
    /// left out: several overscans whose kept parts do not meet at cells, and crosstalk of amplifiers that do not
    /// consist of cells or are mirrored (their partners see another colour). Linearity is taken of the mean of two
    /// greens, which differs from the mean of both by half its second derivative times their variance.
    ///
    /// - Returns: the corrections on the channel's grid, and which were left out.
    public func ofChannel() -> (corrections: DetectorCorrections, leftOut: [String]) {
        var result = self
        var leftOut: [String] = []
        result.overscan = overscan.flatMap { $0.ofCells }
        if overscan != nil, result.overscan == nil {
            leftOut.append("overscan: its sections do not consist of whole cells of the mosaic")
            if let linearity, linearity.pedestalADU == 0 {
                result.linearity = nil
                leftOut.append("linearity: it needs the overscan's level")
            }
        }
        result.crosstalk = crosstalk.flatMap { $0.ofCells }
        if crosstalk != nil, result.crosstalk == nil {
            leftOut.append("crosstalk: the amplifiers are mirrored or do not consist of whole cells of the mosaic")
        }
        if let section = rowNoise?.darkColumns {
            result.rowNoise?.darkColumns = section.wholeCells
            if section.wholeCells == nil {
                result.rowNoise = nil
                leftOut.append("rowNoise: darkColumns holds no whole cell of the mosaic")
            }
        }
        return (result, leftOut)
    }
}

extension OverscanCorrection {
    fileprivate var ofCells: OverscanCorrection? {
        guard regions.count == 1 || regions.allSatisfy({ $0.data.isOfCells }) else { return nil }
        let cells = regions.compactMap { region in
            region.bias.wholeCells.flatMap { bias in
                region.data.wholeCells.map { OverscanRegion(bias: bias, data: $0) }
            }
        }
        guard cells.count == regions.count else { return nil }
        return OverscanCorrection(regions: cells, along: along, fit: fit, order: order)
    }
}

extension CrosstalkCorrection {
    fileprivate var ofCells: CrosstalkCorrection? {
        let cells = amplifiers.compactMap { amplifier -> AmplifierSection? in
            guard amplifier.section.isOfCells, !amplifier.flipX, !amplifier.flipY else { return nil }
            return amplifier.section.wholeCells.map { AmplifierSection(section: $0) }
        }
        return cells.count == amplifiers.count
            ? CrosstalkCorrection(amplifiers: cells, coefficients: coefficients) : nil
    }
}
