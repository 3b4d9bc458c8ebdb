import CatalogueTiles
import Glibc
import PlateSolving
import PortableNumbers
import ReferenceCatalogue
import Sky
import StarFields

/// What became of the fields of one kind.
struct FieldTally: Encodable {
    let kind: String
    let isSolvable: Bool
    /// Fields with enough stars in common with the catalogue.
    var fields = 0
    var solved = 0
    /// Accepted solutions that are not the truth.
    var wrong = 0
    /// Fields with fewer stars, which are not counted above, and those of them that were solved.
    var poor = 0
    var poorSolved = 0
    /// CPU seconds of the search, and pixels from the truth at centre and corners.
    var medianSeconds = 0.0
    var greatestSeconds = 0.0
    var medianErrorPixels = 0.0
    /// Seeds of fields that were not solved, or solved wrongly.
    var failures: [UInt64] = []

    private var seconds: [Double] = []
    private var errors: [Double] = []

    private enum CodingKeys: String, CodingKey {
        case kind, isSolvable, fields, solved, wrong, poor, poorSolved, medianSeconds, greatestSeconds
        case medianErrorPixels, failures
    }

    init(_ kind: FieldKind) {
        self.kind = kind.recipe.name
        isSolvable = kind.isSolvable
    }

    mutating func note(_ field: SimulatedField, _ solution: PlateSolution?, _ recipe: FieldRecipe, rich: Bool) {
        let allowed = max(3, 0.005 * Double(recipe.width)) + recipe.distortion + 4 * recipe.trail
        let error = solution.map { field.error(of: $0.tangent) }
        let isRight = isSolvable && (error.map { $0 < allowed } ?? false)
        if error != nil, !isRight { wrong += 1 }
        guard rich else {
            poor += 1
            poorSolved += isRight ? 1 : 0
            return
        }
        fields += 1
        solved += isRight ? 1 : 0
        if let error, isRight { errors.append(error) }
    }

    mutating func note(seconds value: Double) { seconds.append(value) }

    mutating func finish() {
        func median(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.sorted()[values.count / 2] }
        (medianSeconds, greatestSeconds, medianErrorPixels) = (median(seconds), seconds.max() ?? 0, median(errors))
    }
}

/// Solves simulated fields of every kind in turn, and counts.
struct FieldCount {
    let kinds: [FieldKind]
    let fieldsOfEach: Int
    let firstSeed: UInt64
    /// Without it, hinted.
    let blind: BlindSky?

    func run() throws -> [FieldTally] {
        try kinds.map { kind in
            var tally = FieldTally(kind)
            let fields = max(1, Int(Double(fieldsOfEach) * kind.share))
            for seed in firstSeed..<(firstSeed + UInt64(fields)) { try one(kind, seed, &tally) }
            tally.finish()
            return tally
        }
    }

    private func one(_ kind: FieldKind, _ seed: UInt64, _ tally: inout FieldTally) throws {
        let sky = kind.isSolvable ? blind?.sky : nil
        let field = try SimulatedField(kind.recipe, seed: seed, sky: sky)
        let before = (tally.solved, tally.wrong, tally.poor)
        let start = cpuSeconds()
        let result: PlateSolvingResult
        if let blind {
            result = try blind.solve(field)
        } else {
            result = solvePlate(image: field.image, size: field.size, catalogue: field.catalogue, hint: field.hint)
        }
        tally.note(seconds: cpuSeconds() - start)
        let common = field.partner.count { $0 >= 0 }
        let rich = !kind.isSolvable || common >= (blind == nil ? 6 : BlindSky.enoughStars)
        tally.note(field, result.solution, kind.recipe, rich: rich)
        if tally.wrong > before.1 || (kind.isSolvable && rich && tally.solved == before.0) {
            tally.failures.append(seed)
        }
    }
}

/// The sky of a catalogue, and its index.
struct BlindSky {
    let folder: TileFolder
    /// Julian year of the frames: proper motion since the catalogue's epoch must be followed.
    static let epoch = 2026.5
    /// Detections that are catalogue stars, from which on a field counts.
    static let enoughStars = 12
    static let scaleRange = 0.5...60.0

    init(_ path: String) throws {
        folder = try TileFolder(path)
        _ = try folder.blindIndex()
    }

    var sky: SimulatedField.Sky {
        { centre, radius, _ in try stars(centre, radius) }
    }

    func stars(_ centre: SkyPosition, _ radius: Double) throws -> [GuideStar] {
        try folder.guideStars(around: centre, radiusDegrees: radius, epoch: Self.epoch)
    }

    func solve(_ field: SimulatedField) throws -> PlateSolvingResult {
        try folder.solveBlind(image: field.image, size: field.size, scaleRange: Self.scaleRange, epoch: Self.epoch)
    }
}

/// Of this process so far.
func cpuSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}
