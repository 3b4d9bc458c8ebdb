import Detection
import Imaging
import Simulation

/// Frames with known stars, rendered by the simulator's exact star images.
struct SyntheticField {
    struct Star {
        var x: Double
        var y: Double
        var flux: Double
    }

    var width = 512
    var height = 512
    var sky = 100.0
    var readNoise = 8.0
    var fwhm = 3.2
    /// Relative change of the FWHM from the middle to the right edge.
    var widening = 0.0
    var pointSpread = PointSpread.moffat(beta: 3)
    var stars: [Star] = []

    /// Stars with log-uniform fluxes on a jittered grid, none nearer than `spacing` - 6 px to another.
    static func grid(size: Int = 512, spacing: Int = 30, fluxes: ClosedRange<Double>, seed: UInt64) -> SyntheticField {
        var random = RandomStream(seed: seed, 7)
        var field = SyntheticField(width: size, height: size)
        for y in stride(from: spacing / 2 + 4, to: size - spacing / 2, by: spacing) {
            for x in stride(from: spacing / 2 + 4, to: size - spacing / 2, by: spacing) {
                let share = random.uniform()
                field.stars.append(
                    Star(
                        x: Double(x) + random.uniform(-3...3), y: Double(y) + random.uniform(-3...3),
                        flux: fluxes.lowerBound * power(fluxes.upperBound / fluxes.lowerBound, share)))
            }
        }
        return field
    }

    func fwhm(at star: Star) -> Double { fwhm * (1 + widening * (2 * star.x / Double(width - 1) - 1)) }

    /// Expected electrons.
    func light() -> LightMap {
        var map = LightMap(width: width, height: height, level: sky)
        for star in stars {
            map.addStar(
                x: star.x, y: star.y, flux: star.flux, fwhmPixels: fwhm(at: star), pointSpread: pointSpread,
                leavingOut: 0.5)
        }
        return map
    }

    func frame(seed: UInt64) -> CalibratedFrame {
        var random = RandomStream(seed: seed, 8)
        let pixels = light().electrons.map { Float(random.poisson($0) + readNoise * random.gaussian()) }
        return CalibratedFrame(
            signal: Image(width: width, height: height, pixels: pixels),
            variance: Image(width: width, height: height, filledWith: Float(sky + readNoise * readNoise)),
            mask: Mask(width: width, height: height))
    }

    /// The least standard errors of flux and x that any estimator can have, from the true image and noise.
    func bound(_ star: Star) -> (flux: Double, x: Double) {
        func image(_ shift: Double) -> [Double] {
            var map = LightMap(width: 41, height: 41)
            map.addStar(
                x: 20 + star.x - star.x.rounded() + shift, y: 20 + star.y - star.y.rounded(), flux: 1e6,
                fwhmPixels: fwhm(at: star), pointSpread: pointSpread, leavingOut: 0.5)
            return map.electrons.map { $0 / 1e6 }
        }
        let (here, right, left) = (image(0), image(0.05), image(-0.05))
        var (flux, x) = (0.0, 0.0)
        for i in here.indices {
            let weight = 1 / (sky + readNoise * readNoise + star.flux * here[i])
            let slope = star.flux * (right[i] - left[i]) / 0.1
            flux += weight * here[i] * here[i]
            x += weight * slope * slope
        }
        return (1 / flux.squareRoot(), 1 / x.squareRoot())
    }
}

/// base^exponent without a C library's last digit.
private func power(_ base: Double, _ exponent: Double) -> Double {
    var (low, high) = (1.0, base)
    for bit in 1...30 {
        // Bisection in the exponent: the middle of a geometric interval is its mean.
        let middle = (low * high).squareRoot()
        if Int(exponent * Double(1 << 30)) >> (30 - bit) & 1 == 1 { low = middle } else { high = middle }
    }
    return low
}

func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

func deviation(_ values: [Double]) -> Double {
    let centre = mean(values)
    return (values.reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / Double(values.count - 1)).squareRoot()
}
