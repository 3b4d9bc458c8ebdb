import Foundation
import LightCurves
import PortableNumbers
import Testing

@Suite("The error of the level that comparison stars give")
struct LevelErrorTests {
    /// Pulls of a target's level over many sets of comparison stars.
    private func pullWidth(stars: Int, catalogueError: Double, oddity: Double, seed: UInt64) throws -> Double {
        var noise = SplitMix64(seed: seed)
        var squares = 0.0
        let trials = 300
        for _ in 0..<trials {
            let frames = 4
            let truth = (0..<stars).map { _ in 11 + 2 * noise.uniform() }
            let off = (0..<stars).map { _ in oddity * noise.gaussian() }
            let own = oddity * noise.gaussian()
            let comparisons = truth.enumerated().map {
                ComparisonStar(
                    id: "c\($0.offset)", catalogueMagnitude: $0.element + catalogueError * noise.gaussian(),
                    catalogueError: catalogueError)
            }
            let flux = { (magnitude: Double) in pow(10, 0.4 * (25 - magnitude)) * (1 + 0.0005 * noise.gaussian()) }
            let input = EnsembleInput(
                stars: comparisons,
                frames: (0..<frames).map { frame in
                    EnsembleFrame(
                        frameID: "f\(frame)", midExposureMJD: Double(frame), scintillationMagnitudes: 0,
                        fluxes: truth.indices.map { star in
                            let shown = flux(truth[star] + off[star])
                            return ComparisonFlux(starID: "c\(star)", flux: shown, fluxError: 0.0005 * shown)
                        })
                })
            let solution = try solveEnsemble(input)
            let target = flux(12 + own)
            let measured = TargetFlux(flux: target, fluxError: 0.0005 * target, scintillationMagnitudes: 0)
            let point = try #require(solution.point(measured, at: solution.zeroPoints[0], isAB: false))
            let (magnitude, level) = (try #require(point.magnitude), try #require(point.levelError))
            squares += (magnitude - 12) * (magnitude - 12) / (level * level)
            #expect((point.magnitudeError ?? 1) < 0.01, "the point's own error is small, whatever the level's")
        }
        return (squares / Double(trials)).squareRoot()
    }

    @Test("pulls of the level have width 1: by the quoted errors, and by how far the stars scatter beyond them")
    func honest() throws {
        let quoted = try pullWidth(stars: 6, catalogueError: 0.02, oddity: 0, seed: 5)
        #expect((0.75...1.1).contains(quoted), "\(quoted)")
        let odd = try pullWidth(stars: 12, catalogueError: 0.01, oddity: 0.03, seed: 6)
        #expect((0.9...1.15).contains(odd), "\(odd)")
    }

    @Test("a single comparison star gives its own error; unknown magnitudes give no level")
    func single() throws {
        for magnitude in [12.0, nil] {
            let star = ComparisonStar(id: "c", catalogueMagnitude: magnitude, catalogueError: 0.03)
            let frame = EnsembleFrame(
                frameID: "f", midExposureMJD: 0, scintillationMagnitudes: 0,
                fluxes: [ComparisonFlux(starID: "c", flux: 1e6, fluxError: 1e3)])
            let level = try solveEnsemble(EnsembleInput(stars: [star], frames: [frame])).levelErrorMagnitudes
            #expect(magnitude == nil ? level == nil : abs((level ?? 0) - 0.03) < 1e-12)
        }
    }
}
