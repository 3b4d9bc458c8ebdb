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

    /// Room for the labels of the box around a group, kept from one group to the next.
    struct Room {
        fileprivate var labels: [Int32] = []
    }

    /// Writes into `numbers`, which lie as `footprints.values` do, which source each pixel of a group belongs to: 1, 2
    /// and so on, by descending peaks.
    ///
    /// - Returns: the number of sources.
    static func separate(
        _ group: Footprints.Group, of footprints: Footprints, _ rules: Rules, _ numbers: UnsafeMutablePointer<Int32>,
        in room: inout Room
    ) -> Int {
        var tree = PeakTree(rules, group, footprints)
        let box = footprints.box(group)
        let (places, keys) = footprints.descending(group, box)
        if room.labels.count < box.count { room.labels = [Int32](repeating: 0, count: box.count) }
        return room.labels.withUnsafeMutableBufferPointer { labels in
            guard let labels = labels.baseAddress else { return 0 }
            labels.update(repeating: 0, count: box.count)
            for key in keys {
                let place = places[Int(key & 0xFFFF_FFFF)]
                let near = tree.neighbours(labels + Int(place), stride: box.stride)
                labels[Int(place)] = tree.place(Float(bitPattern: ~UInt32(key >> 32)), near) + 1
            }
            return tree.number(footprints.runs(of: group), places, labels, numbers)
        }
    }

    /// The branches of the eight pixels around one; 0 is the label of none.
    @inline(__always)
    private mutating func neighbours(_ label: UnsafePointer<Int32>, stride: Int) -> Neighbours {
        var near = Neighbours()
        // Neighbours mostly have one label.
        var (lastLabel, lastRoot): (Int32, Int32) = (0, 0)
        for row in -1...1 {
            let middle = label + row * stride
            for column in -1...1 where middle[column] != 0 {
                if middle[column] != lastLabel {
                    lastLabel = middle[column]
                    lastRoot = root(lastLabel - 1)
                }
                near.insert(lastRoot)
            }
        }
        return near
    }

    /// Numbers the branches that stand alone, in the order of their peaks.
    ///
    /// - Parameter places: of the pixels among the labels, run by run.
    private mutating func number(
        _ runs: ArraySlice<Footprints.Run>, _ places: [Int32], _ labels: UnsafePointer<Int32>,
        _ numbers: UnsafeMutablePointer<Int32>
    ) -> Int {
        var ofBranch = [Int32](repeating: 0, count: branches.count)
        var count: Int32 = 0
        // Branches begin in the order of their peaks.
        for branch in branches.indices where Int(branches[branch].parent) == branch {
            count += 1
            ofBranch[branch] = count
        }
        var next = 0
        for run in runs {
            for place in 0..<run.pixels.count {
                numbers[Int(run.value) + place] = ofBranch[Int(root(labels[Int(places[next])] - 1))]
                next += 1
            }
        }
        return Int(count)
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
    /// A rectangle around a group, with one pixel more on each side.
    fileprivate struct Box {
        let left: Int32
        let top: Int32
        let stride: Int
        let count: Int
    }

    fileprivate func box(_ group: Group) -> Box {
        let (top, bottom) = rows(of: group)
        var (left, right) = (Int32.max, Int32(0))
        for run in runs(of: group) { (left, right) = (min(left, run.start), max(right, run.end)) }
        let stride = Int(right - left) + 2
        return Box(left: left - 1, top: Int32(top - 1), stride: stride, count: stride * (bottom - top + 3))
    }

    /// The places of a group's pixels in a box, run by run, and numbers that sort them by descending ratio: the high
    /// half the ratio's, the low half the pixel's index. Equal ones keep their order.
    fileprivate func descending(_ group: Group, _ box: Box) -> (places: [Int32], keys: [UInt64]) {
        var places: [Int32] = []
        var keys: [UInt64] = []
        places.reserveCapacity(group.area)
        keys.reserveCapacity(group.area)
        for run in runs(of: group) {
            let start = (run.y - box.top) * Int32(box.stride) - box.left
            for x in run.pixels {
                let value = values[Int(run.value) + x - Int(run.start)]
                // Ratios are positive: their bits are in the order of their values.
                keys.append(UInt64(~value.bitPattern) << 32 | UInt64(places.count))
                places.append(start + Int32(x))
            }
        }
        sortByHighHalf(&keys)
        return (places, keys)
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
