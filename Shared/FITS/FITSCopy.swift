internal import CFITSIO
public import Imaging

extension FITSFile {
    /// Writes a copy of the whole file in which the cards of its image have changed; units, pixels and all other
    /// cards stay as they are. A file that was gzipped is written plain.
    ///
    /// Cards that the change takes away are taken from the primary header, too, from which images inherit.
    /// - Parameters:
    ///   - path: written under a temporary name first.
    ///   - change: from the image's own cards to those of the copy; cards of the file's structure do not count.
    /// - Throws: `cannotWrite`, or what reading throws.
    public mutating func writeCopy(
        to path: String, of shape: FITSImageShape, changing change: (Header) -> Header
    ) throws(FITSError) {
        guard try move(toUnit: shape.unit) else { throw unitMissing(shape.unit) }
        let own = try readCards()
        let changed = change(Header(own)).cards
        let kept = Set(changed.map(\.keyword))
        let removed = Set(own.map(\.keyword)).subtracting(kept).union(
            Set(changed.filter { !own.contains($0) }.map(\.keyword)))
        let added = changed.filter { !own.contains($0) }
        guard try move(toUnit: 1) else { throw unitMissing(1) }
        var output = try FITSOutput(writing: path)
        try output.copyAll(of: handle, at: self.path)
        for unit in Set([1, shape.unit]).sorted() {
            let stale = try unit == shape.unit ? removed : removed.intersection(cards(ofUnit: unit))
            try output.change(
                unit: unit, removing: stale.subtracting(Self.structural), adding: unit == shape.unit ? added : [])
        }
        try output.finish()
    }

    private func cards(ofUnit unit: Int) throws(FITSError) -> Set<String> {
        guard try move(toUnit: unit) else { return [] }
        return Set(try readCards().map(\.keyword)).subtracting(Self.commentary)
    }
}
