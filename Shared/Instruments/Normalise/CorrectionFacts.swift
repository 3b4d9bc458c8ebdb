internal import Imaging

// What the document says of the camera's own corrections, with the sections of this header.
extension HeaderReading {
    mutating func corrections(width: Int, height: Int) -> DetectorCorrections {
        var corrections = DetectorCorrections()
        corrections.bleedingAlong = (document.bleeding ?? .columns).axis
        corrections.darkModel = document.dark?.model ?? .proportional
        corrections.marksArtefacts = document.cosmicRays ?? false
        corrections.overscan = overscan(width: width, height: height)
        if let linearity = document.linearity {
            corrections.linearity = LinearityCorrection(
                coefficients: linearity.coefficients, pedestalADU: linearity.pedestalADU ?? 0,
                validToADU: linearity.validToADU)
            if corrections.overscan == nil, linearity.pedestalADU == nil {
                corrections.linearity = nil
                note(.correctionSkipped, "linearity needs the overscan's level, and this frame has no overscan")
            }
        }
        corrections.crosstalk = crosstalk(width: width, height: height)
        corrections.rowNoise = rowNoise(width: width, height: height)
        return corrections
    }

    private mutating func overscan(width: Int, height: Int) -> OverscanCorrection? {
        guard let overscan = document.overscan else { return nil }
        var regions: [OverscanRegion] = []
        if overscan.fromHeader == true {
            guard let region = headerOverscan(width: width, height: height) else { return nil }
            regions = [region]
        } else {
            regions = (overscan.regions ?? []).compactMap { sections in
                guard let bias = FrameSection(fits: sections.biassec), let data = FrameSection(fits: sections.trimsec)
                else { return nil }
                return OverscanRegion(bias: bias, data: data)
            }
            let sections = regions.flatMap { [$0.bias, $0.data] }
            if let odd = sections.first(where: { !$0.fits(width: width, height: height) }) {
                note(.correctionSkipped, "overscan section \(odd.fitsText) is not in a frame of \(width) x \(height)")
                return nil
            }
        }
        return OverscanCorrection(
            regions: regions, along: overscan.along ?? .rows, fit: overscan.fit ?? .median,
            order: overscan.fit == .legendre ? overscan.order ?? 3 : 0)
    }

    /// BIASSEC, and TRIMSEC or else DATASEC.
    private mutating func headerOverscan(width: Int, height: Int) -> OverscanRegion? {
        let keyword = header.text("TRIMSEC") == nil ? "DATASEC" : "TRIMSEC"
        guard let biasText = header.text("BIASSEC"), let dataText = header.text(keyword) else {
            note(.correctionSkipped, "overscan.fromHeader: the header has no BIASSEC, or neither TRIMSEC nor DATASEC")
            return nil
        }
        guard let bias = FrameSection(fits: biasText), let data = FrameSection(fits: dataText),
            bias.fits(width: width, height: height), data.fits(width: width, height: height), !bias.overlaps(data)
        else {
            note(
                .correctionSkipped,
                "BIASSEC '\(biasText.prefix(40))' and \(keyword) '\(dataText.prefix(40))' are no sections of a frame "
                    + "of \(width) x \(height)")
            return nil
        }
        return OverscanRegion(bias: bias, data: data)
    }

    private mutating func crosstalk(width: Int, height: Int) -> CrosstalkCorrection? {
        guard let crosstalk = document.crosstalk else { return nil }
        let amplifiers = crosstalk.amplifiers.compactMap { amplifier in
            FrameSection(fits: amplifier.section).map {
                AmplifierSection(section: $0, flipX: amplifier.flipX ?? false, flipY: amplifier.flipY ?? false)
            }
        }
        guard amplifiers.allSatisfy({ $0.section.fits(width: width, height: height) }) else {
            note(.correctionSkipped, "crosstalk: an amplifier's section is not in a frame of \(width) x \(height)")
            return nil
        }
        return CrosstalkCorrection(amplifiers: amplifiers, coefficients: crosstalk.coefficients)
    }

    private mutating func rowNoise(width: Int, height: Int) -> RowNoiseCorrection? {
        guard let rowNoise = document.rowNoise else { return nil }
        let section = rowNoise.darkColumns.flatMap { FrameSection(fits: $0) }
        if let section, !section.fits(width: width, height: height) {
            note(
                .correctionSkipped, "rowNoise.darkColumns \(section.fitsText) is not in a frame of \(width) x \(height)"
            )
            return nil
        }
        return RowNoiseCorrection(from: rowNoise.from, darkColumns: section, columnsToo: rowNoise.columnsToo ?? false)
    }
}
