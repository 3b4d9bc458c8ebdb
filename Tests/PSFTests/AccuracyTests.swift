import Detection
import Imaging
import Simulation
import Testing

@testable import PSF

@Suite("Photometry by the star image is as exact as it can be")
struct AccuracyTests {
    /// Pulls and errors over the bound of all stars of a field in four realisations.
    private func measure(
        _ field: SyntheticField, frames: Int = 4
    ) throws -> (errors: [Double], pulls: [Double], order: Int) {
        var (errors, pulls, order) = ([Double](), [Double](), 0)
        let bounds = field.stars.map { field.bound($0).flux }
        for seed in 0..<frames {
            let detections = detect(field.frame(seed: UInt64(seed)))
            let model = try #require(PointSpreadModel.fit(detections))
            order = max(order, model.polynomialOrder)
            let rows = forcedPSFPhotometry(detections, model, at: field.stars.map { ($0.x, $0.y) })
            for (index, star) in field.stars.enumerated() {
                errors.append((rows[index].flux - star.flux) / bounds[index])
                pulls.append((rows[index].flux - star.flux) / rows[index].fluxError)
            }
        }
        return (errors, pulls, order)
    }

    @Test("forced fluxes scatter as the Cramer-Rao bound says, and their errors say so", arguments: [0, 1])
    func pulls(kind: Int) throws {
        var field = SyntheticField.grid(fluxes: 300...100_000, seed: 3)
        if kind == 1 { field.pointSpread = .gaussian }
        let result = try measure(field)
        // 1,024 values: the mean is good to 0.03, the width to 0.022.
        #expect(abs(mean(result.pulls)) < 0.12)
        #expect(abs(deviation(result.pulls) - 1) < 0.08)
        #expect(deviation(result.errors) < 1.09)
        #expect(result.order == 0)
    }

    @Test("a star image that widens by a fifth across the frame is followed")
    func varying() throws {
        var field = SyntheticField.grid(fluxes: 1000...200_000, seed: 4)
        field.widening = 0.1
        let result = try measure(field)
        #expect(result.order > 0)
        #expect(deviation(result.errors) < 1.12)
        #expect(abs(mean(result.errors)) < 0.2)
    }

    @Test("found stars get the flux, the place and the errors of both that the bound allows")
    func positions() throws {
        let field = SyntheticField.grid(fluxes: 4000...40_000, seed: 5)
        let detections = detect(field.frame(seed: 9))
        let model = try #require(PointSpreadModel.fit(detections))
        let rows = psfPhotometry(detections, model)
        #expect(rows.count == detections.sources.count)
        var (pulls, ratios, fluxes) = ([Double](), [Double](), [Double]())
        for star in field.stars {
            let near = rows.filter { abs($0.x - star.x) < 1 && abs($0.y - star.y) < 1 }
            let row = try #require(near.first)
            let bound = field.bound(star)
            pulls.append((row.x - star.x) / row.xError)
            ratios.append((row.x - star.x) / bound.x)
            fluxes.append((row.flux - star.flux) / bound.flux)
        }
        #expect(abs(deviation(pulls) - 1) < 0.12)
        #expect(deviation(ratios) < 1.15)
        #expect(deviation(fluxes) < 1.15)
        #expect(abs(mean(fluxes)) < 0.2)
    }

    @Test("an image that is no Moffat is learnt as a table: a lobe of 15 % costs no accuracy")
    func table() throws {
        var field = SyntheticField.grid(fluxes: 2000...100_000, seed: 6)
        let main = field.stars
        field.stars =
            main.map { .init(x: $0.x - 0.1, y: $0.y, flux: 0.85 * $0.flux) }
            + main.map { .init(x: $0.x + 1.7, y: $0.y + 0.9, flux: 0.15 * $0.flux) }
        let detections = detect(field.frame(seed: 2))
        let model = try #require(PointSpreadModel.fit(detections))
        let rows = psfPhotometry(detections, model)
        let typical = rows.filter { $0.flags.isEmpty }.map(\.chiSquaredPerDegree).sorted()
        #expect(typical.count > main.count / 2)
        #expect(abs(typical[typical.count / 2] - 1) < 0.1)
        // Fluxes agree with the truth up to the common scale of the model's normalisation.
        let ratios = main.compactMap { star in
            rows.first { abs($0.x - star.x) < 1.2 && abs($0.y - star.y) < 1.2 }.map { $0.flux / star.flux }
        }
        let scale = ratios.sorted()[ratios.count / 2]
        #expect(abs(scale - 1) < 0.02)
    }
}
