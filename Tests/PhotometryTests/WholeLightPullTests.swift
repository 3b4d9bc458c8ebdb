import Detection
import Foundation
import Imaging
import Photometry
import Simulation
import TestKit
import Testing

/// Over many frames, each with a correction of its own, total and optimal fluxes scatter by their quoted errors.
@Suite("Errors of total and optimal fluxes")
struct WholeLightPullTests {
    typealias Star = (x: Double, y: Double, flux: Double)

    /// Stars on a grid with ratios of signal to noise from 5 to 1000, evenly in the logarithm.
    static func frame(_ pointSpread: PointSpread, seed: UInt64) -> (frame: CalibratedFrame, stars: [Star]) {
        var random = RandomStream(seed: seed)
        let size = 480
        var light = LightMap(width: size, height: size, level: 100)
        var stars: [Star] = []
        for y in stride(from: 30, to: size - 20, by: 36) {
            for x in stride(from: 30, to: size - 20, by: 36) {
                let ratio = pow(10, 0.7 + 2.3 * random.uniform())
                let noise = 164 * 45.0
                let flux = ratio * (ratio + (ratio * ratio + 4 * noise).squareRoot()) / 2
                let star = (x: Double(x) + 3 * random.uniform(), y: Double(y) + 3 * random.uniform(), flux: flux)
                light.addStar(x: star.x, y: star.y, flux: flux, fwhmPixels: 3.2, pointSpread: pointSpread)
                stars.append(star)
            }
        }
        let pixels = light.electrons.map { Float(random.poisson($0) + 8 * random.gaussian()) }
        return (
            CalibratedFrame(
                signal: Image(width: size, height: size, pixels: pixels),
                variance: Image(width: size, height: size, filledWith: 164), mask: Mask(width: size, height: size)),
            stars
        )
    }

    @Test(
        "single stars of 24 frames have pulls of width 1 at every signal-to-noise ratio from 5 to 1000",
        arguments: [PointSpread.gaussian, .moffat(beta: 3)])
    func pulls(pointSpread: PointSpread) {
        let edges = [5.0, 15, 50, 150, 400, 1100]
        var (total, optimal) = ([[Double]](repeating: [], count: 5), [[Double]](repeating: [], count: 5))
        for seed in 0..<24 as Range<UInt64> {
            let (frame, stars) = Self.frame(pointSpread, seed: 900 + seed)
            for (row, star) in zip(forcedPhotometry(frame, at: stars.map { ($0.x, $0.y) }), stars) {
                let ratio = star.flux / (star.flux + 164 * 45).squareRoot()
                guard let bin = edges.lastIndex(where: { $0 <= ratio }), bin < 5 else { continue }
                total[bin].append((row.fluxTotal - star.flux) / row.fluxTotalError)
                optimal[bin].append((row.fluxOptimal - star.flux) / row.fluxOptimalError)
            }
        }
        for bin in 0..<5 {
            for pulls in [total[bin], optimal[bin]] {
                let (mean, width) = moments(pulls)
                #expect(pulls.count > 500)
                // Pixels make a star of 3.2 px no exact Moffat function: 0.8 mmag, which only the brightest show.
                #expect(abs(mean) < (bin == 4 ? 0.6 : 0.25), "\(edges[bin])")
                #expect(abs(width - 1) < 0.12, "\(edges[bin])")
            }
        }
    }
}
