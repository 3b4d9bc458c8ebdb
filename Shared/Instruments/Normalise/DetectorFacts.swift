internal import Imaging

// What the detector and the optics are, document first.
extension HeaderReading {
    mutating func binning() -> (x: Int, y: Int) {
        if let x = binning(.binningX, part: 0) { return (x, binning(.binningY, part: 1) ?? x) }
        let assumed = document.binning ?? 1
        note(.binningAssumed, "no binning in the header: taken as \(assumed)")
        return (assumed, assumed)
    }

    /// "2", 2.0, "2*2", "2x2", "2 2", "(2, 2)".
    private mutating func binning(_ fact: HeaderFact, part: Int) -> Int? {
        for keyword in rules.keywords(fact) {
            guard let text = header.text(keyword) else { continue }
            let numbers =
                header.number(keyword).map { [Int(exactly: $0) ?? 0] }
                ?? text.split { !$0.isASCII || !$0.isNumber }.map { Int($0) ?? 0 }
            if let first = numbers.first, numbers.count <= 2, numbers.allSatisfy({ (1...64).contains($0) }) {
                return numbers.count > part ? numbers[part] : first
            }
            note(.valueIgnored, "\(keyword) '\(text.prefix(40))' is no binning")
        }
        return nil
    }

    mutating func temperature(_ fact: HeaderFact) -> Double? {
        let (unit, missing) = (rules.temperatureUnit, rules.temperatureMissingValue)
        for keyword in rules.keywords(fact) {
            guard let value = header.number(keyword), value != missing else { continue }
            // Rounded, so that 271 K is -2.15 C and not -2.1499999999999773 C.
            let celsius = unit == .kelvin ? ((value - 273.15) * 1e6).rounded() / 1e6 : value
            // Below 20 K no detector works, and a Celsius value in a kelvin keyword would land there.
            let isSound = unit == .kelvin ? (20...360).contains(value) : (-260...80).contains(celsius)
            if isSound { return celsius }
            note(.valueIgnored, "\(keyword) \(value) is no temperature in \(unit == .kelvin ? "kelvin" : "Celsius")")
        }
        return nil
    }

    mutating func fillDetector(_ facts: inout InstrumentFacts) {
        if let gain = document.gain.electronsPerADU {
            (facts.gainElectronsPerADU, facts.gainSource) = (gain, .document)
        } else if let found = gainKeyword() {
            (facts.gainElectronsPerADU, facts.gainSource) = (found, .egain)
        } else if document.gain.headerGainIsElectronsPerADU == true, let gain = header.number("GAIN"),
            isSoundGain(gain, "GAIN")
        {
            (facts.gainElectronsPerADU, facts.gainSource) = (gain, .headerGain)
        } else {
            let setting = header.text("GAIN").map { "; GAIN '\($0.prefix(20))' is not known to be e-/ADU" } ?? ""
            note(.gainUnknown, "neither the instrument document nor EGAIN gives e-/ADU\(setting)")
        }
        facts.readNoiseADU = document.readNoiseADU
        facts.readNoiseElectrons = document.readNoiseElectrons
        if let noise = document.readNoiseADU, facts.readNoiseElectrons == nil {
            facts.readNoiseElectrons = facts.gainElectronsPerADU.map { noise * $0 }
        } else if facts.readNoiseElectrons == nil {
            facts.readNoiseElectrons = firstPositive(.readNoise)?.value
        }
        if facts.readNoiseElectrons == nil {
            note(.readNoiseUnknown, "no read noise in electrons in document or header")
        }
        facts.saturationADU = document.saturationADU ?? firstPositive(.saturation)?.value
        if facts.saturationADU == nil { note(.saturationUnknown, "no saturation level in document or header") }
    }

    /// The first keyword by which e-/ADU is meant and that has a value which can be it.
    private mutating func gainKeyword() -> Double? {
        for keyword in rules.keywords(.gain) where header[keyword] != nil {
            guard let value = header.number(keyword) else {
                note(.valueIgnored, "\(keyword) '\(header.text(keyword)?.prefix(40) ?? "")' is no gain in e-/ADU")
                continue
            }
            if isSoundGain(value, keyword) { return value }
        }
        return nil
    }

    /// No detector makes more than 1000 electrons an ADU, or 1000 ADU an electron.
    private mutating func isSoundGain(_ value: Double, _ keyword: String) -> Bool {
        if (0.001...1000).contains(value) { return true }
        note(.valueIgnored, "\(keyword) \(value) is no gain in e-/ADU")
        return false
    }

    mutating func fillOptics(_ facts: inout InstrumentFacts, binning: (x: Int, y: Int)) {
        facts.telescope = document.telescope?.name ?? firstText(.telescope)?.text
        facts.telescopeApertureMeters =
            document.telescope?.apertureMeters ?? firstPositive(.aperture).map { $0.value / 1000 }
        facts.pixelScaleArcsec = pixelScale(binning: binning)
        if facts.pixelScaleArcsec == nil { note(.pixelScaleMissing, "no pixel scale in document or header") }
        facts.apertureRadiusPixels = document.photometry.apertureRadiusPixels
        facts.apertureRadiusFWHM = document.photometry.apertureRadiusFWHM
        facts.annulusInnerPixels = document.photometry.annulus?.innerRadiusPixels
        facts.annulusOuterPixels = document.photometry.annulus?.outerRadiusPixels
        facts.psfPhotometry = document.photometry.psf
    }

    /// [arcsec/px of this file, or of the mosaic it was split from]: the document's, a scale keyword, the CD matrix, or
    /// 206.265 * pixel [um] / focal length [mm].
    private mutating func pixelScale(binning: (x: Int, y: Int)) -> Double? {
        if let scale = document.pixelScaleArcsec {
            return scale * Double(binning.x) / Double(document.binning ?? 1)
        }
        // In the header of one channel of a mosaic all of it has been doubled.
        let cell = isChannel ? 2.0 : 1
        if let scale = firstPositive(.pixelScale)?.value { return scale / cell }
        if let scale = scaleOfCDMatrix() { return scale / cell }
        guard let pixel = firstPositive(.pixelSize)?.value,
            let focal = document.telescope?.focalLengthMillimeters ?? firstPositive(.focalLength)?.value
        else { return nil }
        return 206.265 * pixel / focal / cell
    }

    /// 3600 sqrt|det CD|, for a matrix in degrees that is not degenerate.
    private func scaleOfCDMatrix() -> Double? {
        guard let a = header.number("CD1_1"), let d = header.number("CD2_2") else { return nil }
        let determinant = a * d - (header.number("CD1_2") ?? 0) * (header.number("CD2_1") ?? 0)
        let scale = 3600 * abs(determinant).squareRoot()
        return (1e-3...1e3).contains(scale) ? scale : nil
    }

    mutating func checkCamera(_ camera: String?) {
        guard let patterns = document.match?.camera, !patterns.isEmpty else { return }
        guard !patterns.contains(where: { Glob($0).matches(camera ?? "") }) else { return }
        note(.cameraMismatch, "camera '\(camera ?? "")' is not one of \(patterns.joined(separator: ", "))")
    }
}
