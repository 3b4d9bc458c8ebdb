import PhotometricCalibration
import PortableNumbers

/// Frames with the zero points that were fitted to them, for other programs to fit theirs.
struct FramesBesidePeers {
    struct Frame: Encodable {
        let kind: String
        let trueZeroPoint: Double
        let zeroPoint: Double
        let zeroPointError: Double
        /// The colour term that was taken to be known, and the colour that zero points are for.
        let colourTerm: Double
        let pivotColour: Double
        /// For each star: -2.5 log10(flux / t) and its error, magnitude and error in the catalogue, colour.
        let stars: [[Double]]
    }

    let count: Int
    let firstSeed: UInt64

    func run() throws -> [Frame] {
        try SingleFrames.cases.enumerated().filter { $1.sky.stars == 30 && $1.sky.blends == 0 }.flatMap {
            index, entry in
            try (0..<count).map { trial in
                try one(entry, SplitMix64(seed: firstSeed &+ UInt64(7_000_003 * index + 13 * trial)))
            }
        }
    }

    private func one(_ entry: SingleFrames.Case, _ seed: SplitMix64) throws -> Frame {
        var words = seed
        let known = ColourTermState(
            value: entry.sky.slope + 0.01 * words.gaussian(), error: 0.01, pivotColour: CatalogueSky.pivot)
        let stars = entry.sky.field(&words).map { entry.sky.shown($0, &words) }
        let solution = try fitZeroPoint(stars, frame: CatalogueSky.frame(0), colourTerm: known)
        return Frame(
            kind: entry.name, trueZeroPoint: CatalogueSky.zeroPoint, zeroPoint: solution.zeroPoint.value,
            zeroPointError: solution.zeroPoint.error, colourTerm: known.value, pivotColour: known.pivotColour,
            stars: stars.filter { $0.flux.value > 10 * $0.flux.error }.map { star in
                let rate = star.flux.value / CatalogueSky.exposureSeconds
                return [
                    -1.085_736_204_758_129_6 * Elementary.log(rate),
                    1.085_736_204_758_129_6 * star.flux.error / star.flux.value, star.magnitude.value,
                    star.magnitude.error, star.colour?.value ?? CatalogueSky.pivot,
                ]
            })
    }
}
