internal import Foundation

/// Separates a group of pixels into sources by the tree of its levels.
///
/// Pixels are taken in descending order of their signal-to-noise ratio, so that every level is a level of the tree. A
/// pixel without neighbours among those before it begins a branch; where two branches meet, at a saddle of ratio s, the
/// lower one stays a source of its own if
///
///     p - q >= threshold sqrt(1 + q / (c sqrt V))     q: the fourth of eight ratios around its peak, of height p
///     p - r >= threshold / 2 sqrt(1 + r / (c sqrt V)) r: the highest of them that lies on both sides of it
///     p' - s >= 0.1 + min(3, s / 40) sqrt(1 + s / (c sqrt V)) p': the peak's pixel, as s is one
///     sum (v - s) >= contrast * the same sum of the other branch
///
/// and otherwise becomes part of the other. s sqrt(V) / c are the neighbour's electrons per pixel, whose photon noise
/// counts. The first two tell a star on the flank of another, which falls on one side, from noise on the plateau of a
/// nebula or the ridge of a trail; sky noise hardly makes peaks on the flank of a star, since an image filtered by
/// the star
/// image is smooth over the star's width, and asking for a significant rise above a low saddle only loses neighbours
/// (docs/decisions/0031-detection.md).
///
/// - Source: Bertin & Arnouts 1996, A&AS 117, 393, section 5 (tree and contrast); Soille, Morphological Image Analysis,
///   chapter 9 (flooding in order).
struct PeakTree {
    /// Part of the threshold by which a peak stands above a ridge.
    static let ridgeShare: Float = 0.5

    struct Rules {
        /// Least ratio of a source's peak.
        let threshold: Float
        let contrast: Float
        /// 1 / (c sqrt V); 0 leaves out the neighbour's photon noise.
        let noisePerRatio: Float
    }

    private struct Branch {
        let peak: Float
        /// Of the peak between pixels.
        let height: Float
        /// What lies around the peak.
        let surroundings: Footprints.Surroundings
        var parent: Int32
        /// Of all ratios, and the number of pixels.
        var sum: Double
        var count: Double
    }

    private let rules: Rules
    private var branches: [Branch] = []
    /// Of the peaks, in the order in which they begin branches.
    private let peaks: [(height: Float, surroundings: Footprints.Surroundings)]

    private init(_ rules: Rules, _ group: Footprints.Group, _ footprints: Footprints) {
        self.rules = rules
        peaks = group.peaks.sorted {
            let (left, right) = (footprints.peakValues[$0], footprints.peakValues[$1])
            return left != right ? left > right : $0 < $1
        }.map { (footprints.peakHeights[$0], footprints.peakSurroundings[$0]) }
    }

    /// One label per pixel of the frame, and its `PixelMarks`: a label counts where the pixel is marked as owned.
    struct Pixels {
        let labels: UnsafeMutablePointer<Int32>
        let marks: UnsafeMutablePointer<UInt8>
    }

    /// Writes into the labels which source each pixel of a group belongs to: `first`, `first` + 1 and so on, by
    /// descending peaks, and marks them as owned. Nothing around the group is owned.
    /// - Returns: the number of sources.
    static func separate(
        _ group: Footprints.Group, of footprints: Footprints, _ rules: Rules,
        _ owned: Pixels, first: Int
    ) -> Int {
        var tree = PeakTree(rules, group, footprints)
        let (pixels, values) = footprints.descending(group)
        let (width, height) = (footprints.width, footprints.height)
        let (labels, marks) = (owned.labels, owned.marks)
        for (pixel, value) in zip(pixels, values) {
            let (x, y) = (Int(pixel) % width, Int(pixel) / width)
            var near = Neighbours()
            // Neighbours mostly have one label.
            var (lastLabel, lastRoot): (Int32, Int32) = (0, 0)
            let columns = max(0, x - 1)...min(width - 1, x + 1)
            for row in max(0, y - 1)...min(height - 1, y + 1) {
                let (ofRow, marked) = (labels + row * width, marks + row * width)
                for column in columns where marked[column] & PixelMarks.owned != 0 {
                    if ofRow[column] != lastLabel {
                        lastLabel = ofRow[column]
                        lastRoot = tree.root(lastLabel - 1)
                    }
                    near.insert(lastRoot)
                }
            }
            labels[Int(pixel)] = tree.place(value, near) + 1
            marks[Int(pixel)] |= PixelMarks.owned
        }
        // Branches begin in the order of their peaks.
        var numbers = [Int32](repeating: 0, count: tree.branches.count)
        var count = 0
        for branch in tree.branches.indices where Int(tree.branches[branch].parent) == branch {
            numbers[branch] = Int32(first + count)
            count += 1
        }
        for pixel in pixels { labels[Int(pixel)] = numbers[Int(tree.root(labels[Int(pixel)] - 1))] }
        return count
    }

    /// The branches around a pixel and how many of its neighbours belong to each.
    private struct Neighbours {
        private(set) var count = 0
        private var branches = (Int32(0), Int32(0), Int32(0), Int32(0))
        private var votes = (0, 0, 0, 0)

        /// More than four cannot be without touching each other.
        mutating func insert(_ branch: Int32) {
            for index in 0..<count where self[index].branch == branch {
                withUnsafeMutableBytes(of: &votes) { $0.assumingMemoryBound(to: Int.self)[index] += 1 }
                return
            }
            guard count < 4 else { return }
            withUnsafeMutableBytes(of: &branches) { $0.assumingMemoryBound(to: Int32.self)[count] = branch }
            withUnsafeMutableBytes(of: &votes) { $0.assumingMemoryBound(to: Int.self)[count] = 1 }
            count += 1
        }

        subscript(index: Int) -> (branch: Int32, votes: Int) {
            switch index {
            case 0: (branches.0, votes.0)
            case 1: (branches.1, votes.1)
            case 2: (branches.2, votes.2)
            default: (branches.3, votes.3)
            }
        }
    }

    private mutating func root(_ branch: Int32) -> Int32 {
        var branch = branch
        while branches[Int(branch)].parent != branch {
            branches[Int(branch)].parent = branches[Int(branches[Int(branch)].parent)].parent
            branch = branches[Int(branch)].parent
        }
        return branch
    }

    /// Gives a pixel to a branch, after those that it joins and that cannot stand alone have become one.
    private mutating func place(_ value: Float, _ near: Neighbours) -> Int32 {
        guard near.count > 0 else {
            let number = branches.count
            branches.append(
                Branch(
                    peak: value, height: peaks[number].height, surroundings: peaks[number].surroundings,
                    parent: Int32(number), sum: Double(value), count: 1))
            return Int32(number)
        }
        // The highest branch has the lowest number.
        var highest = near[0].branch
        for index in 1..<max(1, near.count) { highest = min(highest, near[index].branch) }
        var (owner, votes) = (highest, 0)
        for index in 0..<near.count {
            let (branch, branchVotes) = near[index]
            if branch != highest, !standsAlone(branch, beside: highest, saddle: value) {
                branches[Int(branch)].parent = highest
                branches[Int(highest)].sum += branches[Int(branch)].sum
                branches[Int(highest)].count += branches[Int(branch)].count
                if owner == branch { owner = highest }
            } else if branchVotes > votes || (branchVotes == votes && branch < owner) {
                (owner, votes) = (branch, branchVotes)
            }
        }
        branches[Int(owner)].sum += Double(value)
        branches[Int(owner)].count += 1
        return owner
    }

    private func standsAlone(_ branch: Int32, beside other: Int32, saddle: Float) -> Bool {
        let (low, high) = (branches[Int(branch)], branches[Int(other)])
        guard low.height >= rules.threshold, rules.contrast < 1 else { return false }
        let noise = (1 + saddle * rules.noisePerRatio).squareRoot()
        guard low.peak - saddle >= 0.1 + min(3, saddle / 40) * noise else { return false }
        let (level, ridge) = (low.surroundings.level, low.surroundings.ridge)
        let (above, along) = (
            (1 + level * rules.noisePerRatio).squareRoot(), (1 + ridge * rules.noisePerRatio).squareRoot()
        )
        guard low.height - level >= rules.threshold * above,
            low.height - ridge >= Self.ridgeShare * rules.threshold * along
        else { return false }
        let own = low.sum - low.count * Double(saddle)
        return own >= Double(rules.contrast) * (high.sum - high.count * Double(saddle))
    }
}

extension Footprints {
    /// A group's pixels in descending order of their ratios; equal ones by row, then column.
    fileprivate func descending(_ group: Group) -> (pixels: [Int32], values: [Float]) {
        var pixels: [Int32] = []
        var keys: [UInt64] = []
        pixels.reserveCapacity(group.area)
        keys.reserveCapacity(group.area)
        for run in runs(of: group) {
            for x in run.pixels {
                let value = values[Int(run.value) + x - Int(run.start)]
                // Ratios are positive: their bits are in the order of their values.
                keys.append(UInt64(~value.bitPattern) << 32 | UInt64(pixels.count))
                pixels.append(run.y * Int32(width) + Int32(x))
            }
        }
        sortByHighHalf(&keys)
        return (
            keys.map { pixels[Int($0 & 0xFFFF_FFFF)] }, keys.map { Float(bitPattern: ~UInt32($0 >> 32)) }
        )
    }
}

/// Sorts numbers whose low halves ascend already, in linear time where there are many: their high halves by digits.
func sortByHighHalf(_ keys: inout [UInt64]) {
    guard keys.count >= 256 else { return keys.sort() }
    var room = [UInt64](repeating: 0, count: keys.count)
    var places = [Int](repeating: 0, count: 2048)
    for shift in [32, 43, 54] {
        for digit in places.indices { places[digit] = 0 }
        for key in keys { places[Int(key >> UInt64(shift)) & 2047] += 1 }
        guard !places.contains(keys.count) else { continue }
        var start = 0
        for digit in places.indices { (places[digit], start) = (start, start + places[digit]) }
        for key in keys {
            let digit = Int(key >> UInt64(shift)) & 2047
            room[places[digit]] = key
            places[digit] += 1
        }
        swap(&keys, &room)
    }
}
