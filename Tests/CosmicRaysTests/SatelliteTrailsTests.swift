import CosmicRays
import Foundation
import Imaging
import Simulation
import Testing

@Suite struct SatelliteTrailsTests {
    /// Whether a trail runs from one place to another, in either direction, to within 1.5 px across and `slack` along.
    static func matches(
        _ trail: Trail, _ x0: Double, _ y0: Double, _ x1: Double, _ y1: Double, slack: Double = 25
    ) -> Bool {
        let length = hypot(x1 - x0, y1 - y0)
        let ends = [(trail.startX, trail.startY), (trail.endX, trail.endY)].map { x, y in
            (
                along: ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length,
                across: ((y - y0) * (x1 - x0) - (x - x0) * (y1 - y0)) / length
            )
        }
        let along = ends.map(\.along).sorted()
        return ends.allSatisfy { abs($0.across) < 1.5 } && abs(along[0]) < slack && abs(along[1] - length) < slack
    }

    @Test("trails from half a sigma to very bright are found, in every direction", arguments: [0.6, 2, 100])
    func crossing(sigmas: Double) {
        let ends = [
            (20.0, 0.0, 480.0, 511.0), (0, 300, 511, 120), (300, 0, 250, 511), (0, 90, 511, 100), (60, 511, 511, 30),
        ]
        for (index, (x0, y0, x1, y1)) in ends.enumerated() {
            var field = SimulatedField(seed: UInt64(100 + index))
            field.addTrail(x0, y0, x1, y1, peak: sigmas * SimulatedField.noise)
            let trails = satelliteTrails(in: field.expose())
            #expect(trails.count == 1, "\(index): \(trails)")
            guard let trail = trails.first else { continue }
            #expect(Self.matches(trail, x0, y0, x1, y1))
            #expect(abs(trail.fwhmPixels - 3.3) < (sigmas < 1 ? 1.5 : 0.7))
            #expect(abs(trail.peakElectrons / (sigmas * SimulatedField.noise) - 1) < 0.4)
        }
    }

    @Test("a trail that begins and ends on the frame is found with its ends")
    func partial() {
        var field = SimulatedField(seed: 200)
        field.addTrail(100, 130, 340, 390, peak: 30)
        let trails = satelliteTrails(in: field.expose())
        #expect(trails.count == 1)
        #expect(trails.allSatisfy { Self.matches($0, 100, 130, 340, 390) })
    }

    @Test("two trails that cross are two")
    func two() {
        var field = SimulatedField(seed: 201)
        field.addTrail(0, 60, 511, 420, peak: 15)
        field.addTrail(400, 0, 130, 511, peak: 200, sigma: 2.5)
        let trails = satelliteTrails(in: field.expose())
        #expect(trails.count == 2)
        #expect(trails.contains { Self.matches($0, 0, 60, 511, 420) })
        #expect(trails.contains { Self.matches($0, 400, 0, 130, 511) && abs($0.fwhmPixels - 5.9) < 1 })
    }

    @Test("star fields have no trails", arguments: [0, 190, 2500])
    func starFields(stars: Int) {
        for seed in 300..<(stars == 2500 ? 302 : 306) as Range<UInt64> {
            var field = SimulatedField(seed: seed, stars: stars)
            #expect(satelliteTrails(in: field.expose()).isEmpty)
        }
    }

    @Test("diffraction spikes, bleed columns, bad columns and galaxies are no trails")
    func lookalikes() {
        var spikes = SimulatedField(seed: 400)
        spikes.addStar(250, 260, flux: 8e6)
        for angle in [0.6, 0.6 + .pi / 2] {
            spikes.addLight { x, y in
                let (dx, dy) = (x - 250, y - 260)
                let along = abs(dx * cos(angle) + dy * sin(angle))
                let across = dy * cos(angle) - dx * sin(angle)
                return 3000 / (1 + pow(along / 20, 2)) * exp(-across * across / 4)
            }
        }
        #expect(satelliteTrails(in: spikes.expose()).isEmpty)

        var columns = SimulatedField(seed: 401)
        columns.addStar(130, 300, flux: 2e6)
        columns.addLight { x, _ in x == 77 ? 60 : abs(x - 400) < 1.5 ? 2000 : 0 }
        columns.addLight { x, y in abs(x - 130) < 2.5 && abs(y - 300) < 180 ? 80_000 : 0 }
        columns.addLight { _, y in y == 200 ? 40 : 0 }
        #expect(satelliteTrails(in: columns.expose()).isEmpty)

        var galaxy = SimulatedField(seed: 402)
        galaxy.addLight { x, y in
            let (dx, dy) = (x - 260, y - 240)
            let (along, across) = (0.8 * dx + 0.6 * dy, 0.8 * dy - 0.6 * dx)
            return 3000 * exp(-hypot(along, across * 6) / 40)
        }
        galaxy.addLight { x, y in 1e5 * exp(-hypot(x - 90, y - 400) / 15) }
        #expect(satelliteTrails(in: galaxy.expose()).isEmpty)
    }

    /// Steps run along columns and rows; where they lie within a degree of them, as after a resampling, too.
    @Test("steps between four amplifiers are no trails, and those that cross them are", arguments: [1.0, 2, 3])
    func amplifiers(sigmas: Double) {
        for tilt in [0.0, 4, 9] {
            var field = SimulatedField(seed: 404)
            let step = sigmas * SimulatedField.noise
            field.addLight { x, y in
                let right = x + tilt * (y - 256) / 512 > 255.5
                let top = y - tilt * (x - 256) / 512 > 255.5
                return (right ? step : 0) + (top ? 0.6 * step : 0) + (right && top ? -0.9 * step : 0)
            }
            let trails = satelliteTrails(in: field.expose())
            #expect(trails.isEmpty, "\(tilt): \(trails)")
            field.addTrail(20, 0, 480, 511, peak: 2.5 * SimulatedField.noise)
            let crossing = satelliteTrails(in: field.expose())
            #expect(crossing.contains { Self.matches($0, 20, 0, 480, 511) })
            #expect(crossing.count == 1, "\(tilt): \(crossing)")
        }
    }

    @Test("a sky with a slope, a constant frame, and frames without pixels to use have no trails")
    func empty() {
        var slope = SimulatedField(seed: 403, stars: 0)
        slope.addLight { x, y in 2 * x + y + 100 * exp(-((x - 100) * (x - 100) + y * y) / 1e4) }
        var sloping = slope.expose()
        sloping.variance.pixels = slope.light.electrons.map { Float($0 + 25) }
        #expect(satelliteTrails(in: sloping).isEmpty)
        for (width, height) in [(1, 1), (40, 900), (300, 200)] {
            for level in [Float(0), .nan, -5] {
                #expect(satelliteTrails(in: CosmicRaysTests.flat(width, height, level: level)).isEmpty)
            }
        }
        var hidden = CosmicRaysTests.flat(200, 200)
        for index in hidden.mask.bits.indices where index % 977 != 0 {
            hidden.mask.bits[index] = PixelFlags.noData.rawValue
        }
        #expect(satelliteTrails(in: hidden).isEmpty)
    }

    @Test("the mask covers the trail's light over its whole width and leaves the rest")
    func marks() throws {
        var field = SimulatedField(seed: 500, stars: 0)
        field.addTrail(0, 100, 511, 300, peak: 500, sigma: 2)
        let frame = field.expose()
        let trail = try #require(satelliteTrails(in: frame).first)
        var mask = Mask(width: 512, height: 512)
        trail.mark(&mask)
        var left = 0.0
        for y in 0..<512 {
            for x in 0..<512 {
                let light = field.light.electrons[y * 512 + x] - SimulatedField.sky
                if mask[x, y].isEmpty { left = max(left, light) }
            }
        }
        #expect(left < 0.04 * 500)
        let marked = mask.bits.filter { $0 == PixelFlags.trail.rawValue }.count
        #expect(Double(marked) < 549 * (trail.maskWidthPixels + 1) && trail.maskWidthPixels < 20)
    }
}
