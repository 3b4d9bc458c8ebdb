internal import Glibc
internal import Imaging

/// Renders the frames of a test field; holds the detector's fixed pattern.
public struct TestFieldRenderer: Sendable {
    public let field: TestField
    public let detector: SimulatedDetector

    public init(_ field: TestField) {
        self.field = field
        detector = SimulatedDetector(field.instrument).withFlatOfMeanOne()
    }

    public func render(frame: Int) -> TestFrame {
        let instrument = field.instrument
        let (width, height) = (instrument.width, instrument.height)
        let placed = field.placedStars(frame: frame)
        let sky = skyLight()
        var light = sky
        for star in placed {
            let leavingOut = max(0.5, star.flux * 1e-5) / star.flux
            guard
                let stamp = StarStamp(
                    image(of: star), x: star.x, y: star.y, width: width, height: height, leavingOut: leavingOut)
            else { continue }
            let seen = field.colours.map { $0.cell(ColourField.star(star.id, seed: field.seed)) }
            light.add(stamp, flux: star.flux, cell: seen ?? [1, 1, 1, 1])
        }
        var random = RandomStream(seed: field.seed, 501, UInt64(frame))
        let tracks = field.cosmicRays.draw(
            count: field.cosmicRayCount, width: width, height: height, random: &random)
        var charge: [Int: Double] = [:]
        for hit in tracks.flatMap(\.charges) { charge[hit.pixel, default: 0] += hit.electrons }
        let pixels = detector.expose(
            light, exposureSeconds: field.exposureSeconds, charge: charge, random: &random)
        return TestFrame(
            image: pixels, stars: bounded(placed, variance: variance(light), background: variance(sky)),
            cosmicRays: tracks.enumerated().flatMap { number, track in
                track.charges.map { (number, $0.pixel % width, $0.pixel / width, $0.electrons) }
            })
    }

    private func image(of star: TestField.PlacedStar) -> StarImage {
        field.pointSpread.image(
            x: star.x, y: star.y, width: field.instrument.width, height: field.instrument.height)
    }

    private func skyLight() -> LightMap {
        let (width, height) = (field.instrument.width, field.instrument.height)
        var light = LightMap(width: width, height: height, level: field.skyElectrons)
        let inverse = 1 / (2 * field.nebulaSigmaPixels * field.nebulaSigmaPixels)
        for y in 0..<(field.nebulaElectrons > 0 ? height : 0) {
            let dy = Double(y) - Double(height - 1) / 2
            for x in 0..<width {
                let dx = Double(x) - Double(width - 1) / 2
                light.electrons[y * width + x] += field.nebulaElectrons * exp(-(dx * dx + dy * dy) * inverse)
            }
        }
        if let colours = field.colours { light.multiply(cell: colours.cell(ColourField.lamp)) }
        return light
    }

    /// Of each pixel after the flat has been divided out [e-^2].
    private func variance(_ light: LightMap) -> [Double] {
        light.electrons.indices.map { index in
            let flat = Double(detector.flat.pixels[index])
            let dark = Double(detector.darkCurrent.pixels[index]) * field.exposureSeconds
            return (light.electrons[index] * flat + dark + field.fixedVariance) / (flat * flat)
        }
    }

    private func bounded(
        _ placed: [TestField.PlacedStar], variance: [Double], background: [Double]
    ) -> [TestStar] {
        let (width, height) = (field.instrument.width, field.instrument.height)
        return placed.compactMap { star in
            guard star.x >= -0.5, star.y >= -0.5, star.x < Double(width) - 0.5, star.y < Double(height) - 0.5
            else { return nil }
            let image = image(of: star)
            // Wings with a thousandth of the light hold less than that share of the information.
            guard
                let stamp = StarStamp(
                    image, x: star.x, y: star.y, width: width, height: height, leavingOut: 1e-3,
                    withDerivatives: true)
            else { return nil }
            let bounds = CramerRaoBounds(
                stamp, flux: star.flux, variance: variance, background: background, width: width)
            return TestStar(
                id: star.id, x: star.x, y: star.y, fluxElectrons: star.flux, image: image, bounds: bounds)
        }
    }
}

extension LightMap {
    /// - Parameter cell: what each pixel of a cell of 2 x 2 sees of it, row by row.
    mutating func add(_ stamp: StarStamp, flux: Double, cell: [Double]) {
        var index = 0
        for row in stamp.rows {
            for column in stamp.columns {
                electrons[row * width + column] += flux * stamp.share[index] * cell[row % 2 * 2 + column % 2]
                index += 1
            }
        }
    }
}
