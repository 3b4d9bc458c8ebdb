import Detection
import Imaging
import Simulation
import Testing

@testable import PSF

@Suite("Stars in each other's light")
struct CrowdedTests {
    /// 450 stars anywhere on 400 x 400 pixels, 3 in 1,000, most of them faint.
    private func crowd(_ seed: UInt64) -> SyntheticField {
        var random = RandomStream(seed: seed, 17)
        var field = SyntheticField(width: 400, height: 400, pointSpread: .gaussian)
        for _ in 0..<450 {
            let share = random.uniform()
            // As many above F as F^-1, from 300 to 60,000.
            let flux = 1 / (1 / 300.0 - share * (1 / 300.0 - 1 / 60_000.0))
            field.stars.append(.init(x: random.uniform(2...397), y: random.uniform(2...397), flux: flux))
        }
        return field
    }

    /// Errors over the bound of stars above S/N 8 or so that are the brightest at their detection, 8 at most.
    private func errors(_ field: SyntheticField, _ detections: Detections, _ rows: [PSFMeasurement]) -> [Double] {
        var errors: [Double] = []
        for star in field.stars where star.flux > 700 && abs(star.x - 200) < 185 && abs(star.y - 200) < 185 {
            func isNear(_ x: Double, _ y: Double) -> Bool {
                (x - star.x) * (x - star.x) + (y - star.y) * (y - star.y) < 1.6 * 1.6
            }
            guard !field.stars.contains(where: { $0.flux > star.flux && isNear($0.x, $0.y) }) else { continue }
            let own = detections.sources.indices.filter { index in
                isNear(detections.sources[index].x, detections.sources[index].y)
            }
            guard let index = own.first, rows[index].flux.isFinite else { continue }
            let error = (rows[index].flux - star.flux) / field.bound(star).flux
            errors.append(min(max(error, -8), 8))
        }
        return errors
    }

    @Test("in a crowd, looking for hidden stars lowers the scatter of the others and keeps the bias small")
    func hiddenStarsPay() throws {
        var (with, without) = ([Double](), [Double]())
        for seed in 0..<2 {
            let field = crowd(UInt64(seed))
            let detections = detect(field.frame(seed: UInt64(seed)))
            let model = try #require(PointSpreadModel.fit(detections))
            with += errors(field, detections, psfPhotometry(detections, model))
            let alone = PSFParameters(companionThreshold: nil)
            without += errors(field, detections, psfPhotometry(detections, model, alone))
        }
        #expect(with.count > 250 && with.count >= without.count)
        #expect(deviation(with) < 0.95 * deviation(without))
        #expect(abs(mean(with)) < abs(mean(without)))
        #expect(abs(mean(with)) < 0.3)
    }

    @Test("faint stars are not too bright on average although their places are chosen where they are brightest")
    func placeBias() throws {
        var field = SyntheticField.grid(fluxes: 650...800, seed: 12)
        for index in stride(from: 0, to: field.stars.count, by: 2) { field.stars[index].flux = 60_000 }
        var errors: [Double] = []
        for seed in 0..<6 {
            let detections = detect(field.frame(seed: UInt64(seed)))
            let model = try #require(PointSpreadModel.fit(detections))
            let rows = psfPhotometry(detections, model)
            for star in field.stars where star.flux < 1000 {
                let near = rows.filter { abs($0.x - star.x) < 1.5 && abs($0.y - star.y) < 1.5 }
                if let row = near.first { errors.append((row.flux - star.flux) / field.bound(star).flux) }
            }
        }
        // 1 / (S/N) is 0.12; 700 values are good to 0.04.
        #expect(errors.count > 650)
        #expect(abs(mean(errors)) < 0.08)
        #expect(deviation(errors) < 1.1)
    }

    @Test("where stars stand alone, hardly any is said to have a companion, and looking for them costs little")
    func noFalseCompanions() throws {
        let field = SyntheticField.grid(fluxes: 2000...100_000, seed: 14)
        let detections = detect(field.frame(seed: 3))
        let model = try #require(PointSpreadModel.fit(detections))
        let rows = psfPhotometry(detections, model)
        let alone = psfPhotometry(detections, model, PSFParameters(companionThreshold: nil))
        #expect(rows.filter { $0.flags.contains(.psfUncertain) }.count <= field.stars.count / 50)
        // A scatter of 0.25 sigma on top of 1 sigma is 3 %.
        let changes = zip(rows, alone).map { ($0.flux - $1.flux) / $1.fluxError }
        #expect(changes.count > 200)
        #expect(mean(changes.map { $0 * $0 }).squareRoot() < 0.25)
    }

    @Test("a star that the frame does not show is given up, and its light goes back")
    func givenUp() throws {
        let field = SyntheticField.grid(size: 160, fluxes: 20_000...60_000, seed: 15)
        let detections = detect(field.frame(seed: 4))
        let model = try #require(PointSpreadModel.fit(detections))
        let fit = PSFFit(detections, model, at: [], PSFParameters(companionThreshold: nil)).fit
        let before = (0..<(160 * 160)).map { fit.planes.residual[$0] }
        let star = fit.stars[0]
        fit.stars.append(
            FittedStar(
                x: star.x + 4, y: star.y, startX: star.x + 4, startY: star.y, flux: 50, layout: star.layout,
                isFixed: false))
        fit.remove(fit.stars.count - 1)
        fit.group()
        #expect(fit.giveUpHidden(threshold: 3))
        #expect(fit.stars[fit.stars.count - 1].isGivenUp && fit.stars[fit.stars.count - 1].flux == 0)
        #expect(!fit.groups.contains { $0.contains(fit.stars.count - 1) })
        #expect(before.indices.allSatisfy { abs(fit.planes.residual[$0] - before[$0]) < 1e-3 * 200 })
        #expect(!fit.giveUpHidden(threshold: 3))
    }

    /// A star fitted with a fainter one beside it that is put into the fit by hand (certain: no threshold), and the
    /// fainter one.
    private func withCompanion(
        _ field: SyntheticField, _ detections: Detections, _ model: PointSpreadModel, threshold: Double?
    ) throws -> (star: PSFMeasurement, hidden: PSFMeasurement, alone: PSFMeasurement) {
        // One sweep looks for no hidden stars.
        let parameters = PSFParameters(sweeps: 1, skyTileSize: nil, companionThreshold: threshold)
        let fit = PSFFit(detections, model, at: [], parameters).fit
        let (star, hidden) = (field.stars[5], field.stars[field.stars.count - 1])
        let near = try #require(
            fit.stars.indices.first { abs(fit.stars[$0].x - star.x) < 1.5 && abs(fit.stars[$0].y - star.y) < 1.5 })
        let alone = fit.measure { _, _ in 0 }[near]
        fit.restore(near)
        (fit.stars[near].x, fit.stars[near].y, fit.stars[near].flux) = (star.x, star.y, star.flux)
        fit.remove(near)
        fit.stars.append(
            FittedStar(
                x: hidden.x, y: hidden.y, startX: hidden.x, startY: hidden.y, flux: hidden.flux,
                layout: fit.layout(flux: hidden.flux), isFixed: true))
        fit.remove(fit.stars.count - 1)
        fit.group()
        let rows = fit.measure { _, _ in 0 }
        return (rows[near], rows[fit.stars.count - 1], alone)
    }

    @Test("a star gets the mean of the fits with and without a hidden one, by the probability of the latter")
    func doubtfulCompanion() throws {
        var field = SyntheticField.grid(size: 160, fluxes: 20_000...60_000, seed: 16)
        field.stars.append(.init(x: field.stars[5].x + 2.7, y: field.stars[5].y, flux: 1500))
        let detections = detect(field.frame(seed: 5), DetectionParameters(deblendContrast: 1))
        let model = try #require(PointSpreadModel.fit(detections))
        let certain = try withCompanion(field, detections, model, threshold: nil)
        let excluded = try withCompanion(field, detections, model, threshold: 50).star
        let even = certain.hidden.flux / certain.hidden.fluxError
        let doubtful = try withCompanion(field, detections, model, threshold: even).star
        let change = certain.star.flux - excluded.flux
        #expect(abs(change) > certain.star.fluxError)
        #expect(abs(excluded.flux - certain.alone.flux) < 0.3 * abs(change))
        #expect(abs(doubtful.flux - (certain.star.flux + excluded.flux) / 2) < 0.01 * certain.star.fluxError)
        let variance = certain.star.fluxError * certain.star.fluxError
        #expect(doubtful.fluxError >= certain.star.fluxError)
        #expect(doubtful.fluxError <= (variance + change * change / 4).squareRoot())
    }

    @Test("a crowd measured twice from one fit, or fitted twice, gives the same bits")
    func sameBits() throws {
        let detections = detect(crowd(3).frame(seed: 3))
        let model = try #require(PointSpreadModel.fit(detections))
        let fit = PSFFit(detections, model, at: [], PSFParameters())
        let first = fit.measurements(forced: false)
        func bits(_ rows: [PSFMeasurement]) -> [UInt64] {
            rows.flatMap { [$0.flux, $0.fluxError, $0.x, $0.y, $0.sharpness, $0.chiSquaredPerDegree] }.map(\.bitPattern)
        }
        #expect(fit.fit.stars.count > detections.sources.count)
        #expect(bits(fit.measurements(forced: false)) == bits(first))
        #expect(bits(psfPhotometry(detections, model)) == bits(first))
    }
}
