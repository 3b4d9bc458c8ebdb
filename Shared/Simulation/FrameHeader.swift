internal import Imaging
internal import Sky

extension FrameRenderer {
    /// The cards a camera program would write.
    func header(of exposure: SimulatedExposure, temperatureCelsius: Double) throws(SkyError) -> Header {
        let instrument = detector.instrument
        var header = Header()
        let begin = try UTCInstant(mjd: exposure.startMJD).iso8601(fractionalDigits: 3)
        header.append("DATE-OBS", .string(String(begin.dropLast())), comment: "UTC, start of exposure")
        header.append("EXPTIME", .real(exposure.seconds), comment: "[s]")
        header.append("IMAGETYP", .string(imageType(exposure.kind)))
        header.append("INSTRUME", .string(instrument.name))
        header.append("TELESCOP", .string(instrument.telescope))
        if exposure.kind == .flat || exposure.kind == .light { header.append("FILTER", .string(instrument.filter)) }
        header.append("XBINNING", .integer(instrument.binning))
        header.append("YBINNING", .integer(instrument.binning))
        header.append("SET-TEMP", .real(instrument.temperatureCelsius), comment: "[C]")
        header.append("CCD-TEMP", .real((temperatureCelsius * 100).rounded() / 100), comment: "[C]")
        if instrument.writesGain {
            header.append("EGAIN", .real(instrument.gain), comment: "[e-/ADU]")
            header.append("RDNOISE", .real(instrument.readNoiseElectrons), comment: "[e-]")
        }
        header.append("SITELAT", .real(night.site.latitudeDegrees), comment: "[deg]")
        header.append("SITELONG", .real(night.site.longitudeDegrees), comment: "[deg] east")
        header.append("SITEELEV", .real(night.site.elevationMeters), comment: "[m]")
        if exposure.kind == .light { appendPointing(exposure, to: &header) }
        return header
    }

    private func imageType(_ kind: SimulatedExposure.Kind) -> String {
        switch kind {
        case .bias: "Bias Frame"
        case .dark: "Dark Frame"
        case .flat: "Flat Field"
        case .light: "Light Frame"
        }
    }

    private func appendPointing(_ exposure: SimulatedExposure, to header: inout Header) {
        let centre = night.field.centre
        header.append("OBJECT", .string(night.objectName))
        header.append("RA", .real(centre.raDegrees), comment: "[deg] of the field")
        header.append("DEC", .real(centre.decDegrees), comment: "[deg] of the field")
        guard detector.instrument.writesWorldCoordinates else { return }
        let frame = pixelFrame(exposure)
        header.append("WCSAXES", .integer(2))
        header.append("CTYPE1", .string("RA---TAN"))
        header.append("CTYPE2", .string("DEC--TAN"))
        header.append("CUNIT1", .string("deg"))
        header.append("CUNIT2", .string("deg"))
        header.append("CRVAL1", .real(centre.raDegrees))
        header.append("CRVAL2", .real(centre.decDegrees))
        // FITS counts pixels from 1.
        header.append("CRPIX1", .real(frame.x0 + 1))
        header.append("CRPIX2", .real(frame.y0 + 1))
        header.append("CD1_1", .real(frame.cd.0))
        header.append("CD1_2", .real(frame.cd.1))
        header.append("CD2_1", .real(frame.cd.2))
        header.append("CD2_2", .real(frame.cd.3))
        header.append("RADESYS", .string("ICRS"))
    }
}
