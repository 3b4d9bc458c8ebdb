import Astrometry
import FrameSolving
import PlateSolving
import PortableNumbers
import ReferenceCatalogue
import Sky

/// A sky of moving stars, and frames of it.
struct SimulatedSky {
    /// Of the stars' positions.
    static let catalogueEpoch = 1991.25
    let centre: SkyPosition
    var stars: [CatalogueStar]

    /// - Parameters:
    ///   - radius: of the sky [deg].
    ///   - density: [stars per square degree].
    init(_ centre: SkyPosition, radius: Double, density: Double, seed: UInt64 = 1, unknownMagnitudes: Double = 0) throws
    {
        self.centre = centre
        var words = SplitMix64(seed: seed)
        let count = Int(density * .pi * radius * radius)
        stars = try (0..<count).map { number in
            let place = centre.displaced(
                separationDegrees: radius * words.uniform().squareRoot(), positionAngleDegrees: 360 * words.uniform())
            let motion = try ProperMotion(raMasPerYear: 20 * words.gaussian(), decMasPerYear: 20 * words.gaussian())
            let magnitude = 13 + Elementary.log(words.uniform()) / (2.3026 * 0.35)
            let isKnown = words.uniform() >= unknownMagnitudes
            return CatalogueStar(
                identifier: Int64(number), position: place, epoch: Self.catalogueEpoch, positionErrorMas: 50,
                motion: motion, motionErrorMasPerYear: 1, magnitudes: [isKnown ? Float(magnitude) : .nan],
                magnitudeErrors: [0.05])
        }
    }

    /// As a catalogue gives them.
    var source: StarSource {
        var (moved, epoch): ([(star: CatalogueStar, position: SkyPosition)], Double) = ([], .nan)
        return StarSource { cone in
            if cone.epoch != epoch {
                epoch = cone.epoch
                moved = stars.map { (star: $0, position: $0.position(at: epoch)) }.sorted {
                    ($0.star.rankingMagnitude, $0.star.identifier) < ($1.star.rankingMagnitude, $1.star.identifier)
                }
            }
            let found = moved.filter { $0.position.separationDegrees(from: cone.centre) <= cone.radiusDegrees }
            return Array(found.prefix(cone.limit))
        }
    }
}

/// What a frame is like.
struct Exposure {
    var width = 1000
    var height = 800
    /// [arcsec/px]
    var scale = 3.0
    /// Direction of y [deg].
    var rotation = 33.0
    var isMirrored = false
    var epoch = 2017.97
    /// [px]
    var centroidError = 0.15
    /// At the corners [px].
    var distortion = 0.0
    /// Share of the stars that are missing, and of the detections that are none.
    var missing = 0.15
    var spurious = 0.1
    var limit = Int.max
    var seed: UInt64 = 5

    func tangent(at centre: SkyPosition) -> TangentSolution {
        let (sine, cosine) = Elementary.sineAndCosine(degrees: rotation)
        let (step, flip) = (scale / 3600, isMirrored ? 1.0 : -1.0)
        return TangentSolution(
            referencePosition: centre, referenceX: Double(width - 1) / 2, referenceY: Double(height - 1) / 2,
            cd11: flip * step * cosine, cd12: step * sine, cd21: -flip * step * sine, cd22: step * cosine)
    }

    /// The frame of a sky, and its true linear solution.
    func frame(of sky: SimulatedSky, at centre: SkyPosition) -> (frame: FrameToSolve, truth: TangentSolution) {
        var words = SplitMix64(seed: seed)
        let truth = tangent(at: centre)
        var stars: [DetectedStar] = []
        let (x0, y0) = (truth.referenceX, truth.referenceY)
        for star in sky.stars {
            guard let ideal = truth.pixel(of: star.position(at: epoch)) else { continue }
            let (dx, dy) = (ideal.x - x0, ideal.y - y0)
            let bend = distortion * (dx * dx + dy * dy) / (x0 * x0 + y0 * y0)
            let length = (x0 * x0 + y0 * y0).squareRoot()
            let (x, y) = (ideal.x + bend * dx / length, ideal.y + bend * dy / length)
            guard x > 0, y > 0, x < Double(width - 1), y < Double(height - 1), words.uniform() >= missing else {
                continue
            }
            let magnitude = Double(star.magnitudes[0].isNaN ? 12 : star.magnitudes[0]) + 0.2 * words.gaussian()
            // The catalogue's own error belongs to the star as it is seen, too.
            let error = (centroidError * centroidError + (0.05 / scale) * (0.05 / scale)).squareRoot()
            stars.append(
                DetectedStar(
                    x: x + error * words.gaussian(), y: y + error * words.gaussian(), xErrorPixels: centroidError,
                    yErrorPixels: centroidError, flux: Elementary.exp(0.921_034 * (15 - magnitude))))
        }
        stars.sort { $0.flux > $1.flux }
        stars = Array(stars.prefix(limit))
        for _ in 0..<Int(Double(stars.count) * spurious) { stars.append(noise(&words, brightest: stars[0].flux)) }
        return (FrameToSolve(stars: stars, size: FrameSize(width: width, height: height), epoch: epoch), truth)
    }

    /// A frame of nothing but false detections.
    func noiseFrame(_ count: Int) -> FrameToSolve {
        var words = SplitMix64(seed: seed)
        let stars = (0..<count).map { _ in noise(&words, brightest: 1000) }
        return FrameToSolve(stars: stars, size: FrameSize(width: width, height: height), epoch: epoch)
    }

    private func noise(_ words: inout SplitMix64, brightest: Double) -> DetectedStar {
        DetectedStar(
            x: Double(width) * words.uniform(), y: Double(height) * words.uniform(), xErrorPixels: 0.2,
            yErrorPixels: 0.2, flux: brightest * words.uniform() * words.uniform())
    }
}

extension Elementary {
    /// By halving the angle and adding: exact enough for a simulation, alike on every machine.
    static func sineAndCosine(degrees: Double) -> (Double, Double) {
        let half = degrees * 0.017_453_292_519_943_295 / 1024
        // tan(half angle) by its series.
        let t = half / 2 * (1 + half * half / 12)
        var (c, s) = ((1 - t * t) / (1 + t * t), 2 * t / (1 + t * t))
        for _ in 0..<10 { (c, s) = (c * c - s * s, 2 * c * s) }
        return (s, c)
    }
}

extension FrameSolution {
    /// Greatest distance from the truth at the frame's centre and corners [px].
    func error(from truth: TangentSolution) -> Double {
        let (right, top) = (Double(fit.width - 1), Double(fit.height - 1))
        return [(right / 2, top / 2), (0, 0), (right, 0), (0, top), (right, top)].map { place in
            guard let sky = fit.position(x: place.0, y: place.1), let pixel = truth.pixel(of: sky) else {
                return Double.infinity
            }
            let (dx, dy) = (pixel.x - place.0, pixel.y - place.1)
            return (dx * dx + dy * dy).squareRoot()
        }.max() ?? .infinity
    }
}
