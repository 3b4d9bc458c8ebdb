internal import Imaging
internal import Simulation

/// The test fields of `nightjar simulate`: what the words of the command say about stars, images and noise.
struct SimulatedTestField {
    static let names = ["isolated", "dense"]

    static let options = [
        Option("density", "N", "test fields: stars per 1000 square pixels, instead of --stars (default: 0.5)"),
        Option("snr", "LOW:HIGH", "of the faintest and brightest star, own photons included (default: 3:1000)"),
        Option(
            "flux-slope", "S",
            "stars brighter than F: F^-S; 0: as many in each magnitude (default: isolated 0, dense 0.6)"),
        Option("psf", "gaussian|moffat", "profile of the stars (default: gaussian)"),
        Option("moffat-beta", "B", "(default: 3)"),
        Option("fwhm", "PX", "in the middle of the frame (default: 3.2)"),
        Option("fwhm-growth", "R", "relative, from the middle to a corner (default: 0)"),
        Option("ellipticity", "E", "1 - b/a, along x (default: 0)"),
        Option("ellipticity-growth", "E", "added in the corners along the radius (default: 0)"),
        Option("sky", "E", "electrons per pixel (default: 200)"),
        Option("read-noise", "E", "electrons (default: 5)"),
        Option("gain", "G", "electrons per ADU (default: 2)"),
        Option("even-detector", nil, "no fixed pattern: flat 1, no dark current"),
        Option("cosmic-rays", "N", "tracks on each frame, told in cosmic_rays.csv (default: 0)"),
        Option("cosmic-ray-charge", "LOW:HIGH", "electrons per pixel of a track (default: 100:1000)"),
        Option("nebula", "E", "electrons per pixel in the middle of a glow (default: 0)"),
        Option("nebula-sigma", "PX", "size of the glow (default: 150)"),
        Option("same-stars", nil, "every frame shows the same stars; else each has its own"),
        Option(
            "bayer", "RGGB|BGGR|GRBG|GBRG",
            "mosaics of a colour camera: truth.csv has the flux of each star in TR, TG and TB"),
        Option("shift", "DX,DY", "of the same stars from frame to frame [px]"),
        Option("rotate", "DEG", "of the same stars from frame to frame"),
    ]

    let field: TestField
    let name: String
    let frameCount: Int

    init(_ name: String, _ arguments: Arguments) throws {
        self.name = name
        frameCount = try arguments.integer("frames", in: 1...100_000) ?? 20
        let size = try arguments.integer("size", in: 64...16_384) ?? 1024
        var field = TestField(instrument: try Self.instrument(arguments, size: size))
        field.layout = name == "dense" ? .dense : .isolated
        field.seed = UInt64(try arguments.integer("seed", in: 0...Int.max) ?? 1)
        if let stars = try arguments.integer("stars", in: 0...10_000_000) {
            guard arguments.text("density") == nil else { throw UsageError("give --stars or --density, not both") }
            field.starsPerThousandPixels = Double(stars) * 1000 / Double(size * size)
        } else {
            field.starsPerThousandPixels = try arguments.number("density", in: 0...1000) ?? 0.5
        }
        field.pointSpread = try Self.pointSpread(arguments)
        field.signalToNoise = try Self.range(arguments) ?? field.signalToNoise
        field.fluxSlope = try arguments.number("flux-slope", in: -5...5) ?? (name == "dense" ? 0.6 : 0)
        field.skyElectrons = try arguments.number("sky", in: 0...1e5) ?? field.skyElectrons
        field.cosmicRayCount = try arguments.integer("cosmic-rays", in: 0...1_000_000) ?? 0
        if let (low, high) = try Self.pair(arguments, "cosmic-ray-charge", separator: ":") {
            guard low > 0, low < high, high < 1e6 else {
                throw UsageError("--cosmic-ray-charge: give LOW:HIGH above 0")
            }
            field.cosmicRays.electronsPerPixel = low...high
            field.cosmicRays.electrons = low...max(20_000, 2 * high)
        }
        field.nebulaElectrons = try arguments.number("nebula", in: 0...1e5) ?? 0
        field.nebulaSigmaPixels = try arguments.number("nebula-sigma", in: 1...1e5) ?? field.nebulaSigmaPixels
        field.keepsStars = arguments.has("same-stars")
        if !field.keepsStars, let option = ["shift", "rotate"].first(where: { arguments.text($0) != nil }) {
            throw UsageError("--\(option) moves the same stars from frame to frame: give --same-stars as well")
        }
        (field.shiftX, field.shiftY) = try Self.pair(arguments, "shift", separator: ",") ?? (0, 0)
        field.colours = try arguments.text("bayer").map(Self.colours)
        field.rotationDegrees = try arguments.number("rotate", in: -360...360) ?? 0
        self.field = field
    }

    private static func colours(_ text: String) throws -> ColourField {
        guard let pattern = BayerPattern(rawValue: text.uppercased()) else {
            throw UsageError("--bayer \(text): give RGGB, BGGR, GRBG or GBRG")
        }
        return ColourField(pattern)
    }

    private static func instrument(_ arguments: Arguments, size: Int) throws -> SimulatedInstrument {
        var instrument = SimulatedInstrument(name: "test", width: size, height: size)
        instrument.gain = try arguments.number("gain", in: 0.01...1000) ?? 2
        instrument.readNoiseElectrons = try arguments.number("read-noise", in: 0...1000) ?? 5
        instrument.saturationADU = 65_535
        instrument.fullWellElectrons = 1e9
        // The masters are exact, and so have no mask: a hot pixel's noise would be unknown.
        instrument.hotPixelFraction = 0
        instrument.seed = UInt64(try arguments.integer("seed", in: 0...Int.max) ?? 1)
        if arguments.has("even-detector") {
            instrument.biasStructureADU = 0
            instrument.darkElectronsPerSecond = 0
            instrument.vignetting = 0
            instrument.dustRings = 0
            instrument.responseScatter = 0
        }
        return instrument
    }

    private static func pointSpread(_ arguments: Arguments) throws -> PointSpreadField {
        var pointSpread = PointSpreadField()
        let beta = try arguments.number("moffat-beta", in: 1.1...20) ?? 3
        let profile = arguments.text("psf") ?? "gaussian"
        guard let known = ["gaussian": PointSpread.gaussian, "moffat": .moffat(beta: beta)][profile] else {
            throw UsageError("--psf \(profile): give gaussian or moffat")
        }
        pointSpread.profile = known
        pointSpread.fwhmPixels = try arguments.number("fwhm", in: 1...50) ?? pointSpread.fwhmPixels
        pointSpread.fwhmGrowth = try arguments.number("fwhm-growth", in: -0.5...5) ?? 0
        pointSpread.ellipticity = try arguments.number("ellipticity", in: 0...0.8) ?? 0
        pointSpread.ellipticityGrowth = try arguments.number("ellipticity-growth", in: -0.8...0.8) ?? 0
        return pointSpread
    }

    private static func range(_ arguments: Arguments) throws -> ClosedRange<Double>? {
        guard let (low, high) = try pair(arguments, "snr", separator: ":") else { return nil }
        guard low > 0, low < high, high <= 1e5 else {
            throw UsageError("--snr: give two numbers above 0, the smaller one first, as in 3:1000")
        }
        return low...high
    }

    private static func pair(
        _ arguments: Arguments, _ name: String, separator: Character
    ) throws -> (Double, Double)? {
        guard let text = arguments.text(name) else { return nil }
        let numbers = text.split(separator: separator).compactMap { Double($0) }.filter(\.isFinite)
        guard numbers.count == 2, numbers.allSatisfy({ abs($0) <= 1e6 }) else {
            throw UsageError("--\(name) \(text): give two numbers of at most a million, A\(separator)B")
        }
        return (numbers[0], numbers[1])
    }
}
