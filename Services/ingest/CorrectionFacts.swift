internal import Events
internal import Imaging

extension CorrectionFacts {
    /// Nil where nothing is done to the pixels that would not be done anyway.
    init?(_ corrections: DetectorCorrections) {
        guard corrections != DetectorCorrections() else { return nil }
        self.init(
            bleeding: corrections.bleedingAlong?.rawValue ?? "none", darkModel: corrections.darkModel.rawValue)
        if corrections.marksArtefacts { cosmicRays = true }
        overscan = corrections.overscan.map { overscan in
            OverscanFacts(
                regions: overscan.regions.map { OverscanFacts.Region(bias: $0.bias.edges, data: $0.data.edges) },
                along: overscan.along.rawValue, fit: overscan.fit.rawValue, order: overscan.order)
        }
        crosstalk = corrections.crosstalk.map { crosstalk in
            CrosstalkFacts(
                amplifiers: crosstalk.amplifiers.map {
                    CrosstalkFacts.Amplifier(section: $0.section.edges, flipX: $0.flipX, flipY: $0.flipY)
                }, coefficients: crosstalk.coefficients)
        }
        linearity = corrections.linearity.map {
            LinearityFacts(
                coefficients: $0.coefficients, pedestalADU: $0.pedestalADU, validToADU: $0.validToADU)
        }
        rowNoise = corrections.rowNoise.map {
            RowNoiseFacts(
                from: $0.from.rawValue, darkColumns: $0.darkColumns?.edges, columnsToo: $0.columnsToo)
        }
    }
}

extension FrameSection {
    fileprivate var edges: [Int] { [x0, x1, y0, y1] }
}
