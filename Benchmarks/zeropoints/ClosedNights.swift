import PhotometricCalibration
import PortableNumbers

/// Nights as the archiver closes them: fields of several frames each, colour term and intrinsic scatter learnt from all
/// fields, then zero points with the colour term held and their errors taken apart, and stars on their scale as the
/// archiver puts them there: some with a colour of their own, others with that of the field.
struct ClosedNights {
    struct Case {
        var sky: CatalogueSky
        var fields: Int
        var name: String
    }

    static let cases: [Case] = [(5, 12), (10, 8), (30, 6), (100, 4)].flatMap { stars, fields in
        [(0.25, "small"), (1.0, "equal"), (3.0, "large")].map { ratio, word in
            var sky = CatalogueSky(stars: stars, variables: 0.05)
            sky.catalogueError = ratio * sky.scatter
            return Case(
                sky: sky, fields: fields, name: "\(fields) fields of \(stars) stars, \(word) catalogue errors")
        }
    }

    private static let framesOfField = 3
    private static let targetsOfField = 5

    let nights: Int
    let firstSeed: UInt64
    /// What the names of the cases contain; empty: all.
    let wanted: String

    func run() -> [PullTally] {
        Self.cases.enumerated().filter { wanted.isEmpty || $1.name.contains(wanted) }.flatMap { index, entry in
            var frames = PullTally(entry.name + ", zero points")
            var levels = PullTally(entry.name + ", level of a field's stars")
            for night in 0..<nights {
                var words = SplitMix64(seed: firstSeed &+ UInt64(5_000_011 * index + 29 * night))
                one(entry, &words, &frames, &levels)
            }
            frames.finish()
            levels.finish()
            return [frames, levels]
        }
    }

    private struct Frame {
        let field: Int
        let stars: [CalibrationStar]
    }

    private func one(
        _ entry: Case, _ words: inout SplitMix64, _ frames: inout PullTally, _ levels: inout PullTally
    ) {
        let sky = entry.sky
        var shown: [Frame] = []
        for field in 0..<entry.fields {
            let stars = sky.field(&words)
            for _ in 0..<Self.framesOfField {
                shown.append(Frame(field: field, stars: stars.map { sky.shown($0, &words) }))
            }
        }
        let (colourTerm, scatter) = learnt(shown)
        var solved = Array(repeating: [ZeroPointSolution](), count: entry.fields)
        for (number, frame) in shown.enumerated() {
            var options = ZeroPointOptions()
            options.scatterPrior = scatter.prior(without: "\(frame.field)")
            do {
                solved[frame.field].append(
                    try fitZeroPoint(
                        frame.stars, frame: CatalogueSky.frame(number), colourTerm: colourTerm, holdsColourTerm: true,
                        options: options))
            } catch {
                frames.fail()
            }
        }
        for fits in solved {
            guard let first = fits.first else { continue }
            frames.add(first.zeroPoint, truth: CatalogueSky.zeroPoint)
            let solutions = separateErrors(fits, colourTermError: colourTerm.error)
            for number in 0..<Self.targetsOfField {
                target(sky, solutions, isColourKnown: number % 2 == 0, &words, &levels)
            }
        }
    }

    private func learnt(_ shown: [Frame]) -> (ColourTermState, ScatterState) {
        let unknown = ColourTermState.unknown(pivotColour: CatalogueSky.pivot)
        var estimates: [ColourTermEstimate] = []
        var scatter = ScatterState()
        for (number, frame) in shown.enumerated() {
            do {
                let solution = try fitZeroPoint(
                    frame.stars, frame: CatalogueSky.frame(number), colourTerm: unknown)
                if let likelihood = solution.scatterLikelihood {
                    scatter = scatter.updated(
                        fieldID: "\(frame.field)", midExposureMJD: 60_000, with: likelihood)
                }
                guard let own = solution.colourEstimate else { continue }
                estimates.append(
                    ColourTermEstimate(
                        frameID: solution.frameID, fieldID: "\(frame.field)", midExposureMJD: 60_000, colourTerm: own))
            } catch {
                // Counted where the zero point is asked for.
                continue
            }
        }
        return (solveColourTerm(prior: unknown, estimates: estimates), scatter)
    }

    /// A star's mean magnitude over the frames of its field, and the error of that.
    private func target(
        _ sky: CatalogueSky, _ solutions: [ZeroPointSolution], isColourKnown: Bool, _ words: inout SplitMix64,
        _ levels: inout PullTally
    ) {
        let star = sky.star(900_000, &words, isReference: false)
        let colour = isColourKnown ? star.catalogueColour : nil
        var (sum, own, common) = (0.0, 0.0, 0.0)
        for solution in solutions {
            let seen = sky.shown(star, &words)
            guard
                let found = solution.calibrated(
                    seen.flux, kind: .aperture, x: seen.x, y: seen.y, colour: colour)
            else { return levels.fail() }
            sum += found.value
            own += found.ownError * found.ownError
            common += found.commonError
        }
        let count = Double(solutions.count)
        let mean = common / count
        levels.add(
            Measured(sum / count, error: (own / (count * count) + mean * mean).squareRoot()), truth: star.magnitude)
    }
}
