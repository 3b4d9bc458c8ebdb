import Events
import Foundation
import Pipeline
import TestKit
import Testing

@testable import photometer

@Suite("Artificial stars in measured frames")
struct ArtificialStarsTests {
    private let stars = (0..<12).map { index -> (x: Double, y: Double, flux: Double) in
        let (column, row) = (Double(index % 4), Double(index / 4))
        return (15 + 30 * column, 18 + 32 * row, 3000 + 500 * Double(index))
    }

    private func measured(_ bench: Bench, _ frame: FrameCalibrated, count: Int) throws -> FrameMeasured {
        bench.stage = MeasureStage(store: bench.store, threshold: 4, artificialStars: ArtificialStars(count))
        return try #require(bench.measure(frame).payloads(FrameMeasured.self).first)
    }

    @Test("a measured frame says how faint it goes, the same each time, in the magnitudes of its own exposure")
    func said() throws {
        try withBench { bench in
            let frame = try bench.frame(stars: stars)
            let event = try measured(bench, frame, count: 200)
            let completeness = try #require(event.completeness)
            #expect(completeness.injected >= 200 && completeness.reason == nil)
            #expect(completeness.efficiency.reduce(0) { $0 + $1.injected } == completeness.injected)
            // Half of stars of four times 10 e- sqrt(4 pi (sigma^2 + 1/12)), in 30 s.
            let width: Double = 9 / (2.3548 * 2.3548) + 1.0 / 12
            let error: Double = (100 * 4 * Double.pi * width).squareRoot()
            let expected: Double = -2.5 * log10(4 * error / 30)
            #expect(abs(try #require(completeness.magnitude50) - expected) < 0.2)
            try withBench { other in
                let again = try measured(other, other.frame(stars: stars), count: 200)
                #expect(again.completeness == completeness)
            }
        }
    }

    @Test("another number of stars is another recipe; none leaves completeness out")
    func recipe() throws {
        try withBench { bench in
            let frame = try bench.frame(stars: stars)
            let few = try measured(bench, frame, count: 60)
            let many = try measured(bench, frame, count: 100)
            let none = try measured(bench, frame, count: 0)
            #expect(Set([few.recipe, many.recipe, none.recipe]).count == 3)
            #expect(none.completeness == nil)
            #expect(try #require(few.completeness).injected < (try #require(many.completeness)).injected)
        }
    }

    @Test("a frame that shows no stars says why its completeness is not known")
    func unknown() throws {
        try withBench { bench in
            let frame = try bench.frame { _, _, signal, _, _ in signal = .nan }
            let completeness = try #require(measured(bench, frame, count: 60).completeness)
            #expect(completeness.reason == "noUsablePixels" && completeness.magnitude50 == nil)
        }
    }
}
