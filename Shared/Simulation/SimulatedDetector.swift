internal import Glibc
public import Imaging

/// 10^(-0.4 m)
func fluxRatio(magnitude: Double) -> Double { exp(-0.4 * magnitude * 2.302_585_092_994_046) }

/// The detector of an instrument with its fixed pattern: what bias, dark and flat frames are for.
///
///     electrons = Poisson(light * flat + dark * t),  cut at the full well
///     ADU       = floor((electrons + readNoise * N(0, 1)) / gain + bias + 1/2),  cut to 0 ... min(saturation, 65535)
public struct SimulatedDetector: Sendable {
    public let instrument: SimulatedInstrument
    /// [ADU]
    public let bias: Image<ADU>
    /// [e-/s]
    public let darkCurrent: Image<Electron>
    /// Relative response, median 1 until it is divided by its mean.
    public private(set) var flat: Image<Relative>

    public init(_ instrument: SimulatedInstrument) {
        self.instrument = instrument
        bias = Self.biasPattern(instrument)
        darkCurrent = Self.darkPattern(instrument)
        flat = Self.flatPattern(instrument)
    }

    /// The same detector with a flat of mean 1: fluxes where the flat is 1 are then what a pipeline reports that
    /// divides flats by their means.
    public func withFlatOfMeanOne() -> SimulatedDetector {
        var even = self
        let mean = flat.pixels.reduce(0) { $0 + Double($1) } / Double(flat.pixels.count)
        even.flat.pixels = flat.pixels.map { Float(Double($0) / mean) }
        return even
    }

    /// Reads the detector out after an exposure.
    ///
    /// - Parameters:
    ///   - light: expected photo-electrons of the whole exposure before the flat; nil with a closed shutter.
    ///   - charge: electrons that particles leave in single pixels, by their index.
    public func expose(
        _ light: LightMap?, exposureSeconds: Double, charge: [Int: Double] = [:], random: inout RandomStream
    ) -> Image<ADU> {
        let count = instrument.width * instrument.height
        precondition(light == nil || light?.electrons.count == count, "the light has the shape of the detector")
        let ceiling = min(instrument.saturationADU, 65_535)
        let readNoise = instrument.readNoiseElectrons
        let perElectron = 1 / instrument.gain
        let pixels = [Float](unsafeUninitializedCapacity: count) { pixels, used in
            for i in 0..<count {
                let photons = (light?.electrons[i] ?? 0) * Double(flat.pixels[i])
                let mean = photons + Double(darkCurrent.pixels[i]) * exposureSeconds
                let collected = charge.isEmpty ? 0 : charge[i] ?? 0
                let electrons = min(random.poisson(mean) + collected, instrument.fullWellElectrons)
                let level = (electrons + readNoise * random.gaussian()) * perElectron + Double(bias.pixels[i])
                pixels[i] = Float(min(max((level + 0.5).rounded(.down), 0), ceiling))
            }
            used = count
        }
        return Image(width: instrument.width, height: instrument.height, pixels: pixels)
    }

    private static func biasPattern(_ instrument: SimulatedInstrument) -> Image<ADU> {
        var random = RandomStream(seed: instrument.seed, 1)
        let columns = (0..<instrument.width).map { x in
            instrument.biasStructureADU * (Double(x) / Double(instrument.width) - 0.5 + 0.3 * random.gaussian())
        }
        let row = columns.map { Float(instrument.biasADU + $0) }
        let pixels = (0..<instrument.height).flatMap { _ in row }
        return Image(width: instrument.width, height: instrument.height, pixels: pixels)
    }

    private static func darkPattern(_ instrument: SimulatedInstrument) -> Image<Electron> {
        var random = RandomStream(seed: instrument.seed, 2)
        let count = instrument.width * instrument.height
        var pixels = (0..<count).map { _ in Float(instrument.darkElectronsPerSecond * exp(0.2 * random.gaussian())) }
        for _ in 0..<Int(instrument.hotPixelFraction * Double(count)) {
            let place = Int(random.uniform() * Double(count))
            pixels[place] += Float(-instrument.hotPixelElectronsPerSecond * log(random.uniform()))
        }
        return Image(width: instrument.width, height: instrument.height, pixels: pixels)
    }

    private static func flatPattern(_ instrument: SimulatedInstrument) -> Image<Relative> {
        var random = RandomStream(seed: instrument.seed, 3)
        let (width, height) = (Double(instrument.width), Double(instrument.height))
        let rings = (0..<instrument.dustRings).map { _ in
            DustRing(
                x: random.uniform(0...width), y: random.uniform(0...height),
                radius: random.uniform(0.01...0.04) * min(width, height) + 2, depth: random.uniform(0.02...0.1))
        }
        var pixels: [Float] = []
        pixels.reserveCapacity(instrument.width * instrument.height)
        for y in 0..<instrument.height {
            for x in 0..<instrument.width {
                let u = 2 * Double(x) / width - 1
                let v = 2 * Double(y) / height - 1
                var response = 1 - instrument.vignetting * (u * u + v * v) / 2
                for ring in rings { response *= ring.transmission(Double(x), Double(y)) }
                pixels.append(Float(response * (1 + instrument.responseScatter * random.gaussian())))
            }
        }
        let median = pixels.sorted()[pixels.count / 2]
        return Image(width: instrument.width, height: instrument.height, pixels: pixels.map { $0 / median })
    }

    /// The shadow of a speck of dust out of focus: an annulus with soft edges.
    private struct DustRing {
        let x: Double
        let y: Double
        let radius: Double
        let depth: Double

        func transmission(_ px: Double, _ py: Double) -> Double {
            let distance = hypot(px - x, py - y)
            if distance > 1.5 * radius { return 1 }
            let offset = (distance - 0.7 * radius) / (0.3 * radius)
            return 1 - depth * exp(-offset * offset)
        }
    }
}
