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
}
