public import Imaging
public import Sky

/// What a star truly is on one frame.
public struct TruthRow: Sendable, Equatable {
    public let starID: Int
    /// Centre [px], (0, 0) at the centre of the first pixel.
    public let x: Double
    public let y: Double
    /// Expected photo-electrons of the star in this exposure where the flat is 1.
    public let fluxElectrons: Double
    /// Catalogue magnitude at mid-exposure, with its variability.
    public let magnitude: Double
    public let position: SkyPosition
}

/// A raw frame as a camera would write it, and the truth behind it.
public struct SimulatedFrame: Sendable, Equatable {
    /// "camA-light-0012.fits"
    public let fileName: String
    public let exposure: SimulatedExposure
    /// Whole numbers from 0 to 65,535 [ADU].
    public let image: Image<ADU>
    /// Without the structural cards (SIMPLE, BITPIX, NAXIS), which belong to the writer.
    public let header: Header
    /// Stars whose centre is on the frame; empty but for lights.
    public let truth: [TruthRow]
}

/// Renders the frames of one camera; holds its fixed pattern, which costs as much as a frame to make.
public struct FrameRenderer: Sendable {
    public let night: SimulatedNight
    public let camera: Int
    public let detector: SimulatedDetector

    public init(_ night: SimulatedNight, camera: Int) {
        self.night = night
        self.camera = camera
        detector = SimulatedDetector(night.cameras[camera].instrument)
    }

    public func render(_ exposure: SimulatedExposure) throws(SkyError) -> SimulatedFrame {
        precondition(exposure.camera == camera, "an exposure of this camera")
        let instrument = detector.instrument
        var random = RandomStream(seed: night.seed, 300, UInt64(camera), UInt64(exposure.index))
        let temperature = instrument.temperatureCelsius + 0.05 * random.gaussian()
        let stars = exposure.kind == .light ? placedStars(exposure) : []
        let image = detector.expose(light(of: exposure, stars), exposureSeconds: exposure.seconds, random: &random)
        let number = String(exposure.index + 1)
        let padded = String(repeating: "0", count: max(4 - number.count, 0)) + number
        let isInside = { (row: TruthRow) in
            row.x >= -0.5 && row.x < Double(instrument.width) - 0.5 && row.y >= -0.5
                && row.y < Double(instrument.height) - 0.5
        }
        return SimulatedFrame(
            fileName: "\(instrument.name)-\(exposure.kind.rawValue)-\(padded).fits", exposure: exposure, image: image,
            header: try header(of: exposure, temperatureCelsius: temperature), truth: stars.filter(isInside))
    }

    /// Every star near the frame with its place and light.
    private func placedStars(_ exposure: SimulatedExposure) -> [TruthRow] {
        let instrument = detector.instrument
        let plane = TangentPlane(centre: night.field.centre)
        let frame = pixelFrame(exposure)
        let dimming = instrument.extinctionPerAirmass * (exposure.airmass ?? 1)
        let margin = 60.0
        var rows: [TruthRow] = []
        for star in night.field.stars {
            guard let (xi, eta) = plane.project(star.position) else { continue }
            let (x, y) = frame.pixel(xiDegrees: xi, etaDegrees: eta)
            guard x > -margin, y > -margin, x < Double(instrument.width) + margin,
                y < Double(instrument.height) + margin
            else { continue }
            let magnitude = star.magnitude + star.variability.magnitudeOffset(at: exposure.midpointMJD)
            let seen = magnitude + instrument.colourTerm * star.colour + dimming
            let flux = instrument.electronsPerSecond(magnitude: seen) * exposure.seconds * exposure.transparency
            rows.append(
                TruthRow(
                    starID: star.id, x: x, y: y, fluxElectrons: flux, magnitude: magnitude, position: star.position))
        }
        return rows
    }

    private func light(of exposure: SimulatedExposure, _ stars: [TruthRow]) -> LightMap? {
        let instrument = detector.instrument
        switch exposure.kind {
        case .bias, .dark:
            return nil
        case .flat:
            let level = night.cameras[camera].plan.flatElectrons
            return LightMap(width: instrument.width, height: instrument.height, level: level)
        case .light:
            let sky = instrument.skyElectronsPerSecond * exposure.seconds
            var light = LightMap(width: instrument.width, height: instrument.height, level: sky)
            let fwhm = exposure.seeingArcseconds / instrument.pixelScaleArcseconds
            for star in stars {
                light.addStar(
                    x: star.x, y: star.y, flux: star.fluxElectrons, fwhmPixels: fwhm,
                    pointSpread: instrument.pointSpread, leavingOut: max(0.5, star.fluxElectrons * 1e-5))
            }
            return light
        }
    }

    func pixelFrame(_ exposure: SimulatedExposure) -> PixelFrame {
        PixelFrame(
            detector.instrument, shiftX: exposure.shiftX, shiftY: exposure.shiftY,
            rotationDegrees: exposure.rotationDegrees)
    }
}
