import Imaging

@testable import CosmicRays

/// L.A.Cosmic as it is written down: every plane over the whole frame in each iteration, plain loops. What the search
/// block by block must equal, bit for bit.
struct WholeFrameSearch {
    static let margin = 16
    let frame: CalibratedFrame
    let parameters: CosmicRayParameters
    let barred: [UInt8]

    /// - Parameter barred: as of the search: 1 without measurement, 2 near a saturated star.
    init(_ frame: CalibratedFrame, _ parameters: CosmicRayParameters, barred: [UInt8]) {
        (self.frame, self.parameters, self.barred) = (frame, parameters, barred)
    }

    var width: Int { frame.signal.width }
    var height: Int { frame.signal.height }
    var stride: Int { width + 2 * Self.margin }

    /// Repeats the edges.
    func padded(_ pixels: [Float]) -> [Float] {
        (0..<(height + 2 * Self.margin) * stride).map { index in
            let x = min(max(index % stride - Self.margin, 0), width - 1)
            let y = min(max(index / stride - Self.margin, 0), height - 1)
            return pixels[y * width + x]
        }
    }

    /// A plane from the pixels around each place, where there is room.
    func plane(_ reach: Int, _ make: (Int) -> Float) -> [Float] {
        let rows = height + 2 * Self.margin
        return (0..<rows * stride).map { index in
            let (x, y) = (index % stride, index / stride)
            guard min(x, y) >= reach, x < stride - reach, y < rows - reach else { return 0 }
            return make(index)
        }
    }

    func median(_ image: [Float], _ side: Int) -> [Float] {
        let reach = side / 2
        return plane(reach) { index in
            var around: [Float] = []
            for dy in -reach...reach { for dx in -reach...reach { around.append(image[index + dy * stride + dx]) } }
            return around.sorted()[side * side / 2]
        }
    }

    func run() -> (pixels: [Int], iterations: Int) {
        let excluded = barred.map { UInt8($0 == 1 ? 1 : 0) }
        let sky = SkyMesh(frame.signal, excluded: excluded)
        var pixels = frame.signal.pixels
        var variance = frame.variance.pixels
        for index in pixels.indices where excluded[index] == 1 {
            variance[index] = .infinity
            pixels[index] = replacement(frame.signal.pixels, index, sky) { excluded[$0] == 0 }
        }
        let filled = pixels
        var hits = Set<Int>()
        for iteration in 1...parameters.iterationLimit {
            let found = search(padded(pixels), padded(variance), sky)
            let known = hits.count
            hits.formUnion(found)
            if hits.count == known { return (hits.sorted(), iteration) }
            for index in hits {
                pixels[index] = replacement(filled, index, sky) { !hits.contains($0) && barred[$0] != 1 }
            }
        }
        return (hits.sorted(), parameters.iterationLimit)
    }

    private func replacement(_ image: [Float], _ index: Int, _ sky: SkyMesh, isGood: (Int) -> Bool) -> Float {
        let (x, y) = (index % width, index / width)
        for reach in [2, 4, 8] {
            let around = (max(y - reach, 0)...min(y + reach, height - 1)).flatMap { row in
                (max(x - reach, 0)...min(x + reach, width - 1)).map { row * width + $0 }
            }.filter { $0 != index && isGood($0) }.map { image[$0] }.sorted()
            if !around.isEmpty { return around[(around.count - 1) / 2] }
        }
        return sky.level(x, y)
    }

    private func search(_ image: [Float], _ variance: [Float], _ sky: SkyMesh) -> Set<Int> {
        let smooth = median(image, 5)
        let noise = plane(2) { index in
            let (x, y) = (index % stride - Self.margin, index / stride - Self.margin)
            let block = (x + Self.margin) / 16 * 16 - Self.margin + 8
            return (variance[index] + max(0, smooth[index] - sky.level(block, y))).squareRoot()
        }
        let significance = plane(2) { plainSharpness(image, $0, stride) / noise[$0] }
        let lowered = median(significance, 5)
        let excess = significance.indices.map { significance[$0] - lowered[$0] }
        let medians = median(image, 3)
        let fine = zip(medians, median(medians, 7)).map { $0 - $1 }
        var seeds = Set<Int>()
        for index in frame.signal.pixels.indices where barred[index] == 0 {
            let place = place(index)
            let limit = parameters.sigmaLimit
            if excess[place] > limit,
                isHit(excess[place], fine[place] / noise[place], noise[place], place, image, limit)
            {
                seeds.insert(index)
            }
        }
        seeds.formUnion(
            tracks(excess) { place, limit in
                isHit(excess[place], fine[place] / noise[place], noise[place], place, image, limit)
            })
        func grow(_ pixels: Set<Int>, _ limit: Float) -> Set<Int> {
            grown(pixels) { index in
                let place = place(index)
                return excess[place] > limit
                    && isNoStar(excess[place], fine[place] / noise[place], noise[place], place, image, limit)
            }
        }
        return grow(grow(seeds, parameters.sigmaLimit), parameters.sigmaLimit * parameters.neighbourFraction)
    }

    /// Beside a hit: sharper than a star of the same fine structure.
    private func isNoStar(
        _ excess: Float, _ fine: Float, _ noise: Float, _ place: Int, _ image: [Float], _ limit: Float
    ) -> Bool {
        guard case .pointSpread(let spread) = parameters.fineStructure else { return true }
        return fineStructures(fine, noise, place, image, spread).contains { fine, star in
            let fine = max(fine, 0)
            return excess - star.sharpness * fine > limit * (1 + star.light * fine / noise).squareRoot()
        }
    }

    private func fineStructures(
        _ fine: Float, _ noise: Float, _ place: Int, _ image: [Float], _ spread: SampledPointSpread
    ) -> [(Float, SampledPointSpread.StarContrast)] {
        let convolved = (-3...3).flatMap { dy in (-3...3).map { convolution(image, place + dy * stride + $0, spread) } }
        let other = ((convolved[24] - convolved.sorted()[24]) / noise, spread.besideConvolved)
        return spread.isWellSampled ? [(fine, spread.besideMedians), other] : [other]
    }

    private func isHit(
        _ excess: Float, _ fine: Float, _ noise: Float, _ place: Int, _ image: [Float], _ limit: Float
    ) -> Bool {
        guard case .pointSpread(let spread) = parameters.fineStructure else {
            return excess > parameters.contrastLimit * max(fine, 0.01)
        }
        return fineStructures(fine, noise, place, image, spread).contains { fine, star in
            let fine = max(fine, 0.01)
            let doubt = limit * (1 + star.light * fine / noise).squareRoot()
            let expected = star.sharpness * fine
            return excess > parameters.contrastLimit * expected && excess - expected > doubt
        }
    }

    /// Middle pixels of three in a row.
    private func tracks(_ excess: [Float], _ isHit: (Int, Float) -> Bool) -> Set<Int> {
        let limit = parameters.sigmaLimit * parameters.trackFraction
        let sharp = Set(
            frame.signal.pixels.indices.filter { barred[$0] == 0 }.filter {
                excess[place($0)] > limit && isHit(place($0), limit)
            })
        return sharp.filter { index in
            let steps = [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)].filter { dx, dy in
                let (x, y) = (index % width + dx, index / width + dy)
                return x >= 0 && y >= 0 && x < width && y < height && sharp.contains(y * width + x)
            }
            return steps.contains { first in
                steps.contains { second in
                    let pair = [first, second].map { excess[place(index + $0.1 * width + $0.0)] }
                    return max(abs(first.0 - second.0), abs(first.1 - second.1)) > 1
                        && excess[place(index)] + pair[0] + pair[1] > parameters.trackSum * parameters.sigmaLimit
                }
            }
        }
    }

    private func convolution(_ image: [Float], _ place: Int, _ spread: SampledPointSpread) -> Float {
        var sum: Float = 0
        let side = 2 * spread.reach + 1
        for tap in spread.taps.indices {
            sum += spread.taps[tap] * image[place + (tap / side - spread.reach) * stride + tap % side - spread.reach]
        }
        return sum
    }

    private func grown(_ pixels: Set<Int>, _ isTaken: (Int) -> Bool) -> Set<Int> {
        var grown = pixels
        for index in frame.signal.pixels.indices where barred[index] == 0 {
            let (x, y) = (index % width, index / width)
            for row in max(y - 1, 0)...min(y + 1, height - 1) {
                for column in max(x - 1, 0)...min(x + 1, width - 1) where pixels.contains(row * width + column) {
                    if !grown.contains(index), isTaken(index) { grown.insert(index) }
                }
            }
        }
        return grown
    }

    private func place(_ index: Int) -> Int { (index / width + Self.margin) * stride + index % width + Self.margin }
}
