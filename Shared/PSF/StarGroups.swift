/// Stars that are fitted together: those nearer than a distance, the nearest pairs joined first, no group above a size.
///
/// Pairs kept apart by the size are reconciled by the sweeps: each group is fitted to the residual of all others.
func starGroups(_ places: [(x: Double, y: Double)], distance: Double, largest: Int) -> [[Int]] {
    let grid = NeighbourGrid(places, cell: distance)
    var pairs: [(square: Double, first: Int, second: Int)] = []
    for first in places.indices {
        for second in grid.near(first, within: distance) where second > first {
            let (dx, dy) = (places[second].x - places[first].x, places[second].y - places[first].y)
            pairs.append((dx * dx + dy * dy, first, second))
        }
    }
    pairs.sort { $0 < $1 }
    var parent = Array(places.indices)
    var size = [Int](repeating: 1, count: places.count)
    func root(_ index: Int) -> Int {
        var index = index
        while parent[index] != index {
            parent[index] = parent[parent[index]]
            index = parent[index]
        }
        return index
    }
    for pair in pairs {
        let (first, second) = (root(pair.first), root(pair.second))
        guard first != second, size[first] + size[second] <= largest else { continue }
        parent[max(first, second)] = min(first, second)
        size[min(first, second)] += size[max(first, second)]
    }
    var groups: [[Int]] = []
    var slot = [Int](repeating: -1, count: places.count)
    for index in places.indices {
        let home = root(index)
        if slot[home] < 0 {
            slot[home] = groups.count
            groups.append([])
        }
        groups[slot[home]].append(index)
    }
    return groups
}
