internal import Imaging

extension InstrumentDocument {
    func checkCorrections(_ checks: inout DocumentChecks) {
        checkOverscan(&checks)
        checkCrosstalk(&checks)
        checkLinearity(&checks)
        guard let rowNoise else { return }
        let needsColumns = rowNoise.from == .darkColumns
        checks.require(
            (rowNoise.darkColumns != nil) == needsColumns, "rowNoise.darkColumns",
            needsColumns ? "is needed for from: darkColumns" : "is given, but the rows' level is taken from the sky")
        if let text = rowNoise.darkColumns { _ = checks.section(text, "rowNoise.darkColumns") }
    }

    private func checkOverscan(_ checks: inout DocumentChecks) {
        guard let overscan else { return }
        let isListed = overscan.regions?.isEmpty == false
        checks.require(
            isListed != (overscan.fromHeader == true), "overscan.regions",
            isListed ? "give regions or fromHeader, not both" : "give regions, or fromHeader: true")
        if let order = overscan.order {
            checks.require((0...10).contains(order), "overscan.order", "must be 0 to 10, is \(order)")
            checks.require(overscan.fit == .legendre, "overscan.order", "belongs to fit: legendre")
        }
        var data: [FrameSection] = []
        for (index, region) in (overscan.regions ?? []).enumerated() {
            let field = "overscan.regions[\(index)]"
            let bias = checks.section(region.biassec, "\(field).biassec")
            guard let kept = checks.section(region.trimsec, "\(field).trimsec") else { continue }
            checks.require(bias?.overlaps(kept) != true, "\(field).biassec", "overlaps its trimsec")
            checks.require(
                !data.contains { $0.overlaps(kept) }, "\(field).trimsec", "overlaps the trimsec of another region")
            data.append(kept)
        }
    }

    private func checkCrosstalk(_ checks: inout DocumentChecks) {
        guard let crosstalk else { return }
        let count = crosstalk.amplifiers.count
        checks.require(count >= 2, "crosstalk.amplifiers", "needs at least two, has \(count)")
        let sections = crosstalk.amplifiers.enumerated().compactMap { index, amplifier in
            checks.section(amplifier.section, "crosstalk.amplifiers[\(index)].section")
        }
        let isAlike = sections.allSatisfy { $0.width == sections[0].width && $0.height == sections[0].height }
        checks.require(isAlike, "crosstalk.amplifiers", "the sections must be of one size")
        let isSquare = crosstalk.coefficients.count == count && crosstalk.coefficients.allSatisfy { $0.count == count }
        checks.require(isSquare, "crosstalk.coefficients", "needs \(count) rows of \(count) numbers")
        for (victim, row) in crosstalk.coefficients.enumerated() {
            for (source, value) in row.enumerated() {
                let field = "crosstalk.coefficients[\(victim)][\(source)]"
                checks.require(abs(value) < 0.5, field, "must be between -0.5 and 0.5, is \(value)")
                checks.require(source != victim || value == 0, field, "must be 0: an amplifier and itself")
            }
        }
    }

    private func checkLinearity(_ checks: inout DocumentChecks) {
        guard let linearity else { return }
        checks.require(
            (1...8).contains(linearity.coefficients.count), "linearity.coefficients", "needs 1 to 8 numbers")
        checks.notNegative(linearity.pedestalADU, "linearity.pedestalADU")
        checks.require(
            linearity.pedestalADU != nil || overscan != nil, "linearity.pedestalADU",
            "is needed where no overscan tells the level without light")
        checks.positive(linearity.validToADU, "linearity.validToADU")
        let end = linearity.validToADU ?? saturationADU ?? 65_535
        guard end > 0, !linearity.coefficients.isEmpty else { return }
        let steps = (0...256).map { step -> Double in
            let s = end * Double(step) / 256
            return s * (1 + s * linearity.coefficients.reversed().reduce(0) { $0 * s + $1 })
        }
        checks.require(
            zip(steps, steps.dropFirst()).allSatisfy { $0 < $1 }, "linearity.coefficients",
            "more counts must mean more light up to \(end) ADU")
    }
}

extension DocumentChecks {
    mutating func section(_ text: String, _ field: String) -> FrameSection? {
        let section = FrameSection(fits: text)
        require(section != nil, field, "\"\(text.prefix(40))\" is not a section like [1:32,1:1024]")
        return section
    }
}
