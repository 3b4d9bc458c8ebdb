import PhotometricCalibration
import PortableNumbers

/// Frames of as many fields, each by itself: what a zero point's error says before anything is known of an instrument
/// but its colour term.
struct SingleFrames {
    struct Case {
        var sky: CatalogueSky
        var name: String
        /// Frames for each trial that is asked for.
        var share: Double
    }

    static let cases: [Case] = [5, 10, 30, 100, 1000].flatMap { stars in
        [(0.0, 0.0), (0.05, 0), (0.2, 0), (0.1, 0.02)].flatMap { variables, blends in
            [(0.25, "small"), (1.0, "equal"), (3.0, "large")].map { ratio, word in
                var sky = CatalogueSky(stars: stars, variables: variables, blends: blends)
                sky.catalogueError = ratio * sky.scatter
                let outliers = blends > 0 ? "\(blends) blends, \(variables) variables" : "\(variables) variables"
                return Case(
                    sky: sky, name: "\(stars) stars, \(outliers), \(word) catalogue errors",
                    share: stars > 500 ? 0.2 : 1)
            }
        }
    }

    let trials: Int
    let firstSeed: UInt64
    /// What the names of the cases contain; empty: all.
    let wanted: String

    func run() -> [PullTally] {
        Self.cases.enumerated().filter { wanted.isEmpty || $1.name.contains(wanted) }.map { index, entry in
            var tally = PullTally(entry.name)
            for trial in 0..<max(1, Int(Double(trials) * entry.share)) {
                var words = SplitMix64(seed: firstSeed &+ UInt64(1_000_003 * index + 17 * trial))
                one(entry.sky, &words, &tally)
            }
            tally.finish()
            return tally
        }
    }

    private func one(_ sky: CatalogueSky, _ words: inout SplitMix64, _ tally: inout PullTally) {
        let known = ColourTermState(
            value: sky.slope + 0.01 * words.gaussian(), error: 0.01, pivotColour: CatalogueSky.pivot)
        let stars = sky.field(&words).map { sky.shown($0, &words) }
        do {
            let solution = try fitZeroPoint(stars, frame: CatalogueSky.frame(0), colourTerm: known)
            tally.add(solution.zeroPoint, truth: CatalogueSky.zeroPoint)
        } catch {
            tally.fail()
        }
    }
}
