import Detection
import Foundation
import Imaging
import Photometry
import TestKit
import Testing

@Suite("Threads")
struct ThreadTests {
    /// Rows as text: equal only where every bit is, not-a-number included.
    private func text(_ rows: [Photometry.Measurement]) -> [String] { rows.map { "\($0)" } }

    @Test("sources split over threads give the same bits in the same order, detected and at given places")
    func threads() {
        var field = GaussianStars.random(
            count: 400, width: 300, height: 280, fluxes: 800...300_000, fwhm: 3, sky: 100, readNoise: 8, seed: 3)
        field.stars.append((150, 140, 4_000_000))
        var frame = field.frame(seed: 4)
        for x in 40..<60 { frame.mask[x, 50] = .bad }
        frame.mask[150, 140] = .saturated
        let found = detect(frame)
        let places = field.stars.map { (x: $0.x, y: $0.y) } + [(x: -20, y: 5), (x: .nan, y: 3)]
        var parameters = MeasurementParameters(extraRadiiPixels: [2, 6])
        let alone = measure(found, parameters)
        let forced = forcedPhotometry(found, at: places, recentre: true, parameters)
        #expect(alone.rows.count > 200)
        for threads in [2, 3, 7, 1000] {
            parameters.threads = threads
            let shared = measure(found, parameters)
            #expect(text(shared.rows) == text(alone.rows) && "\(shared.summary)" == "\(alone.summary)")
            #expect(text(forcedPhotometry(found, at: places, recentre: true, parameters)) == text(forced))
        }
        #expect(forcedPhotometry(found, at: [], parameters).isEmpty)
    }
}
