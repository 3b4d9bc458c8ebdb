internal import Imaging

/// Lines of charge that overflowed from saturated pixels along the read-out direction.
///
/// Of each connected group of saturated pixels (also diagonally), a run along the lines that is longer than
/// 1.5 times the group's width across them plus 2 px is a bleed trail: the core of a star is round, a trail is not. A
/// trail goes on beyond its saturated ends as long as a pixel stands more than 5 sigma (of neighbouring pixels'
/// differences) above the median of the pixels 2 to 4 px away on both sides. Then it is grown by one pixel across and
/// two along. All of it is marked `bleed` and `saturated`, so that readers of either bit leave it out.
struct BleedTrails {
    let along: DetectorAxis
    var threads = 1

    func mark<Unit>(_ mask: inout Mask, in image: Image<Unit>) {
        let saturated = Self.saturatedPixels(of: mask, threads: threads)
        guard !saturated.isEmpty, saturated.count < mask.bits.count / 4 else { return }
        let groups = Self.groups(of: saturated, width: mask.width)
        let noise = FrameNoise.ofNeighbours(image)
        var trails: [(line: Int, from: Int, to: Int)] = []
        for group in groups {
            let lines = group.map { place($0, mask.width).line }
            let across = (lines.max() ?? 0) - (lines.min() ?? 0) + 1
            for run in runs(of: group, width: mask.width) where Double(run.to - run.from) > 1.5 * Double(across) + 2 {
                trails.append(extended(run, in: image, noise: noise))
            }
        }
        let bits = PixelFlags([.bleed, .saturated])
        for trail in trails {
            for line in (trail.line - 1)...(trail.line + 1) {
                for position in (trail.from - 2)..<(trail.to + 2) {
                    let (x, y) = along == .columns ? (line, position) : (position, line)
                    if x >= 0, y >= 0, x < mask.width, y < mask.height { mask[x, y].formUnion(bits) }
                }
            }
        }
    }

    /// Most rows have none: they are passed over by one sum of their bits.
    private static func saturatedPixels(of mask: Mask, threads: Int) -> [Int] {
        let bit = PixelFlags.saturated.rawValue
        return mask.bits.withUnsafeBufferPointer { bits in
            parallelMap(mask.height, threads: threads) { y -> [Int] in
                let row = (y * mask.width)..<((y + 1) * mask.width)
                var any: UInt16 = 0
                for i in row { any |= bits[i] }
                return any & bit == 0 ? [] : row.filter { bits[$0] & bit != 0 }
            }
        }.flatMap { $0 }
    }

    private func place(_ pixel: Int, _ width: Int) -> (line: Int, position: Int) {
        along == .columns ? (pixel % width, pixel / width) : (pixel / width, pixel % width)
    }

    private func runs(of group: [Int], width: Int) -> [(line: Int, from: Int, to: Int)] {
        var runs: [(line: Int, from: Int, to: Int)] = []
        for place in group.map({ place($0, width) }).sorted(by: { ($0.line, $0.position) < ($1.line, $1.position) }) {
            if let last = runs.last, last.line == place.line, last.to == place.position {
                runs[runs.count - 1].to += 1
            } else {
                runs.append((place.line, place.position, place.position + 1))
            }
        }
        return runs
    }

    private func extended<Unit>(
        _ run: (line: Int, from: Int, to: Int), in image: Image<Unit>, noise: Double
    ) -> (line: Int, from: Int, to: Int) {
        var run = run
        while isBright(run.line, run.from - 1, image, noise) { run.from -= 1 }
        while isBright(run.line, run.to, image, noise) { run.to += 1 }
        return run
    }

    private func isBright<Unit>(_ line: Int, _ position: Int, _ image: Image<Unit>, _ noise: Double) -> Bool {
        func value(_ line: Int) -> Float? {
            let (x, y) = along == .columns ? (line, position) : (position, line)
            guard x >= 0, y >= 0, x < image.width, y < image.height else { return nil }
            return image[x, y]
        }
        let sides = [-4, -3, -2, 2, 3, 4].compactMap { value(line + $0) }
        guard let here = value(line), here.isFinite, let beside = Robust.median(sides) else { return false }
        return Double(here - beside) > 5 * noise
    }

    /// Connected groups, each sorted, in the order of their first pixels.
    private static func groups(of pixels: [Int], width: Int) -> [[Int]] {
        var left = Set(pixels)
        var groups: [[Int]] = []
        for start in pixels where left.remove(start) != nil {
            var group = [start]
            var next = 0
            while next < group.count {
                let (x, y) = (group[next] % width, group[next] / width)
                next += 1
                for dy in -1...1 {
                    for dx in -1...1 where (0..<width).contains(x + dx) {
                        let other = (y + dy) * width + x + dx
                        if left.remove(other) != nil { group.append(other) }
                    }
                }
            }
            groups.append(group.sorted())
        }
        return groups
    }
}

/// Noise of a pixel from the pixels themselves.
enum FrameNoise {
    /// Clipped scatter of the differences of horizontal neighbours, over sqrt(2): slow structure does not count.
    static func ofNeighbours<Unit>(_ image: Image<Unit>) -> Double {
        guard image.width > 1 else { return 0 }
        let step = max(1, image.pixels.count / 200_000)
        var differences: [Float] = []
        for i in stride(from: 0, to: image.pixels.count - 1, by: step) where (i + 1) % image.width != 0 {
            differences.append(image.pixels[i + 1] - image.pixels[i])
        }
        return (Robust.clippedMoments(differences)?.sigma ?? 0) / 2.0.squareRoot()
    }
}
