internal import Astrometry
internal import Foundation
internal import PortableNumbers
internal import Testing

/// A sky of stars seen by two frames that lie differently on it.
struct TwoFrames {
    var first: [StarPosition] = []
    var second: [StarPosition] = []
    /// From the first frame to the second.
    var truth: PixelTransform

    /// - Parameters:
    ///   - density: stars in one frame.
    ///   - noise: centroid error of each coordinate [px].
    ///   - falseDetections: in each frame, of any brightness.
    ///   - missing: chance that a star is not detected.
    init(
        seed: UInt64, density: Int, size: Double = 1000, truth: PixelTransform, noise: Double = 0.2,
        falseDetections: Int = 0, missing: Double = 0
    ) {
        self.truth = truth
        var random = SplitMix64(seed: seed)
        let inside = { (x: Double, y: Double) in (0..<size).contains(x) && (0..<size).contains(y) }
        for _ in 0..<(density * 9) {
            let x = Double.random(in: -size..<2 * size, using: &random)
            let y = Double.random(in: -size..<2 * size, using: &random)
            let flux = pow(Double.random(in: 0.0001..<1, using: &random), -1.2)
            let mapped = truth(x: x, y: y)
            for (point, isFirst) in [((x: x, y: y), true), (mapped, false)] where inside(point.x, point.y) {
                guard Double.random(in: 0..<1, using: &random) >= missing else { continue }
                let star = StarPosition(
                    x: point.x + noise * random.gaussian(), y: point.y + noise * random.gaussian(),
                    flux: flux * exp(0.05 * random.gaussian()))
                if isFirst { first.append(star) } else { second.append(star) }
            }
        }
        for _ in 0..<falseDetections {
            first.append(Self.anywhere(size, &random))
            second.append(Self.anywhere(size, &random))
        }
    }

    static func anywhere(_ size: Double, _ random: inout SplitMix64) -> StarPosition {
        StarPosition(
            x: .random(in: 0..<size, using: &random), y: .random(in: 0..<size, using: &random),
            flux: pow(.random(in: 0.0001..<1, using: &random), -1.2))
    }

    /// Rotation [deg] about the frame's centre, shift [px], scale and mirror of x.
    static func map(
        rotation: Double = 0, shift: (Double, Double) = (0, 0), scale: Double = 1, isMirrored: Bool = false,
        size: Double = 1000
    ) -> PixelTransform {
        let (c, s, flip) = (
            scale * cos(rotation * .pi / 180), scale * sin(rotation * .pi / 180), isMirrored ? -1.0 : 1.0
        )
        let half = size / 2
        return PixelTransform(
            xx: c * flip, xy: -s, x0: half - c * flip * half + s * half + shift.0,
            yx: s * flip, yy: c, y0: half - s * flip * half - c * half + shift.1)
    }

    func worstCornerError(_ registration: Registration, size: Double = 1000) -> Double {
        [(0, 0), (size, 0), (0, size), (size, size)].map { x, y in
            let (a, b) = (truth(x: x, y: y), registration.transform(x: x, y: y))
            return hypot(a.x - b.x, a.y - b.y)
        }.max() ?? .infinity
    }
}

@Suite struct RegistrationTests {
    static let maps: [(String, PixelTransform, Int)] = [
        ("identity", TwoFrames.map(), 60),
        ("drift of 40 % of the frame", TwoFrames.map(shift: (400, -60)), 60),
        ("drift of 40 % in both axes", TwoFrames.map(shift: (-400, 400)), 150),
        ("meridian flip", TwoFrames.map(rotation: 180, shift: (12, -30)), 60),
        ("any rotation", TwoFrames.map(rotation: 73.1, shift: (40, 25)), 60),
        ("mirror", TwoFrames.map(rotation: 12, shift: (40, 25), isMirrored: true), 60),
        ("another scale", TwoFrames.map(rotation: -5, scale: 1.18), 60),
        (
            "mirrored, turned, scaled, shifted",
            TwoFrames.map(rotation: 200, shift: (100, 90), scale: 0.9, isMirrored: true), 90
        ),
        ("3000 stars", TwoFrames.map(rotation: 180, shift: (300, 100)), 3000),
    ]

    @Test("a known map between two frames is found", arguments: 0..<maps.count)
    func known(index: Int) throws {
        let (name, map, density) = Self.maps[index]
        let frames = TwoFrames(
            seed: UInt64(100 + index), density: density, truth: map, falseDetections: density / 10, missing: 0.05)
        let found = register(frames.first, to: frames.second)
        let registration = try #require(found)
        #expect(frames.worstCornerError(registration) < 0.5, "\(name)")
        #expect(registration.transform.isMirrored == map.isMirrored)
        #expect(abs(registration.transform.scale - map.scale) < 0.002)
        #expect(registration.matched > density / 4)
        // Two coordinates, each with noise from both frames.
        #expect(abs(registration.rmsPixels - 0.2 * 2) < 0.15, "\(name) \(registration.rmsPixels)")
    }

    @Test("sparse fields of 5 to 8 stars register, and to the right place", arguments: [6, 8])
    func sparse(density: Int) throws {
        var found = 0
        for seed in 0..<40 {
            let map = TwoFrames.map(rotation: Double(seed * 9), shift: (20, -35), isMirrored: seed % 2 == 1)
            let frames = TwoFrames(seed: UInt64(seed), density: density, truth: map, falseDetections: 1)
            guard let registration = register(frames.first, to: frames.second) else { continue }
            found += 1
            #expect(frames.worstCornerError(registration) < 4, "seed \(seed)")
        }
        print("sparse \(density): \(found) of 40")
        #expect(found >= (density == 6 ? 20 : 30))
    }

    @Test("bright stars that only one frame has do not mislead")
    func saturated() throws {
        var frames = TwoFrames(seed: 7, density: 80, truth: TwoFrames.map(rotation: 180, shift: (55, 11)))
        var random = SplitMix64(seed: 8)
        for _ in 0..<12 {
            var star = TwoFrames.anywhere(1000, &random)
            star.flux = 1e9
            frames.first.append(star)
        }
        let found = register(frames.first, to: frames.second)
        let registration = try #require(found)
        #expect(frames.worstCornerError(registration) < 0.5)
    }

    @Test("a third of false detections and a third of missing stars are borne")
    func contaminated() throws {
        let map = TwoFrames.map(rotation: 31, shift: (100, 50))
        let frames = TwoFrames(seed: 21, density: 90, truth: map, falseDetections: 30, missing: 0.3)
        let found = register(frames.first, to: frames.second)
        let registration = try #require(found)
        #expect(frames.worstCornerError(registration) < 0.6)
    }

    @Test("hot pixels that stay while the stars move do not win")
    func hotPixels() throws {
        var frames = TwoFrames(seed: 31, density: 60, truth: TwoFrames.map(shift: (63, -27)))
        var random = SplitMix64(seed: 32)
        for _ in 0..<8 {
            let pixel = TwoFrames.anywhere(1000, &random)
            frames.first.append(pixel)
            frames.second.append(pixel)
        }
        let found = register(frames.first, to: frames.second)
        let registration = try #require(found)
        #expect(frames.worstCornerError(registration) < 0.5)
    }

    @Test("unrelated fields give nil")
    func unrelated() {
        var random = SplitMix64(seed: 99)
        for trial in 0..<60 {
            let count = [5, 6, 8, 12, 20, 30][trial % 6]
            let first = (0..<count).map { _ in TwoFrames.anywhere(500, &random) }
            let second = (0..<count).map { _ in TwoFrames.anywhere(500, &random) }
            #expect(register(first, to: second) == nil, "trial \(trial)")
        }
    }

    @Test("the order of the stars does not change a bit of the result")
    func order() throws {
        let frames = TwoFrames(seed: 41, density: 50, truth: TwoFrames.map(rotation: 77), falseDetections: 5)
        var random = SplitMix64(seed: 42)
        let found = register(frames.first, to: frames.second)
        let expected = try #require(found)
        for _ in 0..<3 {
            let shuffled = register(frames.first.shuffled(using: &random), to: frames.second.shuffled(using: &random))
            #expect(shuffled?.transform == expected.transform)
            #expect(shuffled?.rmsPixels == expected.rmsPixels)
        }
    }

    @Test("empty lists, few stars, stars on a line, twins and numbers that are none give nil and no crash")
    func degenerate() {
        let line = (0..<20).map { StarPosition(x: Double($0 * $0), y: 5, flux: Double($0)) }
        let point = (0..<20).map { StarPosition(x: 3, y: 3, flux: Double($0)) }
        let none = (0..<20).map { StarPosition(x: .nan, y: .infinity, flux: Double($0)) }
        let huge = (0..<20).map { StarPosition(x: 1e300 * Double($0), y: 5, flux: .infinity) }
        let lattice = (0..<36).map { StarPosition(x: Double($0 % 6) * 50, y: Double($0 / 6) * 50, flux: 1) }
        for list in [[], Array(line.prefix(3)), line, point, none, huge] {
            #expect(register(list, to: lattice) == nil)
            #expect(register(list, to: list) == nil)
        }
    }
}
