import Astrometry
import FrameSolving
import Imaging
import PlateSolving
import Sky
import Testing

@Suite("The ladder of plate solving")
struct SolvingLadderTests {
    private let place = SkyPosition.at(31.04, 46.69)

    private func sky(_ centre: SkyPosition? = nil, radius: Double = 4, density: Double = 150) throws -> SimulatedSky {
        try SimulatedSky(centre ?? place, radius: radius, density: density)
    }

    private func hint(_ centre: SkyPosition, off degrees: Double = 0.4, within: Double = 1) -> PointingEstimate {
        PointingEstimate(
            centre: centre.displaced(separationDegrees: degrees, positionAngleDegrees: 70), uncertaintyDegrees: within,
            origin: "the header's pointing")
    }

    private func scale(_ value: Double, isCertain: Bool = false) -> ScaleEstimate {
        ScaleEstimate(range: (value / 1.2)...(value * 1.2), isCertain: isCertain, origin: "the header")
    }

    @Test(
        "a hinted frame is solved to its errors, at any turn, mirrored or not, at the poles and across RA 0",
        arguments: [(31.04, 46.69), (0.02, 0), (120, 89.97), (300, -89.9), (359.99, -30)])
    func hinted(ra: Double, dec: Double) throws {
        let centre = SkyPosition.at(ra, dec)
        let sky = try sky(centre)
        for (rotation, isMirrored) in [(33.0, false), (170, true), (-80, false)] {
            var (frame, truth) = Exposure(rotation: rotation, isMirrored: isMirrored).frame(of: sky, at: centre)
            (frame.pointing, frame.scale) = (hint(centre), scale(3))
            let result = SolvingLadder(sky.source).solve(frame)
            let solution = try #require(result.solution, "\(result.notSolvedBecause ?? "")")
            #expect(solution.rung == .hint && solution.parity == (isMirrored ? .mirrored : .normal))
            #expect(solution.error(from: truth) < 0.3)
            #expect(abs(solution.fit.arcsecPerPixel / 3 - 1) < 1e-3)
            // Both as root mean squares of distances; the stars' errors are the stated ones.
            #expect(solution.rmsPixels < 1.1 * solution.expectedRMSPixels)
            #expect(solution.rmsPixels > 0.75 * solution.expectedRMSPixels)
            // Nearly every star that is there is matched, and hardly one that is not.
            let real = Double(frame.stars.count) / 1.1
            #expect(Double(solution.pairs.count(where: \.isUsed)) > 0.93 * real)
            #expect(Double(solution.pairs.count) < 1.02 * real)
            #expect(result.attempts.map(\.rung) == [.header, .previous, .hint])
            #expect(result.attempts.map(\.outcome) == [.notTried, .notTried, .solved])
            #expect(solution.notes.isEmpty)
        }
    }

    @Test("distortion is fitted with the order that the stars support, from stars that the first match did not have")
    func distorted() throws {
        let sky = try sky(density: 600)
        var (frame, truth) = Exposure(width: 2000, height: 2000, distortion: 6).frame(of: sky, at: place)
        (frame.pointing, frame.scale) = (hint(place), scale(3))
        let solution = try #require(SolvingLadder(sky.source).solve(frame).solution)
        #expect(solution.fit.order == 3)
        #expect(solution.rmsPixels < 1.1 * solution.expectedRMSPixels)
        #expect(Double(solution.pairs.count(where: \.isUsed)) > 0.9 * Double(frame.stars.count) / 1.1)
        var plain = SolvingLadder(sky.source)
        plain.orders = 1...1
        let linear = try #require(plain.solve(frame).solution)
        #expect(linear.fit.order == 1 && linear.rmsPixels > 2 * solution.rmsPixels)
        #expect(truth.referencePosition.separationDegrees(from: solution.centre) * 3600 < 0.3)
    }

    @Test("a pointing that is 10 degrees off is overcome, and named")
    func wrongPointing() throws {
        let sky = try sky(radius: 16, density: 60)
        let centre = sky.centre.displaced(separationDegrees: 10, positionAngleDegrees: 200)
        var (frame, truth) = Exposure(scale: 6).frame(of: sky, at: centre)
        frame.pointing = PointingEstimate(centre: sky.centre, uncertaintyDegrees: 1, origin: "RA and DEC")
        frame.scale = scale(6)
        let result = SolvingLadder(sky.source).solve(frame)
        let solution = try #require(result.solution, "\(result.notSolvedBecause ?? "")")
        #expect(solution.rung == .wide)
        #expect(solution.error(from: truth) < 0.6)
        #expect(solution.notes == ["the frame lies 10.0 degrees from the pointing (RA and DEC)"])
    }

    @Test("a scale that is wrong is corrected, and named; one that is certain is said to be contradicted")
    func wrongScale() throws {
        let sky = try sky()
        var (frame, truth) = Exposure(scale: 4).frame(of: sky, at: place)
        frame.pointing = hint(place)
        for wrong in [2.0, 8] {
            frame.scale = scale(wrong)
            let result = SolvingLadder(sky.source).solve(frame)
            let solution = try #require(result.solution, "\(wrong): \(result.notSolvedBecause ?? "")")
            #expect(solution.error(from: truth) < 0.3)
            #expect(solution.notes.first?.contains("arcsec/px, not what the header gives") == true)
        }
        frame.scale = scale(3.3, isCertain: true)
        let refused = SolvingLadder(sky.source).solve(frame)
        #expect(refused.solution == nil || refused.solution?.error(from: truth) ?? 9 < 0.3)
        frame.scale = nil
        let free = SolvingLadder(sky.source).solve(frame)
        #expect(try #require(free.solution, "\(free.notSolvedBecause ?? "")").error(from: truth) < 0.3)
    }

    @Test("the header's own coordinates are verified, repaired where they are shifted, and passed over where wrong")
    func headers() throws {
        let sky = try sky()
        var (frame, truth) = Exposure().frame(of: sky, at: place)
        (frame.pointing, frame.scale) = (hint(place), scale(3))
        let own = try #require(SolvingLadder(sky.source).solve(frame).solution)
        frame.header = Header(own.fit.cards())
        let verified = try #require(SolvingLadder(sky.source).solve(frame).solution)
        #expect(verified.rung == .header && verified.error(from: truth) < 0.3)
        for (arcmin, expected) in [(5.0, SolvingRung.header), (180, .hint)] {
            let away = own.centre.displaced(separationDegrees: arcmin / 60, positionAngleDegrees: 20)
            var cards = own.fit.cards().filter { !$0.keyword.hasPrefix("CRVAL") }
            cards.append(HeaderCard(keyword: "CRVAL1", value: .real(away.raDegrees)))
            cards.append(HeaderCard(keyword: "CRVAL2", value: .real(away.decDegrees)))
            frame.header = Header(cards)
            let solution = try #require(SolvingLadder(sky.source).solve(frame).solution)
            #expect(solution.rung == expected && solution.error(from: truth) < 0.3)
            #expect(solution.notes.isEmpty == (expected == .header))
        }
        frame.header = Header(own.fit.cards().filter { $0.keyword != "CRVAL2" })
        let broken = SolvingLadder(sky.source).solve(frame)
        #expect(broken.solution?.rung == .hint && broken.attempts[0].reason.contains("CRVAL2"))
    }

    @Test("the last solution, moved to the new pointing, is enough; from a wrong one the ladder goes on")
    func previous() throws {
        let sky = try sky()
        let next = place.displaced(separationDegrees: 0.8, positionAngleDegrees: 130)
        let exposure = Exposure()
        var (frame, truth) = exposure.frame(of: sky, at: next)
        // The mount is 0.3 degrees off, both times alike but for 2 arcmin.
        let mount = { (real: SkyPosition, more: Double) in
            real.displaced(separationDegrees: 0.3 + more / 60, positionAngleDegrees: 250)
        }
        frame.previous = PreviousSolution(tangent: exposure.tangent(at: place), pointing: mount(place, 0))
        frame.pointing = PointingEstimate(centre: mount(next, 2), uncertaintyDegrees: 1, origin: "header")
        frame.scale = scale(3)
        let solution = try #require(SolvingLadder(sky.source).solve(frame).solution)
        #expect(solution.rung == .previous && solution.error(from: truth) < 0.3)
        frame.previous = PreviousSolution(tangent: Exposure(rotation: 90).tangent(at: place), pointing: mount(place, 0))
        let other = try #require(SolvingLadder(sky.source).solve(frame).solution)
        #expect(other.rung == .hint && other.error(from: truth) < 0.3)
    }

    @Test("a search of the whole sky takes the last rung, and what it says is verified")
    func blindRung() throws {
        let sky = try sky()
        let exposure = Exposure()
        let (frame, truth) = exposure.frame(of: sky, at: place)
        var ladder = SolvingLadder(sky.source)
        ladder.blind = { _, _, _, _ in .success(exposure.tangent(at: place)) }
        let solution = try #require(ladder.solve(frame).solution)
        #expect(solution.rung == .blind && solution.error(from: truth) < 0.3)
        ladder.blind = { _, _, _, _ in .success(exposure.tangent(at: .at(31.04, 48))) }
        #expect(ladder.solve(frame).solution == nil)
    }

    @Test("the same frame gives the same bits")
    func repeatable() throws {
        let sky = try sky()
        var (frame, _) = Exposure().frame(of: sky, at: place)
        (frame.pointing, frame.scale) = (hint(place), scale(3))
        let ladder = SolvingLadder(sky.source)
        let (one, two) = (try #require(ladder.solve(frame).solution), try #require(ladder.solve(frame).solution))
        #expect(
            one.fit.cards() == two.fit.cards() && one.pairs.map(\.xResidualPixels) == two.pairs.map(\.xResidualPixels))
    }
}

extension SkyPosition {
    static func at(_ ra: Double, _ dec: Double) -> SkyPosition {
        do { return try SkyPosition(raDegrees: ra, decDegrees: dec) } catch { preconditionFailure("\(error)") }
    }
}
