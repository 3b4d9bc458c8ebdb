internal import Imaging

/// Sky and bright stars of a frame, found on blocks of 2 x 2 pixels before the frame itself is searched.
struct FirstLook {
    let background: Background
    /// Single groups of blocks of at least 5 sigma, brightest first, in pixels of the frame.
    let stars: [Star]

    struct Star {
        let (x, y): (Double, Double)
        /// Matched-filter signal-to-noise ratio.
        let peak: Float
        /// Rectangle around its pixels.
        let columns: ClosedRange<Int>
        let rows: ClosedRange<Int>
    }

    /// Pixels of a source stand out by this much [sigma].
    private static let threshold = 2.5
    /// Of the filter [blocks]: a good match for stars of 2 to 6 px.
    private static let fwhmBlocks = 1.7

    /// The first look, and which pixels it left out.
    static func take(
        _ frame: CalibratedFrame, tileSize: Int, filterSize: Int, threads: Int = 1
    ) -> (look: FirstLook, excluded: ExcludedPixels) {
        // Blocks need less than a plane, and only here: what comes after uses the same memory again.
        var scratch = [Float](plane: (BinnedFrame.scratchBytes(frame) + 3) / 4, byParts: true) { _ in }
        return scratch.withUnsafeMutableBytes { scratch in
            let binned = BinnedFrame(frame, in: scratch, threads: threads)
            let look = FirstLook(frame, binned, tileSize: tileSize, filterSize: filterSize, threads: threads)
            return (look, binned.pixels)
        }
    }

    private init(_ frame: CalibratedFrame, _ binned: BinnedFrame, tileSize: Int, filterSize: Int, threads: Int) {
        guard var first = SkyMesh(binned, tileSize: tileSize, filterSize: filterSize, mask: nil, threads: threads)
        else {
            background = Background(noneOf: frame, tileSize: tileSize)
            stars = []
            return
        }
        let tilts = first.tilts(binned)
        if tilts != nil {
            first =
                SkyMesh(
                    binned, tileSize: tileSize, filterSize: filterSize, mask: nil, tilts: tilts, threads: threads)
                ?? first
        }
        let footprints = Self.search(binned, first, threads: threads)
        let mask = SourceMask.make(footprints, threads: threads)
        StarWings(binned, footprints, first, mask: mask, tilts: tilts, threads: threads)?
            .subtract(from: binned, threads: threads)
        let second =
            SkyMesh(binned, tileSize: tileSize, filterSize: filterSize, mask: mask, tilts: tilts, threads: threads)
            ?? first
        background = Background(second, frame, tileSize: tileSize)
        stars = Self.stars(footprints, threads: threads)
    }

    static func search(_ binned: BinnedFrame, _ mesh: SkyMesh, threads: Int) -> Footprints {
        let level = mesh.surface(mesh.level, width: binned.width, height: binned.height)
        let rms = mesh.surface(mesh.blockScatter, width: binned.width, height: binned.height)
        let planes = FilterPlanes(
            width: binned.width, height: binned.height, light: binned.mean, level: level, variance: binned.variance,
            marks: binned.excluded, rms: rms)
        return MatchedFilter(fwhmPixels: fwhmBlocks).footprints(planes, threshold: threshold, threads: threads)
    }

    private static func stars(_ footprints: Footprints, threads: Int) -> [Star] {
        let (width, height) = (footprints.width, footprints.height)
        let single = footprints.groups.indices.filter {
            footprints.groups[$0].peaks.count == 1 && footprints.groups[$0].peakValue >= 5
        }
        let found = parallelMap(single.count, threads: threads) { index -> Star? in
            let group = footprints.groups[single[index]]
            let sums = footprints.sums(of: group)
            guard sums.columns.lowerBound > 0, sums.rows.lowerBound > 0, sums.columns.upperBound < width - 1,
                sums.rows.upperBound < height - 1
            else { return nil }
            return Star(
                x: 2 * sums.x + 0.5, y: 2 * sums.y + 0.5, peak: group.peakValue,
                columns: (2 * sums.columns.lowerBound)...(2 * sums.columns.upperBound + 1),
                rows: (2 * sums.rows.lowerBound)...(2 * sums.rows.upperBound + 1))
        }
        return found.compactMap { $0 }.sorted { ($1.peak, $0.y, $0.x) < ($0.peak, $1.y, $1.x) }
    }
}
