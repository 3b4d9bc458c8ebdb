internal import Calibration
internal import Events
internal import Imaging
internal import Pipeline

extension InstrumentFacts {
    /// What the event says is done to raw pixels.
    ///
    /// - Throws: `Rejection` for a word that this version does not know: leaving a correction out would be silent.
    func detectorCorrections() throws -> DetectorCorrections {
        var result = DetectorCorrections()
        guard let facts = corrections else { return result }
        result.bleedingAlong = facts.bleeding == "none" ? nil : try known(facts.bleeding, "bleeding")
        result.darkModel = try known(facts.darkModel, "darkModel")
        result.marksArtefacts = facts.cosmicRays ?? false
        result.overscan = try facts.overscan.map { overscan in
            OverscanCorrection(
                regions: try overscan.regions.map {
                    OverscanRegion(bias: try section($0.bias), data: try section($0.data))
                }, along: try known(overscan.along, "overscan.along"), fit: try known(overscan.fit, "overscan.fit"),
                order: max(0, min(overscan.order, 10)))
        }
        result.crosstalk = try facts.crosstalk.map { try crosstalk($0) }
        result.linearity = facts.linearity.map {
            LinearityCorrection(
                coefficients: $0.coefficients, pedestalADU: $0.pedestalADU, validToADU: $0.validToADU)
        }
        result.rowNoise = try facts.rowNoise.map {
            RowNoiseCorrection(
                from: try known($0.from, "rowNoise.from"), darkColumns: try $0.darkColumns.map(section),
                columnsToo: $0.columnsToo)
        }
        return result
    }

    private func crosstalk(_ facts: CrosstalkFacts) throws -> CrosstalkCorrection {
        let amplifiers = try facts.amplifiers.map {
            AmplifierSection(section: try section($0.section), flipX: $0.flipX, flipY: $0.flipY)
        }
        let count = amplifiers.count
        let isSquare = facts.coefficients.count == count && facts.coefficients.allSatisfy { $0.count == count }
        let isAlike = amplifiers.allSatisfy {
            $0.section.width == amplifiers[0].section.width && $0.section.height == amplifiers[0].section.height
        }
        guard isSquare, isAlike else { throw misfit("crosstalk: amplifiers of one size and as many coefficients") }
        return CrosstalkCorrection(amplifiers: amplifiers, coefficients: facts.coefficients)
    }

    private func section(_ edges: [Int]) throws -> FrameSection {
        guard edges.count == 4 else { throw misfit("a section of four edges") }
        return FrameSection(x0: edges[0], x1: edges[1], y0: edges[2], y1: edges[3])
    }

    private func known<Value: RawRepresentable>(_ word: String, _ field: String) throws -> Value
    where Value.RawValue == String {
        guard let value = Value(rawValue: word) else { throw misfit("\(field): \"\(word.prefix(40))\" is not known") }
        return value
    }

    private func misfit(_ text: String) -> Rejection {
        Rejection(.shapeMismatch, "instrument \(id), revision \(revision): corrections: \(text)")
    }
}
