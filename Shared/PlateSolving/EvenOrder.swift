/// Puts stars into an order in which every cell takes its turn: the brightest star of each cell, then the second of
/// each, and so on. Any beginning of the order lies evenly over the area; a crowd in one cell cannot push the others
/// out.
struct EvenOrder {
    /// Indices of the stars that were given, in turn.
    let order: [Int32]
    /// Rank within its cell, of each entry of `order`: never falling.
    let rank: [Int32]

    /// - Parameters:
    ///   - brightestFirst: indices of stars.
    ///   - cell: of each star, by index.
    init(brightestFirst: [Int32], cell: [Int32], cells: Int) {
        var filled = [Int32](repeating: 0, count: cells)
        var ranks = [Int32](repeating: 0, count: brightestFirst.count)
        var deepest: Int32 = 0
        for (place, star) in brightestFirst.enumerated() {
            let mine = Int(cell[Int(star)])
            ranks[place] = filled[mine]
            deepest = max(deepest, filled[mine])
            filled[mine] += 1
        }
        var start = [Int32](repeating: 0, count: Int(deepest) + 2)
        for value in ranks { start[Int(value) + 1] += 1 }
        for index in 1..<start.count { start[index] += start[index - 1] }
        var sorted = [Int32](repeating: 0, count: ranks.count)
        var sortedRank = sorted
        for (place, star) in brightestFirst.enumerated() {
            let target = Int(start[Int(ranks[place])])
            start[Int(ranks[place])] += 1
            sorted[target] = star
            sortedRank[target] = ranks[place]
        }
        (order, rank) = (sorted, sortedRank)
    }

    /// How many stars come before the given rank in a cell.
    func count(below limit: Int) -> Int {
        var (low, high) = (0, rank.count)
        while low < high {
            let middle = (low + high) / 2
            if Int(rank[middle]) < limit { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Indices by rising key; where keys are alike, by index. NaN comes last.
func sortedByKey(_ keys: [Double]) -> [Int32] {
    let isSorted = keys.indices.dropFirst().allSatisfy { keys[$0 - 1] <= keys[$0] }
    let all = (0..<Int32(keys.count)).map { $0 }
    if isSorted { return all }
    return all.sorted { one, other in
        let (a, b) = (keys[Int(one)], keys[Int(other)])
        if a.isNaN || b.isNaN { return a.isNaN == b.isNaN ? one < other : b.isNaN }
        return a == b ? one < other : a < b
    }
}
