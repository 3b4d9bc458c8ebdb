/// `.fits`, `.fit`, `.fts` in any case, plain, gzipped (`.gz`) or tile-compressed (`.fz`).
func isFITSName(_ name: String) -> Bool {
    var name = name.lowercased()
    for packed in [".gz", ".fz"] where name.hasSuffix(packed) { name.removeLast(packed.count) }
    return [".fits", ".fit", ".fts"].contains { name.hasSuffix($0) && name.count > $0.count }
}
