internal import Glibc
public import Imaging

/// A star field for measuring accuracy: stars of known place and flux on a detector of known noise, without a sky, a
/// date or a telescope behind it. The same field gives the same frames, whatever is rendered first.
public struct TestField: Sendable {
    public enum Layout: Sendable, Equatable {
        /// On a square grid, each up to an eighth of the spacing away from its node.
        case isolated
        /// Anywhere.
        case dense
    }

    /// Size, gain, noise, fixed pattern.
    public var instrument: SimulatedInstrument
    public var layout = Layout.isolated
    public var starsPerThousandPixels = 0.5
    public var pointSpread = PointSpreadField()
    /// Signal to noise that the faintest and the brightest star would have alone in the middle of the frame, with
    /// their own photons and a known place.
    public var signalToNoise = 3.0...1000.0
    /// Stars brighter than F: F^-slope; 0 for as many in each magnitude.
    public var fluxSlope = 0.0
    public var skyElectrons = 200.0
    public var exposureSeconds = 60.0
    public var cosmicRayCount = 0
    public var cosmicRays = CosmicRayTracks()
    /// Light in the middle of the frame at the centre of a round Gaussian glow [e-/px].
    public var nebulaElectrons = 0.0
    /// Standard deviation of the glow [px].
    public var nebulaSigmaPixels = 150.0
    /// Every frame shows the same stars; else each has its own.
    public var keepsStars = false
    /// From each frame to the next, of kept stars [px, px, deg], turned around the centre.
    public var shiftX = 0.0
    public var shiftY = 0.0
    public var rotationDegrees = 0.0
    public var seed: UInt64 = 1
    /// Each pixel sees one colour: a star's flux is then that through green over all pixels, and its bounds, which know
    /// nothing of colours, do not hold.
    public var colours: ColourField?

    public init(instrument: SimulatedInstrument) {
        self.instrument = instrument
    }
}

/// What a star of a test field truly is, and how well it could be measured at best.
public struct TestStar: Sendable, Equatable {
    public let id: Int
    /// Centre [px], (0, 0) at the centre of the first pixel.
    public let x: Double
    public let y: Double
    /// Expected photo-electrons where the flat is 1.
    public let fluxElectrons: Double
    public let image: StarImage
    public let bounds: CramerRaoBounds
}

/// A frame of a test field with all that is true about it.
public struct TestFrame: Sendable {
    /// Whole numbers from 0 to 65,535 [ADU].
    public let image: Image<ADU>
    /// Those whose centre is on the frame.
    public let stars: [TestStar]
    /// Charge that is not light: pixel by pixel, with the number of its track.
    public let cosmicRays: [(track: Int, x: Int, y: Int, electrons: Double)]
}

extension TestField {
    /// Stars of one frame before any noise: place and flux.
    struct PlacedStar: Equatable {
        let id: Int
        let x: Double
        let y: Double
        let flux: Double
    }

    /// A pixel's variance that no star contributes to, where the flat is 1 and the sky undisturbed [e-^2].
    public var backgroundVariance: Double {
        skyElectrons + instrument.darkElectronsPerSecond * exposureSeconds + fixedVariance
    }

    /// Read noise and rounding to whole ADU [e-^2].
    var fixedVariance: Double {
        instrument.readNoiseElectrons * instrument.readNoiseElectrons + instrument.gain * instrument.gain / 12
    }

    func placedStars(frame: Int) -> [PlacedStar] {
        var random = RandomStream(seed: seed, 500, keepsStars ? 0 : UInt64(frame))
        let area = Double(instrument.width * instrument.height)
        let count = Int((starsPerThousandPixels * area / 1000).rounded())
        let fluxes = FluxLaw(
            faintest: flux(signalToNoise: signalToNoise.lowerBound),
            brightest: flux(signalToNoise: signalToNoise.upperBound), slope: fluxSlope)
        let turn = Turn(self, frame: keepsStars ? frame : 0)
        let places = layout == .isolated ? gridPlaces(count, &random) : anyPlaces(count, &random)
        return places.enumerated().map { index, place in
            let (x, y) = turn.moved(place)
            return PlacedStar(id: index + 1, x: x, y: y, flux: fluxes.draw(&random))
        }
    }

    private func gridPlaces(_ count: Int, _ random: inout RandomStream) -> [(Double, Double)] {
        let (width, height) = (Double(instrument.width), Double(instrument.height))
        let across = max(Int((Double(count) * width / height).squareRoot()), 1)
        let up = max(count / across, 1)
        let (stepX, stepY) = (width / Double(across), height / Double(up))
        return (0..<(across * up)).map { node in
            let column = Double(node % across) + 0.5 + random.uniform(-0.125...0.125)
            let row = Double(node / across) + 0.5 + random.uniform(-0.125...0.125)
            return (column * stepX - 0.5, row * stepY - 0.5)
        }
    }

    private func anyPlaces(_ count: Int, _ random: inout RandomStream) -> [(Double, Double)] {
        (0..<count).map { _ in
            (
                random.uniform() * Double(instrument.width) - 0.5,
                random.uniform() * Double(instrument.height) - 0.5
            )
        }
    }

    /// Flux whose error, with its own photons and its place known, is 1 / `signalToNoise` of it [e-].
    func flux(signalToNoise: Double) -> Double {
        let side = 2 * Int(12 * pointSpread.fwhmPixels) + 1
        let centre = Double(side / 2)
        let image = StarImage(profile: pointSpread.profile, fwhmPixels: pointSpread.fwhmPixels)
        guard
            let stamp = StarStamp(image, x: centre, y: centre, width: side, height: side, leavingOut: 1e-5)
        else { return 0 }
        var (low, high) = (0.0, 1e12)
        for _ in 0..<200 where high > low * (1 + 1e-9) {
            let flux = low > 0 ? (low * high).squareRoot() : high / 1e6
            let information = stamp.share.reduce(0) { $0 + $1 * $1 / (backgroundVariance + flux * $1) }
            if flux * information.squareRoot() < signalToNoise { low = flux } else { high = flux }
        }
        return high
    }
}

/// Fluxes of which a share (F^-slope - max^-slope) / (min^-slope - max^-slope) is brighter than F.
private struct FluxLaw {
    let faintest: Double
    let brightest: Double
    let slope: Double

    func draw(_ random: inout RandomStream) -> Double {
        let share = random.uniform()
        if abs(slope) < 1e-9 { return faintest * pow(brightest / faintest, share) }
        let (many, few) = (pow(faintest, -slope), pow(brightest, -slope))
        return pow(few + share * (many - few), -1 / slope)
    }
}

/// Shift and rotation of one frame against the first.
private struct Turn {
    private let middleX: Double
    private let middleY: Double
    private let shift: (x: Double, y: Double)
    private let sine: Double
    private let cosine: Double

    init(_ field: TestField, frame: Int) {
        middleX = (Double(field.instrument.width) - 1) / 2
        middleY = (Double(field.instrument.height) - 1) / 2
        shift = (field.shiftX * Double(frame), field.shiftY * Double(frame))
        let angle = field.rotationDegrees * Double(frame) * .pi / 180
        (sine, cosine) = (sin(angle), cos(angle))
    }

    func moved(_ place: (x: Double, y: Double)) -> (Double, Double) {
        let (dx, dy) = (place.x - middleX, place.y - middleY)
        return (
            middleX + cosine * dx - sine * dy + shift.x, middleY + sine * dx + cosine * dy + shift.y
        )
    }
}
