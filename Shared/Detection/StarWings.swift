internal import Foundation
internal import Imaging
internal import Statistics

/// The light of a frame's stars beyond the pixels masked around them, per electron of their own light.
///
/// Among thousands of stars no pixel is free of their wings: the mean of what no mask covers lies high by the wings of
/// all stars around. The profile p(r) is measured on the frame itself, by least squares over the blocks b outside
/// footprints,
///
///     D(b) = sky(tile of b) + sum over stars F p(|b - star|),    p(r) = sum over k of a_k h_k(ln r) r^-4,  a_k >= 0
///
/// with hat functions h_k between radii of a constant ratio. Each tile has a sky of its own, so only what rises towards
/// stars counts: a smooth nebula does not. F is the matched filter's amplitude, in any unit. Groups of blocks that are
/// far larger than their peaks explain (nebulae, galaxies) have no wings of this kind.
///
/// - Source: King 1971, PASP 83, 199: the wings of all stars of a frame have one profile, in proportion to their light.
struct StarWings {
    /// Radii of the profile [blocks]; it ends at the last.
    private static let radii: [Double] = [2, 3, 4.5, 6.75, 10.1, 15.2, 22.8]
    private static let reach = 22
    private static let fewestStars = 10
    private static let mostSamples = 15_000

    struct Star {
        let (x, y): (Int, Int)
        let light: Float
    }

    let stars: [Star]
    /// Of a star of light 1 [1/block], by the square of the distance.
    private let profile: [Float]
    private let blockScatter: Float

    /// - Parameters:
    ///   - mesh: of a first look, whose scatter tells how well blocks are known.
    ///   - mask: 2 where a source is.
    ///   - tilts: slopes of the sky in the tiles; nil for none.
    ///   - threads: tiles are summed at once; the result does not depend on it.
    /// - Returns: nil where there are too few stars to tell.
    init?(
        _ frame: BinnedFrame, _ footprints: Footprints, _ mesh: SkyMesh, mask: [UInt8], tilts: [SkyTilt]?,
        threads: Int = 1
    ) {
        stars = Self.stars(frame, footprints, mesh, threads: threads)
        guard stars.count >= Self.fewestStars else { return nil }
        blockScatter = Float(SkyMesh.typical(mesh.blockScatter))
        let hats = Hats()
        guard let amplitudes = Self.fit(frame, stars, mesh, mask, tilts, hats, threads: threads) else { return nil }
        profile = hats.profile(amplitudes)
    }

    private static func stars(
        _ frame: BinnedFrame, _ footprints: Footprints, _ mesh: SkyMesh, threads: Int
    ) -> [Star] {
        let rms = mesh.surface(mesh.blockScatter, width: frame.width, height: frame.height)
        let groups = footprints.groups
        let sizes = parallelValues(groups.count, threads: threads) { index -> Double in
            let explained = groups[index].peaks.reduce(0.0) { $0 + SourceMask.discArea(footprints.peakValues[$1]) }
            return Double(groups[index].area) / max(explained, 1)
        }
        guard let typical = RobustStatistics.median(sizes) else { return [] }
        var peaks: [Int] = []
        for (group, size) in zip(groups, sizes) where size <= 4 * typical {
            for peak in group.peaks where footprints.peakValues[peak] >= SourceMask.significance { peaks.append(peak) }
        }
        return parallelValues(peaks.count, threads: threads) { index in
            let pixel = Int(footprints.peakPixels[peaks[index]])
            let (x, y) = (pixel % frame.width, pixel / frame.width)
            let noise = max(frame.variance[pixel].squareRoot(), rms[x, y])
            return Star(x: x, y: y, light: footprints.peakValues[peaks[index]] * noise)
        }
    }

    /// Takes the wings off, out to where they vanish in the noise.
    ///
    /// - Parameter threads: bands of rows are done at once; the result does not depend on it.
    func subtract(from frame: BinnedFrame, threads: Int = 1) {
        let side = 2 * Self.reach + 1
        let stamp = (0..<side * side).map { index in
            let (dx, dy) = (index % side - Self.reach, index / side - Self.reach)
            return profile[min(dx * dx + dy * dy, profile.count - 1)]
        }
        let faint = 0.001 * blockScatter
        let width = frame.width
        // The scratch memory in which the frame's means lie.
        let mean = UnsafeMutableBufferPointer(mutating: frame.mean)
        let reaches = stars.map { star in
            var reach = Self.reach
            while reach > 2, star.light * profile[reach * reach] < faint { reach -= 1 }
            return reach
        }
        func subtract(_ stamp: UnsafeBufferPointer<Float>, _ rows: Range<Int>) {
            for (star, reach) in zip(stars, reaches) {
                let (top, bottom) = (max(star.y - reach, rows.lowerBound), min(star.y + reach, rows.upperBound - 1))
                guard top <= bottom else { continue }
                let (first, last) = (max(star.x - reach, 0), min(star.x + reach, width - 1))
                for y in top...bottom {
                    let from = stamp.baseAddress! + (y - star.y + Self.reach) * side + first - star.x + Self.reach
                    let to = mean.baseAddress! + y * width + first
                    for i in 0...(last - first) { to[i] -= star.light * from[i] }
                }
            }
        }
        // Each row has its stars taken off in their order.
        stamp.withUnsafeBufferPointer { stamp in
            parallelRows(frame.height, threads: threads) { subtract(stamp, $0) }
        }
    }
}

// The fit.
extension StarWings {
    /// The hat functions by the square of the distance: two of them share each place.
    private struct Hats {
        let count = StarWings.radii.count - 1
        private(set) var first: [Int] = []
        private(set) var weights: [(Float, Float)] = []

        init() {
            let (radii, limit) = (StarWings.radii, StarWings.reach * StarWings.reach)
            for square in 0...limit {
                let radius = max(Double(square).squareRoot(), radii[0])
                let index = (radii.lastIndex { $0 <= radius } ?? 0)
                let lower = min(index, radii.count - 2)
                let share = log(radius / radii[lower]) / log(radii[lower + 1] / radii[lower])
                let scale = pow(5 / radius, 4)
                first.append(lower)
                weights.append((Float((1 - share) * scale), Float(share * scale)))
            }
        }

        func profile(_ amplitudes: [Double]) -> [Float] {
            zip(first, weights).map { lower, weights in
                let upper = lower + 1 < amplitudes.count ? amplitudes[lower + 1] : 0
                return Float(amplitudes[lower]) * weights.0 + Float(upper) * weights.1
            } + [0]
        }

    }

    private static func fit(
        _ frame: BinnedFrame, _ stars: [Star], _ mesh: SkyMesh, _ mask: [UInt8], _ tilts: [SkyTilt]?,
        _ hats: Hats, threads: Int
    ) -> [Double]? {
        let cells = Cells(stars, frame, side: reach + 1)
        let step = max(1, Int((Double(frame.width * frame.height) / Double(mostSamples)).squareRoot().rounded(.up)))
        let tiles = parallelMap(mesh.level.count, threads: threads) { tile -> NormalEquations.Tile? in
            let (across, along) = SkyMesh.blocks(ofTile: tile, mesh.columns, mesh.rows, frame)
            let (level, scatter) = (mesh.level[tile], mesh.blockScatter[tile])
            guard scatter > 0 else { return nil }
            var sums = NormalEquations.Tile(count: hats.count)
            var functions = [Float](repeating: 0, count: hats.count + 1)
            let plane = TiltedPlane(tilts?[tile] ?? .none, across, along)
            for y in along where y % step == 0 {
                let shift = (y / step * 2) % step
                for x in across where x % step == shift && mask[y * frame.width + x] < 2 {
                    let value = frame.mean[y * frame.width + x] - level - plane.level(x, y)
                    guard abs(value) < 5 * scatter else { continue }
                    cells.sum(x, y, hats, into: &functions)
                    sums.add(functions, value, weight: 1 / (scatter * scatter))
                }
            }
            return sums
        }
        var equations = NormalEquations(count: hats.count)
        for tile in tiles.compactMap({ $0 }) { equations.add(tile) }
        return equations.nonNegativeSolution()
    }

    /// Stars by squares of the frame.
    private struct Cells {
        private let columns: Int
        private let rows: Int
        private let side: Int
        private let stars: [Star]
        private let starts: [Int]

        init(_ stars: [Star], _ frame: BinnedFrame, side: Int) {
            self.side = side
            let (columns, rows) = ((frame.width + side - 1) / side, (frame.height + side - 1) / side)
            (self.columns, self.rows) = (columns, rows)
            let cell = { (star: Star) in star.y / side * columns + star.x / side }
            var starts = [Int](repeating: 0, count: columns * rows + 1)
            for star in stars { starts[cell(star) + 1] += 1 }
            for index in 1..<starts.count { starts[index] += starts[index - 1] }
            var next = starts
            var sorted = stars
            for star in stars {
                sorted[next[cell(star)]] = star
                next[cell(star)] += 1
            }
            (self.stars, self.starts) = (sorted, starts)
        }

        /// Sums of all stars within reach of a block, for each hat function; the last place is for what lies beyond.
        func sum(_ x: Int, _ y: Int, _ hats: Hats, into sums: inout [Float]) {
            for index in sums.indices { sums[index] = 0 }
            let (left, right) = (max(x / side - 1, 0), min(x / side + 1, columns - 1))
            let limit = StarWings.reach * StarWings.reach
            for row in max(y / side - 1, 0)...min(y / side + 1, rows - 1) {
                let (start, end) = (starts[row * columns + left], starts[row * columns + right + 1])
                stars.span.extracting(start..<end).add(x, y, limit, hats.first.span, hats.weights.span, to: &sums)
            }
        }
    }
}

extension Span where Element == StarWings.Star {
    /// Adds the light of the stars within reach to the two hat functions of their distance.
    fileprivate func add(
        _ x: Int, _ y: Int, _ limit: Int, _ first: Span<Int>, _ weights: Span<(Float, Float)>, to sums: inout [Float]
    ) {
        for index in indices {
            let star = self[index]
            let square = (star.x - x) * (star.x - x) + (star.y - y) * (star.y - y)
            guard square <= limit else { continue }
            let lower = first[square]
            sums[lower] += star.light * weights[square].0
            sums[lower + 1] += star.light * weights[square].1
        }
    }
}
