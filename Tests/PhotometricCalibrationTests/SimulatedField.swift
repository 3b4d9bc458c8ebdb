internal import PhotometricCalibration
internal import PortableNumbers

/// A frame of stars whose truth is known.
struct SimulatedField {
    var zeroPoint = 25.0
    /// True colour term [mag/mag].
    var slope = 0.05
    var pivot = 0.7
    var colours = 0.3...1.4
    var scatter = 0.01
    var outliers = 0.1
    /// Half of the outliers are blends: too bright.
    var isOneSided = false
    var catalogueError = 0.01
    /// The colour is B - V from magnitudes with that error each, V being the magnitude; else it is exact.
    var hasColourErrors = false
    /// Sky noise of a flux [e-].
    var skyNoise = 120.0
    var magnitudes = 12.0...17.0
    var exposure = 30.0
    /// Amplitude of a gradient along x [mag], from the middle to the edge.
    var gradient = 0.0
    /// Amplitude of vignetting left over, P2(u) + P2(v) [mag].
    var bowl = 0.0

    let frame = CalibrationFrame(id: "f", exposureSeconds: 30, width: 2048, height: 1024, fluxKind: .psf)

    /// What the true zero point is at a place.
    func truth(x: Double, y: Double) -> Double {
        let (u, v) = ((2 * x + 1) / 2048 - 1, (2 * y + 1) / 1024 - 1)
        return zeroPoint + gradient * u + bowl * (1.5 * u * u - 0.5 + 1.5 * v * v - 0.5)
    }

    /// Stars as a frame and a catalogue show them, and their true magnitudes.
    func stars(_ count: Int, _ words: inout SplitMix64) -> (stars: [CalibrationStar], truths: [Double]) {
        var (stars, truths) = ([CalibrationStar](), [Double]())
        for index in 0..<count {
            // More faint ones than bright.
            let share = words.uniform().squareRoot()
            let magnitude = magnitudes.lowerBound + share * (magnitudes.upperBound - magnitudes.lowerBound)
            let colour = colours.lowerBound + words.uniform() * (colours.upperBound - colours.lowerBound)
            let (x, y) = (words.uniform() * 2047, words.uniform() * 1023)
            var shown = magnitude - slope * (colour - pivot) - truth(x: x, y: y) + scatter * words.gaussian()
            if words.uniform() < outliers {
                let blend = isOneSided && words.uniform() < 0.5
                shown += blend ? -words.uniform() : 0.5 * words.gaussian()
            }
            let mean = exposure * Elementary.exp(-shown / 1.085_736_204_758_129_6)
            let error = (mean + skyNoise * skyNoise).squareRoot()
            let flux = mean + error * words.gaussian()
            let (v, blue) = (catalogueError * words.gaussian(), hasColourErrors ? words.gaussian() : 0)
            var star = CalibrationStar(
                id: "s\(10_000 + index)",
                flux: Measured(flux, error: (max(flux, 0) + skyNoise * skyNoise).squareRoot()), x: x, y: y,
                magnitude: Measured(magnitude + v, error: catalogueError), colour: Measured(colour, error: 0))
            if hasColourErrors {
                star.colour = Measured(
                    colour + catalogueError * blue - v, error: catalogueError * 2.0.squareRoot())
                star.colourCovariance = -catalogueError * catalogueError
            }
            stars.append(star)
            truths.append(magnitude)
        }
        return (stars, truths)
    }

    func state(error: Double = 0.01, _ words: inout SplitMix64) -> ColourTermState {
        ColourTermState(value: slope + error * words.gaussian(), error: error, pivotColour: pivot)
    }
}

/// Deviations in units of their quoted errors.
struct Pulls {
    private(set) var values: [Double] = []
    private(set) var errors: [Double] = []

    mutating func add(_ found: Measured, truth: Double) {
        values.append((found.value - truth) / found.error)
        errors.append(found.error)
    }

    var width: Double { (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot() }
    var mean: Double { values.reduce(0, +) / Double(values.count) }
    /// True error over the mean quoted one.
    var honesty: Double {
        let squares = zip(values, errors).reduce(0) { $0 + ($1.0 * $1.1) * ($1.0 * $1.1) }
        let quoted = errors.reduce(0) { $0 + $1 * $1 }
        return (squares / quoted).squareRoot()
    }
}
