import AstrometryNet
import FITS
import Foundation
import FrameSolving
import PlateSolving
import PortableNumbers
import ReferenceCatalogue
import Sky
import Testing

@Suite("solve-field as an engine")
struct SolveFieldTests {
    /// A narrow field: 1024 px of 0.6 arcsec.
    private let size = FrameSize(width: 1024, height: 1024)
    private let scale = 0.6

    private func centre() throws -> SkyPosition { try SkyPosition(raDegrees: 120.4, decDegrees: 30.3) }

    /// Coordinates, turned by 37 degrees.
    private func tangent(shift: Double = 0) throws -> TangentSolution {
        let (sine, cosine) = (sin(37 * Double.pi / 180), cos(37 * Double.pi / 180))
        let step = scale / 3600
        return TangentSolution(
            referencePosition: try centre(), referenceX: 511.5 + shift, referenceY: 511.5, cd11: -step * cosine,
            cd12: step * sine, cd21: step * sine, cd22: step * cosine)
    }

    /// Stars on the frame with errors of 0.1 px, and where they are on the sky, the brightest first.
    private func field(stars count: Int = 40) throws -> (seen: [DetectedStar], sky: [SkyPosition]) {
        var words = SplitMix64(seed: 3)
        let tangent = try tangent()
        var (seen, sky): ([DetectedStar], [SkyPosition]) = ([], [])
        for number in 0..<count {
            let (x, y) = (1023 * words.uniform(), 1023 * words.uniform())
            sky.append(tangent.position(x: x, y: y))
            seen.append(
                DetectedStar(
                    x: x + 0.1 * words.gaussian(), y: y + 0.1 * words.gaussian(), xErrorPixels: 0.1,
                    yErrorPixels: 0.1, flux: 1e5 / Double(number + 1)))
        }
        return (seen, sky)
    }

    /// What the engine would write, in a folder.
    private func answer(_ tangent: TangentSolution, _ sky: [SkyPosition], in folder: String) throws {
        let cards = [
            "SIMPLE  =                    T", "NAXIS   =                    0", "CTYPE1  = 'RA---TAN'",
            "CRVAL1  = \(tangent.referencePosition.raDegrees) / [deg]",
            "CRVAL2  = \(tangent.referencePosition.decDegrees)", "CRPIX1  = \(tangent.referenceX + 1)",
            "CRPIX2  = \(tangent.referenceY + 1)", "CD1_1   = \(tangent.cd11)", "CD1_2   = \(tangent.cd12)",
            "CD2_1   = \(tangent.cd21)", "CD2_2   = \(tangent.cd22)", "END",
        ]
        let text = cards.map { $0.padding(toLength: 80, withPad: " ", startingAt: 0) }.joined()
        try text.padding(toLength: 2880, withPad: " ", startingAt: 0).write(
            toFile: folder + "/answer.wcs", atomically: true, encoding: .ascii)
        try FITSTable(
            name: "RDLS",
            columns: [
                FITSColumn(name: "MAG", values: .float(sky.indices.map { 10 + 0.1 * Float($0) })),
                FITSColumn(name: "RA", values: .double(sky.map(\.raDegrees))),
                FITSColumn(name: "DEC", values: .double(sky.map(\.decDegrees))),
            ]
        ).write(to: folder + "/answer.rdls")
    }

    private static let gives =
        "here=$(dirname \"$0\"); cp \"$here/answer.wcs\" \"$dir/stars.wcs\"; "
        + "cp \"$here/answer.rdls\" \"$dir/stars.rdls\"; : > \"$dir/stars.solved\""

    private func frame(_ stars: [DetectedStar], pointing: PointingEstimate? = nil) -> FrameToSolve {
        FrameToSolve(
            stars: stars, size: size, epoch: 2026, pointing: pointing,
            scale: ScaleEstimate(range: 0.5...0.7, isCertain: true, origin: "--scale"))
    }

    /// A catalogue that has no star there.
    private func ladder(_ engine: SolveField) -> SolvingLadder {
        var ladder = SolvingLadder(StarSource { _ in [] })
        ladder.engine = engine.search
        return ladder
    }

    @Test("a field that no catalogue star is in gets the engine's place, confirmed and fitted by the engine's stars")
    func solved() throws {
        let (seen, sky) = try field()
        let standIn = try StandIn(Self.gives)
        try answer(try tangent(shift: 1.5), sky, in: standIn.folder)
        let result = ladder(try standIn.engine()).solve(frame(seen))
        let solution = try #require(result.solution, "\(result.notSolvedBecause ?? "")")
        #expect(solution.rung == .engine && solution.isByOtherStars)
        #expect(solution.pairs.count(where: \.isUsed) >= 38)
        // The engine was 1.5 px wrong; our fit is not.
        #expect(solution.centre.separationDegrees(from: try tangent().position(x: 511.5, y: 511.5)) * 3600 < 0.1)
        #expect(solution.rmsPixels < 1.2 * solution.expectedRMSPixels)
        #expect(solution.notes.contains { $0.contains("too few stars") })
        let asked = try standIn.asked
        #expect(asked.contains("--scale-low") && asked.contains("0.5") && !asked.contains("--ra"))
    }

    @Test("a place where the stars do not fit is not believed, whoever says it")
    func elsewhere() throws {
        let (seen, _) = try field()
        var words = SplitMix64(seed: 8)
        let places = try (0..<40).map { _ in
            try tangent().position(x: 1023 * words.uniform(), y: 1023 * words.uniform())
        }
        let standIn = try StandIn(Self.gives)
        try answer(try tangent(), places, in: standIn.folder)
        let result = ladder(try standIn.engine()).solve(frame(seen))
        #expect(result.solution == nil && result.catalogueError == nil)
        #expect(result.attempts.last?.rung == .engine && result.attempts.last?.outcome == .failed)
    }

    @Test("a pointing is tried first, then the whole sky, and what it does not find is said")
    func notFound() throws {
        let (seen, _) = try field()
        let standIn = try StandIn("cat \"$(dirname \"$0\")/asked\" >> \"$(dirname \"$0\")/all\"")
        let pointing = PointingEstimate(centre: try centre(), uncertaintyDegrees: 1, origin: "--near")
        let result = ladder(try standIn.engine()).solve(frame(seen, pointing: pointing))
        #expect(result.solution == nil && result.catalogueError == nil)
        #expect(result.notSolvedBecause?.contains("found no place where the stars fit") == true)
        let all = try String(contentsOfFile: standIn.folder + "/all", encoding: .utf8).split(separator: "\n")
        #expect(all.count { $0 == "--cpulimit" } == 2 && all.count { $0 == "--ra" } == 1)
    }

    @Test(
        "an engine that dies, hangs, or writes what is no answer has found nothing, in words",
        arguments: [
            ("kill -SEGV $$", "died of signal 11"), ("echo no index >&2; exit 3", "status 3: no index"),
            (": > \"$dir/stars.solved\"", "wrote no coordinates"),
            (": > \"$dir/stars.solved\"; head -c 5000 /dev/zero > \"$dir/stars.wcs\"", "no usable CRVAL1"),
            (gives + "; echo nonsense > \"$dir/stars.rdls\"", "index stars"),
            ("sleep 1000 & sleep 1000", "was ended after 3 s"),
        ])
    func hostile(_ script: String, _ words: String) throws {
        let (seen, sky) = try field()
        let standIn = try StandIn(script)
        try answer(try tangent(), sky, in: standIn.folder)
        let result = ladder(try standIn.engine()).solve(frame(seen))
        #expect(result.solution == nil && result.catalogueError == nil)
        #expect(result.notSolvedBecause?.contains(words) == true, "\(result.notSolvedBecause ?? "")")
    }

    @Test("a missing program or configuration is said, and other files of an index are another identity")
    func identity() throws {
        #expect(throws: EngineError.self) { try SolveField(configuration: nil, environment: ["PATH": "/nonexistent"]) }
        let standIn = try StandIn("exit 0")
        #expect(throws: EngineError.self) { try standIn.engine(configuration: "/nonexistent/astrometry.cfg") }
        let gone = try standIn.engine()
        try FileManager.default.moveItem(atPath: gone.program, toPath: gone.program + ".away")
        let result = ladder(gone).solve(frame(try field().seen))
        #expect(result.catalogueError is EngineError)
        try FileManager.default.moveItem(atPath: gone.program + ".away", toPath: gone.program)
        let configuration = standIn.folder + "/astrometry.cfg"
        try FileManager.default.createDirectory(atPath: standIn.folder + "/index", withIntermediateDirectories: true)
        try "add_path \(standIn.folder)/index\nautoindex\n".write(
            toFile: configuration, atomically: true, encoding: .utf8)
        let engine = try standIn.engine(configuration: configuration)
        let first = try engine.identity()
        #expect(try engine.identity() == first)
        try "stars".write(toFile: standIn.folder + "/index/index-1.fits", atomically: true, encoding: .utf8)
        #expect(try engine.identity() != first)
    }
}
