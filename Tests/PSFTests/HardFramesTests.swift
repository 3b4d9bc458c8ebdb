import Detection
import Imaging
import Simulation
import Testing

@testable import PSF

@Suite("Star images on hard frames")
struct HardFramesTests {
    /// A grid of stars with room in the middle for what is tested.
    private func field(_ extra: [SyntheticField.Star]) -> SyntheticField {
        var field = SyntheticField.grid(size: 320, fluxes: 10_000...60_000, seed: 2)
        field.stars.removeAll { abs($0.x - 160) < 45 && abs($0.y - 160) < 45 }
        field.stars += extra
        return field
    }

    private func nearest(_ rows: [PSFMeasurement], _ x: Double, _ y: Double) throws -> PSFMeasurement {
        func square(_ row: PSFMeasurement) -> Double { (row.x - x) * (row.x - x) + (row.y - y) * (row.y - y) }
        return try #require(rows.min { square($0) < square($1) })
    }

    @Test("frames without stars have no model and no rows", arguments: [0, 1, 2])
    func noStars(kind: Int) {
        var frame = SyntheticField(width: 200, height: 200).frame(seed: 1)
        if kind == 1 { frame.signal = Image(width: 200, height: 200, filledWith: 100) }
        if kind == 2 { frame.signal = Image(width: 200, height: 200, filledWith: .nan) }
        let detections = detect(frame, DetectionParameters(threshold: 6))
        #expect(PointSpreadModel.fit(detections) == nil)
        let table = SplineTable(fwhmPixels: 3)
        let model = ShapeField(MoffatShape(fwhmPixels: 3, tail: 0.2), width: 200, height: 200)
            .model(on: table, starCount: 0, chiSquaredPerDegree: .nan)
        #expect(psfPhotometry(detections, model).count == detections.sources.count)
        let rows = forcedPSFPhotometry(
            detections, model, at: [(100, 100), (-50, 3), (.nan, 1), (1e300, 1), (-1e300, -1e300)])
        #expect(rows.count == 5)
        #expect(rows[1].flags.contains(.psfFailed) && rows[2].flags.contains(.psfFailed))
        #expect(rows[3].flags.contains(.psfFailed))
        if kind == 0 { #expect(abs(rows[0].flux) < 5 * rows[0].fluxError) }
        if kind == 2 { #expect(rows[0].flags.contains(.psfFailed) && rows[0].flux.isNaN) }
    }

    @Test("one bright star makes a model and is measured by it")
    func oneStar() throws {
        var field = SyntheticField(width: 160, height: 160)
        field.stars = [.init(x: 80.3, y: 79.6, flux: 200_000)]
        let detections = detect(field.frame(seed: 1))
        let model = try #require(PointSpreadModel.fit(detections))
        #expect(model.starCount == 1 && model.polynomialOrder == 0)
        let row = try nearest(psfPhotometry(detections, model), 80.3, 79.6)
        #expect(abs(row.flux / 200_000 - 1) < 0.01)
        #expect(abs(row.x - 80.3) < 5 * row.xError)
    }

    @Test("two stars 0.8 FWHM apart, forced at their places, get their own fluxes and honest errors")
    func closePair() throws {
        let pair = [SyntheticField.Star(x: 160, y: 160, flux: 30_000), .init(x: 162.56, y: 160, flux: 10_000)]
        let field = field(pair)
        var pulls: [Double] = []
        for seed in 0..<8 {
            let detections = detect(field.frame(seed: UInt64(seed)))
            let model = try #require(PointSpreadModel.fit(detections))
            let rows = forcedPSFPhotometry(detections, model, at: pair.map { ($0.x, $0.y) })
            for (row, star) in zip(rows, pair) { pulls.append((row.flux - star.flux) / row.fluxError) }
            #expect(rows[1].fluxError > 1.2 * field.bound(pair[1]).flux)
        }
        #expect(pulls.allSatisfy { abs($0) < 4 })
        #expect(deviation(pulls) < 1.6)
    }

    @Test("a star at the corner and one cut by the edge are measured by what is on the frame")
    func corner() throws {
        let stars = [SyntheticField.Star(x: -0.4, y: -0.3, flux: 40_000), .init(x: 319.3, y: 150, flux: 40_000)]
        let field = field(stars)
        let detections = detect(field.frame(seed: 4))
        let model = try #require(PointSpreadModel.fit(detections))
        let rows = forcedPSFPhotometry(detections, model, at: stars.map { ($0.x, $0.y) })
        for row in rows {
            #expect(abs(row.flux - 40_000) < 6 * row.fluxError)
            #expect(row.flags.contains(.masked))
        }
        #expect(rows[0].flags.contains(.psfUncertain))
    }

    @Test("a star whose core is masked or saturated is measured by its wings, and says so", arguments: [0, 1])
    func lostCore(kind: Int) throws {
        let star = SyntheticField.Star(x: 160, y: 160, flux: 2_000_000)
        let field = field([star])
        var frame = field.frame(seed: 5)
        for y in 157...163 {
            for x in 157...163 where kind == 0 || frame.signal[x, y] > 50_000 {
                frame.signal[x, y] = kind == 0 ? .nan : 50_000
                frame.mask[x, y] = kind == 0 ? .bad : .saturated
            }
        }
        let detections = detect(frame)
        let model = try #require(PointSpreadModel.fit(detections))
        let row = forcedPSFPhotometry(detections, model, at: [(160, 160)])[0]
        #expect(abs(row.flux / star.flux - 1) < 0.03)
        #expect(row.flags.contains(.psfUncertain))
    }

    @Test("a star hidden in the image of a brighter one is fitted too, so that the brighter keeps its flux")
    func hiddenStar() throws {
        let star = SyntheticField.Star(x: 160, y: 160, flux: 80_000)
        let field = field([star, .init(x: 162.7, y: 161, flux: 12_000)])
        let detections = detect(field.frame(seed: 3), DetectionParameters(deblendContrast: 1))
        let model = try #require(PointSpreadModel.fit(detections))
        var alone = PSFParameters()
        alone.companionThreshold = nil
        let with = try nearest(psfPhotometry(detections, model), 160, 160)
        let without = try nearest(psfPhotometry(detections, model, alone), 160, 160)
        #expect(abs(with.flux - 80_000) < 2500)
        #expect(abs(with.flux - 80_000) < 0.5 * abs(without.flux - 80_000))
    }

    @Test("stars beside a saturated one keep their fluxes")
    func saturatedNeighbour() throws {
        let faint = SyntheticField.Star(x: 172, y: 160, flux: 8000)
        let field = field([.init(x: 160, y: 160, flux: 1_000_000), faint])
        var frame = field.frame(seed: 6)
        for index in frame.signal.pixels.indices where frame.signal.pixels[index] > 40_000 {
            frame.signal.pixels[index] = 40_000
            frame.mask.bits[index] |= PixelFlags.saturated.rawValue
        }
        let detections = detect(frame)
        let model = try #require(PointSpreadModel.fit(detections))
        let row = forcedPSFPhotometry(detections, model, at: [(172, 160)])[0]
        #expect(abs(row.flux - 8000) < 6 * row.fluxError)
    }

    @Test("a field of galaxies gives fluxes that are flagged or finite, and galaxies are wider than the stars")
    func galaxies() throws {
        var field = field([])
        let galaxies = stride(from: 130.0, through: 190, by: 30).map { (x: $0, y: 160.0) }
        for galaxy in galaxies {
            for step in -3...3 {
                for line in -3...3 {
                    field.stars.append(
                        .init(x: galaxy.x + Double(step) * 0.8, y: galaxy.y + Double(line) * 0.8, flux: 2000))
                }
            }
        }
        let detections = detect(field.frame(seed: 7))
        let model = try #require(PointSpreadModel.fit(detections))
        #expect(abs(model.fwhmPixels - 3.31) < 0.05)
        let rows = psfPhotometry(detections, model)
        for galaxy in galaxies {
            let row = try nearest(rows, galaxy.x, galaxy.y)
            #expect(row.sharpness > 0.5)
            #expect(!row.flags.isDisjoint(with: [.psfPoorFit, .psfUncertain]))
        }
        #expect(rows.allSatisfy { $0.flux.isFinite || $0.flags.contains(.psfFailed) })
    }

    @Test("unusable pixels never matter, whatever they hold")
    func maskedPixels() throws {
        let clean = field([]).frame(seed: 8)
        var frame = clean
        for index in stride(from: 11, to: frame.signal.pixels.count, by: 391) {
            frame.mask.bits[index] |= PixelFlags.bad.rawValue
        }
        var wild = frame
        for index in stride(from: 11, to: frame.signal.pixels.count, by: 391) {
            wild.signal.pixels[index] = index % 2 == 0 ? .infinity : -1e9
        }
        let (one, two) = (detect(frame), detect(wild))
        let model = try #require(PointSpreadModel.fit(one))
        #expect(PointSpreadModel.fit(two) == model)
        #expect(psfPhotometry(one, model) == psfPhotometry(two, model))
    }

    @Test("the residual of a well-fitted frame is noise around zero")
    func residual() throws {
        let field = field([])
        let detections = detect(field.frame(seed: 9))
        let model = try #require(PointSpreadModel.fit(detections))
        let residual = psfResidual(detections, model)
        let light = field.light().electrons
        let pulls = residual.pixels.indices.map { Double(residual.pixels[$0]) / (light[$0] + 64).squareRoot() }
        #expect(abs(mean(pulls)) < 0.02)
        #expect(abs(deviation(pulls) - 1) < 0.02)
    }

    @Test("negative fluxes are allowed at forced positions")
    func negative() throws {
        let field = field([])
        let detections = detect(field.frame(seed: 10))
        let model = try #require(PointSpreadModel.fit(detections))
        let places = (0..<60).map { index -> (x: Double, y: Double) in
            (122 + Double(index % 10) * 8, 130 + Double(index / 10) * 10)
        }
        let pulls = forcedPSFPhotometry(detections, model, at: places).map { $0.flux / $0.fluxError }
        #expect(pulls.contains { $0 < 0 } && pulls.contains { $0 > 0 })
        #expect(abs(mean(pulls)) < 0.5)
        #expect(abs(deviation(pulls) - 1) < 0.35)
    }
}
