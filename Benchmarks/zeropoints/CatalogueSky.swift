import PhotometricCalibration
import PortableNumbers

/// Fields of stars whose truth is known, as a catalogue with errors has them and as frames show them.
///
///     m_V = -2.5 log10(flux / t) + ZP + c (B-V - pivot) + oddity of the star
///
/// The catalogue gives V and B, each with its error: that of V is in the colour as well.
struct CatalogueSky {
    var stars = 30
    /// What the detector sees of a star otherwise than the band does, the same on all frames [mag].
    var scatter = 0.02
    /// Of V and of B [mag].
    var catalogueError = 0.02
    /// Share of references that vary, by 0.5 mag, anew on each frame.
    var variables = 0.0
    /// Share of references that hold another star's light: too bright by up to a magnitude.
    var blends = 0.0
    var slope = 0.05
    var colours = 0.3...1.4
    var magnitudes = 13.0...20.0

    static let pivot = 0.65
    static let zeroPoint = 25.0
    static let exposureSeconds = 30.0
    /// Noise of the sky in an aperture [e-].
    static let skyNoise = 120.0

    struct Star {
        var id: String
        var magnitude: Double
        var colour: Double
        var oddity: Double
        var isVariable: Bool
        var catalogue: Measured
        var catalogueColour: Measured
        var x: Double
        var y: Double
    }

    /// - Parameter isReference: a star of interest neither varies nor is blended.
    func star(_ number: Int, _ words: inout SplitMix64, isReference: Bool = true) -> Star {
        // More faint ones than bright.
        let share = words.uniform().squareRoot()
        let magnitude = magnitudes.lowerBound + share * (magnitudes.upperBound - magnitudes.lowerBound)
        let colour = colours.lowerBound + words.uniform() * (colours.upperBound - colours.lowerBound)
        let (v, b) = (catalogueError * words.gaussian(), catalogueError * words.gaussian())
        let (kind, light) = (words.uniform(), words.uniform())
        let isBlend = isReference && kind >= variables && kind < variables + blends
        return Star(
            id: "s\(100_000 + number)", magnitude: magnitude, colour: colour,
            oddity: scatter * words.gaussian() - (isBlend ? light : 0), isVariable: isReference && kind < variables,
            catalogue: Measured(magnitude + v, error: catalogueError),
            catalogueColour: Measured(colour + b - v, error: catalogueError * 2.0.squareRoot()),
            x: words.uniform() * 2047, y: words.uniform() * 1023)
    }

    func field(_ words: inout SplitMix64) -> [Star] { (0..<stars).map { star($0, &words) } }

    /// A star on one frame.
    func shown(_ star: Star, _ words: inout SplitMix64) -> CalibrationStar {
        let variation = star.isVariable ? 0.5 * words.gaussian() : 0
        let magnitude =
            star.magnitude + star.oddity + variation - Self.zeroPoint - slope * (star.colour - Self.pivot)
        let mean = Self.exposureSeconds * Elementary.exp(-magnitude / 1.085_736_204_758_129_6)
        let sky = Self.skyNoise * Self.skyNoise
        let flux = mean + (mean + sky).squareRoot() * words.gaussian()
        return CalibrationStar(
            id: star.id, flux: Measured(flux, error: (max(flux, 0) + sky).squareRoot()), x: star.x, y: star.y,
            magnitude: star.catalogue, colour: star.catalogueColour,
            colourCovariance: -catalogueError * catalogueError)
    }

    static func frame(_ number: Int) -> CalibrationFrame {
        CalibrationFrame(
            id: "f\(100_000 + number)", exposureSeconds: exposureSeconds, width: 2048, height: 1024,
            fluxKind: .aperture)
    }
}

/// Deviations from the truth in units of their quoted errors.
struct PullTally: Encodable {
    let kind: String
    var count = 0
    var mean = 0.0
    /// Root mean square.
    var width = 0.0
    /// Root mean square deviation [mag], and root mean square of the quoted errors over it.
    var rmsMagnitudes = 0.0
    var quotedOverTrue = 0.0
    var failures = 0
    private var pulls: [Double] = []
    private var errors: [Double] = []

    private enum CodingKeys: String, CodingKey {
        case kind, count, mean, width, rmsMagnitudes, quotedOverTrue, failures
    }

    init(_ kind: String) { self.kind = kind }

    mutating func add(_ found: Measured, truth: Double) {
        pulls.append((found.value - truth) / found.error)
        errors.append(found.error)
    }

    mutating func fail() { failures += 1 }

    mutating func finish() {
        count = pulls.count
        guard count > 0 else { return }
        let number = Double(count)
        mean = pulls.reduce(0, +) / number
        width = (pulls.reduce(0) { $0 + $1 * $1 } / number).squareRoot()
        let square = zip(pulls, errors).reduce(0) { $0 + $1.0 * $1.1 * $1.0 * $1.1 } / number
        rmsMagnitudes = square.squareRoot()
        quotedOverTrue = (errors.reduce(0) { $0 + $1 * $1 } / number / square).squareRoot()
    }
}
