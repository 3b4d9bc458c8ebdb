internal import Foundation
internal import LightCurves
internal import PortableNumbers
internal import Statistics

/// A night of comparison stars and a constant target, with the truth known.
struct SimulatedNight {
    /// True zero point of a frame: magnitude = zero - 2.5 log10(electrons).
    var zeroPoints: [Double] = []
    var input: EnsembleInput
    var target: [TargetFlux] = []
    let targetMagnitude = 12.5

    /// - Parameters:
    ///   - intrinsic: scatter [mag] of each star on top of its noise.
    ///   - cloud: magnitudes lost on a frame.
    ///   - gain: electrons per unit of the fluxes that are handed out.
    init(
        seed: UInt64, frames: Int, magnitudes: [Double], intrinsic: [Int: Double] = [:], scintillation: Double = 0.002,
        catalogue: Bool = false, sky: Double = 3000, gain: Double = 1, cloud: (Int) -> Double = { _ in 0 },
        errorsHoldSourceNoise: Bool = true
    ) {
        var random = SplitMix64(seed: seed)
        let stars = magnitudes.enumerated().map { index, magnitude in
            ComparisonStar(id: "star\(index)", catalogueMagnitude: catalogue ? magnitude : nil, catalogueError: 0.01)
        }
        input = EnsembleInput(stars: stars, frames: [])
        for frame in 0..<frames {
            let zero = 24.0 - 0.2 * sin(Double(frame) / 30) - cloud(frame)
            zeroPoints.append(zero)
            let measure = { (magnitude: Double) -> (Double, Double) in
                let noisy = magnitude + scintillation * random.gaussian()
                let electrons = pow(10, 0.4 * (zero - noisy))
                let sigma = (electrons + sky).squareRoot()
                let quoted = errorsHoldSourceNoise ? sigma : sky.squareRoot()
                return ((electrons + sigma * random.gaussian()) / gain, quoted / gain)
            }
            var fluxes: [ComparisonFlux] = []
            for (index, magnitude) in magnitudes.enumerated() {
                let varied = magnitude + (intrinsic[index] ?? 0) * sin(Double(frame) * 0.7 + Double(index))
                let (flux, error) = measure(varied)
                fluxes.append(ComparisonFlux(starID: "star\(index)", flux: flux, fluxError: error))
            }
            let (flux, error) = measure(targetMagnitude)
            target.append(TargetFlux(flux: flux, fluxError: error, scintillationMagnitudes: scintillation))
            input.frames.append(
                EnsembleFrame(
                    frameID: "frame\(frame)", midExposureMJD: 58107 + Double(frame) / 1440,
                    scintillationMagnitudes: scintillation, fluxes: fluxes))
        }
    }

    /// The target's magnitude less the truth, over its error, frame by frame; the system's constant is taken out.
    func pulls(_ solution: EnsembleSolution) -> [Double] {
        var points: [(Double, Double)] = []
        for zeroPoint in solution.zeroPoints {
            guard let frame = Int(zeroPoint.frameID.dropFirst(5)) else { continue }
            if let point = solution.point(target[frame], at: zeroPoint, isAB: false), let magnitude = point.magnitude,
                let error = point.magnitudeError
            {
                points.append((magnitude - targetMagnitude, error))
            }
        }
        let mean = WeightedMean(points.map(\.0), errors: points.map(\.1))?.mean ?? 0
        return points.map { ($0.0 - mean) / $0.1 }
    }

    /// Standard deviation of the pulls.
    func pullWidth(_ solution: EnsembleSolution) -> Double {
        let pulls = pulls(solution)
        return (pulls.reduce(0) { $0 + $1 * $1 } / Double(pulls.count - 1)).squareRoot()
    }
}
