internal import CKernels
internal import Imaging

/// The iterations of `cosmicRays(in:parameters:)`.
struct CosmicRaySearch: ~Copyable {
    private let parameters: CosmicRayParameters
    private let shape: PaddedShape
    private let neighbours: GoodNeighbours
    private var planes: SharpnessPlanes
    /// 1 where a pixel can neither be hit nor serve as a good neighbour, 2 where it cannot be hit alone.
    let barred: [UInt8]
    /// The iteration in which a pixel was hit first, or 0.
    private var hits: [UInt8]
    private var hitPixels: [Int] = []
    private let pointSpread: SampledPointSpread?

    init(_ frame: CalibratedFrame, _ survey: FrameSurvey, _ parameters: CosmicRayParameters) {
        self.parameters = parameters
        shape = PaddedShape(width: frame.signal.width, height: frame.signal.height)
        let (excluded, sky) = (survey.excluded, survey.sky)
        neighbours = GoodNeighbours(shape: shape, sky: sky)
        var pointSpread: SampledPointSpread?
        if case .pointSpread(let given) = parameters.fineStructure { pointSpread = given }
        self.pointSpread = pointSpread
        let image = PaddedPlane(shape)
        let variance = PaddedPlane(shape)
        Self.fill(image, variance, frame, excluded, neighbours)
        var guarded = [UInt8](repeating: 0, count: excluded.count)
        SaturatedStars(
            signal: frame.signal, mask: frame.mask, sky: sky, haloPixels: max(3, (pointSpread?.reach ?? 3) * 3 / 2)
        ).guardPixels(in: &guarded)
        for index in guarded.indices where excluded[index] != 0 { guarded[index] = 1 }
        for index in guarded.indices where guarded[index] == 1 && excluded[index] == 0 { guarded[index] = 2 }
        barred = guarded
        hits = [UInt8](repeating: 0, count: excluded.count)
        planes = SharpnessPlanes(image: image, variance: variance, sky: sky, pointSpread: pointSpread)
    }

    mutating func run() -> CosmicRayHits {
        var iteration = 0
        var dirty: [Int]?
        let limit = min(max(parameters.iterationLimit, 1), 255)
        while iteration < limit {
            iteration += 1
            let known = hitPixels.count
            let seeds = dirty.map { self.seeds(near: $0) } ?? allSeeds()
            grow(seeds, UInt8(iteration))
            if hitPixels.count == known { break }
            dirty = replaceHits()
        }
        return result(iterations: iteration)
    }
}

// Before the search.
extension CosmicRaySearch {
    private static func fill(
        _ image: borrowing PaddedPlane, _ variance: borrowing PaddedPlane, _ frame: CalibratedFrame,
        _ excluded: [UInt8], _ neighbours: GoodNeighbours
    ) {
        let width = frame.signal.width
        for y in 0..<frame.signal.height {
            frame.signal.pixels.withUnsafeBufferPointer {
                image.at(0, y).update(from: $0.baseAddress! + y * width, count: width)
            }
            frame.variance.pixels.withUnsafeBufferPointer {
                variance.at(0, y).update(from: $0.baseAddress! + y * width, count: width)
            }
        }
        for index in excluded.indices where excluded[index] != 0 {
            let (x, y) = (index % width, index / width)
            variance.at(x, y).pointee = .infinity
            image.at(x, y).pointee = neighbours.median(image, x, y) { excluded[$0] == 0 }
        }
        image.repeatEdges()
        variance.repeatEdges()
    }
}

// One search.
extension CosmicRaySearch {
    private mutating func allSeeds() -> [Int] {
        var seeds: [Int] = []
        var sharp = SharpRows(shape, parameters)
        sharp.begin(columns: 0..<shape.stride - 2 * PaddedShape.margin)
        for y in 0..<shape.height { addSeeds(y, &sharp, &seeds) }
        return seeds
    }

    /// Seeds in the blocks that pixels whose value has changed can have an influence on. Beyond them every seed is one
    /// of before, and so are the pixels beside it.
    private mutating func seeds(near changed: [Int]) -> [Int] {
        // A seed's neighbours are judged too, 2 px from it, and a track's are those of its neighbours.
        let reach = planes.reach + 3
        var rows = [Set<Int>](repeating: [], count: shape.height)
        for pixel in changed {
            let (x, y) = (pixel % shape.width, pixel / shape.width)
            let columns = PaddedShape.around(x, reach, shape.width)
            for row in PaddedShape.around(y, reach, shape.height) {
                rows[row].formUnion(shape.block(columns.lowerBound)...shape.block(columns.upperBound))
            }
        }
        var seeds: [Int] = []
        var sharp = SharpRows(shape, parameters)
        for y in 0..<shape.height {
            for block in rows[y].sorted() {
                let first = shape.column(ofBlock: block)
                sharp.begin(columns: first..<first + PaddedShape.blockWidth)
                addSeeds(y, &sharp, &seeds)
            }
        }
        return seeds
    }

    /// Looks through whole blocks of a row.
    private mutating func addSeeds(_ y: Int, _ sharp: inout SharpRows, _ seeds: inout [Int]) {
        sharp.make(y, planes)
        let (columns, row) = (sharp.columns, sharp.row(y))
        for eight in stride(from: 0, to: columns.count, by: 8) {
            guard UnsafeRawPointer(row + eight).loadUnaligned(as: UInt64.self) != 0 else { continue }
            for offset in eight..<eight + 8 where row[offset] != 0 {
                let x = columns.lowerBound + offset
                guard x < shape.width else { continue }
                let isHit = row[offset] == 2 && isSeed(x, y)
                if isHit || (sharp.mayBeTrack(offset, y) && isTrack(x, y)) { seeds.append(y * shape.width + x) }
            }
        }
    }

    private mutating func isSeed(_ x: Int, _ y: Int) -> Bool { isSharp(x, y, parameters.sigmaLimit) }

    /// Whether a pixel is sharper than `limit` and than a star.
    private mutating func isSharp(_ x: Int, _ y: Int, _ limit: Float) -> Bool {
        guard barred[y * shape.width + x] == 0 else { return false }
        let place = shape.place(x, y)
        let block = shape.block(x)
        planes.needSignificance(block, y)
        guard planes.significance.start[place] > limit else { return false }
        planes.needExcess(block, y)
        let excess = planes.excess.start[place]
        guard excess > limit else { return false }
        planes.needFine(block, y)
        let noise = planes.noise.start[place]
        let fine = planes.fine.start[place] / noise
        guard let pointSpread else { return excess > parameters.contrastLimit * max(fine, 0.01) }
        if pointSpread.isWellSampled, isSharper(excess, fine, noise, limit, pointSpread.besideMedians) { return true }
        planes.needConvolvedFine(block, y)
        return isSharper(excess, planes.convolvedFine.start[place] / noise, noise, limit, pointSpread.besideConvolved)
    }

    /// Whether a pixel and two on opposite sides of it are a piece of a track: none need stand out by itself.
    private mutating func isTrack(_ x: Int, _ y: Int) -> Bool {
        let limit = parameters.sigmaLimit
        guard isSharp(x, y, limit * parameters.trackFraction) else { return false }
        let own = planes.excess.at(x, y).pointee
        var beside: [(x: Int, y: Int, excess: Float)] = []
        for row in PaddedShape.around(y, 1, shape.height) {
            for column in PaddedShape.around(x, 1, shape.width) where row != y || column != x {
                guard isSharp(column, row, limit * parameters.trackFraction) else { continue }
                beside.append((column, row, planes.excess.at(column, row).pointee))
            }
        }
        for (index, first) in beside.enumerated() {
            for second in beside[(index + 1)...] where max(abs(first.x - second.x), abs(first.y - second.y)) > 1 {
                if own + first.excess + second.excess > parameters.trackSum * limit { return true }
            }
        }
        return false
    }

    /// Whether a pixel is sharper than a star of the same fine structure can be, beyond the noise of such a star.
    private func isSharper(
        _ excess: Float, _ fine: Float, _ noise: Float, _ limit: Float, _ star: SampledPointSpread.StarContrast
    ) -> Bool {
        let fine = max(fine, 0.01)
        let expected = star.sharpness * fine
        let doubt = limit * (1 + star.light * fine / noise).squareRoot()
        return excess > parameters.contrastLimit * expected && excess - expected > doubt
    }

    /// Whether a pixel beside a hit is sharper than a star of its fine structure, so that a star that is hit in one
    /// pixel is not eaten up from there.
    private mutating func isNoStar(_ x: Int, _ y: Int, _ limit: Float) -> Bool {
        guard let pointSpread else { return true }
        let (place, block) = (shape.place(x, y), shape.block(x))
        let (excess, noise) = (planes.excess.start[place], planes.noise.start[place])
        func exceeds(_ fine: Float, _ star: SampledPointSpread.StarContrast) -> Bool {
            excess - star.sharpness * max(fine, 0) > limit * (1 + star.light * max(fine, 0) / noise).squareRoot()
        }
        planes.needFine(block, y)
        if pointSpread.isWellSampled, exceeds(planes.fine.start[place] / noise, pointSpread.besideMedians) {
            return true
        }
        planes.needConvolvedFine(block, y)
        return exceeds(planes.convolvedFine.start[place] / noise, pointSpread.besideConvolved)
    }

    /// Adds seeds, what is sharp beside them, and what is a little sharp beside those.
    private mutating func grow(_ seeds: [Int], _ iteration: UInt8) {
        var taken = Set(seeds)
        let near = beside(seeds, &taken, limit: parameters.sigmaLimit)
        let rim = beside(seeds + near, &taken, limit: parameters.sigmaLimit * parameters.neighbourFraction)
        for pixel in seeds + near + rim where hits[pixel] == 0 {
            hits[pixel] = iteration
            hitPixels.append(pixel)
        }
    }

    private mutating func beside(_ pixels: [Int], _ taken: inout Set<Int>, limit: Float) -> [Int] {
        var found: [Int] = []
        for pixel in pixels {
            let (x, y) = (pixel % shape.width, pixel / shape.width)
            for row in PaddedShape.around(y, 1, shape.height) {
                for column in PaddedShape.around(x, 1, shape.width) {
                    let index = row * shape.width + column
                    guard barred[index] == 0, !taken.contains(index) else { continue }
                    planes.needExcess(shape.block(column), row)
                    guard planes.excess.at(column, row).pointee > limit, isNoStar(column, row, limit) else { continue }
                    taken.insert(index)
                    found.append(index)
                }
            }
        }
        return found
    }

    /// Replaces every hit pixel.
    /// - Returns: those whose value is another one now.
    private mutating func replaceHits() -> [Int] {
        var changed: [Int] = []
        for pixel in hitPixels {
            let (x, y) = (pixel % shape.width, pixel / shape.width)
            let value = replacement(x, y)
            guard value != planes.image.at(x, y).pointee else { continue }
            planes.image.set(x, y, value)
            planes.forget(around: x, y)
            changed.append(pixel)
        }
        return changed
    }

    private func replacement(_ x: Int, _ y: Int) -> Float {
        neighbours.median(planes.image, x, y) { hits[$0] == 0 && barred[$0] != 1 }
    }

    private func result(iterations: Int) -> CosmicRayHits {
        let pixels = hitPixels.sorted()
        var left = Set(pixels)
        var objects = 0
        for pixel in pixels where left.contains(pixel) {
            _ = PixelGroup(from: pixel, width: shape.width, height: shape.height) { left.remove($0) != nil }
            objects += 1
        }
        return CosmicRayHits(
            width: shape.width, height: shape.height, pixels: pixels,
            replacements: pixels.map { replacement($0 % shape.width, $0 / shape.width) }, objectCount: objects,
            iterations: iterations)
    }
}
