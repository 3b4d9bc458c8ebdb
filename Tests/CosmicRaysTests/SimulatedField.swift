import Foundation
import Imaging
import Simulation

/// Stars, cosmic rays and trails on a small frame, and what is truly where.
struct SimulatedField {
    static let sky = 100.0
    static let readNoise = 5.0
    static let noise = (sky + readNoise * readNoise).squareRoot()

    let size: Int
    let fwhm: Double
    var light: LightMap
    var stars: [(x: Double, y: Double, flux: Double)] = []
    var tracks: [CosmicRayTrack] = []
    var fullWell = 60_000.0
    private var random: RandomStream

    init(seed: UInt64, size: Int = 512, stars count: Int = 190, fwhm: Double = 3.2) {
        self.size = size
        self.fwhm = fwhm
        random = RandomStream(seed: seed, 9)
        light = LightMap(width: size, height: size, level: Self.sky)
        for _ in 0..<count {
            let magnitude = log10(random.uniform(pow(10, 3.9)...pow(10, 6))) / 0.3
            let (x, y) = (random.uniform(0...Double(size - 1)), random.uniform(0...Double(size - 1)))
            addStar(x, y, flux: 600 * pow(10, -0.4 * (magnitude - 20)))
        }
    }

    mutating func addStar(_ x: Double, _ y: Double, flux: Double) {
        light.addStar(
            x: x, y: y, flux: flux, fwhmPixels: fwhm, pointSpread: .moffat(beta: 3.5), leavingOut: 5)
        stars.append((x, y, flux))
    }

    mutating func addTracks(_ count: Int) {
        tracks = CosmicRayTracks().draw(count: count, width: size, height: size, random: &random)
    }

    /// A band of Gaussian cross-section from one place to another.
    mutating func addTrail(_ x0: Double, _ y0: Double, _ x1: Double, _ y1: Double, peak: Double, sigma: Double = 1.4) {
        let length = hypot(x1 - x0, y1 - y0)
        addLight { x, y in
            let (dx, dy) = (x - x0, y - y0)
            let along = (dx * (x1 - x0) + dy * (y1 - y0)) / length
            let across = (dy * (x1 - x0) - dx * (y1 - y0)) / length
            return along >= 0 && along <= length ? peak * exp(-across * across / (2 * sigma * sigma)) : 0
        }
    }

    mutating func addLight(_ electrons: (Double, Double) -> Double) {
        for y in 0..<size {
            for x in 0..<size { light.electrons[y * size + x] += electrons(Double(x), Double(y)) }
        }
    }

    mutating func expose() -> CalibratedFrame {
        var charge = light.electrons.map { random.poisson($0) }
        for track in tracks {
            for (pixel, electrons) in track.charges { charge[pixel] += random.poisson(electrons) }
        }
        let signal = charge.map { Float(min($0, fullWell) + Self.readNoise * random.gaussian()) }
        let bits = charge.map { $0 >= fullWell ? PixelFlags.saturated.rawValue : 0 }
        return CalibratedFrame(
            signal: Image(width: size, height: size, pixels: signal),
            variance: Image(width: size, height: size, filledWith: Float(Self.noise * Self.noise)),
            mask: Mask(width: size, height: size, bits: bits))
    }

    /// Tracks of which the mask holds at least half of the charge.
    func found(_ mask: Mask) -> Int {
        tracks.filter { track in
            let total = track.charges.reduce(0) { $0 + $1.electrons }
            let seen = track.charges.reduce(0) {
                mask[$1.pixel % size, $1.pixel / size].isEmpty ? $0 : $0 + $1.electrons
            }
            return seen >= 0.5 * total
        }.count
    }

    /// Stars brighter than some flux, away from all tracks and from the edge, and how many have a marked pixel within
    /// 1 px of their centre.
    func cores(_ mask: Mask, brighterThan flux: Double) -> (count: Int, hit: Int) {
        var near = Set<Int>()
        for pixel in tracks.flatMap(\.charges).filter({ $0.electrons > 1 }).map(\.pixel) {
            for dy in -2...2 { for dx in -2...2 { near.insert(pixel + dy * size + dx) } }
        }
        var cores: [[Int]] = []
        for star in stars where star.flux > flux {
            let (x, y) = (Int(star.x.rounded()), Int(star.y.rounded()))
            guard min(x, y) >= 2, max(x, y) < size - 2 else { continue }
            var core: [Int] = []
            for row in (y - 1)...(y + 1) { for column in (x - 1)...(x + 1) { core.append(row * size + column) } }
            if !core.contains(where: { near.contains($0) }) { cores.append(core) }
        }
        let hit = cores.filter { core in core.contains { !mask[$0 % size, $0 / size].isEmpty } }
        return (cores.count, hit.count)
    }
}
