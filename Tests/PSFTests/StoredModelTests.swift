import Detection
import Foundation
import Imaging
import Testing

@testable import PSF

@Suite("The model as it is stored, and what the fit leaves")
struct StoredModelTests {
    private func model(_ shape: MoffatShape, order: Int) -> PointSpreadModel {
        var field = ShapeField(shape, width: 400, height: 300).raised(to: order)
        if order > 0 { field.terms[0][1] = 0.08 }
        return field.model(on: SplineTable(fwhmPixels: 3.2), starCount: 7, chiSquaredPerDegree: 1.5)
    }

    @Test("stored and read back, a model gives the same images to the rounding of its values", arguments: 0...2)
    func roundTrip(order: Int) throws {
        let model = model(MoffatShape(parameters: [1, 0.1, -0.05, 0.3]), order: order)
        let planes = model.planes
        let back = try #require(PointSpreadModel(planes))
        #expect(back.starCount == 7 && back.chiSquaredPerDegree == 1.5 && back.polynomialOrder == model.polynomialOrder)
        for (x, y) in [(0.0, 0.0), (200.37, 11.82), (399, 299), (120.5, 150.5)] {
            let half = model.radiusPixels
            let (one, two) = (model.image(x: x, y: y, halfSize: half), back.image(x: x, y: y, halfSize: half))
            #expect(zip(one.pixels, two.pixels).allSatisfy { abs($0 - $1) < 1e-7 })
        }
        // The width is taken from the values, and so is theirs to their rounding only.
        func others(_ planes: PointSpreadPlanes) -> [HeaderCard] {
            planes.header.cards.filter { $0.keyword != "PSF_FWHM" }
        }
        let same = others(back.planes) == others(planes)
        #expect(same)
        #expect(zip(back.planes.values, planes.values).allSatisfy { abs($0 - $1) < 1e-7 })
    }

    @Test("a card that is missing or does not fit the cube makes no model")
    func broken() {
        let planes = model(MoffatShape(fwhmPixels: 3, tail: 0.2), order: 2).planes
        func changed(_ keyword: String, _ value: HeaderValue?) -> PointSpreadModel? {
            var cards = planes.header.cards.filter { $0.keyword != keyword }
            if let value { cards.append(HeaderCard(keyword: keyword, value: value)) }
            return PointSpreadModel(
                PointSpreadPlanes(
                    side: planes.side, planeCount: planes.planeCount, values: planes.values, header: Header(cards)))
        }
        for keyword in ["PSF_SAMP", "PSFRAD", "POLDEG1", "PSFXSIZE", "PSFYSIZE", "ACCEPTED"] {
            #expect(changed(keyword, nil) == nil, "\(keyword)")
        }
        #expect(changed("PSF_SAMP", .real(0.2)) == nil && changed("PSF_SAMP", .real(0.3)) == nil)
        #expect(changed("POLDEG1", .integer(1)) == nil && changed("PSFRAD", .integer(20)) == nil)
        #expect(changed("CHI2", nil)?.chiSquaredPerDegree.isNaN == true)
    }

    @Test("a frame without its fitted stars is sky: chi^2 is 1 at bright and faint stars, by its own variance")
    func residual() throws {
        let field = SyntheticField.grid(size: 400, fluxes: 1_000...200_000, seed: 21)
        var frame = field.frame(seed: 4)
        for y in 100..<103 { frame.mask.bits[y * 400 + 100] |= PixelFlags.bad.rawValue }
        let detections = detect(frame)
        let model = try #require(PointSpreadModel.fit(detections))
        let fit = PSFFrame(detections, model)
        #expect(fit.measurements == psfPhotometry(detections, model))
        let rest = frame.without(fit.starlight, photonNoise: true)
        #expect(rest.mask == frame.mask)
        var (sum, count, worst) = (0.0, 0, 0.0)
        for star in field.stars {
            var square = 0.0
            let (column, row) = (Int(star.x.rounded()), Int(star.y.rounded()))
            for y in (row - 3)...(row + 3) {
                for x in (column - 3)...(column + 3) {
                    let deviation = Double(rest.signal[x, y]) - field.sky
                    square += deviation * deviation / Double(rest.variance[x, y])
                }
            }
            (sum, count, worst) = (sum + square / 46, count + 1, max(worst, square / 46))
        }
        // 49 pixels, three unknowns; the mean of 144 stars is known to 0.017.
        #expect(count >= 140)
        #expect(abs(sum / Double(count) - 1) < 0.06)
        #expect(worst < 2.2)
        let light = fit.starlight.pixels.reduce(0.0) { $0 + Double($1) }
        let truth = field.stars.reduce(0) { $0 + $1.flux }
        #expect(abs(light / truth - 1) < 0.03)
    }

    @Test("why there is no model: nothing found, all saturated, and few stars are still a model")
    func reasons() throws {
        let empty = detect(SyntheticField(width: 200, height: 200).frame(seed: 1), DetectionParameters(threshold: 6))
        #expect(PointSpreadModel.fit(empty) == nil && NoPointSpread(empty) == .noStars)
        var saturated = SyntheticField.grid(size: 200, fluxes: 20_000...90_000, seed: 5).frame(seed: 5)
        for index in saturated.signal.pixels.indices where saturated.signal.pixels[index] > 400 {
            saturated.mask.bits[index] |= PixelFlags.saturated.rawValue
        }
        let all = detect(saturated)
        #expect(!all.sources.isEmpty && PointSpreadModel.fit(all) == nil && NoPointSpread(all) == .noStars)
        var five = SyntheticField(width: 200, height: 200)
        five.stars = (0..<5).map { .init(x: 30 + 33.3 * Double($0), y: 60 + 17.7 * Double($0), flux: 40_000) }
        let model = try #require(PointSpreadModel.fit(detect(five.frame(seed: 6))))
        #expect(model.starCount <= 5 && model.starCount < PointSpreadModel.fewStars)
    }
}
