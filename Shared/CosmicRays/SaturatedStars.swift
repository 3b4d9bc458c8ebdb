internal import Imaging
internal import Statistics

/// The surroundings of saturated stars, where no cosmic ray is looked for: the edge of a saturated plateau, its bleed
/// columns and what lies beside them are sharp without having been hit.
///
/// A group of saturated pixels (8-connected) is a star's when it has two or more, or when the 5 x 5 pixels around a
/// single one stand, in the median, a twentieth of it above the sky: a cosmic ray that saturates its pixel stands
/// alone. The halo reaches 3 px, or one and a half FWHM, and half the group's shorter side beyond it, so that a bleed
/// column has a narrow one.
struct SaturatedStars {
    let signal: Image<Electron>
    let mask: Mask
    let sky: SkyMesh
    let haloPixels: Int

    /// Marks groups and halos with 1.
    func guardPixels(in guarded: inout [UInt8]) {
        let saturated = PixelFlags.saturated.rawValue
        // The loop runs on vectors, and most frames need no more.
        guard mask.bits.reduce(0, |) & saturated != 0 else { return }
        var seen = Set<Int>()
        for start in mask.bits.indices where mask.bits[start] & saturated != 0 && !seen.contains(start) {
            let group = PixelGroup(from: start, width: mask.width, height: mask.height) {
                mask.bits[$0] & saturated != 0 && seen.insert($0).inserted
            }
            guard group.pixels.count > 1 || isStar(group.columns.lowerBound, group.rows.lowerBound) else { continue }
            let reach = haloPixels + min(group.columns.count, group.rows.count) / 2
            mark(group, reach, in: &guarded)
        }
    }

    private func isStar(_ x: Int, _ y: Int) -> Bool {
        var around: [Float] = []
        for row in PaddedShape.around(y, 2, mask.height) {
            for column in PaddedShape.around(x, 2, mask.width) where signal[column, row].isFinite {
                around.append(signal[column, row])
            }
        }
        let level = sky.level(x, y)
        return RobustStatistics.upperMedian(around).map { $0 - level >= 0.05 * (signal[x, y] - level) } ?? true
    }

    /// Every pixel within `reach` of a pixel of the group's edge, and the group.
    private func mark(_ group: PixelGroup, _ reach: Int, in guarded: inout [UInt8]) {
        let saturated = PixelFlags.saturated.rawValue
        for pixel in group.pixels {
            let (x, y) = (pixel % mask.width, pixel / mask.width)
            guarded[pixel] = 1
            let isInside =
                x > 0 && y > 0 && x + 1 < mask.width && y + 1 < mask.height
                && [pixel - 1, pixel + 1, pixel - mask.width, pixel + mask.width].allSatisfy {
                    mask.bits[$0] & saturated != 0
                }
            if isInside { continue }
            for row in PaddedShape.around(y, reach, mask.height) {
                for column in PaddedShape.around(x, reach, mask.width)
                where (row - y) * (row - y) + (column - x) * (column - x) <= reach * reach {
                    guarded[row * mask.width + column] = 1
                }
            }
        }
    }
}

/// Pixels that touch each other, corners included.
struct PixelGroup {
    private(set) var pixels: [Int]
    private(set) var columns: ClosedRange<Int>
    private(set) var rows: ClosedRange<Int>

    /// - Parameter take: true for a pixel that belongs to a group and has not been taken before.
    init(from start: Int, width: Int, height: Int, take: (Int) -> Bool) {
        _ = take(start)
        pixels = [start]
        columns = (start % width)...(start % width)
        rows = (start / width)...(start / width)
        var next = 0
        while next < pixels.count {
            let (x, y) = (pixels[next] % width, pixels[next] / width)
            next += 1
            columns = min(columns.lowerBound, x)...max(columns.upperBound, x)
            rows = min(rows.lowerBound, y)...max(rows.upperBound, y)
            for row in PaddedShape.around(y, 1, height) {
                for column in PaddedShape.around(x, 1, width) where take(row * width + column) {
                    pixels.append(row * width + column)
                }
            }
        }
    }
}
