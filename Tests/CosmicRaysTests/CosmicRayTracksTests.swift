import CosmicRays
import Foundation
import Imaging
import Simulation
import Testing

@Suite struct CosmicRayTracksTests {
    @Test("tracks are reproducible, lie on the detector and hold the charge they are said to")
    func tracks() {
        var (first, second) = (RandomStream(seed: 1), RandomStream(seed: 1))
        let tracks = CosmicRayTracks().draw(count: 400, width: 300, height: 200, random: &first)
        #expect(tracks == CosmicRayTracks().draw(count: 400, width: 300, height: 200, random: &second))
        for track in tracks {
            #expect(track.electrons >= 99.99 && track.electrons <= 20_001)
            #expect(track.charges.allSatisfy { (0..<60_000).contains($0.pixel) && $0.electrons > 0 })
            let isInside = track.charges.allSatisfy {
                (3..<297).contains($0.pixel % 300) && (3..<197).contains($0.pixel / 300)
            }
            let total = track.charges.reduce(0) { $0 + $1.electrons }
            #expect(total <= track.electrons * 1.000001)
            if isInside { #expect(abs(total / track.electrons - 1) < 1e-3) }
        }
        let points = tracks.filter { $0.shape == .point }
        #expect((50...110).contains(points.count))
        #expect(points.allSatisfy { ($0.charges.map(\.electrons).max() ?? 0) > 0.99 * $0.electrons })
    }

    /// Straight tracks whose pixels are half as sharp as a pixel alone must be.
    @Test("thin tracks of 7 sigma per pixel are found, though no pixel of theirs may be sharp enough; noise is not")
    func faintTracks() {
        var field = SimulatedField(seed: 31, stars: 0)
        var frame = field.expose()
        var alone = CosmicRaysTests.pointSpread(3.2)
        alone.trackSum = .infinity
        let noise = [CosmicRaysTests.pointSpread(3.2), alone].map {
            cosmicRays(in: frame, parameters: $0).objectCount
        }
        #expect(noise[0] <= noise[1] + 1)
        var tracks: [[Int]] = []
        for index in 0..<24 {
            let (x, y) = (40 + 80 * Double(index % 6), 50 + 110 * Double(index / 6))
            let angle = Double(index) * .pi / 24
            let pixels = Set(
                (0..<80).map { step -> Int in
                    let along = Double(step) / 2
                    return Int((y + along * sin(angle)).rounded()) * 512 + Int((x + along * cos(angle)).rounded())
                })
            for pixel in pixels { frame.signal.pixels[pixel] += Float(7 * SimulatedField.noise) }
            tracks.append(pixels.sorted())
        }
        let hits = Set(cosmicRays(in: frame, parameters: CosmicRaysTests.pointSpread(3.2)).pixels)
        let found = tracks.filter { track in track.count { hits.contains($0) } * 3 > track.count }
        #expect(found.count >= 20, "\(found.count)")
        #expect(cosmicRays(in: frame, parameters: alone).pixels.count < hits.count)
    }
}
